"""A month's figures, its file and its bounds: each cent once, in the month and zone that it belongs to."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.billing.models import LedgerLine, StripeDispute, StripePayment, StripePayout, StripeRefund
from dashboard.billing.statement import Period, statement_get, statement_rows
from dashboard.credits.months import Month
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
NOVEMBER = Period(Month(2026, 11), UTC)
MID = datetime(2026, 11, 15, 12, tzinfo=UTC)


def payment(number: int, *, at: datetime = MID, cents: int = 1_000, **more: Any) -> StripePayment:
    told = {"payment_attempt_id": f"payatt_{number}", "livemode": False, "currency": "USD", "fee_cents": 59, **more}
    return StripePayment.objects.create(
        payment_intent_id=f"pi_{number}",
        state=StripePayment.State.PAID,
        amount_cents=cents,
        created_at=at,
        paid_at=at,
        fetched_at=at,
        **told,
    )


def outflow(model: type[Any], number: int, of: StripePayment, cents: int, *, at: datetime = MID, **more: Any) -> None:
    name = "refund_id" if model is StripeRefund else "dispute_id"
    told = {"livemode": of.livemode, "currency": of.currency, "payment": of, "amount_cents": cents, **more}
    model.objects.create(**{name: f"{name}_{number}"}, created_at=at, fetched_at=at, **told)


def payout(number: int, cents: int, *, at: datetime = MID, status: str = "paid") -> None:
    StripePayout.objects.create(
        payout_id=f"po_{number}",
        livemode=False,
        amount_cents=cents,
        currency="USD",
        status=status,
        arrival_at=at,
        created_at=at,
        fetched_at=at,
    )


def test_month_adds_up_what_came_what_went_and_what_was_paid_out() -> None:
    first, second = payment(1), payment(2, cents=500, fee_cents=None)
    outflow(StripeRefund, 1, first, 300, status="succeeded")
    outflow(StripeRefund, 2, first, 200, status="pending")
    outflow(StripeRefund, 3, first, 100, status="failed")
    outflow(StripeDispute, 1, second, 500, status="needs_response", net_cents=-2_000, fee_cents=1_500)
    payout(1, 900)
    payout(2, 900, status="failed")
    (sums,) = statement_get(NOVEMBER).sums
    assert (sums.payments, sums.gross_cents, sums.payment_fee_cents, sums.unknown_fees) == (2, 1_500, 59, 1)
    assert (sums.refunds, sums.refund_cents) == (1, -300)
    assert (sums.disputes, sums.dispute_cents, sums.dispute_fee_cents) == (1, -500, 1_500)
    assert (sums.payouts, sums.payout_cents) == (1, 900)
    assert sums.net_cents == 1_500 - 59 - 300 - 500 - 1_500


def test_dispute_that_was_won_costs_its_fee_alone() -> None:
    outflow(StripeDispute, 1, payment(1), 1_000, status="won", net_cents=-1_500, fee_cents=1_500)
    (sums,) = statement_get(NOVEMBER).sums
    assert (sums.dispute_cents, sums.net_cents) == (0, 1_000 - 59 - 1_500)


def test_currencies_and_modes_never_meet() -> None:
    payment(1)
    payment(2, currency="EUR")
    payment(3, livemode=True)
    payment(4, payment_attempt_id="")
    assert [(sums.currency, sums.payments) for sums in statement_get(NOVEMBER).sums] == [("EUR", 1), ("USD", 1)]


def test_credits_are_the_ledgers_and_test_settlements_are_none_of_them() -> None:
    moved = [
        ("credits.payment_backed_granted", 500, True),
        ("credits.payment_backed_granted", 999, False),
        ("credits.payment_backed_refunded", -200, None),
        ("credits.payment_backed_reinstated", 50, None),
        ("usage.credit_consumed", -7, None),
    ]
    for number, (kind, delta, live) in enumerate(moved):
        LedgerLine.objects.create(
            agent_remote_id="agt_1",
            event_id=f"evt_{number}",
            type=kind,
            occurred_at=MID,
            credits_delta=delta,
            live_money=live,
        )
    found = statement_get(NOVEMBER)
    assert (found.credits_granted, found.credits_reversed, found.credits_spent) == (500, -150, -7)
    assert not any("tells no credits" in sentence for sentence in found.coverage)


def test_charges_that_tell_no_credits_are_said_not_to_be_in_it() -> None:
    about = {"agent_remote_id": "agt_1", "type": "usage.credit_consumed", "credits_delta": None}
    for number, moment in enumerate((MID, MID - timedelta(days=90))):
        LedgerLine.objects.create(event_id=f"evt_{number}", occurred_at=moment, **about)
    assert "1 charge tells no credits: more was spent than is said." in statement_get(NOVEMBER).coverage


@hypothesis(WITH_FIXTURES, max_examples=25)
@given(
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "Pacific/Auckland", "America/St_Johns"]),
    hours=st.lists(st.integers(min_value=-60 * 24, max_value=60 * 24), max_size=12),
)
def test_every_payment_is_in_one_month_of_a_zone(zone: str, hours: list[int]) -> None:
    StripePayment.objects.all().delete()
    for number, hour in enumerate(hours):
        payment(number, at=MID + timedelta(hours=hour), cents=100 + number)
    months = [Period(Month(2026, 9).shifted(ahead), ZoneInfo(zone)) for ahead in range(6)]
    gross = [sums.gross_cents for period in months for sums in statement_get(period).sums]
    assert sum(gross) == sum(100 + number for number in range(len(hours)))
    for before, after in pairwise(months):
        assert before.end == after.start


def test_file_holds_the_lines_that_the_page_adds_up(browser_of: Callable[..., Any], billing_admin: User) -> None:
    first = payment(1, agent_remote_id='=HYPERLINK("http://x")')
    outflow(StripeRefund, 1, first, 300, status="succeeded")
    outflow(StripeDispute, 1, first, 500, status="lost", net_cents=-2_000, fee_cents=1_500)
    payout(1, 900)
    browser = browser_of(billing_admin)
    url = reverse("billing:statement_export") + "?month=2026-11&zone=UTC"
    text = b"".join(browser.post(url, {"kind": "csv"}).streaming_content).decode().lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    (sums,) = statement_get(NOVEMBER).sums
    net = sum(int(row["net_cents"]) for row in rows if row["net_cents"])
    assert (len(rows), net) == (4, sums.net_cents)
    assert sum(int(row["fee_cents"] or 0) for row in rows) == sums.fee_cents
    assert rows[0]["agent_id"].startswith("'=")
    lines = b"".join(browser.post(url, {"kind": "jsonl"}).streaming_content).decode().splitlines()
    assert (
        [json.loads(line)["id"] for line in lines]
        == [row["id"] for row in rows]
        == [str(row["id"]) for row in statement_rows(NOVEMBER)]
    )
    assert AuditEntry.objects.filter(action="billing.exported").count() == 2


def test_page_says_what_is_not_in_its_figures(
    browser_of: Callable[..., Any], billing_admin: User, settings: Any
) -> None:
    payment(1, cents=123_456_789)
    page = browser_of(billing_admin).get(reverse("billing:statement") + "?month=2026-11").content.decode()
    assert "$1,234,567.89" in page
    assert "No Stripe account is connected" in page
    assert "linked agents alone" in page


@pytest.mark.parametrize("query", ["", "?month=2026-13", "?month=x", "?zone=Mars", "?month=0001-01"])
def test_address_that_cannot_be_read_shows_this_month(
    query: str, browser_of: Callable[..., Any], billing_admin: User
) -> None:
    answer = browser_of(billing_admin).get(reverse("billing:statement") + query)
    assert answer.status_code == 200
    assert answer.context["statement"].period.month == Month.now()
