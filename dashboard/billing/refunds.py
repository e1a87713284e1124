"""Giving money back: an order is saved with its key, then Stripe is asked, and whatever is unclear is asked again.

Order and look happen with no transaction open; what is written is written under the payment's lock. A lost answer, a
dead worker and a second press all end in one refund: the key is the same, and before the call is repeated Stripe is
asked for the refund that carries it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.billing import apply, facts
from dashboard.billing.access import StripeTrouble, is_live, may, stripe_client, stripe_told
from dashboard.billing.looks import Look, Object, payment_look
from dashboard.billing.models import Chain, RefundOrder, StripePayment
from dashboard.billing.refund_preview import OTHER_MODE, preview_get
from dashboard.lib.backoff import backoff

log = structlog.get_logger(__name__)

State = RefundOrder.State
# A worker that dies in a call leaves the order to the next sweep after this long; no call takes as long.
BUSY_FOR = timedelta(minutes=2)
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=5), timedelta(minutes=15)
# Stripe forgets a key after 24 hours (https://docs.stripe.com/api/idempotent_requests): later it might refund twice.
KEY_KEPT = timedelta(hours=23)
AT_ONCE = 20
NO_RIGHT = "The Stripe key that is configured may not refund. Refund it in Stripe's own dashboard: it is found here."
CHANGED = "The figures have changed since they were shown. Look at them again."
TOO_OLD = "Stripe did not answer for a day, so asking again might refund twice. Look at the payment in Stripe."


class RefundRefused(Exception):
    """No refund was ordered, and no money moves; the sentence is for whoever pressed."""


@dataclass(frozen=True)
class RefundWish:
    """What somebody agreed to: cents, why, and the digest of the preview that they saw."""

    amount_cents: int
    reason: str
    comment: str
    seen: str


def refund_order(*, chain: Chain, wish: RefundWish, user: User) -> RefundOrder:
    """Order a refund and carry it out; returns the order as it is then.

    Stripe is looked at first, so that what was agreed to holds at this moment. Raises RefundRefused.
    """
    payment = chain.stripe_payment
    if payment is None or payment.livemode != is_live():
        raise RefundRefused(OTHER_MODE)
    if not may("refund_write"):
        raise RefundRefused(NO_RIGHT)
    try:
        look_again(payment)
        order = _order_save(chain, payment, wish, user)
    except StripeTrouble as trouble:
        refused = trouble.for_people
    except RefundRefused as refusal:
        refused = str(refusal)
    else:
        return order_carry_out(order.pk)
    _audit("refund.ordered", chain, user, after={"amount_cents": wish.amount_cents}, refused=refused)
    raise RefundRefused(refused)


def look_again(payment: StripePayment) -> None:
    """Read a payment at Stripe as it is now; raises StripeTrouble."""
    with stripe_told():
        look = payment_look(payment.payment_intent_id)
    with transaction.atomic():
        look.apply()


def orders_carry_out() -> int:
    """Carry out the orders whose turn has come; returns how many that were."""
    due = _due().order_by("not_before").values_list("pk", flat=True)[:AT_ONCE]
    return len([order_carry_out(pk) for pk in list(due)])


def order_carry_out(order_id: int) -> RefundOrder:
    """Ask Stripe for one refund if it is its turn, outside any transaction; returns the order as it is then."""
    if _due().filter(pk=order_id).update(not_before=timezone.now() + BUSY_FOR, tries=F("tries") + 1):
        order = RefundOrder.objects.select_related("payment", "chain", "ordered_by").get(pk=order_id)
        try:
            with stripe_told():
                refund = _refund_get(order) or _refund_make(order)
        except StripeTrouble as trouble:
            _put_off(order, trouble)
        else:
            _settle(order, refund)
    return RefundOrder.objects.select_related("refund").get(pk=order_id)


def _order_save(chain: Chain, payment: StripePayment, wish: RefundWish, user: User) -> RefundOrder:
    with transaction.atomic():
        held = StripePayment.objects.select_for_update().get(pk=payment.pk)
        fresh = Chain.objects.select_related("hosted_payment", "purchase").get(pk=chain.pk)
        preview = preview_get(fresh, held, wish.amount_cents)
        if preview.why_not:
            raise RefundRefused(preview.why_not)
        if preview.digest != wish.seen:
            raise RefundRefused(CHANGED)
        now = timezone.now()
        order = RefundOrder.objects.create(
            chain=fresh,
            payment=held,
            amount_cents=wish.amount_cents,
            currency=held.currency,
            reason=wish.reason,
            comment=wish.comment,
            ordered_by=user,
            ordered_at=now,
            not_before=now,
        )
        before = {"refunded_cents": preview.refunded_cents, "paid_credits": preview.balance}
        after = {"amount_cents": wish.amount_cents, "reason": wish.reason, "credits_taken": preview.credits_taken}
        _audit("refund.ordered", fresh, user, before=before, after={**after, "paid_credits": preview.balance_after})
    return order


def _refund_get(order: RefundOrder) -> Object | None:
    """Return the refund that an earlier try made without our hearing of it; the first try has none."""
    if order.tries <= 1:
        return None
    listed = stripe_client().v1.refunds.list({"payment_intent": order.payment.payment_intent_id, "limit": 100})
    rows = (row.to_dict() for row in listed.auto_paging_iter())
    found = next((row for row in rows if row["metadata"].get(facts.ORDER_KEY) == str(order.key)), None)
    if found is None and timezone.now() - order.ordered_at > KEY_KEPT:
        raise StripeTrouble("KEY_TOO_OLD", TOO_OLD, is_passing=False)
    return found


def _refund_make(order: RefundOrder) -> Object:
    params: Any = {
        "payment_intent": order.payment.payment_intent_id,
        "amount": order.amount_cents,
        "reason": order.reason,
        "metadata": {facts.ORDER_KEY: str(order.key)},
    }
    return stripe_client().v1.refunds.create(params, {"idempotency_key": order.idempotency_key}).to_dict()


def _settle(order: RefundOrder, refund: Object) -> None:
    """Write what Stripe made, and the payment as it is with it where Stripe still answers."""
    at, look = timezone.now(), _look_or_none(order.payment)
    with transaction.atomic():
        StripePayment.objects.select_for_update().get(pk=order.payment_id)
        row = apply.refund_apply(facts.refund_seen(refund, livemode=is_live()), at=at)
        if look:
            look.apply()
        mine = RefundOrder.objects.filter(pk=order.pk, state=State.PENDING)
        if mine.update(state=State.DONE, refund=row, ended_at=at, problem=""):
            told = {"refund_id": row.refund_id, "amount_cents": row.amount_cents, "status": row.status}
            _audit("refund.made", order.chain, order.ordered_by, after=told)


def _look_or_none(payment: StripePayment) -> Look | None:
    try:
        with stripe_told():
            return payment_look(payment.payment_intent_id)
    except StripeTrouble:
        # The refund is what counts; its event brings the rest.
        return None


def _put_off(order: RefundOrder, trouble: StripeTrouble) -> None:
    """Try again later what may have happened; end what Stripe will not do."""
    log.warning("refund_not_made", order=str(order.key), code=trouble.code, trace_id=trouble.trace_id)
    now = timezone.now()
    mine = RefundOrder.objects.filter(pk=order.pk, state=State.PENDING)
    if trouble.is_passing:
        pause = backoff(order.tries, first=BACKOFF_FIRST, most=BACKOFF_MOST)
        mine.update(not_before=now + pause, problem=trouble.for_people[:254])
        return
    with transaction.atomic():
        if mine.update(state=State.REFUSED, ended_at=now, problem=trouble.for_people[:254]):
            told = {"amount_cents": order.amount_cents}
            _audit("refund.made", order.chain, order.ordered_by, after=told, refused=trouble.for_people)


def _due() -> QuerySet[RefundOrder]:
    return RefundOrder.objects.filter(state=State.PENDING, not_before__lte=timezone.now())


def _audit(
    action: str,
    chain: Chain,
    user: User,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    refused: str = "",
) -> None:
    audit_record(
        action=action,
        actor=user,
        workspace_id=chain.workspace_id,
        subject=("payment", str(chain.key), str(chain)),
        before=before,
        after=after,
        refused=refused,
    )
