"""Stripe's objects read into small strict rows at the edge. Pure; a shape that is not Stripe's raises ValueError.

https://docs.stripe.com/api: amounts in the currency's smallest unit, moments in Unix seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashboard.billing.models import StripePayment

Object = Mapping[str, Any]
State = StripePayment.State

ORDER_KEY = "dashboard_order"
_MOST_CENTS = 2**53
_MAX_ID = 200
_INTENT_STATES = {"succeeded": State.PAID, "processing": State.PROCESSING, "canceled": State.CANCELED}


@dataclass(frozen=True)
class PaymentSeen:
    """A payment as Stripe has it now; an id or figure that Stripe did not tell is empty or None."""

    livemode: bool
    state: StripePayment.State
    amount_cents: int
    currency: str
    created_at: datetime
    payment_intent_id: str = ""
    checkout_session_id: str = ""
    charge_id: str = ""
    balance_transaction_id: str = ""
    fee_cents: int | None = None
    net_cents: int | None = None
    refunded_cents: int = 0
    is_disputed: bool = False
    method: str = ""
    quote_id: str = ""
    payment_attempt_id: str = ""
    agent_remote_id: str = ""
    organization_id: str = ""
    paid_at: datetime | None = None


@dataclass(frozen=True)
class OutflowSeen:
    """A refund or a dispute as Stripe has it now. `extra` holds what only one of the two has."""

    id: str
    livemode: bool
    payment_intent_id: str
    charge_id: str
    amount_cents: int
    currency: str
    status: str
    reason: str
    created_at: datetime
    extra: dict[str, Any]


@dataclass(frozen=True)
class PayoutSeen:
    """A payout as Stripe has it now."""

    id: str
    livemode: bool
    amount_cents: int
    currency: str
    status: str
    is_automatic: bool
    created_at: datetime
    arrival_at: datetime | None


def payment_seen(*, session: Object | None, intent: Object | None) -> PaymentSeen:
    """Read a checkout session, its payment intent with the latest charge expanded, or one of them alone."""
    leading = intent or session
    if leading is None:
        raise ValueError("neither a session nor a payment intent")
    charge = _part(intent or {}, "latest_charge")
    booked = _part(charge, "balance_transaction")
    names = {**_metadata(intent), **_metadata(session)}
    # A declined try is an intent's latest charge too: only a charge that took the money counts.
    has_charge = charge.get("status") == "succeeded"
    state = _state(session, intent)
    return PaymentSeen(
        livemode=_flag(leading, "livemode"),
        state=state,
        amount_cents=_amount(session, intent, is_paid=state == State.PAID),
        currency=_word(leading, "currency").upper(),
        created_at=moment(leading["created"]),
        payment_intent_id=_word(intent, "id") or _id(session, "payment_intent"),
        checkout_session_id=_word(session, "id"),
        charge_id=_word(charge, "id") if has_charge else "",
        balance_transaction_id=_word(booked, "id"),
        fee_cents=_whole(booked, "fee"),
        net_cents=_whole(booked, "net"),
        refunded_cents=_whole(charge, "amount_refunded") or 0,
        is_disputed=charge.get("disputed") is True,
        method=_word(_part(charge, "payment_method_details"), "type"),
        quote_id=names.get("quote_id", ""),
        payment_attempt_id=names.get("payment_attempt_id", ""),
        agent_remote_id=names.get("agent_id", ""),
        organization_id=names.get("organization_id", ""),
        paid_at=moment(charge["created"]) if has_charge else None,
    )


def refund_seen(refund: Object, *, livemode: bool) -> OutflowSeen:
    """Read a refund. It carries no mode of its own: it has that of the key that read it."""
    order = _metadata(refund).get(ORDER_KEY, "")
    return _outflow(refund, livemode=livemode, status=_word(refund, "status"), extra={"order_key": order[:64]})


def dispute_seen(dispute: Object) -> OutflowSeen:
    """Read a dispute with its fee and what it took."""
    booked = [row for row in dispute.get("balance_transactions") or [] if isinstance(row, Mapping)]
    details = _part(dispute, "evidence_details")
    due = details.get("due_by")
    extra = {
        "due_at": moment(due) if due else None,
        "submissions": _whole(details, "submission_count") or 0,
        "is_refundable": dispute.get("is_charge_refundable") is True,
        "fee_cents": sum(_whole(row, "fee") or 0 for row in booked) if booked else None,
        "net_cents": sum(_whole(row, "net") or 0 for row in booked) if booked else None,
    }
    livemode = _flag(dispute, "livemode")
    return _outflow(dispute, livemode=livemode, status=_word(dispute, "status"), extra=extra)


def payout_seen(payout: Object) -> PayoutSeen:
    arrival = payout.get("arrival_date")
    return PayoutSeen(
        id=_word(payout, "id"),
        livemode=_flag(payout, "livemode"),
        amount_cents=_cents(payout, "amount"),
        currency=_word(payout, "currency").upper(),
        status=_word(payout, "status"),
        is_automatic=payout.get("automatic") is True,
        created_at=moment(payout["created"]),
        arrival_at=moment(arrival) if arrival else None,
    )


def moment(seconds: object) -> datetime:
    """Return Unix seconds as UTC; raises ValueError for what is none."""
    if type(seconds) is not int or not 0 <= seconds < 2**35:
        raise ValueError("not a moment")
    return datetime.fromtimestamp(seconds, UTC)


def _state(session: Object | None, intent: Object | None) -> StripePayment.State:
    told = _INTENT_STATES.get(_word(intent, "status")) if intent else None
    if told or session is None:
        return told or State.OPEN
    if session.get("status") == "expired":
        return State.EXPIRED
    if session.get("status") != "complete":
        return State.OPEN
    if session.get("payment_status") == "paid":
        return State.PAID
    # The payer has finished and the money is not there: it comes later, or the slow method failed.
    return State.FAILED if intent else State.PROCESSING


def _amount(session: Object | None, intent: Object | None, *, is_paid: bool) -> int:
    if intent:
        return _cents(intent, "amount_received" if is_paid else "amount")
    return _cents(session or {}, "amount_total")


def _outflow(row: Object, *, livemode: bool, status: str, extra: dict[str, Any]) -> OutflowSeen:
    return OutflowSeen(
        id=_word(row, "id"),
        livemode=livemode,
        payment_intent_id=_id(row, "payment_intent"),
        charge_id=_id(row, "charge"),
        amount_cents=_cents(row, "amount"),
        currency=_word(row, "currency").upper(),
        status=status[:32],
        reason=(row.get("reason") or "")[:64],
        created_at=moment(row["created"]),
        extra=extra,
    )


def _metadata(row: Object | None) -> dict[str, str]:
    told = (row or {}).get("metadata")
    if not isinstance(told, Mapping):
        return {}
    return {name: value for name, value in told.items() if isinstance(value, str) and len(value) <= _MAX_ID}


def _part(row: Object, name: str) -> Object:
    told = row.get(name)
    return told if isinstance(told, Mapping) else {}


def _id(row: Object | None, name: str) -> str:
    """Return an id, whether the object stands there expanded or not."""
    told = (row or {}).get(name)
    told = told.get("id") if isinstance(told, Mapping) else told
    return told if isinstance(told, str) else ""


def _word(row: Object | None, name: str) -> str:
    told = (row or {}).get(name)
    return told[:255] if isinstance(told, str) else ""


def _whole(row: Object, name: str) -> int | None:
    told = row.get(name)
    return told if type(told) is int and abs(told) <= _MOST_CENTS else None


def _cents(row: Object, name: str) -> int:
    told = _whole(row, name)
    if told is None:
        raise ValueError(f"no amount in {name}")
    return told


def _flag(row: Object, name: str) -> bool:
    told = row.get(name)
    if told is True or told is False:
        return told
    raise ValueError(f"no {name}")
