"""The list of receipts: what it shows, what it adds up, what it leaves out, and its file."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.audit.models import AuditEntry
from dashboard.credits import receipt_figures, receipt_files
from dashboard.credits.models import Receipt
from tests.dashboard.asking import statements_of
from tests.dashboard.credits.papers import NOON, agent_made, csv_of, pdf_text, plain, receipt_made, step_made
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def render_bot(workspace: Workspace) -> Agent:
    return agent_made(workspace)


@pytest.fixture
def sponsor(owner: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def listed(sponsor: Browser, workspace: Workspace) -> Callable[..., HttpResponse]:
    """Return a function that opens the list with a filter."""
    return lambda **asked: sponsor.get(reverse("receipts:receipt_list", args=[workspace.key]), asked)


@pytest.fixture
def export_url(workspace: Workspace) -> str:
    return reverse("receipts:receipt_export", args=[workspace.key])


def shown(answer: HttpResponse) -> list[str]:
    """Return the keys of the receipts on a page, in their order."""
    return re.findall(r'href="/w/[^/]+/receipts/([0-9a-f-]{36})/"', answer.content.decode())


def keys(*receipts: Receipt) -> list[str]:
    return [str(receipt.key) for receipt in receipts]


def test_list_adds_up_what_it_shows(
    workspace: Workspace, render_bot: Agent, listed: Callable[..., HttpResponse]
) -> None:
    kept = receipt_made(workspace, render_bot, 500)
    refunded = receipt_made(workspace, render_bot, 2_000, at=NOON + timedelta(days=1))
    step_made(refunded, "pending", 700)
    step_made(refunded, "refunded", 700)
    disputed = receipt_made(workspace, render_bot, 1_000, at=NOON + timedelta(days=2))
    step_made(disputed, "disputed", 1_000)
    step_made(disputed, "reinstated", 1_000, at=NOON + timedelta(days=3))
    answer = listed()
    assert shown(answer) == keys(disputed, refunded, kept)
    said = plain(words(answer))
    assert "Receipts 3 Paid $35.00 3,500 credits Refunded or disputed - $7.00 700 credits taken back" in said
    assert "Remains $28.00 2,800 credits" in said
    assert "Refunded $20.00 - $7.00" in said
    assert "Given back $10.00 $0.00" in said


def test_test_settlements_stand_apart_and_are_in_no_total(
    workspace: Workspace,
    render_bot: Agent,
    listed: Callable[..., HttpResponse],
    sponsor: Browser,
    export_url: str,
) -> None:
    live, test = receipt_made(workspace, render_bot), receipt_made(workspace, render_bot, 999, live=False)
    answer = listed()
    assert shown(answer) == keys(live)
    assert "Paid $5.00" in words(answer)
    apart = listed(money="test")
    assert shown(apart) == keys(test)
    assert "No money moved here" in words(apart)
    assert "$9.99" not in words(apart)
    row, sums = csv_of(sponsor, f"{export_url}?money=test")
    assert (row["live_money"], row["granted_credits"], row["paid_cents"]) == ("false", "999", "0")
    assert (sums["total_receipts"], sums["total_paid_cents"], sums["total_granted_credits"]) == ("0", "0", "0")
    paper = words(sponsor.get(reverse("receipts:receipt_detail", args=[workspace.key, test.key])))
    assert "Test settlement: no money moved." in paper
    assert "$9.99" not in paper


def test_each_filter_finds_its_own(
    workspace: Workspace, render_bot: Agent, buyer: User, listed: Callable[..., HttpResponse]
) -> None:
    other = agent_made(workspace, "other-bot", is_linked=False)
    early = receipt_made(workspace, render_bot, opened_by=buyer)
    late = receipt_made(workspace, other, at=NOON + timedelta(days=40))
    step_made(late, "disputed", 500)
    assert shown(listed(agent=other.remote_id)) == keys(late)
    assert shown(listed(opened_by="agent")) == keys(late)
    assert shown(listed(opened_by=str(buyer.pk))) == keys(early)
    assert shown(listed(reversed="disputed")) == keys(late)
    assert shown(listed(reversed="refunded")) == []
    assert shown(listed(reversed="none")) == keys(early)
    assert shown(listed(month="2026-03")) == keys(early)
    assert shown(listed(since="2026-03-16")) == keys(late)
    assert shown(listed(until="2026-03-15")) == keys(early)
    assert "No receipt fits this filter" in words(listed(agent="agt_nobody"))


def test_one_of_many_agents_is_found_by_its_name_or_id(
    workspace: Workspace, render_bot: Agent, listed: Callable[..., HttpResponse]
) -> None:
    mine = receipt_made(workspace, render_bot)
    for number in range(60):
        receipt_made(workspace, agent_made(workspace, f"other-{number}"))
    assert shown(listed(agent="RENDER")) == shown(listed(agent=render_bot.remote_id)) == keys(mine)
    assert b'<select name="agent"' not in listed().content


def test_days_are_the_viewers_and_months_are_utc(
    workspace: Workspace, render_bot: Agent, owner: User, listed: Callable[..., HttpResponse]
) -> None:
    receipt = receipt_made(workspace, render_bot, at=NOON.replace(month=3, day=31, hour=23))
    owner.time_zone = "Pacific/Auckland"
    owner.save()
    assert shown(listed(since="2026-04-01", until="2026-04-01")) == keys(receipt)
    assert shown(listed(until="2026-03-31")) == []
    assert shown(listed(month="2026-03")) == keys(receipt)
    assert "1 Apr 2026" in words(listed())


@pytest.mark.parametrize(
    "asked", [{"since": "soon"}, {"month": "2026-13"}, {"opened_by": "0"}, {"card_number": "4242"}, {"money": "x"}]
)
def test_filter_that_cannot_be_read_shows_and_exports_nothing(
    asked: dict[str, str],
    workspace: Workspace,
    render_bot: Agent,
    listed: Callable[..., HttpResponse],
    sponsor: Browser,
    export_url: str,
) -> None:
    receipt_made(workspace, render_bot)
    answer = listed(**asked)
    assert answer.status_code == 422
    assert shown(answer) == []
    name, value = next(iter(asked.items()))
    assert sponsor.post(f"{export_url}?{name}={value}").status_code == 302
    assert not AuditEntry.objects.filter(action="receipts.exported").exists()


def test_pages_keep_the_filter_and_meet_no_receipt_twice(
    workspace: Workspace, render_bot: Agent, listed: Callable[..., HttpResponse]
) -> None:
    made = [receipt_made(workspace, render_bot, at=NOON) for _ in range(60)]
    first = listed(agent=render_bot.remote_id)
    older = re.search(r'href="\?([^"]*page=[^"]*)"\s+rel="next"', first.content.decode())
    assert older
    assert f"agent={render_bot.remote_id}" in older[1]
    cursor = re.search(r"page=([^&]*)", older[1])
    assert cursor
    second = listed(agent=render_bot.remote_id, page=cursor[1])
    assert sorted(shown(first) + shown(second)) == sorted(keys(*made))
    assert (len(shown(first)), len(shown(second))) == (50, 10)


def test_ten_receipts_and_two_hundred_cost_as_many_statements(
    workspace: Workspace, render_bot: Agent, owner: User, listed: Callable[..., HttpResponse]
) -> None:
    for _ in range(10):
        step_made(receipt_made(workspace, render_bot, opened_by=owner), "refunded", 100)
    few = statements_of(listed)
    for number in range(190):
        receipt_made(workspace, render_bot, opened_by=owner if number % 2 else None)
    assert statements_of(listed) == few <= 8


def test_a_sum_of_too_many_is_not_made_and_not_guessed(
    workspace: Workspace, render_bot: Agent, listed: Callable[..., HttpResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipt_figures, "TOTAL_LIMIT", 3)
    for _ in range(4):
        receipt_made(workspace, render_bot)
    said = words(listed())
    assert "the CSV and the statements add them up" in said
    assert "Remains" not in said


def test_file_holds_all_pages_of_the_filter_and_its_columns_add_up_to_its_sums(
    workspace: Workspace, render_bot: Agent, sponsor: Browser, export_url: str, owner: User
) -> None:
    for number in range(60):
        receipt = receipt_made(workspace, render_bot, 100 + number, opened_by=owner)
        if number % 5 == 0:
            step_made(receipt, "refunded", 50)
    receipt_made(workspace, agent_made(workspace, "other-bot"), 77_777)
    *rows, sums = csv_of(sponsor, f"{export_url}?agent={render_bot.remote_id}")
    assert len(rows) == 60
    for name in ("granted_credits", "paid_cents", "back_cents", "back_credits"):
        whole_column = [int(row[name]) for row in [*rows, sums] if row[name]]
        assert sum(whole_column) == int(sums[f"total_{name}"])
    assert int(sums["total_net_cents"]) == sum(range(100, 160)) - 12 * 50
    assert {row["opened_by"] for row in rows} == {"Olga"}
    entry = AuditEntry.objects.get(action="receipts.exported")
    assert (entry.actor_id, entry.after) == (owner.pk, {"filter": {"agent": render_bot.remote_id}})


def test_file_costs_the_same_few_rows_of_memory_however_long_it_is(
    workspace: Workspace,
    render_bot: Agent,
    sponsor: Browser,
    export_url: str,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receipt_files, "BATCH", 50)
    for _ in range(105):
        receipt_made(workspace, render_bot)
    answer: Any = sponsor.post(export_url)
    # The buyer's details once, three batches of at most 50 receipts.
    with django_assert_num_queries(4):
        assert sum(1 for _ in answer.streaming_content) == 107


def test_formulas_and_markup_in_names_are_text_everywhere(
    workspace: Workspace, sponsor: Browser, export_url: str, listed: Callable[..., HttpResponse]
) -> None:
    formula = agent_made(workspace, '=HYPERLINK("http://x.test")')
    hostile = agent_made(workspace, HOSTILE)
    one, other = receipt_made(workspace, formula), receipt_made(workspace, hostile)
    assert {row["agent"] for row in csv_of(sponsor, export_url)} == {f"'{formula.name}", HOSTILE, ""}
    assert b"<script>alert" not in listed().content
    page = sponsor.get(reverse("receipts:receipt_detail", args=[workspace.key, other.key]))
    assert b"<script>alert" not in page.content
    said = pdf_text(sponsor.get(reverse("receipts:receipt_pdf", args=[workspace.key, other.key])).content)
    assert "<script>alert(1)</script>gnp.exe" in said
    assert "=HYPERLINK" in pdf_text(sponsor.get(reverse("receipts:receipt_pdf", args=[workspace.key, one.key])).content)


@pytest.mark.parametrize("page", ["receipt_detail", "receipt_pdf"])
def test_receipt_of_elsewhere_is_as_one_that_is_not_there(
    page: str, workspace: Workspace, render_bot: Agent, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    receipt = receipt_made(workspace, render_bot)
    theirs = outsider.memberships.get().workspace
    stranger = browser_of(outsider)
    assert stranger.get(reverse(f"receipts:{page}", args=[workspace.key, receipt.key])).status_code == 404
    assert stranger.get(reverse(f"receipts:{page}", args=[theirs.key, receipt.key])).status_code == 404
    assert shown(stranger.get(reverse("receipts:receipt_list", args=[theirs.key]))) == []
    (sums,) = csv_of(stranger, reverse("receipts:receipt_export", args=[theirs.key]))
    assert sums["total_receipts"] == "0"


def test_empty_list_says_what_will_be_there(listed: Callable[..., HttpResponse]) -> None:
    assert "Receipts will appear here" in words(listed())
    assert "There are no test settlements" in words(listed(money="test"))
