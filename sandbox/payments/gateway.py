"""Stripe, through its official SDK: its own test mode where a key is set, else the stand-in in this process.

Nothing here may run inside a transaction of the caller: with a real key it waits for the network.
"""

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import stripe
from django.conf import settings

from sandbox.errors import ApiError
from sandbox.models import PaymentAttempt, Quote
from sandbox.rules import payments
from sandbox.stripe_stand_in import transport

CURRENCY = "usd"
# Deposit mode is a preview of Stripe's; the version is named so that an update of the SDK changes nothing here.
_CRYPTO_VERSION = "2026-03-04.preview"

Payment = Literal["open", "processing", "paid", "failed", "expired"]
_DEPOSIT_WORDS: dict[str, Payment] = {"succeeded": "paid", "processing": "processing", "canceled": "expired"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outflow:
    """A refund or dispute as the provider has it now."""

    kind: Literal["refund", "dispute"]
    provider_id: str
    status: str
    amount_cents: int


@dataclass(frozen=True)
class Seen:
    """One attempt as the provider has it now. `payment` is our word for its state."""

    payment: Payment
    amount_cents: int
    currency: str
    metadata: dict[str, str]
    payment_intent_id: str | None
    outflows: tuple[Outflow, ...] = ()


@dataclass(frozen=True)
class Opened:
    """What the provider made for an attempt."""

    checkout_session_id: str | None = None
    checkout_url: str = ""
    payment_intent_id: str | None = None
    deposit: dict[str, Any] | None = None


def is_real() -> bool:
    """Whether Stripe itself is asked."""
    return bool(settings.SANDBOX_STRIPE_SECRET_KEY)


def client() -> stripe.StripeClient:
    """The SDK's client for the current settings."""
    return _client(settings.SANDBOX_STRIPE_SECRET_KEY, settings.SANDBOX_PUBLIC_URL)


@cache
def _client(secret_key: str, public_url: str) -> stripe.StripeClient:
    if secret_key:
        return stripe.StripeClient(secret_key, max_network_retries=2)
    return transport.client(public_url)


def checkout_open(attempt: PaymentAttempt) -> Opened:
    """A checkout session; the attempt's id is the key, so asking again gives the same. Raises PROVIDER_FAILURE."""
    quote, page = attempt.quote, f"{settings.SANDBOX_PUBLIC_URL}/pay/{attempt.id}"
    metadata = _metadata(attempt)
    try:
        session = client().v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": CURRENCY,
                            "unit_amount": quote.amount_cents,
                            "product_data": {"name": _title(quote)},
                        },
                    }
                ],
                "client_reference_id": attempt.id,
                "metadata": metadata,
                "payment_intent_data": {"metadata": metadata},
                # The pages are the service's own: a caller has no say in where a payer is led.
                "success_url": f"{page}/done?session_id={{CHECKOUT_SESSION_ID}}",
                "cancel_url": f"{page}/canceled",
                "expires_at": int(attempt.expires_at.timestamp()),
            },
            {"idempotency_key": f"checkout:{attempt.id}"},
        )
    except stripe.StripeError as error:
        raise _failure(attempt, error) from error
    return Opened(checkout_session_id=session.id, checkout_url=session.url or "")


def deposit_open(attempt: PaymentAttempt) -> Opened:
    """A payment that waits for stable coins at an address of its own. Raises PROVIDER_FAILURE."""
    # Untyped, since the SDK's types do not know the preview's deposit mode yet.
    params: Any = {
        "amount": attempt.quote.amount_cents,
        "currency": CURRENCY,
        "payment_method_types": ["crypto"],
        "payment_method_data": {"type": "crypto"},
        "payment_method_options": {"crypto": {"mode": "deposit", "deposit_options": {"networks": ["base"]}}},
        "confirm": True,
        "metadata": _metadata(attempt),
    }
    try:
        intent = client().v1.payment_intents.create(
            params, {"idempotency_key": f"deposit:{attempt.id}", "stripe_version": _CRYPTO_VERSION}
        )
    except stripe.StripeError as error:
        raise _failure(attempt, error) from error
    place = intent.to_dict()["next_action"]["crypto_display_details"]["deposit_addresses"]["base"]
    token = place["supported_tokens"][0]["token_contract_address"]
    return Opened(
        payment_intent_id=intent.id,
        deposit={"deposit_address": place["address"], "token_contract_address": token},
    )


