"""What payments leave in the activity ledger (contract 3.7, 3.11): ids and amounts, nothing of the payer."""

from datetime import datetime
from typing import Any

from sandbox.models import Event, PaymentAttempt, Receipt, Reversal
from sandbox.models.activity import EventType
from sandbox.rules.payments import is_live_money
from sandbox.rules.reversals import Step


def checkout_created(attempt: PaymentAttempt, now: datetime) -> Event:
    """Somebody may pay now. Deposits have no type of their own and leave no line."""
    links = {
        "quote_id": attempt.quote_id,
        "payment_attempt_id": attempt.id,
        "checkout_session_id": attempt.checkout_session_id,
    }
    details = {"credits": attempt.quote.credits, "amount_cents": attempt.quote.amount_cents, "currency": "USD"}
    summary = f"Checkout opened for {attempt.quote.credits} credits"
    subject = ("payment", attempt.id)
    line = _line(attempt, EventType.CHECKOUT_SESSION_CREATED, subject, summary, now=now, links=links, details=details)
    line.operation, line.status = "payment", "action_required"
    return line


def granted(receipt: Receipt, now: datetime) -> Event:
    """Credits arrived."""
    links = {
        "quote_id": receipt.quote_id,
        "receipt_id": receipt.id,
        "credit_event_id": receipt.credit_event_id,
    }
    details = {"credits_delta": receipt.credits, "amount_cents": receipt.amount_cents, "currency": "USD"}
    subject = ("credit", receipt.credit_event_id)
    summary = f"{receipt.credits} credits granted"
    attempt = receipt.attempt
    return _line(attempt, EventType.CREDITS_GRANTED, subject, summary, now=now, links=links, details=details)


def reversed_step(reversal: Reversal, step: Step, delta: int, now: datetime) -> Event:
    """One step of a refund or dispute. Only a debit names the credit event that it takes from."""
    receipt = reversal.receipt
    links = {"quote_id": receipt.quote_id, "receipt_id": receipt.id, "payment_reversal_id": reversal.id}
    if step is Step.DEBIT:
        links["credit_event_id"] = receipt.credit_event_id
    details = {"credits_delta": delta, "amount_cents": reversal.amount_cents, "currency": "USD"}
    details["reversal"] = {"kind": reversal.kind, "state": reversal.state}
    kind, words = _STEPS[step] if step is not Step.DEBIT else _DEBITS[reversal.kind]
    summary = words.format(credits=abs(delta), kind=reversal.kind)
    subject = ("credit", reversal.id)
    return _line(receipt.attempt, kind, subject, summary, now=now, links=links, details=details)


_DEBITS = {
    "refund": (EventType.CREDITS_REFUNDED, "{credits} credits taken back after a refund"),
    "dispute": (EventType.CREDITS_DISPUTED, "{credits} credits taken back after a dispute"),
}
_STEPS = {
    Step.NOTE: (EventType.CREDITS_REVERSAL_PENDING, "A {kind} is pending"),
    Step.GIVE_BACK: (EventType.CREDITS_REINSTATED, "{credits} credits given back after a {kind}"),
    Step.REJECT: (EventType.CREDITS_REVERSAL_REJECTED, "A {kind} took nothing"),
}


def _line(
    attempt: PaymentAttempt,
    kind: EventType,
    subject: tuple[str, str],
    summary: str,
    *,
    now: datetime,
    links: dict[str, Any],
    details: dict[str, Any],
) -> Event:
    return Event(
        type=kind,
        occurred_at=now,
        summary=summary,
        operation="credits",
        subject_type=subject[0],
        subject_id=subject[1],
        status="completed",
        trace_id=attempt.trace_id,
        links=links,
        details=details | {"live_money": is_live_money(attempt.quote.payment_method)},
    )
