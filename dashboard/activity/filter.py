"""Which events of a workspace are wanted; each filter alone is read off an index of its own."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Abs

from api_client.records.base import MAX_WHOLE
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.activity.text import RARE, Rarity, text_rarity
from dashboard.agents.models import Agent

# A page that shows a total says "or more" beyond this: counting further would cost more than the page itself. It is as
# far as a text was counted by then.
COUNT_LIMIT = RARE
COSTS = {
    "spent": ("Taken", Q(credits_delta__lt=0)),
    "added": ("Added", Q(credits_delta__gt=0)),
}
# Amounts that more events moved than this are found quicker by walking the ledger, newest first.
FEW_AMOUNTS = 5_000


@dataclass(frozen=True)
class EventFilter:
    """What of a ledger is wanted; an empty field asks for nothing.

    `agent` is its remote id, `reference` any id that an event names, `text` a part of its summary, `cost` a key of
    COSTS; `least` and `most` are the credits that it moved, whichever way, both included. `since` is included, `until`
    is not.
    """

    agent: str = ""
    type: str = ""
    operation: str = ""
    status: str = ""
    reference: str = ""
    text: str = ""
    cost: str = ""
    least: int | None = None
    most: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def said(self) -> dict[str, str]:
        """Return the fields in use, as the audit log keeps them."""
        used = {name: value for name, value in vars(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in used.items()}

    def is_of(self, names: set[str]) -> bool:
        """Tell whether it asks for nothing beside these fields."""
        return self.said.keys() <= names

    @property
    def amounts(self) -> tuple[int, int] | None:
        """Return the least and the most credits that are asked for; None: any, or none at all."""
        return (self.least or 1, self.most or MAX_WHOLE) if self.least or self.most else None


@dataclass(frozen=True)
class Found:
    """The events that a filter finds; `at_least`: there are more than that, as looking for them has shown."""

    events: QuerySet[Event]
    at_least: int = 0


def event_list(workspace: Workspace, wanted: EventFilter) -> QuerySet[Event]:
    """Return what a filter finds in a workspace's ledger."""
    return event_find(workspace, wanted).events


def event_find(workspace: Workspace, wanted: EventFilter) -> Found:
    """Return what a filter finds in a workspace's ledger, and what is known of its number by then."""
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
    if wanted.amounts:
        least, most = wanted.amounts
        events = events.filter(Q(credits_delta__range=(-most, -least)) | Q(credits_delta__range=(least, most)))
    if wanted.text:
        events = events.filter(summary__icontains=wanted.text)
    return _narrowed(workspace, wanted, events)


def _narrowed(workspace: Workspace, wanted: EventFilter, events: QuerySet[Event]) -> Found:
    """Return the events of the workspace: looked up by what few have, or walked where nothing of that is asked for."""
    text = text_rarity(workspace, wanted.text) if wanted.text else Rarity()
    amount = _amount_rarity(workspace, wanted.amounts) if wanted.amounts else Rarity()
    few = [Q(pk__in=one.query) for one in (text, amount) if one.query is not None]
    if wanted.reference:
        few.append(Q(references__workspace=workspace, references__reference=wanted.reference))
    if few:
        # Apart from what orders them, so that the few are looked up first and not the whole ledger walked.
        return Found(Event.objects.filter(pk__in=events.filter(*few).values("pk")))
    is_counted = (text.is_common and wanted.is_of({"text"})) or (amount.is_common and wanted.is_of({"least", "most"}))
    return Found(events.filter(workspace=workspace), COUNT_LIMIT if is_counted else 0)


def _amount_rarity(workspace: Workspace, amounts: tuple[int, int]) -> Rarity:
    """Return how rare it is in a workspace that an event moves between so many credits, whichever way."""
    # In the words of the index and of its condition.
    moved = Event.objects.alias(moved=Abs("credits_delta")).filter(
        workspace=workspace, credits_delta__isnull=False, moved__range=amounts
    )
    is_common = moved.order_by()[: FEW_AMOUNTS + 1].count() > FEW_AMOUNTS
    return Rarity(is_common=True) if is_common else Rarity(moved.values("pk"))


def event_count(events: QuerySet[Event]) -> int:
    """Return how many there are, counted no further than one above COUNT_LIMIT."""
    return events.order_by()[: COUNT_LIMIT + 1].count()
