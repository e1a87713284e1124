"""Reading the ledger's mirror, always within a workspace or, for platform roles, over all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, SpendSlot
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import claim_list
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 50


def event_page(workspace: Workspace, *, cursor: str, agent: Agent | None = None, size: int = PAGE_SIZE) -> Page[Event]:
    """Return a page of a workspace's events, newest first, with their agents."""
    events = Event.objects.filter(workspace=workspace).select_related("agent")
    if agent is not None:
        events = events.filter(agent=agent)
    return page_get(events, by="occurred_at", cursor=cursor, size=size)


@dataclass(frozen=True)
class Doings:
    """What one agent did since a moment: how many jobs ended, credits spent, and its latest events."""

    jobs: int
    credits_spent: int
    events: list[Event]


def doings_since(workspace: Workspace, agent: Agent, since: datetime, *, limit: int) -> Doings:
    """Return what an agent did from a moment on, as far as its ledger is mirrored; the newest `limit` events."""
    events = Event.objects.filter(workspace=workspace, agent=agent, occurred_at__gte=since)
    told = events.aggregate(
        jobs=Count("pk", filter=Q(type="job.completed")),
        spent=Sum("credits_delta", filter=Q(credits_delta__lt=0)),
    )
    latest = events.select_related("agent").order_by("-occurred_at", "-pk")[:limit]
    return Doings(told["jobs"], -(told["spent"] or 0), list(latest))


def event_page_of_types(types: Iterable[str], *, cursor: str, size: int = PAGE_SIZE) -> Page[Event]:
    """Return a page of all linked agents' events of some types: for platform roles alone."""
    events = Event.objects.filter(type__in=list(types)).select_related("agent")
    return page_get(events, by="occurred_at", cursor=cursor, size=size)


def linked_ids(workspace: Workspace, events: Iterable[Event]) -> set[int]:
    """Return which of the agents of these events the workspace still holds: those have a page."""
    held = claim_list(workspace).filter(agent_id__in={event.agent_id for event in events})
    return set(held.values_list("agent_id", flat=True))


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


def spent_since(workspace: Workspace, since: datetime, *, agent_ids: Iterable[int]) -> dict[int, int]:
    """Return the credits each agent spent since a moment (a whole quarter of an hour), by agent id."""
    slots = SpendSlot.objects.filter(
        workspace=workspace,
        agent_id__in=list(agent_ids),
        slot__gte=int(since.timestamp()) // SpendSlot.SECONDS,
    )
    return dict(slots.values_list("agent_id").annotate(Sum("credits_spent")).order_by())
