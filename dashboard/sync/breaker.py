"""A circuit breaker before the hosted API: while it is away, one reading at a time finds out when it is back.

Otherwise each agent would be tried by itself and wait for its own time-out, and afterwards each would wait out a
back-off of its own. The state is a row, so that all workers, a restart and the pages know the same.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from api_client import ApiError, ServiceFailed, Unreachable
from dashboard.freshness.models import Outage, Stream, SyncCursor
from dashboard.freshness.selectors import HOSTED_API, outage_get
from dashboard.sync.services import due_take

# In a row, over all streams: one agent's own trouble is interrupted by another's success.
OPENS_AFTER = 5
PROBE_EVERY = timedelta(seconds=30)
SERVER_ERROR = 500


def is_away(error: ApiError) -> bool:
    """Tell whether an error speaks of the service as a whole rather than of what was asked."""
    return isinstance(error, Unreachable | ServiceFailed) or (error.http_status or 0) >= SERVER_ERROR


def turns_take() -> list[tuple[Stream, int]]:
    """Return the streams and subjects to read now, marked as queued; in an outage one alone, once a probe is due."""
    outage = outage_get()
    if outage is None:
        return [(stream, subject_id) for stream in Stream for subject_id in due_take(stream)]
    return _probe_pick() if outage.probe_at and outage.probe_at <= timezone.now() else []


def may_ask() -> bool:
    """Tell whether a reading may go out now; in an outage whoever is told so first is the probe."""
    now, outage = timezone.now(), outage_get()
    if outage is None:
        return True
    due = Outage.objects.filter(pk=outage.pk, probe_at__lte=now)
    return bool(due.update(probe_at=now + PROBE_EVERY))


def outage_note(error: ApiError) -> None:
    """Count a reading that found the service away; any other error says nothing about it."""
    if not is_away(error):
        return
    now = timezone.now()
    Outage.objects.get_or_create(service=HOSTED_API, defaults={"failing_since": now})
    counted = Outage.objects.filter(service=HOSTED_API)
    counted.update(failures=F("failures") + 1)
    counted.filter(opened_at=None, failures__gte=OPENS_AFTER).update(opened_at=now, probe_at=now + PROBE_EVERY)


def outage_end() -> None:
    """The service answered: whoever failed meanwhile is due at once, but for a pause that was asked for."""
    if not Outage.objects.filter(service=HOSTED_API).exists():
        return
    now = timezone.now()
    with transaction.atomic():
        outage = Outage.objects.select_for_update().filter(service=HOSTED_API).first()
        if outage is None:
            return
        if outage.opened_at:
            _idle().filter(failed_at__gte=outage.failing_since, due_at__gt=now).update(due_at=now, queued_at=None)
        outage.delete()


def _probe_pick() -> list[tuple[Stream, int]]:
    # Whoever failed longest ago, or never: one that fails for reasons of its own must not stand for all.
    probe = _idle().order_by(F("failed_at").asc(nulls_first=True), "due_at").first()
    if probe is None:
        return []
    now = timezone.now()
    SyncCursor.objects.filter(pk=probe.pk, running_since=None).update(due_at=min(probe.due_at, now), queued_at=now)
    return [(Stream(probe.stream), probe.subject_id)]


def _idle() -> QuerySet[SyncCursor]:
    """Return the streams that nobody reads now and that the service did not ask us to leave alone."""
    rests = Q(not_before__gt=timezone.now())
    return SyncCursor.objects.filter(~rests, running_since=None, stopped="")
