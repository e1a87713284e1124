"""How old the figures of many agents are, as one stamp; read off claims that a page asks for anyway."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from dashboard.agents.models import Claim
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import is_stale, outage_columns


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


def age_columns() -> dict[str, Subquery]:
    """Return what `age_of` reads of each claim."""
    cursors = SyncCursor.objects.filter(stream=Stream.AGENT, subject_id=OuterRef("agent"))
    return {"synced_at": Subquery(cursors.values("synced_at")[:1]), **outage_columns()}


def age_of(claims: Iterable[Claim]) -> Age:
    """Return the age of what is known of these agents, whose claims carry `age_columns`."""
    told = [(claim.synced_at, claim.away_since, claim.asked_again_at) for claim in claims]  # type: ignore[attr-defined]
    read = [synced_at for synced_at, _, _ in told if synced_at]
    in_time = [synced_at for synced_at in read if not is_stale(synced_at)]
    return Age(
        as_of=min(in_time or read, default=None),
        late=len(told) - len(in_time) if in_time else 0,
        late_since=min(read, default=None),
        away_since=next((away for _, away, _ in told if away), None),
        asked_again_at=next((again for _, _, again in told if again), None),
    )
