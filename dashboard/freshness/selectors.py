"""Reading how old things are."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Subquery
from django.utils import timezone

from dashboard.freshness.models import Heartbeat, KnownGap, Outage, Stream, SyncCursor, SyncRun
from dashboard.lib.prepared import Prepared

HOSTED_API = "hosted API"
# How often an agent is read: while it works or is near a limit, and when it has long been calm.
BUSY_SECONDS = 15
IDLE_SECONDS = 15 * 60
# What is older has missed a turn, and then many.
STALE_AFTER = timedelta(minutes=20)
LATE_AFTER = timedelta(hours=2)
# A turn that comes later than that does not come by itself: nobody works, or far too few do.
OVERDUE_AFTER = timedelta(minutes=2)


def outage_columns() -> dict[str, Subquery]:
    """Return `away_since` and `asked_again_at` of an open outage, for a query that pages make anyway."""
    outages = Outage.objects.filter(service=HOSTED_API).exclude(opened_at=None)
    return {
        "away_since": Subquery(outages.values("failing_since")[:1]),
        "asked_again_at": Subquery(outages.values("probe_at")[:1]),
    }


def cursor_map(*, stream: Stream, subject_ids: Iterable[int]) -> dict[int, SyncCursor]:
    """Return the cursors of many subjects by subject id, in one query; each knows of an outage."""
    return {cursor.subject_id: cursor for cursor in cursor_list(stream=stream, subjects=list(subject_ids))}


def cursor_list(*, stream: Stream, subjects: list[int] | QuerySet[Any, Any]) -> QuerySet[SyncCursor]:
    """Return the cursors of subjects, by their ids or by a query of these; each knows of an outage."""
    return SyncCursor.objects.filter(stream=stream, subject_id__in=subjects).annotate(**outage_columns())


def cursor_get(*, stream: Stream, subject_id: int) -> SyncCursor | None:
    """Return the cursor of one subject, which knows of an outage."""
    return next(iter(_cursors(stream=str(stream), subject_id=subject_id)), None)


_cursors = Prepared(
    lambda stream, subject_id: SyncCursor.objects.filter(stream=stream, subject_id=subject_id).annotate(
        **outage_columns()
    )
)


def is_stale(synced_at: datetime | None) -> bool:
    """Tell whether figures read at that moment have missed their turn to be read again."""
    return synced_at is None or timezone.now() - synced_at >= STALE_AFTER


def oldest_reading(read: Iterable[datetime | None]) -> datetime | None:
    """Return the one age of many figures, late ones apart: the oldest reading in time, or if none is, of all."""
    known = [at for at in read if at]
    return min([at for at in known if not is_stale(at)] or known, default=None)


def reading_lag(cursor: SyncCursor | None) -> timedelta | None:
    """Return how long after it happened something is seen at the latest, at the pace of now; None where the stream does
    not run, be it that nobody takes its turns, or that the service is away, when only probes go out.

    The cursor carries `outage_columns`.
    """
    if cursor is None or cursor.stopped or cursor.synced_at is None or cursor.error_code:
        return None
    now = timezone.now()
    if cursor.away_since or now - cursor.due_at > OVERDUE_AFTER:  # type: ignore[attr-defined]
        return None
    return max(max(cursor.due_at, now) - cursor.synced_at, timedelta(seconds=BUSY_SECONDS))


def gap_list(*, stream: Stream, subject_id: int) -> list[KnownGap]:
    return list(KnownGap.objects.filter(stream=stream, subject_id=subject_id).order_by("-before_at")[:20])


def missing_lines(*, stream: Stream, subject_id: int) -> set[str]:
    """Return the names of the lines that are known to be missing."""
    gaps = KnownGap.objects.filter(stream=stream, subject_id=subject_id).exclude(line="")
    return set(gaps.values_list("line", flat=True))


def run_list(*, limit: int) -> list[SyncRun]:
    """Return the latest runs of all streams, newest first."""
    return list(SyncRun.objects.select_related("cursor").order_by("-id")[:limit])


def trouble_list(*, limit: int) -> list[SyncCursor]:
    """Return the streams that failed last time or were stopped by a failure, longest waiting first."""
    wanted = (SyncCursor.Stopped.RELEASED, SyncCursor.Stopped.SHUT_OUT)
    failing = SyncCursor.objects.exclude(error_code="").exclude(stopped__in=wanted)
    return list(failing.order_by("failed_at")[:limit])


def worker_is_alive(*, within: timedelta = timedelta(minutes=2)) -> bool:
    return Heartbeat.objects.filter(name="worker", seen_at__gte=timezone.now() - within).exists()


def outage_get() -> Outage | None:
    """Return the outage of the hosted API: while it is open, only probes go out and figures stay as they are."""
    return next(iter(_open_outages(service=HOSTED_API)), None)


_open_outages: Prepared[Outage] = Prepared(
    lambda service: Outage.objects.filter(service=service).exclude(opened_at=None)
)
