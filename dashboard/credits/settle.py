"""The one way from a payment's status to our rows: by id, under the row's lock, as often and in any order as it comes.

Called by the poller, by an answer to our own order, and later by the webhook and the billing desk. An answer that was
asked for before the one applied last changes nothing, states go forwards alone (`dashboard.credits.machine`), and a
receipt is written once.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from api_client import PurchaseAttempt, PurchaseStatus, Quote
from dashboard.credits.hand_off import deposit_of, hand_off_url
from dashboard.credits.lights import light
from dashboard.credits.machine import POLL_SECONDS, UNPAID_ENDS, poll_seconds, state_after, state_told
from dashboard.credits.models import Purchase, Receipt, Source
from dashboard.credits.receipt_facts import ReceiptFacts, is_taken, receipt_facts, receipt_write
from dashboard.credits.selectors import purchase_by_id
from dashboard.credits.terms import is_dollars
from dashboard.credits.trail import purchase_audit
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_hurry
from dashboard.lib.dates import showable

log = structlog.get_logger(__name__)

State = Purchase.State
LEDGER_AGAIN_AFTER = timedelta(seconds=5)


def purchase_settle(
    *, purchase_id: int, status: PurchaseStatus, at: datetime, source: Source = Source.STATUS
) -> Purchase:
    """Apply what the service said of a payment when it was asked at `at` (UTC), and return the purchase as it is now.

    `source` is who made us ask. An answer about another payment than this is refused and logged.
    """
    with transaction.atomic():
        purchase = purchase_lock(purchase_id)
        if purchase.status_at and at < purchase.status_at:
            return purchase
        if not _is_about(purchase, status):
            log.error("status_of_another_payment", purchase=str(purchase.key), trace_id=status.trace_id)
            return purchase
        before = purchase.state
        _terms_take(purchase, status.quote)
        facts = _facts_of(purchase, status)
        _state_take(purchase, status, has_receipt=facts is not None)
        _attempt_take(purchase, status.payment_attempt)
        purchase.status_at = at
        if purchase.state in (State.PAID, State.SUCCEEDED):
            _lights_take(purchase, facts, at, source)
        problem_clear(purchase)
        purchase.save()
        _tell(purchase, before)
    return purchase


def payment_seen(*, purchase: Purchase, at: datetime) -> None:
    """Light "paid" because Stripe itself says that it took the money at `at` (UTC), and have the status asked soon.

    Only the light: what became of the payment is the service's own status to tell. `purchase` is locked by the caller,
    and keeps the light in memory too. Told again, it changes nothing.
    """
    lit_by = purchase.paid_source
    light(purchase, "paid", at=at, source=Source.STRIPE)
    if purchase.paid_source == lit_by:
        return
    lit = {"paid_at": purchase.paid_at, "paid_source": purchase.paid_source}
    Purchase.objects.filter(pk=purchase.pk).update(**lit)
    if purchase.state != State.SUCCEEDED:
        cursor_hurry(stream=Stream.PURCHASE, subject_id=purchase.pk, unless_since=at)


def purchase_lock(purchase_id: int) -> Purchase:
    """Return a purchase with its row locked, for the rest of the caller's transaction."""
    rows = Purchase.objects.select_for_update(of=("self",)).select_related("agent", "workspace")
    return rows.get(pk=purchase_id)


def problem_clear(purchase: Purchase) -> None:
    purchase.problem_code = purchase.problem_text = purchase.problem_trace_id = ""
    purchase.problem_at = None


def id_take(purchase: Purchase, name: str, told: str | None) -> None:
    """Note an id of the service, unless another purchase of the agent has it: an id names one thing."""
    if not told or told == getattr(purchase, name):
        return
    if purchase_by_id(purchase.agent_id, name, told).exclude(pk=purchase.pk).exists():
        log.error("id_of_another_purchase", purchase=str(purchase.key), name=name)
        return
    setattr(purchase, name, told)


def state_take(purchase: Purchase, state: Purchase.State) -> None:
    """Move on. What comes back after an unpaid end stands outside the rule of one purchase under way of its terms:
    another may have been opened meanwhile."""
    if purchase.state in UNPAID_ENDS and state not in UNPAID_ENDS:
        purchase.terms = str(purchase.key)
    purchase.state = state


def _is_about(purchase: Purchase, status: PurchaseStatus) -> bool:
    quote, attempt = status.quote, status.payment_attempt
    quote_id = (quote.quote_id if quote else None) or (attempt.quote_id if attempt else None)
    if purchase.quote_id and quote_id:
        return purchase.quote_id == quote_id
    if purchase.payment_attempt_id and attempt:
        return purchase.payment_attempt_id == attempt.payment_attempt_id
    return not (purchase.receipt_id and status.receipt_id) or purchase.receipt_id == status.receipt_id


