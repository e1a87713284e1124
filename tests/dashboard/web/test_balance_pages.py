"""Balance history as people see it and as a file: what is told, what is left open, and whose it is."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.agents.services import claim_release
from dashboard.audit.models import AuditEntry
from dashboard.credits.balance_selectors import balance_page
from dashboard.credits.models import Purchase, Receipt
from dashboard.freshness.models import KnownGap, Stream
from tests.dashboard.asking import statements_of
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPENT, GRANTED = "usage.credit_consumed", "credits.payment_backed_granted"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def read(claim: Claim, minutes: float, free: int | None, paid: int | None) -> None:
    """Leave what a reading leaves: the agent's figures, and a snapshot, since they differ."""
    told = {"free_credits": free, "paid_credits": paid}
    QuotaSnapshot.objects.create(agent=claim.agent, taken_at=at(minutes), **told)
    Agent.objects.filter(pk=claim.agent_id).update(quota_at=at(minutes), **told)
    claim.agent.refresh_from_db()


@pytest.fixture
def claim(link: Callable[..., Claim]) -> Claim:
    """A claim of noon, with its first reading a minute later."""
    made = link(quota_at=None)
    Claim.objects.filter(pk=made.pk).update(claimed_at=NOON)
    made.refresh_from_db()
    read(made, 1, 40, 0)
    return made


@pytest.fixture
def bought(claim: Claim, tell: Any) -> Receipt:
    """500 credits at 12:05, read at 12:06."""
    purchase = Purchase.objects.create(
        workspace=claim.workspace, agent=claim.agent, origin="sponsor", opened_at=at(4), state="succeeded", credits=500
    )
    tell(claim, GRANTED, occurred_at=at(5), credits_delta=500)
    read(claim, 6, 40, 500)
    return Receipt.objects.create(
        purchase=purchase,
        workspace=claim.workspace,
        agent=claim.agent,
        remote_id="receipt_1",
        credits=500,
        amount_cents=500,
        live_money=True,
        issued_at=at(5),
    )


@pytest.fixture
def get(claim: Claim, owner: User, browser_of: Callable[..., Browser]) -> Callable[..., Any]:
    browser = browser_of(owner)

    def open_page(name: str = "balance_detail", *more: object, user: User | None = None) -> Any:
        address = reverse(f"balance:{name}", args=[claim.workspace.key, claim.agent.remote_id, *more])
        return (browser_of(user) if user else browser).get(address)

    return open_page


def test_spending_explains_the_fall_and_nothing_is_left(claim: Claim, tell: Any, get: Any) -> None:
    tell(claim, SPENT, occurred_at=at(3), credits_delta=-9)
    read(claim, 5, 31, 0)
    said = words(get())
    assert "31 credits now: 31 free, 0 paid." in said
    assert "Unexplained" not in said
    assert "\N{MINUS SIGN}9" in said
    assert "First reading. What came before is not known here." in said


def test_movement_without_a_line_is_one_unexplained_figure_with_its_reasons(claim: Claim, get: Any) -> None:
    read(claim, 5, 70, 0)
    said = words(get())
    assert "Unexplained +30 credits" in said
    assert "The day's free credits were set anew." in said


def test_reading_beside_a_line_is_no_anchor(claim: Claim, tell: Any) -> None:
    """The line may be in the reading of 12:05 or not; the interval goes on to the next reading."""
    tell(claim, SPENT, occurred_at=at(5) + timedelta(seconds=1), credits_delta=-9)
    read(claim, 5, 40, 1)
    read(claim, 9, 31, 1)
    (interval,) = balance_page(claim, cursor="").intervals
    assert (interval.start.at, interval.end.at, interval.unexplained) == (at(1), at(9), 1)


def test_lines_after_the_last_reading_wait_for_the_next(claim: Claim, tell: Any, get: Any) -> None:
    tell(claim, SPENT, occurred_at=at(3), credits_delta=-9)
    said = words(get())
    assert "Since the last reading" in said
    assert "The next reading will tell whether this is all." in said


def test_reading_that_confirms_the_balance_ends_the_interval(claim: Claim, tell: Any) -> None:
    """No snapshot is written where the figures are the same, but the moment counts: +9 and -9 came between."""
    tell(claim, SPENT, occurred_at=at(3), credits_delta=-9)
    claim.agent.quota_at = at(7)
    page = balance_page(claim, cursor="")
    assert [(one.end.at, one.unexplained) for one in page.intervals] == [(at(7), 9)]
    assert page.pending == ()


def test_known_gap_is_shown_where_it_is(claim: Claim, get: Any) -> None:
    KnownGap.objects.create(
        stream=Stream.AGENT, subject_id=claim.agent_id, after_at=at(2), before_at=at(3), reason="too many"
    )
    read(claim, 5, 31, 0)
    said = words(get())
    assert "Known gap: the ledger from 2 Mar, 12:02 until 2 Mar, 12:03 could not be read." in said
    assert "Part of the ledger could not be read here." in said


