"""How many clusters stand in each view and behind each value of a facet.

Counting walks all of them, so counts are remembered for what they were counted over until something changes: every
decision is a row of history and every arrival a report, so the newest of both tells. While reports pour in they may be
`KEPT_SECONDS` old; a reviewer's own press has them counted anew.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet, Subquery
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.deciding import sees_private
from dashboard.feedback.models import Change, Cluster, ClusterKey, Intake, Level, MutedSource, Report, Sureness
from dashboard.feedback.queue import COLUMN_FACETS, KEY_FACETS, QueueFilter, View, clusters_wanted, visible_views
from dashboard.lib.prepared import Prepared

KEPT_SECONDS = 15
MOST_KEPT = 200
VALUES_SHOWN = 8
Mark = tuple[int | None, int | None, int | None, int | None]
Asked = tuple[QueueFilter, int, bool]


class Value(NamedTuple):
    """One value of a facet and how many clusters have it."""

    text: str
    clusters: int


class Counts(NamedTuple):
    """`views` by name; `facets` by name, the most frequent values first."""

    views: dict[str, int]
    facets: dict[str, tuple[Value, ...]]


class Standing(NamedTuple):
    """How far the intake is: when it was last complete, and what is the newest of everything."""

    complete_at: datetime | None
    mark: Mark


# In this process's memory: the database's mark says whether they hold, so nobody has to forget them elsewhere.
COUNTED: dict[Asked, tuple[Mark, datetime, Counts]] = {}


def standing_get() -> Standing:
    """Return the intake's age and the mark of the latest change, in one statement."""
    for complete_at, *mark in _standing():
        return Standing(complete_at, (mark[0], mark[1], mark[2], mark[3]))
    return Standing(None, (None,) * 4)


def _newest() -> QuerySet[Intake, tuple[datetime | None, int | None, int | None, int | None, int | None]]:
    muted = MutedSource.objects.order_by().annotate(all=F("pk") - F("pk")).values("all")
    newest = {
        "change": Subquery(Change.objects.order_by("-pk").values("pk")[:1]),
        "report": Subquery(Report.objects.order_by("-pk").values("pk")[:1]),
        "muted": Subquery(MutedSource.objects.order_by("-pk").values("pk")[:1]),
        "muted_count": Subquery(muted.annotate(n=Count("pk")).values("n")),
    }
    return Intake.objects.annotate(**newest).values_list("complete_at", *newest).order_by("pk")[:1]


_standing = Prepared(_newest)


def counts_get(wanted: QueueFilter, user: User, mark: Mark) -> Counts:
    """Return the counts for a filter, counted now or since nothing changed."""
    key = (wanted, user.pk, sees_private(user))
    kept = COUNTED.get(key)
    if kept:
        kept_mark, at, counts = kept
        is_recent = (timezone.now() - at).total_seconds() < KEPT_SECONDS
        if kept_mark == mark or (is_recent and kept_mark[0] == mark[0]):
            return counts
    counts = Counts(_views(user), _facets(wanted, user))
    COUNTED[key] = (mark, timezone.now(), counts)
    if len(COUNTED) > MOST_KEPT:
        # The one that was counted first; another thread may have been quicker.
        COUNTED.pop(next(iter(COUNTED)), None)
    return counts


def _views(user: User) -> dict[str, int]:
    """Count every view in one walk."""
    asked = {name: Count("pk", filter=_of_view(view, user)) for name, view in visible_views(user).items()}
    return Cluster.objects.aggregate(**asked)


def _of_view(view: View, user: User) -> Q:
    of_view = Q(place__in=view.places) & view.wanted
    return of_view & Q(assignee=user) if view.is_mine else of_view


def _facets(wanted: QueueFilter, user: User) -> dict[str, tuple[Value, ...]]:
    """Count the values of each facet over what the filter finds."""
    found = clusters_wanted(wanted, user).order_by()
    facets: dict[str, tuple[Value, ...]] = {}
    seen: dict[str, dict[str, int]] = {name: {} for name in COLUMN_FACETS}
    for *values, count in found.values_list(*COLUMN_FACETS).annotate(Count("pk")):
        for name, value in zip(COLUMN_FACETS, values, strict=True):
            word = _word(name, value)
            seen[name][word] = seen[name].get(word, 0) + count
    for name in COLUMN_FACETS:
        facets[name] = _most((Value(value, count) for value, count in seen[name].items() if value))
    keys = ClusterKey.objects.filter(name__in=KEY_FACETS, cluster__in=found.values("pk")).order_by()
    told: dict[str, list[Value]] = {name: [] for name in KEY_FACETS}
    for name, value, count in keys.values_list("name", "value").annotate(Count("pk")):
        told[name].append(Value(value, count))
    return facets | {name: _most(values) for name, values in told.items()}


def _word(name: str, value: object) -> str:
    if isinstance(value, int):
        return str((Level if name == "severity" else Sureness)(value).label)
    return str(value)


def _most(values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(sorted(values, key=lambda one: (-one.clusters, one.text))[:VALUES_SHOWN])
