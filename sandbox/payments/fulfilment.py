"""The one way from a payment to credits, as Stripe advises: by id, fetch, lock, grant exactly once.

It may be called by anybody at any time, as often as they like and in any order: a webhook, the page after payment, a
status read, an operator. What it does follows from what the provider says now and what we have done already.
"""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book, changes, ledger
from sandbox.ids import new_id
from sandbox.models import Agent, BookEntry, PaymentAttempt, Receipt
from sandbox.models.identity import ClaimState
from sandbox.models.money import EntryKind, Purse
from sandbox.models.operator import ChangeKind
from sandbox.models.payments import OPEN_STATUSES, AttemptStatus
from sandbox.payments import gateway, lines, reversals
from sandbox.payments.gateway import Seen
from sandbox.rules import payments

_STATUS_OF = {
    "open": AttemptStatus.REQUIRES_ACTION,
    "processing": AttemptStatus.PROCESSING,
    "failed": AttemptStatus.FAILED,
    "expired": AttemptStatus.EXPIRED,
}

logger = logging.getLogger(__name__)


def session_settle(session_id: str) -> PaymentAttempt | None:
    """Settles the attempt of a checkout session; None where the session is not one of ours."""
    attempt = PaymentAttempt.objects.filter(checkout_session_id=session_id).first()
    return attempt_settle(attempt.id) if attempt else None


def attempt_settle(attempt_id: str) -> PaymentAttempt:
    """Brings one attempt up to the provider's truth: payment, grant, reversals. Raises PROVIDER_FAILURE."""
    attempt = PaymentAttempt.objects.select_related("agent", "quote").get(pk=attempt_id)
    if not attempt.checkout_session_id and not attempt.payment_intent_id:
        return attempt
    # Fetched before the lock is taken: nobody else has to wait for the network.
    seen = gateway.observe(attempt)
    with transaction.atomic():
        agent = book.lock(attempt.agent)
        attempt = PaymentAttempt.objects.select_for_update(of=("self",)).select_related("quote").get(pk=attempt_id)
        attempt.agent = agent
        now = timezone.now()
        _apply(attempt, seen, now)
    return attempt


def refresh(attempt: PaymentAttempt) -> PaymentAttempt:
    """Looks again where no webhook may have come: past the end, or where Stripe cannot reach us."""
    if attempt.status not in OPEN_STATUSES:
        return attempt
    is_over = timezone.now() >= attempt.expires_at
    if is_over:
        gateway.give_up(attempt)
    return attempt_settle(attempt.id) if is_over or gateway.is_real() else attempt


def grant(attempt: PaymentAttempt, now: datetime) -> Receipt:
    """Credits, receipt and ledger line for a paid attempt. The agent must be locked."""
    quote, agent = attempt.quote, attempt.agent
    receipt = Receipt.objects.create(
        id=new_id("receipt"),
        agent=agent,
        quote=quote,
        attempt=attempt,
        credit_event_id=new_id("credit_event"),
        credits=quote.credits,
        amount_cents=quote.amount_cents,
        is_live_money=payments.is_live_money(quote.payment_method),
        created_at=now,
    )
    BookEntry.objects.create(
        agent=agent,
        purse=Purse.PAID,
        kind=EntryKind.GRANT,
        credits=quote.credits,
        reference=receipt.id,
        created_at=now,
    )
    attempt.status, attempt.updated_at = AttemptStatus.SUCCEEDED, now
    attempt.save(update_fields=["status", "updated_at", "payment_intent_id"])
    changes.note(agent, ChangeKind.PAYMENT, attempt.id)
    ledger.record(agent, [lines.granted(receipt, now)])
    _back_by_payment(agent, receipt)
    return receipt


def _apply(attempt: PaymentAttempt, seen: Seen, now: datetime) -> None:
    receipt = Receipt.objects.filter(attempt=attempt).first()
    if receipt is None and seen.payment == "paid":
        if not _is_ours(attempt, seen):
            logger.error("a payment does not fit its attempt: %s", attempt.id)
            return
        attempt.payment_intent_id = seen.payment_intent_id
        receipt = grant(attempt, now)
    if receipt is not None:
        receipt.attempt, receipt.agent = attempt, attempt.agent
        reversals.apply(receipt, seen.outflows, now)
        return
    status = _STATUS_OF[seen.payment]
    # An end is an end: news that overtook each other must not open an attempt again.
    if attempt.status in OPEN_STATUSES and status != attempt.status:
        attempt.status, attempt.updated_at = status, now
        attempt.save(update_fields=["status", "updated_at"])
        changes.note(attempt.agent, ChangeKind.PAYMENT, attempt.id)


def _is_ours(attempt: PaymentAttempt, seen: Seen) -> bool:
    paid = (seen.amount_cents, seen.currency, seen.metadata.get("payment_attempt_id"))
    return paid == (attempt.quote.amount_cents, gateway.CURRENCY, attempt.id)


def _back_by_payment(agent: Agent, receipt: Receipt) -> None:
    """The future state `payment_backed_unclaimed` (contract 3.1), only where the settings ask for it."""
    if settings.SANDBOX_PAYMENT_BACKED_STATE and receipt.is_live_money and agent.claim_state == ClaimState.UNCLAIMED:
        agent.claim_state = ClaimState.PAYMENT_BACKED
        agent.save(update_fields=["claim_state"])
