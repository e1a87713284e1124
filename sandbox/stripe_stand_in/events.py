"""Events and whom they are told to: each is delivered at least once, and on request twice, late or out of order."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox.stripe_stand_in import bell, store
from sandbox.stripe_stand_in.models import Delivery, StandInObject
from sandbox.stripe_stand_in.store import Object

API_VERSION = "2026-03-04.preview"
PLAN_ID = "delivery_plan"
DEFAULT_PLAN = {"copies": 1, "delay_seconds": 0, "shuffle_seconds": 0, "failures": 0}


def emit(event_type: str, data: Object) -> StandInObject:
    """Records that something happened to an object, as it is now, and orders its deliveries."""
    event = store.blank(
        "event",
        api_version=API_VERSION,
        type=event_type,
        data={"object": data},
        pending_webhooks=len(targets()),
        request={"id": None, "idempotency_key": None},
    )
    row = store.add(event)
    send(row, targets())
    return row


def targets() -> list[str]:
    """Every listener: the sandbox itself, then the addresses that the settings name."""
    return ["", *settings.SANDBOX_STRIPE_WEBHOOK_URLS]


def send(event: StandInObject, listeners: list[str]) -> None:
    """Orders the deliveries that the plan asks for."""
    wishes, now = plan(), timezone.now()
    for target in listeners:
        for _ in range(wishes["copies"]):
            late = wishes["delay_seconds"] + secrets.randbelow(wishes["shuffle_seconds"] * 1000 + 1) / 1000
            Delivery.objects.create(event=event, target=target, due_at=now + timedelta(seconds=late))
    transaction.on_commit(bell.ring)


def plan() -> dict[str, int]:
    """How deliveries are to misbehave: `copies`, `delay_seconds`, `shuffle_seconds`, `failures` (first tries lost)."""
    row = StandInObject.objects.filter(object_id=PLAN_ID).first()
    return DEFAULT_PLAN | (row.data if row else {})


def set_plan(wishes: dict[str, int]) -> dict[str, Any]:
    """Replaces the plan for events from now on."""
    StandInObject.objects.update_or_create(object_id=PLAN_ID, defaults={"kind": PLAN_ID, "data": wishes})
    return {"object": "delivery_plan", **DEFAULT_PLAN, **wishes}
