"""A look at Stripe: everything about one payment or payout as it is now, fetched with no transaction open.

An event is a hint where to look; what it carries is never applied. A look at a payment reads the intent with its charge
and fee, its session, and where there may be any, its refunds and disputes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import stripe
from django.db.models import Q
from django.utils import timezone

from dashboard.billing import apply, facts
from dashboard.billing.access import is_live, stripe_client
from dashboard.billing.models import StripeDispute, StripePayment, StripeRefund, WebhookEvent

Object = dict[str, Any]
_EXPAND = "latest_charge.balance_transaction"
_PAYMENT_KINDS = frozenset({"checkout.session", "payment_intent", "charge", "refund", "dispute"})


@dataclass(frozen=True)
class Look:
    """What Stripe had when it was asked at `at` (UTC)."""

    at: datetime
    session: Object | None = None
    intent: Object | None = None
    refunds: list[Object] = field(default_factory=list)
    disputes: list[Object] = field(default_factory=list)
    payout: Object | None = None
    bookings: list[str] = field(default_factory=list)

    def apply(self) -> None:
        """Write it, inside the caller's transaction; raises OtherMode, ValueError."""
        if self.intent or self.session:
            apply.payment_apply(facts.payment_seen(session=self.session, intent=self.intent), at=self.at)
        for refund in self.refunds:
            apply.refund_apply(facts.refund_seen(refund, livemode=is_live()), at=self.at)
        for dispute in self.disputes:
            apply.dispute_apply(facts.dispute_seen(dispute), at=self.at)
        if self.payout:
            apply.payout_apply(facts.payout_seen(self.payout), at=self.at, bookings=self.bookings)


def is_followed(event: WebhookEvent) -> bool:
    """Tell whether an event is about something that the desk mirrors."""
    return event.object_kind in _PAYMENT_KINDS or event.object_kind == "payout"


def look_for(event: WebhookEvent) -> Look | None:
    """Look where an event points; None where a look that began after it came has seen it already."""
    if event.object_kind == "payout":
        return payout_look(event.object_id)
    if event.payment_intent_id:
        seen = StripePayment.objects.filter(payment_intent_id=event.payment_intent_id).exclude(payment_intent_id="")
        is_first = event.attempts == 1 and event.replay_id is None
        if is_first and seen.filter(fetched_at__gte=event.received_at).exists():
            return None
        return payment_look(event.payment_intent_id, about=event.object_kind)
    return _look_of_kind(event)


def payment_look(intent_id: str, *, about: str = "") -> Look:
    """Look at one payment by its intent; `about` names a kind of object that surely is there."""
    at, v1 = timezone.now(), stripe_client().v1
    intent = v1.payment_intents.retrieve(intent_id, {"expand": [_EXPAND]}).to_dict()
    charge = intent.get("latest_charge") or {}
    known = StripePayment.objects.filter(payment_intent_id=intent_id).exclude(payment_intent_id="").first()
    of_payment = {"payment_intent": intent_id, "limit": 100}
    has_refunds = charge.get("amount_refunded") or about == "refund" or _has(StripeRefund, known)
    has_disputes = charge.get("disputed") or about == "dispute" or _has(StripeDispute, known)
    return Look(
        at,
        session=_session_of(v1, intent, known),
        intent=intent,
        refunds=_rows(v1.refunds.list(of_payment)) if has_refunds else [],  # type: ignore[arg-type]
        disputes=_rows(v1.disputes.list(of_payment)) if has_disputes else [],  # type: ignore[arg-type]
    )


def payout_look(payout_id: str) -> Look:
    """Look at a payout, and at what is in it where Stripe says so: it does of automatic ones."""
    at, v1 = timezone.now(), stripe_client().v1
    payout = v1.payouts.retrieve(payout_id).to_dict()
    bookings: list[Object] = []
    if payout.get("automatic"):
        bookings = _rows(v1.balance_transactions.list({"payout": payout_id, "limit": 100}))
    return Look(at, payout=payout, bookings=[row["id"] for row in bookings])


def session_look(session_id: str) -> Look:
    """Look at a checkout session, and at its payment once there is one."""
    at = timezone.now()
    session = stripe_client().v1.checkout.sessions.retrieve(session_id).to_dict()
    intent_id = session.get("payment_intent")
    if isinstance(intent_id, str):
        look = payment_look(intent_id)
        return Look(at, session=session, intent=look.intent, refunds=look.refunds, disputes=look.disputes)
    return Look(at, session=session)


def _look_of_kind(event: WebhookEvent) -> Look:
    """Look at what has no payment intent: a session that nobody paid, a refund or charge of another kind."""
    at, v1 = timezone.now(), stripe_client().v1
    looks: dict[str, Callable[[], Look]] = {
        "checkout.session": lambda: session_look(event.object_id),
        "refund": lambda: Look(at, refunds=[v1.refunds.retrieve(event.object_id).to_dict()]),
        "dispute": lambda: Look(at, disputes=[v1.disputes.retrieve(event.object_id).to_dict()]),
    }
    return looks.get(event.object_kind, lambda: Look(at))()


def _session_of(v1: Any, intent: Object, known: StripePayment | None) -> Object | None:  # noqa: ANN401 - the SDK's services
    """Return the session of an intent; what is paid and named already needs no second look at it."""
    is_done = intent.get("status") in ("succeeded", "canceled")
    if known and is_done and (known.checkout_session_id or known.is_paid):
        return None
    found = _rows(v1.checkout.sessions.list({"payment_intent": intent["id"], "limit": 1}))
    return found[0] if found else None


def _has(model: type[StripeRefund] | type[StripeDispute], payment: StripePayment | None) -> bool:
    return payment is not None and model.objects.filter(Q(payment=payment)).exists()


def _rows(listed: stripe.ListObject[Any]) -> list[Object]:
    return [row.to_dict() for row in listed.auto_paging_iter()]