def _terms_take(purchase: Purchase, quote: Quote | None) -> None:
    """Terms of a purchase that was found in a ledger; those of our own order stand since its quote."""
    if quote is None or purchase.origin == Purchase.Origin.SPONSOR:
        return
    id_take(purchase, "quote_id", quote.quote_id)
    purchase.credits, purchase.currency = quote.credits, quote.currency[:8]
    purchase.price_cents = quote.price_amount_cents if is_dollars(quote.currency) else None
    purchase.payment_method = quote.accepted_payment_method or purchase.payment_method
    purchase.pack_id = quote.pack_id or purchase.pack_id
    purchase.live_money = quote.live_money if quote.live_money is not None else purchase.live_money


def _facts_of(purchase: Purchase, status: PurchaseStatus) -> ReceiptFacts | None:
    facts = receipt_facts(purchase, status)
    if facts and is_taken(purchase, facts.receipt_id):
        log.error("receipt_of_another_purchase", purchase=str(purchase.key), trace_id=status.trace_id)
        return None
    return facts


def _state_take(purchase: Purchase, status: PurchaseStatus, *, has_receipt: bool) -> None:
    attempt = status.payment_attempt
    is_other = attempt is not None and attempt.payment_attempt_id != purchase.payment_attempt_id
    # Whatever an unknown word means, an attempt that is told of has been opened.
    told = state_told(status, has_receipt=has_receipt) or (State.OPEN if attempt else None)
    state_take(purchase, state_after(purchase.state, told, is_other_attempt=is_other))
    purchase.remote_state = status.state
    hint = (status.next or {}).get("retry_after_seconds")
    purchase.poll_seconds = POLL_SECONDS if hint is None else poll_seconds(hint)


def _attempt_take(purchase: Purchase, attempt: PurchaseAttempt | None) -> None:
    if attempt is None:
        return
    id_take(purchase, "payment_attempt_id", attempt.payment_attempt_id)
    id_take(purchase, "checkout_session_id", attempt.checkout_session_id)
    ends = attempt.expires_at or _deposit_ends(attempt)
    if ends:
        purchase.expires_at = showable(ends)
    is_in_dollars = is_dollars(attempt.currency) and is_dollars(purchase.currency)
    if purchase.price_cents is None and is_in_dollars:
        purchase.credits, purchase.price_cents = attempt.credits, attempt.amount_cents
    checkout_urls = (attempt.checkout_handoff_url, attempt.checkout_compact_url, attempt.checkout_url)
    if not any(checkout_urls) and not attempt.stripe_x402:
        return
    # A payer is never led to a page that asks for another amount than the one shown here.
    is_as_shown = is_in_dollars and attempt.amount_cents in (None, purchase.price_cents)
    purchase.hand_off_url = hand_off_url(checkout_urls) if is_as_shown else ""
    purchase.deposit = deposit_of(attempt, price_cents=purchase.price_cents) if is_as_shown else None
    purchase.hand_off_refused = not purchase.hand_off_url and not purchase.deposit


def _deposit_ends(attempt: PurchaseAttempt) -> datetime | None:
    told = attempt.stripe_x402.payable_instructions if attempt.stripe_x402 else None
    return told.expires_at if told else None


def _lights_take(purchase: Purchase, facts: ReceiptFacts | None, at: datetime, source: Source) -> None:
    """Lights and receipt of a payment that was taken; without a receipt that can be read it is paid and no more."""
    if facts is None:
        light(purchase, "paid", at=at, source=source)
        return
    issued_at = facts.issued_at or at
    light(purchase, "paid", at=facts.paid_at or issued_at, source=source)
    light(purchase, "settled", at=issued_at, source=source)
    if facts.credit_event_id:
        light(purchase, "granted", at=facts.granted_at or issued_at, source=source)
    id_take(purchase, "receipt_id", facts.receipt_id)
    receipt_write(purchase, facts, issued_at=issued_at)


def _tell(purchase: Purchase, before: str) -> None:
    """Write what ended into the audit log, and have ledger and balance read now that they should have moved."""
    if purchase.state == before or purchase.is_under_way:
        return
    if purchase.state == State.SUCCEEDED:
        receipt = Receipt.objects.get(purchase=purchase)
        amounts: dict[str, int | str | None] = {"credits": receipt.credits, "amount_cents": receipt.amount_cents}
        amounts["receipt_id"] = receipt.remote_id
        purchase_audit("purchase.settled", purchase, before=before, amounts=amounts)
        cursor_hurry(
            stream=Stream.AGENT,
            subject_id=purchase.agent_id,
            unless_since=timezone.now() - LEDGER_AGAIN_AFTER,
        )
    else:
        purchase_audit("purchase.ended", purchase, before=before)
