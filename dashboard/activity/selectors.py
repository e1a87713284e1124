"""Reading the ledger's mirror, always within a workspace or, for platform roles, over all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, SpendSlot
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import claim_list
from dashboard.lib.paging import Page, page_get, page_onwards, rows_beyond
from dashboard.lib.prepared import Prepared
from dashboard.lib.spent import CHARGE, Spent

PAGE_SIZE = 50


class EventLine(NamedTuple):
    """All that a page shows of an event, as plain values: reading models of fifty rows costs more than their SQL.

    `is_linked`: the workspace that reads still holds the agent, so that it has a page.
    """

    pk: int
    occurred_at: datetime
    remote_id: str
    type: str
    status: str
    summary: str
    subject_id: str
    job_id: str
    capability_id: str
    trace_id: str
    credits_delta: int | None
    agent_id: int
    agent__remote_id: str
    agent__name: str
    is_linked: bool


def event_lines(events: QuerySet[Event], *, reader: Workspace | None = None) -> QuerySet[Event, EventLine]:
    """Return events as lines, for the tag `event_rows`; without a `reader` no agent is linked."""
    lines = events_marked(events, reader=reader).values_list(*EventLine._fields, named=True)
    return cast("QuerySet[Event, EventLine]", lines)


def events_marked(events: QuerySet[Event], *, reader: Workspace | None) -> QuerySet[Event]:
    """Return events that know as `is_linked` whether the reader holds their agent still, which then has a page."""
    is_linked = Exists(claim_list(reader).filter(agent=OuterRef("agent"))) if reader else Value(value=False)
    return events.annotate(is_linked=is_linked)


def event_page(
    events: QuerySet[Event], *, cursor: str, size: int = PAGE_SIZE, reader: Workspace | None = None
) -> Page[EventLine]:
    """Return a page of events, newest first; a `reader` is led to the agents that it holds."""
    return page_get(event_lines(events, reader=reader), by="occurred_at", cursor=cursor, size=size)


def ledger_page(workspace: Workspace, *, cursor: str) -> Page[EventLine]:
    """Return a page of everything in a workspace's ledger, as `event_page` does; forth by a query put together once."""
    page = page_onwards(
        cursor,
        lambda at, pk: _beyond(workspace=workspace.pk, at=at, pk=pk),
        by="occurred_at",
        size=PAGE_SIZE,
    )
    return page or event_page(Event.objects.filter(workspace=workspace), cursor=cursor, reader=workspace)


def _lines_beyond(workspace: int, at: datetime, pk: int) -> QuerySet[Event, EventLine]:
    lines = event_lines(Event.objects.filter(workspace=workspace), reader=Workspace(pk=workspace))
    return rows_beyond(lines, by="occurred_at", at=at, pk=pk)[: PAGE_SIZE + 1]


_beyond: Prepared[EventLine] = Prepared(_lines_beyond)


@dataclass(frozen=True)
class Doings:
    """What one agent did since a moment: how many jobs ended, what they took, and its latest events."""

    jobs: int
    spent: Spent
    events: list[EventLine]


def doings_since(workspace: Workspace, agent: Agent, since: datetime, *, limit: int) -> Doings:
    """Return what an agent did from a moment on, as far as its ledger is mirrored; the newest `limit` events."""
    events = Event.objects.filter(workspace=workspace, agent=agent, occurred_at__gte=since)
    told = events.aggregate(
        jobs=Count("pk", filter=Q(type="job.completed")),
        credits=Sum("credits_delta", filter=Q(type=CHARGE, credits_delta__lt=0)),
        untold=Count("pk", filter=Q(type=CHARGE, credits_delta=None)),
    )
    latest = event_lines(events).order_by("-occurred_at", "-pk")[:limit]
    return Doings(told["jobs"], Spent(-(told["credits"] or 0), told["untold"]), list(latest))


def event_page_of_types(types: Iterable[str], *, cursor: str, size: int = PAGE_SIZE) -> Page[EventLine]:
    """Return a page of all linked agents' events of some types: for platform roles alone."""
    branches = [Q(type=one) for one in types]
    return page_get(event_lines(Event.objects.all()), by="occurred_at", cursor=cursor, size=size, branches=branches)


def event_newest_at(claim: Claim) -> datetime | None:
    """Return when the newest event happened that the claim's workspace knows of its agent; read off an index."""
    events = Event.objects.filter(workspace_id=claim.workspace_id, agent_id=claim.agent_id)
    return events.order_by("-occurred_at").values_list("occurred_at", flat=True).first()


def event_newest_before(agent_id: int, before: datetime) -> datetime | None:
    """Return when the newest event before a moment happened, whoever held the agent then; for the rare gap alone."""
    events = Event.objects.filter(agent_id=agent_id, occurred_at__lt=before)
    newest: datetime | None = events.aggregate(newest=Max("occurred_at"))["newest"]
    return newest


def day_start() -> datetime:
    """Return the beginning of today in the active time zone."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def spent_columns(since_slot: int) -> dict[str, Coalesce]:
    """Return what `spent_of` reads of each claim: what its agent spent from a quarter of an hour on."""
    slots = SpendSlot.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"), slot__gte=since_slot)
    summed = slots.order_by().values("agent").annotate(spent=Sum("credits_spent"), silent=Sum("untold"))
    return {
        "spent_credits": Coalesce(Subquery(summed.values("spent")), 0),
        "spent_untold": Coalesce(Subquery(summed.values("silent")), 0),
    }


def spent_of(claim: Claim) -> Spent:
    """Return what the agent of a claim spent that carries `spent_columns`."""
    return Spent(getattr(claim, "spent_credits", 0), getattr(claim, "spent_untold", 0))
