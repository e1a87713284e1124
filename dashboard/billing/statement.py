"""A month of the platform's money: what Stripe took, gave back and paid out, and what the service's ledger granted.

Page and files are made of the same four lists, so that their sums are the same. Another shop's payments in the same
account are in none of them; payouts are the account's as a whole, for Stripe pays out what it holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from dashboard.billing.access import has_stripe, is_live
from dashboard.billing.hosted import CHARGED
from dashboard.billing.models import (
    Feed,
    HostedPayment,
    LedgerLine,
    StripeDispute,
    StripePayment,
    StripePayout,
    StripeRefund,
)
from dashboard.credits.apply import GRANTED, REVERSALS
from dashboard.credits.months import Month
from dashboard.lib.paging import rows_stream
from dashboard.lib.presentation import exact_text

BATCH = 500
COLUMNS = (
    *("at", "kind", "id", "status", "currency", "amount_cents", "fee_cents", "net_cents"),
    *("agent_id", "payment_attempt_id", "payment_intent_id"),
)
_OURS = ~Q(payment_attempt_id="") | ~Q(quote_id="")
_OF_OURS = ~Q(payment__payment_attempt_id="") | ~Q(payment__quote_id="")


@dataclass(frozen=True)
class Period:
    """A calendar month as a time zone has it: `start` is in it, `end` is not."""

    month: Month
    zone: tzinfo

    @property
    def start(self) -> datetime:
        return self.month.start.replace(tzinfo=self.zone)

    @property
    def end(self) -> datetime:
        return self.month.shifted(1).start.replace(tzinfo=self.zone)

    def within(self, name: str) -> Q:
        return Q(**{f"{name}__gte": self.start, f"{name}__lt": self.end})


@dataclass
class Sums:
    """Of one currency, in its smallest unit. What went out is negative, fees are positive; payouts are in no net."""

    currency: str
    payments: int = 0
    gross_cents: int = 0
    payment_fee_cents: int = 0
    unknown_fees: int = 0
    refunds: int = 0
    refund_cents: int = 0
    disputes: int = 0
    dispute_cents: int = 0
    dispute_fee_cents: int = 0
    payouts: int = 0
    payout_cents: int = 0

    @property
    def fee_cents(self) -> int:
        return self.payment_fee_cents + self.dispute_fee_cents

    @property
    def charged_fee_cents(self) -> int:
        """The fees as what they take."""
        return -self.fee_cents

    @property
    def net_cents(self) -> int:
        return self.gross_cents + self.refund_cents + self.dispute_cents - self.fee_cents


@dataclass(frozen=True)
class Statement:
    """`credits_*` are whole credits of the service's ledger; `coverage` says in sentences what is not in here."""

    period: Period
    sums: list[Sums]
    credits_granted: int
    credits_reversed: int
    credits_spent: int
    coverage: list[str] = field(default_factory=list)


def statement_get(period: Period) -> Statement:
    """Return a month's statement; a constant number of queries."""
    by_currency: dict[str, Sums] = {}
    for told in _told(period):
        sums = by_currency.setdefault(told["currency"], Sums(told["currency"]))
        for name, value in told.items():
            setattr(sums, name, value)
    return Statement(
        period,
        sorted(by_currency.values(), key=lambda sums: (-sums.gross_cents, sums.currency)),
        **_credits(period),
        coverage=list(_coverage(period)),
    )


def statement_rows(period: Period) -> Iterator[dict[str, object]]:
    """Yield what a month's figures are made of, a kind after the other, each newest first."""
    for payment in rows_stream(payments(period), by="paid_at", batch=BATCH):
        yield _row("payment", payment, payment.paid_at, payment.amount_cents, payment.fee_cents or 0)
    for refund in rows_stream(refunds(period).select_related("payment"), by="created_at", batch=BATCH):
        yield _row("refund", refund, refund.created_at, -refund.amount_cents, 0)
    for dispute in rows_stream(disputes(period).select_related("payment"), by="created_at", batch=BATCH):
        taken, fee = dispute.net_cents or 0, dispute.fee_cents or 0
        yield _row("dispute", dispute, dispute.created_at, taken + fee, fee)
    for payout in rows_stream(payouts(period), by="arrival_at", batch=BATCH):
        yield _row("payout", payout, payout.arrival_at, payout.amount_cents, None)


def payments(period: Period) -> QuerySet[StripePayment]:
    paid = StripePayment.objects.filter(_OURS, livemode=is_live(), state=StripePayment.State.PAID)
    return paid.filter(period.within("paid_at"))


