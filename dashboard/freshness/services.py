"""Opening, hurrying and stopping a stream; running it is the business of dashboard.sync."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from dashboard.freshness.models import Heartbeat, KnownGap, Stream, SyncCursor

# What takes a run away from whoever has it: its reading belongs to what was, and is not applied any more.
NOBODY_RUNS: dict[str, None] = {"running_since": None, "run_token": None}
NO_FAILURE: dict[str, object] = {
    "attempts": 0,
    "not_before": None,
    "failed_at": None,
    "error_code": "",
    "error_text": "",
    "error_trace_id": "",
}


def cursor_open(*, stream: Stream, subject_id: int, label: str, pause: timedelta = timedelta()) -> SyncCursor:
    """Start a stream, or start it afresh: due after `pause`, a run under way is taken away, old failures forgotten."""
    afresh = {"due_at": timezone.now() + pause, "stopped": "", "queued_at": None, **NO_FAILURE, **NOBODY_RUNS}
    cursor, _ = SyncCursor.objects.update_or_create(
        stream=stream,
        subject_id=subject_id,
        defaults={"subject_label": label[:200], **afresh},
    )
    return cursor


def cursor_wake(*, stream: Stream, subject_id: int, label: str, is_urgent: bool) -> None:
    """Let a stream run that rests or was never opened; one that waits for its turn runs now only if it `is_urgent`.

    Unlike `cursor_open` it takes no run away and forgets no failure: whoever backs off goes on backing off.
    """
    now = timezone.now()
    _, is_new = SyncCursor.objects.get_or_create(
        stream=stream, subject_id=subject_id, defaults={"subject_label": label[:200], "due_at": now}
    )
    if is_new:
        return
    rests = ~Q(stopped="")
    waits = Q(stopped="", failed_at=None, due_at__gt=now) if is_urgent else Q(pk=None)
    woken = SyncCursor.objects.filter(rests | waits, stream=stream, subject_id=subject_id)
    woken.update(stopped="", due_at=now, queued_at=None)


def cursor_hurry(*, stream: Stream, subject_id: int, unless_since: datetime) -> bool:
    """Make a stream due now unless it was tried after `unless_since`; True when it is due because of us."""
    return bool(cursors_hurry(stream=stream, subject_ids=[subject_id], unless_since=unless_since))


def cursors_hurry(*, stream: Stream, subject_ids: Iterable[int], unless_since: datetime) -> int:
    """Make streams of many subjects due now in one query, each unless it was tried after `unless_since`.

    A cursor that backs off after failures is hurried too: a person asks, and one more call is what they expect. Only a
    pause that the service asked for is kept.
    """
    now = timezone.now()
    idle = SyncCursor.objects.filter(stream=stream, subject_id__in=list(subject_ids), stopped="", running_since=None)
    may_be_asked = Q(not_before=None) | Q(not_before__lte=now)
    not_just_read = Q(synced_at=None) | Q(synced_at__lt=unless_since)
    not_just_failed = Q(failed_at=None) | Q(failed_at__lt=unless_since)
    return idle.filter(may_be_asked, not_just_read, not_just_failed).update(due_at=now, queued_at=None)


def cursor_stop(*, stream: Stream, subject_id: int, reason: SyncCursor.Stopped) -> None:
    """Stop a stream; a run under way is taken away, so that it writes nothing after this."""
    SyncCursor.objects.filter(stream=stream, subject_id=subject_id).update(stopped=reason, **NOBODY_RUNS)


def gap_record(
    *, stream: Stream, subject_id: int, after_at: datetime | None, before_at: datetime, reason: str, line: str = ""
) -> KnownGap:
    """Note a stretch that could not be read, or one `line` of it, once."""
    known = {"line": line} if line else {"line": "", "before_at": before_at}
    told = {"after_at": after_at, "before_at": before_at, "reason": reason[:254]}
    gap, _ = KnownGap.objects.get_or_create(stream=stream, subject_id=subject_id, **known, defaults=told)
    return gap


def gaps_close(*, stream: Stream, subject_id: int, lines: Iterable[str]) -> None:
    """Forget the gaps of lines that could be read after all."""
    KnownGap.objects.filter(stream=stream, subject_id=subject_id, line__in=lines).delete()


def heartbeat_beat(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
