"""The runways of a workspace's agents, from one query of claims: the pace and test money are columns of it."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import SpendDay
from dashboard.activity.slots import day_of
from dashboard.agents.models import Claim
from dashboard.agents.selectors import claim_list, seen_since_column
from dashboard.credits.models import Receipt
from dashboard.credits.runway import Runway, runway_of, window_start


def runway_since(now: datetime) -> int:
    """Return the day number from which on the pace counts."""
    return day_of(window_start(now))


def runway_columns(since: int) -> dict[str, Combinable]:
    """Return what `runway_get` reads of each claim, to be annotated to a query of claims that is made anyway."""
    days = SpendDay.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"), day__gte=since)
    summed = days.order_by().values("agent").annotate(spent=Sum("credits_spent"), silent=Sum("untold"))
    return {
        "spent_in_window": Subquery(summed.values("spent")),
        "untold_in_window": Subquery(summed.values("silent")),
        "has_test_money": tested_money_column(),
        "seen_since": seen_since_column(),
    }


def tested_money_column() -> Exists:
    """Return whether some of the credits of each claim's agent were settled as a test, which is never money."""
    return Exists(Receipt.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"), live_money=False))


def runway_get(claim: Claim, *, now: datetime | None = None) -> Runway:
    """Return the runway of a claim that carries `runway_columns`; it asks the database nothing."""
    spent, untold = (getattr(claim, name, None) or 0 for name in ("spent_in_window", "untold_in_window"))
    has_test_money = bool(getattr(claim, "has_test_money", False))
    since: datetime = claim.seen_since  # type: ignore[attr-defined]
    now = now or timezone.now()
    return runway_of(claim, spent=spent, untold=untold, since=since, now=now, has_test_money=has_test_money)


def runway_list(workspace: Workspace | None = None) -> list[tuple[Claim, Runway]]:
    """Return the runway of each agent that a workspace holds now, or any workspace; in one query, for alerts.

    Each claim comes with its agent and workspace. `Runway.kind` says what is known, `is_short` whether it asks for the
    sponsor; `unknown` is no alarm, for its `why` says what keeps us from saying.
    """
    claims: QuerySet[Claim] = claim_list(workspace) if workspace else Claim.objects.filter(released_at=None)
    now = timezone.now()
    rows = claims.select_related("agent", "workspace").annotate(**runway_columns(runway_since(now))).order_by("pk")
    return [(claim, runway_get(claim, now=now)) for claim in rows.iterator(chunk_size=500)]
