"""What has come to the ledger since a page was drawn, whenever it happened: by the order in which we learned of it."""

from typing import NamedTuple

from django.db.models import Exists, Max, OuterRef, QuerySet, Subquery, Sum

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, LedgerDay
from dashboard.lib.prepared import Prepared

# A page says "more than" beyond this.
MOST_ARRIVALS = 99
# Of what came to any workspace only so many are looked at: a page may stay open for days.
LOOKED_AT = 10_000


class Extent(NamedTuple):
    """How many events a workspace has, and the number of the newest that is here, of all workspaces."""

    events: int
    newest: int


def extent_get(workspace: Workspace) -> Extent:
    """Return how much there is, in one statement; of an empty ledger everything that comes is new."""
    for events, newest in _extents(workspace=workspace.pk):
        return Extent(events, newest or 0)
    return Extent(0, 0)


def _extent(workspace: int) -> QuerySet[LedgerDay, tuple[int, int | None]]:
    newest = Event.objects.order_by("-pk").values("pk")[:1]
    counted = LedgerDay.objects.filter(workspace=workspace).order_by().values("workspace")
    return counted.annotate(counted=Sum("events"), newest=Subquery(newest)).values_list("counted", "newest")


_extents: Prepared[tuple[int, int | None]] = Prepared(_extent)


def newest_known() -> int:
    """Return the number of the newest event that is here, of all workspaces; 0: there is none."""
    newest: int | None = Event.objects.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


def arrival_count(events: QuerySet[Event], *, after: int) -> int:
    """Return how many of these events came after the one of that number, counted to one above MOST_ARRIVALS.

    What is new is walked and each looked up among `events`: any index of theirs would be walked whole.
    """
    newest = newest_known()
    if newest <= after:
        return 0
    new = Event.objects.filter(Exists(events.filter(pk=OuterRef("pk"))), pk__gt=max(after, newest - LOOKED_AT))
    return new.order_by("pk")[: MOST_ARRIVALS + 1].count()
