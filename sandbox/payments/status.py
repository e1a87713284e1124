"""One payment on the wire, found by any of its four references (contract 2.10 to 2.12)."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from sandbox import quota
from sandbox.errors import ApiError, invalid
from sandbox.guidance import command
from sandbox.ids import iso
from sandbox.models import Agent, PaymentAttempt, Quote, Receipt, Reversal
from sandbox.models.payments import OPEN_STATUSES, AttemptStatus
from sandbox.payments import fulfilment, reversals
from sandbox.quotes import recommended_buy
from sandbox.rules import payments

RETRY_SECONDS = 10
_STATES = {AttemptStatus.REQUIRES_ACTION: "action_required"}
_LOOKUPS = {
    "quote_id": "pk",
    "payment_attempt_id": "attempts__pk",
    "checkout_session_id": "attempts__checkout_session_id",
    "receipt_id": "receipt__pk",
}


def reference_of(query: dict[str, list[str]]) -> tuple[str, str] | None:
    """The one reference of a status read, None without any. Raises INVALID_ARGUMENTS for several or an empty one."""
    given = [(name, value) for name in _LOOKUPS for value in query.get(name, [])]
    if not given:
        return None
    if len(given) > 1 or not given[0][1].strip():
        raise invalid("Send at most one of quote_id, payment_attempt_id, checkout_session_id, receipt_id.")
    return given[0]


def status_row(agent: Agent, name: str, value: str) -> dict[str, Any]:
    """The state of one of the agent's own payments. Raises PAYMENT_NOT_FOUND."""
    quote = agent.quotes.filter(**{_LOOKUPS[name]: value.strip()}).first()
    if quote is None:
        raise ApiError("PAYMENT_NOT_FOUND", "This agent has no such quote, attempt, session or receipt.")
    attempt = _attempt_of(quote, name, value.strip())
    if attempt is not None:
        attempt = fulfilment.refresh(attempt)
    receipt = Receipt.objects.filter(quote=quote).select_related("attempt").first()
    now = timezone.now()
    state = _state(quote, attempt, now)
    return {
        "state": state,
        "quote": _quote_part(quote),
        "payment_attempt": attempt_part(attempt) if attempt else None,
        "receipt": receipt_row(receipt) if receipt else None,
        "credit_event": _credit_event(receipt) if receipt else None,
        "provider_event": _provider_event(attempt) if attempt else None,
        "reversals": [reversal_row(each) for each in receipt.reversals.all()] if receipt else [],
        "limits": quota.standing_get(agent).balance.limits(),
        "next": _next(attempt) if attempt and attempt.status in OPEN_STATUSES else None,
        "next_actions": _next_actions(quote, attempt, state, "data.payment_attempt"),
    }


def opened_row(attempt: PaymentAttempt) -> dict[str, Any]:
    """The answer to a purchase (contract 2.10, 2.11). A replay shows how far it has come since."""
    quote = attempt.quote
    row = {
        "state": _STATES.get(AttemptStatus(attempt.status), attempt.status),
        "quote_id": quote.id,
        "payment_attempt_id": attempt.id,
        "provider": "stripe",
        "accepted_payment_method": quote.payment_method,
        "attempt_status": attempt.status,
        "credits": quote.credits,
        "amount_cents": quote.amount_cents,
        "currency": "USD",
        "live_money": payments.is_live_money(quote.payment_method),
        "expires_at": iso(attempt.expires_at),
        "next": _next(attempt),
        "next_actions": _next_actions(quote, attempt, "action_required", "data"),
    }
    return row | _rail_part(attempt)


def fake_row(receipt: Receipt, key: str) -> dict[str, Any]:
    """The answer to the test settlement of 0.1.0 (contract 2.9)."""
    balance = quota.standing_get(receipt.agent).balance
    return {
        "state": "succeeded",
        "quote_id": receipt.quote_id,
        "receipt_id": receipt.id,
        "credit_event_id": receipt.credit_event_id,
        "credits_granted": receipt.credits,
        "amount_cents": receipt.amount_cents,
        "currency": "USD",
        "accepted_payment_method": payments.FAKE_METHOD,
        "idempotency_key": key,
        "balance_after": balance.free + balance.paid,
        "limits": balance.limits(),
        "live_money": False,
    }


def receipt_row(receipt: Receipt) -> dict[str, Any]:
    """A receipt; its shape is ours (contract 3.6)."""
    return {
        "receipt_id": receipt.id,
        "quote_id": receipt.quote_id,
        "payment_attempt_id": receipt.attempt_id,
        "credit_event_id": receipt.credit_event_id,
        "credits": receipt.credits,
        "credits_reversed": receipt.credits - reversals.left(receipt),
        "amount_cents": receipt.amount_cents,
        "currency": "USD",
        "accepted_payment_method": receipt.quote.payment_method,
        "live_money": receipt.is_live_money,
        "issued_at": iso(receipt.created_at),
    }


