"""The months of a workspace's ledger in the viewer's zone, how much is in each, and the place where each begins."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import LedgerDay, LedgerSlot
from dashboard.activity.slots import SLOTS_A_DAY, day_start_utc, slot_start
from dashboard.lib.paging import cursor_before

# Ten years; a broken clock could make any number of them.
MOST_MONTHS = 120


@dataclass(frozen=True)
class Month:
    """A month by its first day, how many events it has, and the cursor of the page that begins with its last one."""

    first: date
    events: int
    cursor: str


def month_list(workspace: Workspace) -> list[Month]:
    """Return the months that have events, the latest first, at most MOST_MONTHS; in two statements.

    Days lie in one month or the other; only of those in which one begins the slots are read.
    """
    days = dict(LedgerDay.objects.filter(workspace=workspace).order_by("-day").values_list("day", "events"))
    cut = [day for day in days if _month(day_start_utc(day)) != _month(slot_start((day + 1) * SLOTS_A_DAY - 1))]
    counted: Counter[date] = Counter()
    for day, events in days.items():
        if day not in cut:
            counted[_month(day_start_utc(day))] += events
    for slot, events in _slots(workspace, cut[: 2 * MOST_MONTHS]):
        counted[_month(slot_start(slot))] += events
    latest = sorted((first for first, events in counted.items() if events), reverse=True)[:MOST_MONTHS]
    return [Month(first, counted[first], cursor_before(_end(first))) for first in latest]


def _slots(workspace: Workspace, days: list[int]) -> Iterable[tuple[int, int]]:
    within = Q()
    for day in days:
        within |= Q(slot__gte=day * SLOTS_A_DAY, slot__lt=(day + 1) * SLOTS_A_DAY)
    return LedgerSlot.objects.filter(within, workspace=workspace).values_list("slot", "events") if days else ()


def _month(moment: datetime) -> date:
    return timezone.localtime(moment).date().replace(day=1)


def _end(first: date) -> datetime:
    """Return the moment in which the next month begins."""
    year, month = (first.year, first.month + 1) if first.month < 12 else (first.year + 1, 1)
    return datetime.combine(date(min(year, 9999), month, 1), time(0), tzinfo=timezone.get_current_timezone())
