"""The ledger as rows of a file: a short one at once, a long one in the background."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from dashboard.accounts.models import Workspace
from dashboard.activity.counts import ledger_count
from dashboard.activity.filter import EventFilter, Found, event_list
from dashboard.activity.forms import EventFilterForm
from dashboard.activity.models import Event
from dashboard.agents.models import shown_name
from dashboard.exports.kinds import ExportKind, Order, Product, kind_register
from dashboard.lib.columns import IsoText
from dashboard.lib.export import JsonText, file_name, file_pieces, file_type
from dashboard.lib.paging import rows_stream

# A request that streams holds one of the server's threads: more rows than these are made in the background.
STREAMED_AT_MOST = 10_000
BATCH = 2_000
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

# What is read for each of them, behind the row's own id: texts where the database can write them.
_READ = (
    "pk",
    IsoText("occurred_at"),
    "remote_id",
    "type",
    "status",
    "operation",
    "agent__remote_id",
    "agent__name",
    "summary",
    "credits_delta",
    "estimated_usd_micros",
    "subject_type",
    "subject_id",
    "job_id",
    "trace_id",
    "capability_id",
    Cast("links", TextField()),
)


def events_until_now(events: QuerySet[Event]) -> tuple[QuerySet[Event], int]:
    """Return the events that are here now and the newest's id: a file does not grow while it is read."""
    newest: int = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return events.filter(pk__lte=newest), newest


def is_long(events: QuerySet[Event]) -> bool:
    """Tell whether there are more than STREAMED_AT_MOST, counting no further."""
    return events.order_by()[: STREAMED_AT_MOST + 1].count() > STREAMED_AT_MOST


def export_rows(events: QuerySet[Event]) -> Iterator[dict[str, object]]:
    """Yield events as rows, newest first; of plain values, for models of a million rows cost more than their file."""
    return map(_row, rows_stream(events.values_list(*_READ), by="occurred_at", batch=BATCH, place=_place))


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
        rows_total=_rows_total(order.workspace, form.wanted, events),
    )


LEDGER = kind_register(ExportKind(name="activity", label="Activity", rows_name="events", produce=ledger_produce))


def _rows_total(workspace: Workspace, wanted: EventFilter, events: QuerySet[Event]) -> int:
    """Return how many rows the file will have, for its meter; where the rollups tell it, with what came since."""
    known = ledger_count(workspace, wanted, Found(events))
    return events.order_by().count() if known.is_more else known.number


def _place(values: tuple[Any, ...]) -> tuple[datetime, int]:
    return datetime.fromisoformat(values[1]), values[0]


def _row(values: tuple[Any, ...]) -> dict[str, object]:
    row = dict(zip(COLUMNS, values[1:], strict=True))
    row["agent"] = shown_name(row["agent"], row["agent_id"])
    row["links"] = JsonText(row["links"])
    return row
