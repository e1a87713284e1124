"""Which events of a workspace are wanted; each filter alone is read off an index of its own."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.activity.text import rare_text
from dashboard.agents.models import Agent

# A page that shows a total says "or more" beyond this: counting further would cost more than the page itself.
COUNT_LIMIT = 1_000
COSTS = {
    "spent": ("Spent credits", Q(credits_delta__lt=0)),
    "added": ("Added credits", Q(credits_delta__gt=0)),
}


@dataclass(frozen=True)
class EventFilter:
    """What of a ledger is wanted; an empty field asks for nothing.

    `agent` is its remote id, `reference` any id that an event names, `text` a part of its summary, `cost` a key of
    COSTS; `since` is included, `until` is not.
    """

    agent: str = ""
    type: str = ""
    operation: str = ""
    status: str = ""
    reference: str = ""
    text: str = ""
    cost: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def said(self) -> dict[str, str]:
        """Return the fields in use, as the audit log keeps them."""
        used = {name: value for name, value in vars(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in used.items()}


def event_list(workspace: Workspace, wanted: EventFilter) -> QuerySet[Event]:
    """Return what a filter finds in a workspace's ledger."""
    exact = {
        "type": wanted.type,
        "operation": wanted.operation,
        "status": wanted.status,
        "occurred_at__gte": wanted.since,
        "occurred_at__lt": wanted.until,
    }
    used = {name: value for name, value in exact.items() if value}
    events = Event.objects.filter(**used)
    if wanted.agent:
        # One value, not a join: it fixes the agent before the index is read.
        events = events.filter(agent_id=Agent.objects.filter(remote_id=wanted.agent).values("pk")[:1])
    if wanted.cost:
        events = events.filter(COSTS[wanted.cost][1])
    if wanted.text:
        events = events.filter(summary__icontains=wanted.text)
    few = _few(workspace, wanted)
    if not few:
        return events.filter(workspace=workspace)
    # Apart from what orders them, so that the few are looked up first and not the whole ledger walked.
    return Event.objects.filter(pk__in=events.filter(*few).values("pk"))


def _few(workspace: Workspace, wanted: EventFilter) -> list[Q]:
    """Return the conditions by which few events of the workspace are looked up, if any is asked for."""
    conditions = []
    if wanted.reference:
        conditions.append(Q(references__workspace=workspace, references__reference=wanted.reference))
    rare = rare_text(workspace, wanted.text) if wanted.text else None
    if rare:
        conditions.append(Q(pk__in=rare))
    return conditions


def event_count(events: QuerySet[Event]) -> int:
    """Return how many there are, counted no further than one above COUNT_LIMIT."""
    return events.order_by()[: COUNT_LIMIT + 1].count()
