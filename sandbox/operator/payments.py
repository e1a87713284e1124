"""Payments of all organizations (ours, INF)."""

from typing import Any

from django.db.models import QuerySet

from sandbox.errors import ApiError, invalid
from sandbox.ids import iso
from sandbox.models import PaymentAttempt, Receipt, Reversal
from sandbox.models.payments import ReversalState
from sandbox.payments import fulfilment, reversals, status
from sandbox.rules import fields
from sandbox.rules.payments import is_live_money

_HIGHEST_CENTS = 100_000_000


def attempts() -> QuerySet[PaymentAttempt]:
    """Every attempt, with all that its row shows."""
    return PaymentAttempt.objects.select_related("agent", "quote", "receipt").prefetch_related(
        "receipt__reversals__receipt__agent"
    )


def attempt_get(attempt_id: str) -> PaymentAttempt:
    """One attempt of whatever organization. Raises PAYMENT_NOT_FOUND."""
    attempt = attempts().filter(pk=attempt_id).first()
    if attempt is None:
        raise ApiError("PAYMENT_NOT_FOUND", "No payment has this id.")
    return attempt


def attempt_fulfil(attempt_id: str) -> PaymentAttempt:
    """Does whatever is still to do for one attempt; nothing is granted twice. Raises PROVIDER_FAILURE."""
    fulfilment.attempt_settle(attempt_get(attempt_id).id)
    return attempt_get(attempt_id)


def attempt_refund(attempt_id: str, body: fields.Body) -> PaymentAttempt:
    """Pays back a part or all that is left, once a key. Raises REVERSAL_REFUSED, INVALID_ARGUMENTS."""
    key, amount = fields.key(body), fields.whole(body, "amount_cents", low=1, high=_HIGHEST_CENTS)
    if not key:
        raise invalid("idempotency_key is required.")
    receipt = getattr(attempt_get(attempt_id), "receipt", None)
    if receipt is None:
        raise ApiError("REVERSAL_REFUSED", "Nothing was paid that could be paid back.")
    reversals.receipt_refund(receipt, amount_cents=amount, key=key)
    return attempt_fulfil(attempt_id)


def payment_row(attempt: PaymentAttempt) -> dict[str, Any]:
    """One attempt with what was granted for it and what was taken back. Cents and whole credits."""
    quote, receipt = attempt.quote, getattr(attempt, "receipt", None)
    return {
        "payment_attempt_id": attempt.id,
        "agent_id": attempt.agent_id,
        "organization_id": attempt.agent.organization_id,
        "quote_id": quote.id,
        "pack_id": quote.pack_id or None,
        "payment_method": quote.payment_method,
        "live_money": is_live_money(quote.payment_method),
        "status": attempt.status,
        "credits": quote.credits,
        "amount_cents": quote.amount_cents,
        "currency": "USD",
        "checkout_session_id": attempt.checkout_session_id,
        "payment_intent_id": attempt.payment_intent_id,
        "trace_id": attempt.trace_id,
        "created_at": iso(attempt.created_at),
        "updated_at": iso(attempt.updated_at),
        "expires_at": iso(attempt.expires_at),
        "receipt": _receipt_row(receipt) if receipt else None,
        "reversals": [reversal_row(reversal) for reversal in receipt.reversals.all()] if receipt else [],
    }


def reversal_row(reversal: Reversal) -> dict[str, Any]:
    """One refund or dispute as its agent sees it, with whose it is; `credits` is what is taken because of it now."""
    receipt = reversal.receipt
    return status.reversal_row(reversal) | {
        "receipt_id": receipt.id,
        "payment_attempt_id": receipt.attempt_id,
        "agent_id": receipt.agent_id,
        "organization_id": receipt.agent.organization_id,
        "provider_id": reversal.provider_id,
        "provider_status": reversal.provider_status,
    }


def _receipt_row(receipt: Receipt) -> dict[str, Any]:
    # Summed from what was fetched with the page; the agent's own form asks the database for each receipt.
    taken = [reversal.credits for reversal in receipt.reversals.all() if reversal.state == ReversalState.APPLIED]
    return {
        "receipt_id": receipt.id,
        "credit_event_id": receipt.credit_event_id,
        "credits": receipt.credits,
        "credits_reversed": sum(taken),
        "amount_cents": receipt.amount_cents,
        "live_money": receipt.is_live_money,
        "issued_at": iso(receipt.created_at),
    }
