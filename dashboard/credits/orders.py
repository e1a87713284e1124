"""The next call that a purchase needs, made with no transaction open, and what its answer or refusal comes to.

A request and the poller may make the same call at once: it carries the key that the row holds, so the service does it
once, and what comes back is applied under the row's lock.
"""

import structlog
from django.db import transaction
from django.utils import timezone

from api_client import (
    ApiError,
    AuthRefused,
    Client,
    ContractError,
    PurchaseAttempt,
    PurchaseStatus,
    Quote,
    RateLimited,
    ServiceFailed,
    Unreachable,
)
from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.credits.machine import quote_is_over
from dashboard.credits.models import Purchase
from dashboard.credits.selectors import purchase_by_id
from dashboard.credits.settle import id_take, problem_clear, purchase_lock, purchase_settle
from dashboard.credits.terms import CHECKOUT_METHOD, X402_METHOD, is_dollars
from dashboard.credits.trail import purchase_audit
from dashboard.lib.dates import showable
from dashboard.remote import client_for

log = structlog.get_logger(__name__)

State = Purchase.State

CALL_SECONDS = 10.0
# What may pass by itself, or leaves open whether the call took effect: the same call is made again later.
UNCLEAR = (AuthRefused, ContractError, RateLimited, ServiceFailed, Unreachable)


def purchase_advance(*, purchase_id: int, claim: Claim, user: User | None = None) -> Purchase:
    """Make the call that is due for a purchase, and return the purchase as it is then.

    Raises ApiError where the outcome is open: the row stays as it was, with the problem noted, and the same call is due
    again. A refusal that is final ends the purchase instead. Raises SealBroken.
    """
    purchase = Purchase.objects.get(pk=purchase_id)
    at = timezone.now()
    try:
        if purchase.state == State.QUOTING:
            return _quote_apply(purchase.pk, _quote(purchase, claim), user)
        if purchase.state == State.QUOTED:
            return quote_end(purchase.pk)
        with client_for(claim, deadline_seconds=CALL_SECONDS) as client:
            is_opening = purchase.state == State.OPENING
            status = _as_status(_attempt(client, purchase)) if is_opening else _status(client, purchase)
        return purchase_settle(purchase_id=purchase.pk, status=status, at=at)
    except ApiError as error:
        log.info("purchase_call_failed", purchase=str(purchase.key), code=error.code, trace_id=error.trace_id)
        return _refusal_apply(purchase, error, user)


def quote_end(purchase_id: int) -> Purchase:
    """End a purchase whose price is held no more and that nobody opened."""
    with transaction.atomic():
        purchase = purchase_lock(purchase_id)
        if purchase.state == State.QUOTED and quote_is_over(purchase, timezone.now()):
            end(purchase, State.EXPIRED)
        return purchase


def end(purchase: Purchase, state: Purchase.State, *, user: User | None = None, refused: str = "") -> None:
    """End a locked purchase unpaid, and audit it."""
    before, purchase.state = purchase.state, state
    purchase.save()
    action = {State.REFUSED: "purchase.refused", State.CANCELED: "purchase.canceled"}.get(state, "purchase.ended")
    purchase_audit(action, purchase, user=user, before=before, refused=refused)


def _quote(purchase: Purchase, claim: Claim) -> Quote:
    with client_for(claim, deadline_seconds=CALL_SECONDS) as client:
        return client.credits.quote_create(
            payment_method=purchase.payment_method,
            idempotency_key=purchase.quote_key,
            credits=None if purchase.pack_id else purchase.credits,
            pack_id=purchase.pack_id or None,
        )


def _attempt(client: Client, purchase: Purchase) -> PurchaseAttempt:
    orders = {
        CHECKOUT_METHOD: client.credits.checkout_session_create,
        X402_METHOD: client.credits.x402_deposit_create,
    }
    return orders[purchase.payment_method](quote_id=purchase.quote_id, idempotency_key=purchase.attempt_key)


