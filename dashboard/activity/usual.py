"""Is today's spending more than usual? Today so far against the same hours of the days before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import F, Sum
from django.utils import timezone

from dashboard.activity.models import SpendSlot
from dashboard.activity.slots import SLOTS_A_DAY, day_of, slot_of
from dashboard.agents.models import Claim

USUAL_DAYS = 28
# Fewer days than these say nothing of what is usual.
LEAST_DAYS = 7
# Beneath so many credits a day nothing is a spike, however rare spending is.
FLOOR_CREDITS = 20
SPIKE_TIMES = 3


@dataclass(frozen=True)
class Usual:
    """Credits spent today (UTC) until now, and the median of the last USUAL_DAYS days until the same time of day.

    `days` says how many days of history the median is of: only those in which the agent was there; None: too few to
    say. `times` compares with the median, taken as FLOOR_CREDITS at least.
    """

    today: int
    usual: int | None
    days: int

    @property
    def times(self) -> float | None:
        return None if self.usual is None else self.today / max(self.usual, FLOOR_CREDITS)

    @property
    def is_spike(self) -> bool:
        return self.times is not None and self.times >= SPIKE_TIMES


def usual_map(claims: Iterable[Claim], *, now: datetime | None = None) -> dict[int, Usual]:
    """Return by agent id how today's spending of each claimed agent compares; in one query, for alerts and pages.

    Claims come with their agents. A day begins at 00:00 UTC, since a workspace has no time zone of its own.
    """
    held, now = {claim.agent_id: claim for claim in claims}, now or timezone.now()
    today, time = day_of(now), slot_of(now) % SLOTS_A_DAY
    spent = _spent_by_day(held, first=today - USUAL_DAYS, time=time)
    return {
        agent_id: _usual(spent[agent_id], today=today, since=day_of(claim.agent.registered_at or claim.claimed_at))
        for agent_id, claim in held.items()
    }


def _usual(spent: dict[int, int], *, today: int, since: int) -> Usual:
    """Of the day on which it began part is missing, so the next one counts first."""
    days = range(max(since + 1, today - USUAL_DAYS), today)
    told = [spent.get(day, 0) for day in days]
    usual = round(median(told)) if len(told) >= LEAST_DAYS else None
    return Usual(spent.get(today, 0), usual, len(told))


def _spent_by_day(held: Mapping[int, Claim], *, first: int, time: int) -> dict[int, dict[int, int]]:
    """Return the credits spent each day until a time of day (a slot of it, included), by agent id and day."""
    workspaces = {claim.workspace_id for claim in held.values()}
    slots = SpendSlot.objects.filter(
        workspace__in=workspaces, agent__in=list(held), slot__gte=first * SLOTS_A_DAY, credits_spent__gt=0
    )
    upto = slots.annotate(time=F("slot") % SLOTS_A_DAY, day=F("slot") / SLOTS_A_DAY).filter(time__lte=time)
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in upto.order_by().values("workspace", "agent", "day").annotate(spent=Sum("credits_spent")):
        # Whoever held it before has days of their own.
        if held[row["agent"]].workspace_id == row["workspace"]:
            found[row["agent"]][row["day"]] = row["spent"]
    return found
