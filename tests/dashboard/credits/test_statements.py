"""The monthly statement: what was there before, what each agent's money did, in UTC months."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.audit.models import AuditEntry
from dashboard.credits.months import Month
from dashboard.credits.receipt_figures import Figures
from dashboard.credits.statement import month_list, statement_get
from tests.dashboard.credits.papers import agent_made, csv_of, pdf_text, plain, receipt_made, step_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)


def day(month: int, number: int, hour: int = 12) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


@pytest.fixture
def sponsor(owner: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def busy(workspace: Workspace) -> Workspace:
    """A workspace with two agents: a purchase of February refunded in March, purchases of March and April."""
    first, second = agent_made(workspace, "first-bot"), agent_made(workspace, "second-bot")
    february = receipt_made(workspace, first, 1_000, at=day(2, 10))
    step_made(february, "refunded", 300, at=day(3, 5))
    receipt_made(workspace, first, 500, at=day(3, 1, 0))
    receipt_made(workspace, second, 2_000, at=day(3, 31, 23))
    receipt_made(workspace, second, 9_000, live=False, at=day(3, 15))
    receipt_made(workspace, second, 4_000, at=day(4, 1, 0))
    return workspace


def test_refund_counts_in_the_month_in_which_it_happened(busy: Workspace) -> None:
    found = statement_get(busy, MARCH)
    assert found.before == Figures(1, 1_000, 1_000, 0, 0)
    assert [(row.name, row.figures) for row in found.rows] == [
        ("second-bot", Figures(1, 2_000, 2_000, 0, 0)),
        ("first-bot", Figures(1, 500, 500, 300, 300)),
    ]
    assert found.moved == Figures(2, 2_500, 2_500, 300, 300)
    assert found.tests == 1
    april = statement_get(busy, Month(2026, 4))
    assert april.before.net_cents == found.before.net_cents + found.moved.net_cents == 3_200


def test_page_pdf_and_file_agree(busy: Workspace, sponsor: Browser) -> None:
    query = "?month=2026-03"
    page = plain(words(sponsor.get(reverse("receipts:statement", args=[busy.key]) + query)))
    paper = pdf_text(sponsor.get(reverse("receipts:statement_pdf", args=[busy.key]) + query).content)
    for said in (
        "March 2026, UTC",
        "1,000 credits, $10.00",
        "3,200 credits, $32.00",
        "first-bot 1 500 -300 $5.00 -$3.00",
        "second-bot 1 2,000 0 $20.00 $0.00",
        "Paid $25.00 Refunded or disputed -$3.00 Remains $22.00 USD",
        "Beside these stands 1 test settlement, which moved no money.",
        "A statement, not a tax invoice.",
    ):
        assert said in page
        assert said in paper
    *rows, sums = csv_of(sponsor, reverse("receipts:statement_export", args=[busy.key]) + query)
    assert [(row["agent"], row["paid_cents"], row["back_cents"]) for row in rows] == [
        ("second-bot", "2000", "0"),
        ("first-bot", "500", "300"),
    ]
    assert (sums["total_paid_cents"], sums["total_back_cents"], sums["total_net_cents"]) == ("2500", "300", "2200")
    assert AuditEntry.objects.get(action="statement.exported").after == {"month": "2026-03"}


def test_months_are_utc_for_everybody(busy: Workspace, owner: User, sponsor: Browser) -> None:
    address = reverse("receipts:statement", args=[busy.key]) + "?month=2026-03"
    before = words(sponsor.get(address))
    owner.time_zone = "Pacific/Kiritimati"
    owner.save()
    assert words(sponsor.get(address)) == before


def test_agents_of_a_statement_lead_to_its_receipts(busy: Workspace, sponsor: Browser) -> None:
    row = next(row for row in statement_get(busy, MARCH).rows if row.name == "second-bot")
    said = words(sponsor.get(row.url))
    assert "Receipts of March 2026, UTC" in said
    assert "Paid $20.00" in said


def test_month_without_a_movement_says_so(busy: Workspace, sponsor: Browser) -> None:
    page = words(sponsor.get(reverse("receipts:statement", args=[busy.key]) + "?month=2025-12"))
    assert "Nothing was bought or refunded in December 2025" in page
    assert "Remains $0.00 USD" in page
    paper = sponsor.get(reverse("receipts:statement_pdf", args=[busy.key]) + "?month=2025-12").content
    assert "Nothing was bought or refunded in December 2025. Paid $0.00" in pdf_text(paper)


def test_month_that_runs_is_the_first_and_says_so(busy: Workspace, sponsor: Browser, time_machine: Any) -> None:
    time_machine.move_to("2026-04-20T12:00:00Z", tick=False)
    assert list(map(str, month_list(busy))) == ["2026-04", "2026-03", "2026-02"]
    sponsor.force_login(busy.memberships.get().user)
    page = words(sponsor.get(reverse("receipts:statement", args=[busy.key])))
    assert "This month is still running" in page
    assert "Paid $40.00" in page


def test_agents_make_no_difference_to_the_number_of_statements(busy: Workspace, sponsor: Browser) -> None:
    address = reverse("receipts:statement", args=[busy.key]) + "?month=2026-03"

    def statements() -> int:
        with CaptureQueriesContext(connection) as counted:
            sponsor.get(address)
        return len(counted)

    few = statements()
    for number in range(30):
        agent = agent_made(busy, f"bot-{number}")
        step_made(receipt_made(busy, agent, at=day(3, 3)), "disputed", 500, at=day(3, 4))
    assert statements() == few


def test_long_statement_goes_on_over_pages(busy: Workspace, sponsor: Browser) -> None:
    for number in range(90):
        receipt_made(busy, agent_made(busy, f"bot-{number}"), at=day(3, 3))
    said = pdf_text(sponsor.get(reverse("receipts:statement_pdf", args=[busy.key]) + "?month=2026-03").content)
    assert "bot-89" in said
    assert said.count("Credits added") >= 3, "each page repeats the head of the table"


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-11", Month(2026, 11)),
        ("2026-13", None),
        ("26-11", None),
        ("1999-12", None),
        ("", None),
        ("\u0662\u0660\u0662\u0666-\u0661\u0661", None),
    ],
)
def test_month_is_read_or_is_none(text: str, month: Month | None) -> None:
    assert Month.parse(text) == month


def test_year_ends_in_december() -> None:
    assert (Month(2025, 12).end, Month(2026, 1).shifted(-1)) == (day(1, 1, 0), Month(2025, 12))
    assert Month.of(datetime(9999, 1, 1, tzinfo=UTC)) == Month(2999, 12)


def test_other_currency_stands_apart_by_name_and_in_no_sum(workspace: Workspace, owner: User, browser_of: Any) -> None:
    agent = agent_made(workspace)
    receipt_made(workspace, agent, 500)
    foreign = receipt_made(workspace, agent, 700, currency="EUR")
    browser = browser_of(owner)
    listed = words(browser.get(reverse("receipts:receipt_list", args=[workspace.key])))
    assert "7.00 EUR in no sum" in listed
    assert "Paid $5.00 500 credits" in listed
    detail = words(browser.get(reverse("receipts:receipt_detail", args=[workspace.key, foreign.key])))
    assert "Paid 7.00 EUR" in detail
    assert "$7.00" not in detail
    month = reverse("receipts:statement", args=[workspace.key]) + "?month=2026-03"
    said = words(browser.get(month))
    assert "Remains $5.00 USD" in said
    assert "In no figure here: 1 receipt in another currency than US dollars." in said
    rows = csv_of(browser, reverse("receipts:receipt_export", args=[workspace.key]))
    assert [row["currency"] for row in rows[:-1]].count("EUR") == 1
    assert rows[-1]["total_paid_cents"] == "500"
