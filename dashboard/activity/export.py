"""The ledger as rows of a file: a short one at once, a long one in the background."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from django.db.models import Max, QuerySet
from django.http import QueryDict

from dashboard.accounts.models import Workspace
from dashboard.activity.filter import event_list
from dashboard.activity.forms import EventFilterForm
from dashboard.activity.models import Event
from dashboard.agents.models import shown_name
from dashboard.exports.kinds import ExportKind, Order, Product, kind_register
from dashboard.lib.export import file_name, file_pieces, file_type
from dashboard.lib.paging import rows_stream

# A request that streams holds one of the server's threads: more rows than these are made in the background.
STREAMED_AT_MOST = 10_000
BATCH = 1_000
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

# What of a row is called otherwise in the file, beside what the row and the file call alike.
_OTHERWISE = ("pk", "occurred_at", "remote_id", "credits_delta", "agent__remote_id", "agent__name")
_READ = (*_OTHERWISE, *(one for one in COLUMNS if one not in ("at", "event_id", "agent_id", "agent", "credits")))


def events_until_now(events: QuerySet[Event]) -> tuple[QuerySet[Event], int]:
    """Return the events that are here now and the newest's id: a file does not grow while it is read."""
    newest: int = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return events.filter(pk__lte=newest), newest


def is_long(events: QuerySet[Event]) -> bool:
    """Tell whether there are more than STREAMED_AT_MOST, counting no further."""
    return events.order_by()[: STREAMED_AT_MOST + 1].count() > STREAMED_AT_MOST


def export_rows(events: QuerySet[Event]) -> Iterator[dict[str, object]]:
    """Yield events as rows, newest first; of plain values, for models of a million rows cost more than their file."""
    return map(_row, rows_stream(events.values_list(*_READ, named=True), by="occurred_at", batch=BATCH))


def export_name(workspace: Workspace) -> str:
    return f"activity-{workspace.key}"


def ledger_produce(order: Order) -> Product:
    """Make the file of a filter as it stood in the page's address; the parameters are its `query` and the `format`.

    Raises ValueError where the filter cannot be read any more.
    """
    if order.workspace is None:
        raise ValueError("The ledger is exported within a workspace.")
    form = EventFilterForm(QueryDict(order.parameters["query"]), workspace=order.workspace)
    if not form.is_valid():
        raise ValueError("The filter cannot be read.")
    events = event_list(order.workspace, form.wanted).filter(pk__lte=order.upto or 0)
    kind = order.parameters["format"]
    return Product(
        file_name=file_name(export_name(order.workspace), kind),
        content_type=file_type(kind),
        pieces=file_pieces(kind, COLUMNS, export_rows(events)),
        rows_total=events.order_by().count(),
    )


LEDGER = kind_register(ExportKind(name="activity", label="Activity", rows_name="events", produce=ledger_produce))


def _row(event: Any) -> dict[str, object]:  # noqa: ANN401 - a named row of _READ
    row: dict[str, object] = dict(zip(_READ, event, strict=True))
    row["at"] = event.occurred_at.astimezone(UTC).isoformat()
    row["event_id"] = event.remote_id
    row["agent_id"] = event.agent__remote_id
    row["agent"] = shown_name(event.agent__name, event.agent__remote_id)
    row["credits"] = event.credits_delta
    return row
