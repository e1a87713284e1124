"""The ledger as rows of a file."""

from collections.abc import Iterator
from datetime import UTC

from django.db.models import Max, QuerySet

from dashboard.activity.models import Event
from dashboard.lib.paging import rows_stream

BATCH = 500
COLUMNS = (
    "at",
    "event_id",
    "type",
    "status",
    "operation",
    "agent_id",
    "agent",
    "summary",
    "credits",
    "estimated_usd_micros",
    "subject_type",
    "subject_id",
    "job_id",
    "trace_id",
    "capability_id",
    "links",
)


def export_rows(events: QuerySet[Event]) -> Iterator[dict[str, object]]:
    """Yield the events that are here now, newest first; the file does not grow while it is read."""
    newest: int | None = Event.objects.aggregate(newest=Max("pk"))["newest"]
    rows = events.filter(pk__lte=newest or 0).select_related("agent")
    return map(_row, rows_stream(rows, by="occurred_at", batch=BATCH))


def _row(event: Event) -> dict[str, object]:
    own = {name: getattr(event, name) for name in COLUMNS if hasattr(event, name)}
    return own | {
        "at": event.occurred_at.astimezone(UTC).isoformat(),
        "event_id": event.remote_id,
        "agent_id": event.agent.remote_id,
        "agent": event.agent.display_name,
        "credits": event.credits_delta,
    }
