"""Reading how old things are."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from dashboard.freshness.models import Heartbeat, KnownGap, Stream, SyncCursor, SyncRun


def cursor_get(*, stream: Stream, subject_id: int) -> SyncCursor | None:
    return SyncCursor.objects.filter(stream=stream, subject_id=subject_id).first()


def cursor_map(*, stream: Stream, subject_ids: Iterable[int]) -> dict[int, SyncCursor]:
    """Return the cursors of many subjects by subject id, in one query."""
    cursors = SyncCursor.objects.filter(stream=stream, subject_id__in=list(subject_ids))
    return {cursor.subject_id: cursor for cursor in cursors}


def gap_list(*, stream: Stream, subject_id: int) -> list[KnownGap]:
    return list(KnownGap.objects.filter(stream=stream, subject_id=subject_id).order_by("-before_at")[:20])


def run_list(*, limit: int) -> list[SyncRun]:
    """Return the latest runs of all streams, newest first."""
    return list(SyncRun.objects.select_related("cursor").order_by("-id")[:limit])


def trouble_list(*, limit: int) -> list[SyncCursor]:
    """Return the streams that failed last time or were stopped by a failure, longest waiting first."""
    failing = SyncCursor.objects.exclude(error_code="").exclude(stopped=SyncCursor.Stopped.RELEASED)
    return list(failing.order_by("failed_at")[:limit])


def worker_is_alive(*, within: timedelta = timedelta(seconds=60)) -> bool:
    return Heartbeat.objects.filter(name="worker", seen_at__gte=timezone.now() - within).exists()