def test_lines_that_tell_no_figure_are_named_as_a_reason(claim: Claim, tell: Any, get: Any) -> None:
    tell(claim, SPENT, occurred_at=at(3))
    read(claim, 5, 31, 0)
    assert "Lines of the ledger here do not tell their credits." in words(get())


def test_balance_that_is_told_by_half_is_no_reading(claim: Claim, get: Any) -> None:
    read(claim, 5, None, 3)
    assert balance_page(claim, cursor="").intervals == []
    assert get().status_code == 200


def test_history_of_the_holder_before_is_not_shown(claim: Claim, tell: Any, get: Any, owner: User, link: Any) -> None:
    """Another workspace held the agent in the morning: its readings and lines stay its own."""
    QuotaSnapshot.objects.create(agent=claim.agent, taken_at=at(-60), free_credits=3, paid_credits=777)
    tell(claim, SPENT, occurred_at=at(-30), credits_delta=-55)
    read(claim, 5, 31, 0)
    page = balance_page(claim, cursor="")
    assert page.first is not None
    assert page.first.at == at(1)
    assert "777" not in words(get())


@pytest.mark.parametrize("name", ["balance_detail", "balance_interval"])
def test_outsider_gets_404(name: str, claim: Claim, get: Any, outsider: User) -> None:
    more = [0] if name == "balance_interval" else []
    assert get(name, *more, user=outsider).status_code == 404


def test_reading_of_another_agent_is_no_interval_of_this_one(claim: Claim, get: Any, link: Any) -> None:
    other = link("other-bot")
    read(claim, 3, 31, 0)
    taken = QuotaSnapshot.objects.create(agent=other.agent, taken_at=at(5), free_credits=1, paid_credits=1)
    assert get("balance_interval", taken.pk).status_code == 404


def test_unlinked_agent_has_no_page(claim: Claim, get: Any, owner: User) -> None:
    claim_release(claim=claim, user=owner)
    assert get().status_code == 404


def test_interval_says_which_purchase_paid_for_which_job(claim: Claim, bought: Receipt, tell: Any, get: Any) -> None:
    tell(claim, SPENT, occurred_at=at(7), credits_delta=-38, job_id="job_first")
    tell(claim, SPENT, occurred_at=at(8), credits_delta=-10, job_id="job_second")
    read(claim, 9, 0, 492)
    end = QuotaSnapshot.objects.get(taken_at=at(9))
    answer = get("balance_interval", end.pk)
    said = words(answer)
    assert "38 free" in said
    assert "2 free" in said
    assert "8 of the 500 credits bought 2 Mar 2026" in said
    assert "?q=job_second" in answer.content.decode()
    assert "our allocation, not the service's" in said


def test_export_adds_up_line_by_line(claim: Claim, bought: Receipt, tell: Any, browser_of: Any, viewer: User) -> None:
    tell(claim, SPENT, occurred_at=at(7), credits_delta=-45, job_id="job_1")
    read(claim, 9, 40, 495)
    address = reverse("balance:balance_export", args=[claim.workspace.key, claim.agent.remote_id])
    answer = browser_of(viewer).post(address)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == [
        "reading", "movement", "reading", "movement", "unexplained", "reading",
    ]  # fmt: skip
    balance = int(rows[0]["balance"])
    for row in rows[1:]:
        balance += int(row["credits"] or 0)
        assert balance == int(row["balance"] or balance)
    spending = rows[3]
    assert (spending["from_free"], spending["from_purchases"], spending["receipts"]) == ("40", "5", "receipt_1")
    entry = AuditEntry.objects.get(action="balance.exported")
    assert (entry.actor_id, entry.subject_id) == (viewer.pk, claim.agent.remote_id)


def test_text_of_the_ledger_is_data(claim: Claim, tell: Any, get: Any) -> None:
    tell(claim, f"credits.{HOSTILE}", occurred_at=at(3), credits_delta=5, job_id=HOSTILE)
    read(claim, 5, 45, 0)
    for answer in (get(), get("balance_interval", QuotaSnapshot.objects.get(taken_at=at(5)).pk)):
        assert "<script>alert" not in answer.content.decode()


def test_workspace_lists_agents_nearest_empty_first_and_sums_nothing(
    link: Any, workspace: Workspace, browser_of: Any, owner: User
) -> None:
    link("rich-bot", free_credits=1, paid_credits=400)
    link("poor-bot", free_credits=2, paid_credits=0)
    said = words(browser_of(owner).get(reverse("balance:balance_overview", args=[workspace.key])))
    assert said.index("poor-bot") < said.index("rich-bot")
    assert "Across 2 agents, not shared" in said
    assert "403" not in said


def test_page_asks_as_often_for_a_long_history(claim: Claim, tell: Any, get: Any) -> None:
    tell(claim, SPENT, occurred_at=at(3), credits_delta=-9)
    read(claim, 5, 31, 0)
    get()
    few = statements_of(get)
    for number in range(60):
        tell(claim, SPENT, occurred_at=at(10 * number + 13), credits_delta=-1)
        read(claim, 10 * number + 15, 31, 5_000 - number)
    assert statements_of(get) == few
    assert few <= 8
