"""Stripe's objects -> rows: each is written under its row's lock, as often and in any order as it comes.

An answer that was asked for before the one applied last changes nothing, and what was paid stays paid. Objects of the
other mode than the key's are refused. Runs inside the caller's transaction.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db.models import Q

from dashboard.billing.access import is_live
from dashboard.billing.chains import chains_link
from dashboard.billing.facts import OutflowSeen, PaymentSeen, PayoutSeen
from dashboard.billing.models import Chain, StripeDispute, StripePayment, StripePayout, StripeRefund

Outflow = TypeVar("Outflow", StripeRefund, StripeDispute)
State = StripePayment.State
_IDS = ("payment_intent_id", "checkout_session_id", "charge_id", "balance_transaction_id")
_NAMES = ("quote_id", "payment_attempt_id", "agent_remote_id", "organization_id", "method")
_FIGURES = ("fee_cents", "net_cents", "paid_at")


class OtherMode(Exception):
    """The object is of live mode and the key of test mode, or the other way round."""


def payment_apply(seen: PaymentSeen, *, at: datetime) -> StripePayment:
    """Write what Stripe had of a payment when it was asked at `at` (UTC), and return the row; raises OtherMode."""
    _mode_check(livemode=seen.livemode)
    known = _payments_of(seen)
    row = known[0] if known else StripePayment(livemode=seen.livemode, created_at=seen.created_at, fetched_at=at)
    for double in known[1:]:
        _payments_merge(row, double)
    is_news = row.pk is None or at >= row.fetched_at
    _names_take(row, seen, is_news=is_news)
    if is_news:
        _payment_take(row, seen, at)
    row.save()
    _outflows_find(row)
    chains_link("stripe_payment", [row])
    return row


def refund_apply(seen: OutflowSeen, *, at: datetime) -> StripeRefund:
    """Write a refund; raises OtherMode. The order that made it is never forgotten again."""
    known = StripeRefund.objects.select_for_update().filter(refund_id=seen.id).first()
    row = known or StripeRefund(refund_id=seen.id)
    return _outflow_take(row, seen, at)


def dispute_apply(seen: OutflowSeen, *, at: datetime) -> StripeDispute:
    """Write a dispute; raises OtherMode."""
    known = StripeDispute.objects.select_for_update().filter(dispute_id=seen.id).first()
    return _outflow_take(known or StripeDispute(dispute_id=seen.id), seen, at)


def payout_apply(seen: PayoutSeen, *, at: datetime, bookings: Iterable[str] = ()) -> StripePayout:
    """Write a payout, and which payments are in it: those of the `bookings` (balance transactions) Stripe names."""
    _mode_check(livemode=seen.livemode)
    known = StripePayout.objects.select_for_update().filter(payout_id=seen.id).first()
    row = known or StripePayout(payout_id=seen.id, fetched_at=at)
    if known is None or at >= known.fetched_at:
        row.livemode, row.amount_cents, row.currency = seen.livemode, seen.amount_cents, seen.currency
        row.status, row.is_automatic, row.arrival_at = seen.status, seen.is_automatic, seen.arrival_at
        row.created_at, row.fetched_at = seen.created_at, at
        row.save()
    StripePayment.objects.filter(balance_transaction_id__in=[name for name in bookings if name]).update(payout=row)
    return row


def _mode_check(*, livemode: bool) -> None:
    if livemode != is_live():
        raise OtherMode


def _payments_of(seen: PaymentSeen) -> list[StripePayment]:
    """Return the rows of a payment, locked: two where session and intent were first heard of apart."""
    wanted = Q()
    for name in ("payment_intent_id", "checkout_session_id"):
        if value := getattr(seen, name):
            # The empty one is excluded by name, so that the constraint's partial index can be used.
            wanted |= Q(**{name: value}) & ~Q(**{name: ""})
    return list(StripePayment.objects.select_for_update().filter(wanted).order_by("pk"))


def _payments_merge(row: StripePayment, double: StripePayment) -> None:
    """Make one row of two: session and intent were heard of apart, and are one payment."""
    double.striperefunds.update(payment=row)
    double.stripedisputes.update(payment=row)
    # Its chain is found again by the ids that this row has now.
    Chain.objects.filter(stripe_payment=double).update(stripe_payment=None)
    double.delete()
    for name in (*_IDS, *_NAMES):
        setattr(row, name, getattr(row, name) or getattr(double, name))
    if double.is_paid:
        row.state, row.paid_at, row.amount_cents = double.state, double.paid_at, double.amount_cents


def _names_take(row: StripePayment, seen: PaymentSeen, *, is_news: bool) -> None:
    """Note ids and names: they never change, so an older answer still fills in what a later one did not tell."""
    for name in (*_IDS, *_NAMES):
        known, told = getattr(row, name), getattr(seen, name)
        setattr(row, name, (told or known) if is_news else (known or told))


def _payment_take(row: StripePayment, seen: PaymentSeen, at: datetime) -> None:
    if not row.is_paid or seen.state == State.PAID:
        row.state, row.amount_cents, row.currency = _state_after(row, seen), seen.amount_cents, seen.currency
    for name in _FIGURES:
        told = getattr(seen, name)
        setattr(row, name, getattr(row, name) if told is None else told)
    if seen.charge_id:
        row.refunded_cents, row.is_disputed = seen.refunded_cents, seen.is_disputed
    row.created_at, row.fetched_at = min(row.created_at, seen.created_at), at


def _state_after(row: StripePayment, seen: PaymentSeen) -> str:
    """Return what a payment is now; an intent alone does not know that its session is over."""
    is_half = seen.state == State.OPEN and row.checkout_session_id and not seen.checkout_session_id
    if not is_half or row.state not in (State.PROCESSING, State.FAILED, State.EXPIRED):
        return seen.state
    return State.EXPIRED if row.state == State.EXPIRED else State.FAILED


def _outflow_take(row: Outflow, seen: OutflowSeen, at: datetime) -> Outflow:
    _mode_check(livemode=seen.livemode)
    if row.pk is not None and at < row.fetched_at:
        return row
    for name in ("livemode", "payment_intent_id", "charge_id", "amount_cents", "currency", "status", "reason"):
        setattr(row, name, getattr(seen, name))
    for name, value in seen.extra.items():
        setattr(row, name, value or getattr(row, name, value))
    row.created_at, row.fetched_at = seen.created_at, at
    row.payment = row.payment or _payment_of(row)
    row.save()
    return row


def _payment_of(row: StripeRefund | StripeDispute) -> StripePayment | None:
    wanted = Q()
    for name in ("payment_intent_id", "charge_id"):
        if value := getattr(row, name):
            wanted |= Q(**{name: value}) & ~Q(**{name: ""})
    return StripePayment.objects.filter(wanted).first() if wanted else None


def _outflows_find(row: StripePayment) -> None:
    """Take up the refunds and disputes that were heard of before their payment."""
    if row.payment_intent_id and (row.refunded_cents or row.is_disputed):
        for model in (StripeRefund, StripeDispute):
            model.objects.filter(payment=None, payment_intent_id=row.payment_intent_id).update(payment=row)