def refunds(period: Period) -> QuerySet[StripeRefund]:
    """Return what is with the payer: a refund under way may still fail, and counts in the month that it was made in."""
    taken = StripeRefund.objects.filter(_OF_OURS, livemode=is_live(), status__in=StripeRefund.TAKEN)
    return taken.filter(period.within("created_at"))


def disputes(period: Period) -> QuerySet[StripeDispute]:
    """Return the disputes opened in the month, with all that each took and gave back since."""
    return StripeDispute.objects.filter(_OF_OURS, period.within("created_at"), livemode=is_live())


def payouts(period: Period) -> QuerySet[StripePayout]:
    return StripePayout.objects.filter(period.within("arrival_at"), livemode=is_live(), status="paid")


def _told(period: Period) -> Iterator[dict[str, Any]]:
    """Yield the sums of each list by currency."""
    yield from _summed(
        payments(period),
        payments=Count("pk"),
        gross_cents=Sum("amount_cents"),
        payment_fee_cents=Coalesce(Sum("fee_cents"), 0),
        unknown_fees=Count("pk", filter=Q(fee_cents=None)),
    )
    yield from _summed(refunds(period), refunds=Count("pk"), refund_cents=-Sum("amount_cents"))
    yield from _summed(
        disputes(period),
        disputes=Count("pk"),
        dispute_fee_cents=Coalesce(Sum("fee_cents"), 0),
        dispute_cents=Coalesce(Sum(F("net_cents") + F("fee_cents")), 0),
    )
    yield from _summed(payouts(period), payouts=Count("pk"), payout_cents=Sum("amount_cents"))


def _summed(rows: QuerySet[Any], **figures: object) -> QuerySet[Any, dict[str, Any]]:
    # What a list is ordered by would stand in the grouping; a figure that is called like a column would hide it.
    summed: QuerySet[Any, dict[str, Any]] = rows.order_by().values("currency").annotate(**figures)
    return summed


def _credits(period: Period) -> dict[str, int]:
    moved = LedgerLine.objects.filter(period.within("occurred_at")).exclude(live_money=False)
    figures = {
        "credits_granted": Sum("credits_delta", filter=Q(type=GRANTED)),
        "credits_reversed": Sum("credits_delta", filter=Q(type__in=REVERSALS)),
        "credits_spent": Sum("credits_delta", filter=Q(type=CHARGED)),
    }
    return {name: total or 0 for name, total in moved.aggregate(**figures).items()}


def _coverage(period: Period) -> Iterator[str]:
    """Yield what these figures do not hold, or hold in part."""
    if not has_stripe():
        yield "No Stripe account is connected: what it took, gave back and paid out is not visible."
    elif (since := _read_since()) is None:
        yield "Stripe's past is being read still: more may come."
    elif since > period.start:
        yield f"Stripe was read from {exact_text(since.astimezone(period.zone))} on: what was before is not in here."
    if not settings.IMAGE_SKILL_OPERATOR_BASE_URL:
        yield f"Credits are those of linked agents alone ({HostedPayment.objects.count()} purchases are visible)."
    untold = LedgerLine.objects.filter(period.within("occurred_at"), type=CHARGED, credits_delta=None).count()
    if untold:
        yield f"{untold:,} {'charge tells' if untold == 1 else 'charges tell'} no credits: more was spent than is said."


def _read_since() -> datetime | None:
    """Return from when on everything at Stripe was read; None while a first reading is under way."""
    known = list(Feed.objects.filter(name__startswith="stripe_").values_list("complete_since", flat=True))
    return None if None in known or not known else max(one for one in known if one)


def _row(
    kind: str,
    row: StripePayment | StripeRefund | StripeDispute | StripePayout,
    at: datetime | None,
    amount: int,
    fee: int | None,
) -> dict[str, object]:
    payment = row if isinstance(row, StripePayment) else getattr(row, "payment", None)
    return {
        "at": at.isoformat() if at else None,
        "kind": kind,
        "id": str(row),
        "status": getattr(row, "status", "") or getattr(row, "state", ""),
        "currency": row.currency,
        "amount_cents": amount,
        "fee_cents": fee,
        "net_cents": None if fee is None else amount - fee,
        "agent_id": payment.agent_remote_id if payment else "",
        "payment_attempt_id": payment.payment_attempt_id if payment else "",
        "payment_intent_id": payment.payment_intent_id if payment else "",
    }
