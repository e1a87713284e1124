"""What is done with a stored event: look where it points, write what is there, and mark it in the same transaction.

One that is tried is moved on first, so that a lost worker's event comes back by itself.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.billing.access import StripeTrouble, has_stripe, stripe_told
from dashboard.billing.apply import OtherMode
from dashboard.billing.looks import Look, is_followed, look_for
from dashboard.billing.models import WebhookAttempt, WebhookEvent
from dashboard.lib.backoff import backoff

log = structlog.get_logger(__name__)

State = WebhookEvent.State
BATCH = 100
LOST_AFTER = timedelta(minutes=2)
TRIES = 8
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=10), timedelta(minutes=30)
NOT_FOLLOWED = "Not about money that the desk follows."


def events_handle_due() -> int:
    """Handle the events whose turn has come, the longest waiting first; returns how many were tried."""
    if not has_stripe():
        return 0
    due = WebhookEvent.objects.filter(state=State.UNHANDLED, due_at__lte=timezone.now()).order_by("due_at", "pk")
    return sum(event_handle(pk) for pk in due.values_list("pk", flat=True)[:BATCH])


def event_handle(event_id: int) -> bool:
    """Try one event if its turn has come; True when it was tried, whatever came of it."""
    event = _take(event_id)
    if event is None:
        return False
    started = timezone.now()
    try:
        with stripe_told():
            look = look_for(event) if is_followed(event) else None
        with transaction.atomic():
            _finish(event, look)
    except StripeTrouble as trouble:
        _fail(event, trouble.code, trouble.for_people, is_passing=trouble.is_passing, trace_id=trouble.trace_id)
    except OtherMode:
        _fail(event, "OTHER_MODE", "Stripe answered with an object of the other mode.", is_passing=False)
    except Exception as error:  # a process edge: one event's fault must not stop the others
        log.exception("webhook_event_broke", event_id=event.event_id)
        _fail(event, type(error).__name__, "A fault of ours; its traceback is in the log.", is_passing=True)
    log.info("webhook_event_tried", event_id=event.event_id, seconds=(timezone.now() - started).total_seconds())
    return True


def _take(event_id: int) -> WebhookEvent | None:
    now = timezone.now()
    turn = WebhookEvent.objects.filter(pk=event_id, state=State.UNHANDLED, due_at__lte=now)
    if not turn.update(due_at=now + LOST_AFTER, attempts=F("attempts") + 1):
        return None
    return WebhookEvent.objects.get(pk=event_id)


def _finish(event: WebhookEvent, look: Look | None) -> None:
    """Write what was seen and mark the event, together."""
    now = timezone.now()
    if look:
        look.apply()
    state, reason = (State.HANDLED, "") if is_followed(event) else (State.IGNORED, NOT_FOLLOWED)
    mine = WebhookEvent.objects.filter(pk=event.pk, state=State.UNHANDLED)
    mine.update(state=state, reason=reason, handled_at=now)
    WebhookAttempt.objects.create(event=event, at=now, is_done=True)


def _fail(event: WebhookEvent, code: str, text: str, *, is_passing: bool, trace_id: str = "") -> None:
    now = timezone.now()
    is_over = not is_passing or event.attempts >= TRIES
    pause = backoff(event.attempts, first=BACKOFF_FIRST, most=BACKOFF_MOST)
    with transaction.atomic():
        mine = WebhookEvent.objects.filter(pk=event.pk, state=State.UNHANDLED)
        mine.update(state=State.FAILED if is_over else State.UNHANDLED, due_at=now + pause, reason=text[:254])
        WebhookAttempt.objects.create(
            event=event, at=now, is_done=False, error=code[:120], text=text[:500], trace_id=trace_id[:200]
        )
