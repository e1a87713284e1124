"""Rows as a sweep and a webhook leave them, made directly: what pages do with them is the matter there."""

import json
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.utils import timezone

from dashboard.billing.chains import chains_link
from dashboard.billing.models import Chain, Feed, Finding, HostedPayment, Replay, StripePayment, WebhookEvent

_numbers = count(1)


def payment_made(number: int | None = None, **changes: Any) -> Chain:
    """A payment that Stripe took the money for and the service granted, a few minutes ago."""
    number, now = number or next(_numbers), timezone.now()
    at = now - timedelta(minutes=30, seconds=number)
    ids = {"payment_attempt_id": f"payatt_{number:06}", "quote_id": f"quote_{number:06}"}
    agent = {"agent_remote_id": f"agt_{number:06}", "organization_id": f"org_{number:06}"}
    hosted = HostedPayment.objects.create(
        **ids,
        **agent,
        status="succeeded",
        credits=500,
        amount_cents=500,
        currency="USD",
        live_money=True,
        checkout_session_id=f"cs_test_{number:06}",
        receipt_id=f"receipt_{number:06}",
        receipt_credits=500,
        receipt_cents=500,
        issued_at=at,
        created_at=at,
        updated_at=at,
        fetched_at=now,
    )
    payment = StripePayment.objects.create(
        **ids,
        **agent,
        **{
            "livemode": False,
            "state": "paid",
            "amount_cents": 500,
            "currency": "USD",
            "fee_cents": 45,
            "net_cents": 455,
            "payment_intent_id": f"pi_{number:06}",
            "checkout_session_id": f"cs_test_{number:06}",
            "charge_id": f"ch_{number:06}",
            "paid_at": at,
            "created_at": at,
            "fetched_at": now,
            **changes,
        },
    )
    chains_link("hosted_payment", [hosted])
    return chains_link("stripe_payment", [payment])[0]


def finding_made(chain: Chain | None = None, **changes: Any) -> Finding:
    now, number = timezone.now(), next(_numbers)
    fields = {
        "kind": "paid_not_granted",
        "subject": f"chain:{chain.pk if chain else number}",
        "chain": chain,
        "sentence": "Stripe took $5.00, the ledger shows nothing.",
        "figures": {"stripe_cents": 500, "ledger_granted_credits": 0},
        "since": now - timedelta(hours=3, seconds=number),
        "found_at": now,
        "seen_at": now,
        "agent_name": "poster-press",
        "agent_remote_id": f"agt_{number:06}",
    }
    return Finding.objects.create(**{**fields, **changes})


def event_made(**changes: Any) -> WebhookEvent:
    now, number = timezone.now(), next(_numbers)
    about = {"object": "charge", "id": f"ch_{number:06}", "billing_details": {"name": "Ana Payer"}, "amount": 500}
    told = {"id": f"evt_{number:06}", "type": "charge.succeeded", "data": {"object": about}}
    fields = {
        "event_id": f"evt_{number:06}",
        "type": "charge.succeeded",
        "livemode": False,
        "object_kind": "charge",
        "object_id": f"ch_{number:06}",
        "payment_intent_id": f"pi_{number:06}",
        "created_at": now,
        "received_at": now - timedelta(seconds=number),
        "due_at": now,
        "origin": "delivered",
        "body": json.dumps(told).encode(),
        "state": "handled",
    }
    return WebhookEvent.objects.create(**{**fields, **changes})


def everything_read() -> None:
    """Every line of news was read to its end a moment ago."""
    now = timezone.now()
    names = ("checkout_sessions", "payment_intents", "refunds", "disputes", "payouts", "events")
    for name in ("hosted_changes", *(f"stripe_{one}" for one in names)):
        done = {"due_at": now, "synced_at": now, "complete_since": now - timedelta(days=30)}
        Feed.objects.update_or_create(name=name, defaults=done)


def desk_keys() -> dict[str, UUID]:
    """One thing of each page of the desk, by the name of its key in addresses."""
    chain = payment_made()
    replay = Replay.objects.create(asked_at=timezone.now())
    return {
        "chain_key": chain.key,
        "finding_key": finding_made(chain).key,
        "event_key": event_made().key,
        "replay_key": replay.key,
    }
