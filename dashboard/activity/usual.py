"""Is today's spending more than usual? Today so far against the same hours of the days before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import F, Q, Sum
from django.utils import timezone

from dashboard.activity.models import SpendSlot
from dashboard.activity.slots import SLOTS_A_DAY, day_of, slot_of
from dashboard.agents.models import Claim
from dashboard.lib.spent import Spent

USUAL_DAYS = 28
# Fewer days than these say nothing of what is usual.
LEAST_DAYS = 7
# Beneath so many credits a day nothing is a spike, however rare spending is.
FLOOR_CREDITS = 20
SPIKE_TIMES = 3


NOTHING = Spent()


@dataclass(frozen=True)
class Usual:
    """Credits spent today (UTC) until now, and the median of the last USUAL_DAYS days until the same time of day.

    `days` says how many days of history the median is of: only those in which the agent was seen, and whose charges
    all tell their credits; `usual` None: too few to say. `untold`: so many charges of today tell none, so that at least
    `today` credits were spent. `times` compares with the median, taken as FLOOR_CREDITS at least.
    """

    today: int
    usual: int | None
    days: int
    untold: int = 0

    @property
    def times(self) -> float | None:
        return None if self.usual is None else self.today / max(self.usual, FLOOR_CREDITS)

    @property
    def is_spike(self) -> bool:
        return self.times is not None and self.times >= SPIKE_TIMES

    @property
    def is_said(self) -> bool:
        """Tell whether anybody can say that today is as usual, or more: what is not told may be a spike."""
        return self.is_spike or (self.usual is not None and not self.untold)


def usual_map(claims: Iterable[Claim], *, now: datetime | None = None) -> dict[int, Usual]:
    """Return by agent id how today's spending of each claimed agent compares; in one query, for alerts and pages.

    Claims carry `seen_since`. A day begins at 00:00 UTC, since a workspace has no time zone of its own.
    """
    held, now = {claim.agent_id: claim for claim in claims}, now or timezone.now()
    today, time = day_of(now), slot_of(now) % SLOTS_A_DAY
    spent = _spent_by_day(held, first=today - USUAL_DAYS, time=time)
    return {
        agent_id: _usual(spent[agent_id], today=today, since=day_of(claim.seen_since))  # type: ignore[attr-defined]
        for agent_id, claim in held.items()
    }


def _usual(spent: Mapping[int, Spent], *, today: int, since: int) -> Usual:
    """Of the day since which it is seen part is missing, so the next one counts first."""
    days = (spent.get(day, NOTHING) for day in range(max(since + 1, today - USUAL_DAYS), today))
    told = [day.credits for day in days if not day.untold]
    usual = round(median(told)) if len(told) >= LEAST_DAYS else None
    so_far = spent.get(today, NOTHING)
    return Usual(so_far.credits, usual, len(told), so_far.untold)


def _spent_by_day(held: Mapping[int, Claim], *, first: int, time: int) -> dict[int, dict[int, Spent]]:
    """Return what was spent each day until a time of day (a slot of it, included), by agent id and day."""
    workspaces = {claim.workspace_id for claim in held.values()}
    slots = SpendSlot.objects.filter(
        Q(credits_spent__gt=0) | Q(untold__gt=0),
        workspace__in=workspaces,
        agent__in=list(held),
        slot__gte=first * SLOTS_A_DAY,
    )
    upto = slots.annotate(time=F("slot") % SLOTS_A_DAY, day=F("slot") / SLOTS_A_DAY).filter(time__lte=time)
    days = upto.order_by().values_list("workspace", "agent", "day").annotate(Sum("credits_spent"), Sum("untold"))
    found: dict[int, dict[int, Spent]] = defaultdict(dict)
    for workspace, agent, day, *figures in days:
        # Whoever held it before has days of their own.
        if held[agent].workspace_id == workspace:
            found[agent][day] = Spent(*figures)
    return found
