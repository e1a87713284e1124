"""Stripe's webhooks: verified, told apart from repeats, and taken as a hint where to look."""

import json
from typing import Any

import stripe
from django.db.models import Q
from django.utils import timezone

from sandbox.errors import ApiError
from sandbox.models import PaymentAttempt, ProviderEvent
from sandbox.payments import fulfilment
from sandbox.stripe_stand_in import keys

_SETTLING = ("checkout.session.", "payment_intent.", "charge.", "refund.")


def receive(payload: bytes, signature: str) -> str | None:
    """Settles what the event is about; gives its attempt's id, or None where it is not about one of ours.

    Raises WEBHOOK_REFUSED for a signature that is wrong or older than five minutes.
    """
    try:
        stripe.WebhookSignature.verify_header(
            payload.decode(), signature, keys.webhook_secret(), stripe.Webhook.DEFAULT_TOLERANCE
        )
        event: dict[str, Any] = json.loads(payload)
        event_id, event_type, about = str(event["id"]), str(event["type"]), event["data"]["object"]
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as error:
        raise ApiError("WEBHOOK_REFUSED", "This webhook is not signed by the payment provider.") from error
    attempt = _attempt_of(about) if event_type.startswith(_SETTLING) and isinstance(about, dict) else None
    if attempt is not None:
        # Before it is marked as seen: a crash in between must bring it again.
        fulfilment.attempt_settle(attempt.id)
    ProviderEvent.objects.get_or_create(
        event_id=event_id, defaults={"type": event_type, "attempt": attempt, "received_at": timezone.now()}
    )
    return attempt.id if attempt else None


def _attempt_of(about: dict[str, Any]) -> PaymentAttempt | None:
    """By session, payment or our own metadata: refunds and disputes name the payment alone."""
    intent = about.get("id") if about.get("object") == "payment_intent" else about.get("payment_intent")
    session = about.get("id") if about.get("object") == "checkout.session" else None
    metadata = about.get("metadata") or {}
    known = Q(pk=metadata.get("payment_attempt_id"))
    known |= Q(payment_intent_id=intent) if intent else Q()
    known |= Q(checkout_session_id=session) if session else Q()
    return PaymentAttempt.objects.filter(known).first()
