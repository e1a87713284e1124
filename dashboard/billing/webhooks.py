"""Taking Stripe's events in: verified over the raw bytes, stored raw, once; everything else refused and counted.

An id is unique among verified events alone: a forged one must not make the genuine one a duplicate
(https://docs.stripe.com/webhooks#verify-events).
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import stripe
import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from dashboard.billing.access import is_live
from dashboard.billing.facts import moment
from dashboard.billing.models import WebhookEvent, WebhookRefusal

log = structlog.get_logger(__name__)

Reason = WebhookRefusal.Reason
# Stripe's own are a few kilobytes; nothing larger is read.
MOST_BYTES = 256 * 1024
TOLERANCE_SECONDS = 300
_NO_TOLERANCE = 0


class WebhookRefused(Exception):
    """The request is not an event of Stripe for us."""

    def __init__(self, reason: WebhookRefusal.Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def event_receive(*, body: bytes, signature: str) -> bool:
    """Store a delivered event; True when it is new, False for a duplicate. Raises WebhookRefused, with nothing stored.

    When this returns outside a transaction, the event is committed: only then may it be acknowledged.
    """
    _signature_check(body, signature)
    event = _event_from(_parsed(body), body, WebhookEvent.Origin.DELIVERED)
    row, is_new = WebhookEvent.objects.get_or_create(
        source=event.source, event_id=event.event_id, defaults={name: getattr(event, name) for name in _STORED}
    )
    if not is_new:
        again = WebhookEvent.objects.filter(pk=row.pk)
        again.update(deliveries=F("deliveries") + 1, origin=WebhookEvent.Origin.DELIVERED)
    return is_new


def events_store(rows: Iterable[Mapping[str, Any]]) -> int:
    """Store events that were read from Stripe's own list; those that are known stay as they are. Returns how many."""
    found = []
    for row in rows:
        # One that cannot be read, or is of the other mode, is not ours to follow.
        with suppress(WebhookRefused):
            found.append(_event_from(row, json.dumps(row).encode(), WebhookEvent.Origin.LISTED))
    WebhookEvent.objects.bulk_create(found, ignore_conflicts=True)
    return len(found)


def refusal_count(reason: WebhookRefusal.Reason) -> None:
    """Count a refused request: a row a day and reason, whatever comes."""
    now = timezone.now()
    log.info("webhook_refused", reason=reason)
    counted = WebhookRefusal.objects.filter(day=now.date(), reason=reason)
    if not counted.update(count=F("count") + 1, last_at=now):
        WebhookRefusal.objects.get_or_create(day=now.date(), reason=reason, defaults={"last_at": now})
        counted.update(count=F("count") + 1, last_at=now)


_STORED = (
    *("type", "livemode", "object_kind", "object_id", "payment_intent_id", "created_at", "received_at", "origin"),
    *("body", "due_at"),
)


def _signature_check(body: bytes, signature: str) -> None:
    """Raise WebhookRefused unless one of our secrets signed these very bytes lately."""
    if not signature:
        raise WebhookRefused(Reason.UNSIGNED)
    signed_by = next(
        (secret for secret in settings.STRIPE_WEBHOOK_SECRETS if _is_signed(body, signature, secret)), None
    )
    if signed_by is None:
        raise WebhookRefused(Reason.FORGED)
    if not _is_signed(body, signature, signed_by, tolerance=TOLERANCE_SECONDS):
        raise WebhookRefused(Reason.STALE)


def _is_signed(body: bytes, signature: str, secret: str, *, tolerance: int = _NO_TOLERANCE) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, tolerance)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefused(Reason.UNREADABLE) from None
    if not isinstance(told, Mapping):
        raise WebhookRefused(Reason.UNREADABLE)
    return told


def _event_from(told: Mapping[str, Any], body: bytes, origin: WebhookEvent.Origin) -> WebhookEvent:
    now = timezone.now()
    try:
        about, livemode = told["data"]["object"], told["livemode"]
        created_at = moment(told["created"])
        ids = (str(told["id"]), str(told["type"]), _name(about, "object"), _name(about, "id"))
    except (KeyError, TypeError, ValueError):
        raise WebhookRefused(Reason.UNREADABLE) from None
    if not isinstance(livemode, bool) or not ids[0] or max(map(len, ids)) > 255:
        raise WebhookRefused(Reason.UNREADABLE)
    if livemode != is_live():
        raise WebhookRefused(Reason.OTHER_MODE)
    intent = ids[3] if ids[2] == "payment_intent" else _name(about, "payment_intent")
    return WebhookEvent(
        event_id=ids[0],
        type=ids[1][:120],
        livemode=livemode,
        object_kind=ids[2][:64],
        object_id=ids[3],
        payment_intent_id=intent[:255],
        created_at=created_at,
        received_at=now,
        origin=origin,
        body=body,
        due_at=now,
    )


def _name(about: Mapping[str, Any], name: str) -> str:
    told = about.get(name)
    return told if isinstance(told, str) else ""