def reversal_row(reversal: Reversal) -> dict[str, Any]:
    """A refund or dispute of a receipt (INF)."""
    return {
        "payment_reversal_id": reversal.id,
        "kind": reversal.kind,
        "state": reversal.state,
        "amount_cents": reversal.amount_cents,
        "credits": reversal.credits,
        "created_at": iso(reversal.created_at),
        "updated_at": iso(reversal.updated_at),
    }


def attempt_part(attempt: PaymentAttempt) -> dict[str, Any]:
    """An attempt within a status."""
    return {
        "payment_attempt_id": attempt.id,
        "attempt_status": attempt.status,
        "created_at": iso(attempt.created_at),
        "expires_at": iso(attempt.expires_at),
    } | _rail_part(attempt)


def _attempt_of(quote: Quote, name: str, value: str) -> PaymentAttempt | None:
    """The attempt that is named; else the one that paid, else the newest."""
    attempts = quote.attempts.select_related("quote", "agent")
    if name in {"payment_attempt_id", "checkout_session_id"}:
        return attempts.get(**{"pk" if name == "payment_attempt_id" else name: value})
    paid = attempts.filter(receipt__isnull=False).first()
    return paid or attempts.order_by("-created_at", "-pk").first()


def _state(quote: Quote, attempt: PaymentAttempt | None, now: datetime) -> str:
    if attempt is not None:
        return _STATES.get(AttemptStatus(attempt.status), attempt.status)
    return "created" if now < quote.expires_at else "expired"


def _quote_part(quote: Quote) -> dict[str, Any]:
    return {
        "quote_id": quote.id,
        "credits": quote.credits,
        "price_amount_cents": quote.amount_cents,
        "currency": "USD",
        "accepted_payment_method": quote.payment_method,
        "pack_id": quote.pack_id or None,
        "expires_at": iso(quote.expires_at),
        "live_money": payments.is_live_money(quote.payment_method),
        "x402": {"scheme": "exact", "network": "base"} if quote.payment_method == payments.X402 else None,
    }


def _rail_part(attempt: PaymentAttempt) -> dict[str, Any]:
    if attempt.deposit is not None:
        instructions = payments.payable_instructions(
            attempt.quote.amount_cents, attempt.deposit, str(iso(attempt.expires_at))
        )
        return {"stripe_x402": payments.stripe_x402(instructions)}
    if attempt.checkout_session_id is None:
        return {}
    handoff = handoff_url(attempt)
    return {
        "checkout_session_id": attempt.checkout_session_id,
        "checkout_handoff_url": handoff,
        "checkout_compact_url": handoff,
        "checkout_url": attempt.checkout_url,
    }


def handoff_url(attempt: PaymentAttempt) -> str:
    """The short address for people (contract 2.13)."""
    return f"{settings.SANDBOX_PUBLIC_URL}/pay/{attempt.id}"


def _next(attempt: PaymentAttempt) -> dict[str, Any]:
    status = command(f"credits status --payment-attempt-id {attempt.id} --json")
    if attempt.deposit is not None:
        return {
            "agent_action": "pay_stripe_crypto_deposit",
            "retry_after_seconds": RETRY_SECONDS,
            "suggested_commands": [status],
            "sandbox_settlement_url": handoff_url(attempt),
        }
    handoff = handoff_url(attempt)
    return {
        "human_action": "open_checkout_url",
        "retry_after_seconds": RETRY_SECONDS,
        "checkout_handoff_url": handoff,
        "checkout_compact_url": handoff,
        "fallback_checkout_url": attempt.checkout_url,
        "after_payment": f"Run {status}; credits are granted after the payment was verified.",
    }


def _next_actions(quote: Quote, attempt: PaymentAttempt | None, state: str, where: str) -> dict[str, Any]:
    if attempt is None:
        return recommended_buy(quote) if state == "created" else {}
    if attempt.deposit is None or attempt.status not in OPEN_STATUSES:
        return {}
    return {
        "recommended_settlement": {
            "purpose": "settle_stripe_x402_credit_top_up",
            "quote_id": quote.id,
            "payment_attempt_id": attempt.id,
            "method_id": payments.X402,
            "payable_instructions_path": f"{where}.stripe_x402.payable_instructions",
            "status_command": command(f"credits status --payment-attempt-id {attempt.id} --json"),
            "quota_command": command("usage quota --json"),
            "command_effect": {"wallet_settlement": True, "credit_debit": False, "media_write": False},
        }
    }


def _credit_event(receipt: Receipt) -> dict[str, Any]:
    return {
        "credit_event_id": receipt.credit_event_id,
        "receipt_id": receipt.id,
        "type": "credits.payment_backed_granted",
        "credits_delta": receipt.credits,
        "occurred_at": iso(receipt.created_at),
    }


def _provider_event(attempt: PaymentAttempt) -> dict[str, Any] | None:
    event = attempt.provider_events.order_by("-received_at").first()
    return {"provider": "stripe", "type": event.type, "received_at": iso(event.received_at)} if event else None
