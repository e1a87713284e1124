"""How old the figures of many agents are, as one stamp."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.selectors import claim_list
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import STALE_AFTER, outage_columns


@dataclass(frozen=True)
class Age:
    """`as_of`: the oldest reading of the agents that are read in time, or if none is, of all. `late` are the others,
    the oldest of them read at `late_since` (None: never)."""

    as_of: datetime | None
    late: int
    late_since: datetime | None
    # Of an outage of the service: since when, and when it is asked again.
    away_since: datetime | None
    asked_again_at: datetime | None


def age_get(workspace: Workspace, *, agent: str = "") -> Age:
    """Return the age of what is known of the agents held now, or of one of them (its remote id); one query."""
    claims = claim_list(workspace).select_related(None)
    mine = (claims.filter(agent__remote_id=agent) if agent else claims).order_by().values("agent")
    latest = timezone.now() - STALE_AFTER
    cursors = SyncCursor.objects.filter(stream=Stream.AGENT, subject_id__in=mine).annotate(**outage_columns())
    told = cursors.aggregate(
        fresh=Min("synced_at", filter=Q(synced_at__gt=latest)),
        oldest=Min("synced_at"),
        late=Count("pk", filter=Q(synced_at__lte=latest) | Q(synced_at=None)),
        away=Max("away_since"),
        again=Max("asked_again_at"),
    )
    late = told["late"] if told["fresh"] else 0
    return Age(told["fresh"] or told["oldest"], late, told["oldest"], told["away"], told["again"])
