"""How many events a filter finds: exactly where the rollups know it, else counted no further than is worth it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from dashboard.accounts.models import Workspace
from dashboard.activity.filter import COUNT_LIMIT, EventFilter, Found, event_count
from dashboard.activity.models import LedgerDay, LedgerSlot, SpendSlot
from dashboard.activity.slots import SLOTS_A_DAY, slot_of, slot_start


@dataclass(frozen=True)
class Count:
    """A number of events; `is_more`: there are more than that."""

    number: int
    is_more: bool = False


def ledger_count(workspace: Workspace, wanted: EventFilter, found: Found) -> Count:
    """Return how many of a workspace's events a filter finds; `found` are these."""
    bounds = _slots(wanted)
    if found.at_least:
        return Count(found.at_least, is_more=True)
    if bounds is None:
        counted = event_count(found.events)
        return Count(min(counted, COUNT_LIMIT), is_more=counted > COUNT_LIMIT)
    if wanted.agent:
        slots = SpendSlot.objects.filter(workspace=workspace, agent__remote_id=wanted.agent)
        return Count(_sum(slots.filter(_within("slot", *bounds))))
    return Count(events_between(workspace, *bounds))


def events_between(workspace: Workspace, first: int | None, end: int | None) -> int:
    """Return how many events a workspace has from one slot up to another; None: no bound."""
    first_day = None if first is None else -(-first // SLOTS_A_DAY)
    end_day = None if end is None else end // SLOTS_A_DAY
    slots = LedgerSlot.objects.filter(workspace=workspace)
    if first_day is not None and end_day is not None and first_day >= end_day:
        return _sum(slots.filter(_within("slot", first, end)))
    counted = _sum(LedgerDay.objects.filter(_within("day", first_day, end_day), workspace=workspace))
    edges = _edges(first, first_day) | _edges(end_day, end, is_end=True)
    return counted + (_sum(slots.filter(edges)) if edges else 0)


def _slots(wanted: EventFilter) -> tuple[int | None, int | None] | None:
    """Return the slots between which a filter asks for everything; None where the rollups do not know it."""
    if not wanted.is_of({"agent", "since", "until"}) or not all(map(_is_whole, (wanted.since, wanted.until))):
        return None
    return _slot(wanted.since), _slot(wanted.until)


def _slot(moment: datetime | None) -> int | None:
    return None if moment is None else slot_of(moment)


def _is_whole(moment: datetime | None) -> bool:
    """Tell whether a moment begins a slot: before clocks were set by zones, midnight does not everywhere."""
    return moment is None or slot_start(slot_of(moment)) == moment


def _within(name: str, first: int | None, end: int | None) -> Q:
    asked = {f"{name}__gte": first, f"{name}__lt": end}
    return Q(**{lookup: value for lookup, value in asked.items() if value is not None})


def _edges(first: int | None, end: int | None, *, is_end: bool = False) -> Q:
    """Return the slots of a day that is not whole: before the first whole day, or, `is_end`, after the last."""
    if first is None or end is None:
        return Q()
    first, end = (first * SLOTS_A_DAY, end) if is_end else (first, end * SLOTS_A_DAY)
    return _within("slot", first, end) if first < end else Q()


def _sum(rows: QuerySet[LedgerDay] | QuerySet[LedgerSlot] | QuerySet[SpendSlot]) -> int:
    total: int = rows.aggregate(total=Sum("events"))["total"] or 0
    return total
