"""Opening, hurrying and stopping a stream; running it is the business of dashboard.sync."""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from dashboard.freshness.models import Heartbeat, KnownGap, Stream, SyncCursor

# What takes a run away from whoever has it: its reading belongs to what was, and is not applied any more.
NOBODY_RUNS: dict[str, None] = {"running_since": None, "run_token": None}


def cursor_open(*, stream: Stream, subject_id: int) -> SyncCursor:
    """Start a stream, or start it afresh: due at once, a run under way is taken away, old failures are forgotten."""
    fresh = {"stopped": "", "attempts": 0, "queued_at": None, "failed_at": None, "error_code": "", "error_text": ""}
    cursor, _ = SyncCursor.objects.update_or_create(
        stream=stream,
        subject_id=subject_id,
        defaults={"due_at": timezone.now(), "error_trace_id": "", **fresh, **NOBODY_RUNS},
    )
    return cursor


def cursor_hurry(*, stream: Stream, subject_id: int, unless_since: datetime) -> bool:
    """Make a stream due now unless it was synced after `unless_since`; True when it is due because of us.

    A cursor that backs off after failures is hurried too: a person asks, and one more call is what they expect.
    """
    stale = SyncCursor.objects.filter(stream=stream, subject_id=subject_id, stopped="", running_since=None)
    never_or_old = Q(synced_at=None) | Q(synced_at__lt=unless_since)
    return bool(stale.filter(never_or_old).update(due_at=timezone.now(), queued_at=None))


def cursor_stop(*, stream: Stream, subject_id: int, reason: SyncCursor.Stopped) -> None:
    """Stop a stream; a run under way is taken away, so that it writes nothing after this."""
    SyncCursor.objects.filter(stream=stream, subject_id=subject_id).update(stopped=reason, **NOBODY_RUNS)


def gap_record(
    *, stream: Stream, subject_id: int, after_at: datetime | None, before_at: datetime, reason: str
) -> KnownGap:
    """Note a stretch that could not be read, once."""
    gap, _ = KnownGap.objects.get_or_create(
        stream=stream,
        subject_id=subject_id,
        before_at=before_at,
        defaults={"after_at": after_at, "reason": reason[:254]},
    )
    return gap


def heartbeat_beat(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