def observe(attempt: PaymentAttempt) -> Seen:
    """Fetches the payment with its refunds and disputes. Raises PROVIDER_FAILURE."""
    try:
        if attempt.checkout_session_id:
            return _observed_session(attempt.checkout_session_id)
        return _observed_deposit(attempt.payment_intent_id or "")
    except stripe.StripeError as error:
        raise _failure(attempt, error) from error


def give_up(attempt: PaymentAttempt) -> None:
    """Closes a deposit that nobody made in time; checkout sessions end by themselves."""
    try:
        if attempt.payment_intent_id and not attempt.checkout_session_id:
            client().v1.payment_intents.cancel(attempt.payment_intent_id)
    except stripe.StripeError:
        # It was paid or closed meanwhile; the next look tells.
        logger.info("a deposit could not be canceled: %s", attempt.id)


def refund(attempt: PaymentAttempt, *, amount_cents: int | None, key: str) -> None:
    """Asks the provider to pay back, wholly or in part, once a key. Raises PROVIDER_FAILURE, INVALID_ARGUMENTS."""
    params: Any = {"payment_intent": attempt.payment_intent_id}
    if amount_cents is not None:
        params["amount"] = amount_cents
    try:
        client().v1.refunds.create(params, {"idempotency_key": f"refund:{attempt.id}:{key}"})
    except stripe.InvalidRequestError as error:
        raise ApiError("REVERSAL_REFUSED", "The payment provider refuses this refund.") from error
    except stripe.StripeError as error:
        raise _failure(attempt, error) from error


def _observed_session(session_id: str) -> Seen:
    session = client().v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]}).to_dict()
    intent = session["payment_intent"] or {}
    if session["payment_status"] == "paid":
        payment: Payment = "paid"
    elif session["status"] == "complete":
        payment = "processing" if intent.get("status") == "processing" else "failed"
    else:
        payment = "expired" if session["status"] == "expired" else "open"
    return Seen(
        payment,
        session["amount_total"],
        session["currency"],
        session["metadata"],
        intent.get("id"),
        _outflows(intent["id"]) if payment == "paid" and intent else (),
    )


def _observed_deposit(intent_id: str) -> Seen:
    intent = client().v1.payment_intents.retrieve(intent_id).to_dict()
    payment = _DEPOSIT_WORDS.get(intent["status"], "open")
    outflows = _outflows(intent_id) if payment == "paid" else ()
    return Seen(payment, intent["amount"], intent["currency"], intent["metadata"], intent_id, outflows)


def _outflows(intent_id: str) -> tuple[Outflow, ...]:
    """Oldest first, since that is the order in which they took money."""
    v1 = client().v1
    refunds = v1.refunds.list({"payment_intent": intent_id, "limit": 100}).data
    disputes = v1.disputes.list({"payment_intent": intent_id, "limit": 100}).data
    found = [(row.created, Outflow("refund", row.id, row.status or "", row.amount)) for row in reversed(refunds)]
    found += [(row.created, Outflow("dispute", row.id, row.status, row.amount)) for row in reversed(disputes)]
    return tuple(outflow for _, outflow in sorted(found, key=lambda pair: pair[0]))


def _metadata(attempt: PaymentAttempt) -> dict[str, str]:
    return {
        "quote_id": attempt.quote_id,
        "payment_attempt_id": attempt.id,
        "agent_id": attempt.agent_id,
        "organization_id": attempt.agent.organization_id,
    }


def _title(quote: Quote) -> str:
    pack = payments.PACKS.get(quote.pack_id)
    return f"{pack.name}: {quote.credits} credits" if pack else f"{quote.credits} credits"


def _failure(attempt: PaymentAttempt, error: stripe.StripeError) -> ApiError:
    # The kind of the error only: Stripe's message may quote what was sent.
    logger.warning("stripe failed for %s: %s %s", attempt.id, type(error).__name__, error.code)
    if isinstance(error, stripe.InvalidRequestError):
        # Below Stripe's smallest amount, for example: the same again would be refused again.
        return ApiError("PAYMENT_METHOD_UNAVAILABLE", "The payment provider refuses this purchase.")
    recovery = {"payment_attempt_id": attempt.id, "retry_after_seconds": 5}
    return ApiError("PROVIDER_FAILURE", "The payment provider did not answer as it should.", recovery=recovery)