def _status(client: Client, purchase: Purchase) -> PurchaseStatus:
    """Ask by the reference that tells most: a quote knows all its attempts. An empty one is never sent."""
    if purchase.quote_id:
        return client.credits.purchase_status(quote_id=purchase.quote_id)
    if purchase.payment_attempt_id:
        return client.credits.purchase_status(payment_attempt_id=purchase.payment_attempt_id)
    if purchase.checkout_session_id:
        return client.credits.purchase_status(checkout_session_id=purchase.checkout_session_id)
    return client.credits.purchase_status(receipt_id=purchase.receipt_id)


def _as_status(attempt: PurchaseAttempt) -> PurchaseStatus:
    """Read the answer to an order as what it is: the first status of its payment, or on a repeat the latest one."""
    state = attempt.state or attempt.attempt_status or ""
    return PurchaseStatus.model_validate({"state": state, "payment_attempt": attempt, "next": attempt.next})


def _quote_apply(purchase_id: int, quote: Quote, user: User | None) -> Purchase:
    with transaction.atomic():
        purchase = purchase_lock(purchase_id)
        if purchase.state != State.QUOTING:
            return purchase
        problem_clear(purchase)
        if not _is_as_asked(purchase, quote):
            _problem_note(purchase, "QUOTE_MISMATCH", "The service quoted other terms than were asked for.")
            end(purchase, State.REFUSED, user=user, refused="The quote was for other terms.")
            return purchase
        id_take(purchase, "quote_id", quote.quote_id)
        purchase.credits, purchase.price_cents = quote.credits, quote.price_amount_cents
        purchase.currency, purchase.live_money = quote.currency[:8], quote.live_money
        purchase.quote_expires_at = showable(quote.expires_at) if quote.expires_at else None
        purchase.state, purchase.remote_state = State.QUOTED, quote.state or ""
        purchase.save()
        amounts = {"credits": quote.credits, "price_cents": quote.price_amount_cents}
        purchase_audit("purchase.quoted", purchase, user=user, before=State.QUOTING, amounts=amounts)
        return purchase


def _is_as_asked(purchase: Purchase, quote: Quote) -> bool:
    asked = (None if purchase.pack_id else purchase.credits, purchase.payment_method)
    told = (None if purchase.pack_id else quote.credits, quote.accepted_payment_method or purchase.payment_method)
    is_another = purchase_by_id(purchase.agent_id, "quote_id", quote.quote_id).exists()
    is_priced = quote.credits > 0 and quote.price_amount_cents > 0 and is_dollars(quote.currency)
    return asked == told and is_priced and not is_another


def _refusal_apply(purchase: Purchase, error: ApiError, user: User | None) -> Purchase:
    """Note a failed call. One that is final for an order of ours ends it; any other is raised again."""
    is_order = purchase.state in (State.QUOTING, State.OPENING)
    is_final = is_order and not isinstance(error, UNCLEAR) and not error.may_have_started
    with transaction.atomic():
        locked = purchase_lock(purchase.pk)
        # Somebody else who made the same call may have been answered meanwhile.
        if locked.state == purchase.state:
            _problem_note(locked, error.code, error.for_people, error.trace_id or "")
            locked.save()
            if is_final:
                _refused(locked, error, user)
    if not is_final:
        raise error
    return locked


def _refused(purchase: Purchase, error: ApiError, user: User | None) -> None:
    if error.code == "CREDIT_QUOTE_PAID":
        # Somebody paid this very quote: its status tells the rest.
        purchase.state = State.PROCESSING
        purchase.save()
        return
    is_late = error.code.endswith("EXPIRED") or quote_is_over(purchase, timezone.now())
    state = State.EXPIRED if is_late and purchase.state == State.OPENING else State.REFUSED
    end(purchase, state, user=user, refused=error.code)


def _problem_note(purchase: Purchase, code: str, text: str, trace_id: str = "") -> None:
    purchase.problem_code, purchase.problem_text = code[:64], text[:254]
    purchase.problem_trace_id, purchase.problem_at = trace_id[:200], timezone.now()
