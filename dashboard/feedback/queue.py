"""The queue: which clusters a reviewer wants to see, a page of them by weight, and how many stand in each list."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, cast

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from dashboard.accounts.models import User
from dashboard.feedback.deciding import clusters_seen_by, sees_private
from dashboard.feedback.models import Cluster, ClusterKey, Level, Place, State, Suggestion, Sureness
from dashboard.lib.paging import Page, page_get, page_onwards, rows_beyond
from dashboard.lib.prepared import Prepared

PAGE_SIZE = 50
# Of a word that is everywhere the newest so many are looked at: ordering all of them would grow with the table.
FOUND_AT_MOST = 500
# Up to so many clusters of a value are looked up by themselves.
RARE = 500
KEY_FACETS = ("surface", "agent", "command", "error_code")
COLUMN_FACETS = ("type", "severity", "confidence", "state")
FACETS = (*COLUMN_FACETS, *KEY_FACETS)
_SEARCH = {
    "sqlite": "SELECT rowid FROM feedback_search WHERE feedback_search MATCH %s ORDER BY rowid DESC LIMIT %s",
    "postgresql": (
        "SELECT cluster_id FROM feedback_clustertext WHERE to_tsvector('simple', text) @@ to_tsquery('simple', %s) "
        "ORDER BY cluster_id DESC LIMIT %s"
    ),
}


class View(NamedTuple):
    """A saved view: its word, and what stands in it; `mine` is of the reviewer who looks."""

    label: str
    places: tuple[Place, ...] = (Place.OPEN,)
    wanted: Q = Q()
    is_mine: bool = False


VIEWS = {
    "new": View("New", wanted=Q(state=State.NEW)),
    "mine": View("Mine", is_mine=True),
    "critical": View("Critical", wanted=Q(said_severity=Level.CRITICAL)),
    "regressed": View("Regressed", wanted=Q(state=State.REGRESSED)),
    "proof": View("Waiting for proof", wanted=Q(proofs_open__gt=0)),
    "answered": View("Answered", (Place.OPEN, Place.CLOSED), Q(answered_at__isnull=False)),
    "open": View("All open"),
    "asleep": View("Snoozed", (Place.ASLEEP,)),
    "closed": View("Closed", (Place.CLOSED,)),
    "muted": View("Muted", (Place.MUTED,)),
    "private": View("Private", (Place.PRIVATE,)),
}
FIRST_VIEW = "new"


@dataclass(frozen=True)
class QueueFilter:
    """What of the queue is wanted; an empty field asks for nothing. Levels are their words."""

    view: str = FIRST_VIEW
    text: str = ""
    type: str = ""
    severity: str = ""
    confidence: str = ""
    state: str = ""
    surface: str = ""
    agent: str = ""
    command: str = ""
    error_code: str = ""

    @property
    def narrowing(self) -> dict[str, str]:
        """Return the facets in use."""
        return {name: getattr(self, name) for name in FACETS if getattr(self, name)}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.narrowing)

    def without(self, name: str) -> "QueueFilter":
        return replace(self, **{name: ""})


class Line(NamedTuple):
    """All that the queue shows of a cluster, as plain values."""

    pk: int
    version: int
    title: str
    type: str
    state: str
    severity: int
    said_severity: int
    confidence: int
    report_count: int
    agent_count: int
    workspace_count: int
    is_instructing: bool
    proofs_open: int
    last_at: datetime
    ranks_at: datetime
    answered_at: datetime | None
    assignee__name: str | None
    assignee__email: str | None
    hold__user__name: str | None
    hold__seen_at: datetime | None
    is_like_another: bool


# What a filter asks for as the database has it, by what it narrows: words to search for, a facet's value or level.
Asked = dict[str, str | int]
LEVELS = {
    "severity": dict(zip(Level.labels, Level.values, strict=True)),
    "confidence": dict(zip(Sureness.labels, Sureness.values, strict=True)),
}


def queue_page(wanted: QueueFilter, *, user: User, cursor: str) -> Page[Line]:
    """Return a page of clusters, the heaviest first; forth by a query put together once for each way to narrow."""
    view, asked = VIEWS[wanted.view], _asked(wanted)
    # Levels are small numbers, for which a prepared query has no stand-in.
    if _is_plain(view) and all(asked.values()) and asked.keys().isdisjoint(LEVELS):
        read = _onwards(wanted.view, tuple(asked), _frequent(asked))
        page = page_onwards(cursor, lambda at, pk: read(at=at, pk=pk, **asked), by="ranks_at", size=PAGE_SIZE)
        if page:
            return page
    branches = [Q(place=place) for place in view.places] if len(view.places) > 1 and not asked else []
    lines = _lines(clusters_wanted(wanted, user))
    return page_get(lines, by="ranks_at", cursor=cursor, size=PAGE_SIZE, branches=branches)


def clusters_wanted(wanted: QueueFilter, user: User) -> QuerySet[Cluster]:
    """Return what a filter finds among what this reviewer may know of."""
    view, asked = VIEWS[wanted.view], _asked(wanted)
    if Place.PRIVATE in view.places and not sees_private(user):
        return Cluster.objects.none()
    clusters = _narrowed(_in_view(view), asked, _frequent(asked))
    return clusters.filter(assignee=user) if view.is_mine else clusters


def _asked(wanted: QueueFilter) -> Asked:
    asked: Asked = {
        name: LEVELS[name].get(value, 0) if name in LEVELS else value for name, value in wanted.narrowing.items()
    }
    return asked | {"text": _words_asked(wanted.text)} if wanted.text else asked


def _words_asked(text: str) -> str:
    """Return the search for clusters whose words begin with all of these; empty for a text without a word."""
    # Letters and digits alone are left, so that neither database reads an operator of its own in them.
    words = re.findall(r"[^\W_]+", text.casefold())[:12]
    if connection.vendor == "postgresql":
        return " & ".join(f"{word}:*" for word in words)
    return " ".join(f'"{word}"*' for word in words)


def _frequent(asked: Asked) -> tuple[str, ...]:
    """Return the facets in use whose value many clusters have."""
    return tuple(name for name in KEY_FACETS if name in asked and _beyond(RARE)(name=name, value=asked[name]))


@lru_cache
def _beyond(number: int) -> Prepared[tuple[int]]:
    """Return the query of the one that comes after so many clusters of a value."""
    return Prepared(lambda name, value: _having(name, value).order_by("cluster").values_list("pk")[number : number + 1])


def _having(name: str, value: str | int) -> QuerySet[ClusterKey]:
    return ClusterKey.objects.filter(name=name, value=value)


def _in_view(view: View) -> QuerySet[Cluster]:
    # One place by itself: an index gives its rows in the order of their weight.
    of_places = Q(place=view.places[0]) if len(view.places) == 1 else Q(place__in=view.places)
    return Cluster.objects.filter(of_places, view.wanted)


def _narrowed(clusters: QuerySet[Cluster], asked: Asked, frequent: tuple[str, ...]) -> QuerySet[Cluster]:
    """Return what is asked for: of a value that few clusters have they are looked up; of many, each is asked."""
    for name, value in asked.items():
        if name == "text":
            clusters = clusters.filter(pk__in=_found_by(value)) if value else clusters.none()
        elif name in COLUMN_FACETS:
            clusters = clusters.filter(**{name: value})
        elif name in frequent:
            clusters = clusters.filter(Exists(_having(name, value).filter(cluster=OuterRef("pk"))))
        else:
            clusters = clusters.filter(pk__in=_having(name, value).values("cluster"))
    return clusters


def _found_by(words: str | int) -> RawSQL:
    """Return the numbers of the newest clusters that a search finds; for `pk__in`."""
    return RawSQL(_SEARCH[connection.vendor], [words, FOUND_AT_MOST])  # noqa: S611 - its texts are ours alone


def _lines(clusters: QuerySet[Cluster]) -> QuerySet[Cluster, Line]:
    alike = Suggestion.objects.filter(cluster=OuterRef("pk"), verdict=Suggestion.Verdict.OPEN)
    rows = clusters.annotate(is_like_another=Exists(alike))
    return cast("QuerySet[Cluster, Line]", rows.values_list(*Line._fields, named=True))


def _is_plain(view: View) -> bool:
    """Tell whether every reviewer sees a view alike, in one place."""
    return len(view.places) == 1 and not view.is_mine and Place.PRIVATE not in view.places


@lru_cache(maxsize=200)
def _onwards(view: str, _names: tuple[str, ...], frequent: tuple[str, ...]) -> Prepared[Line]:
    """Return the query of the next rows of a view that is narrowed by what has these names."""

    def build(at: datetime, pk: int, **asked: str | int) -> QuerySet[Cluster, Line]:
        clusters = _narrowed(_in_view(VIEWS[view]), asked, frequent)
        return rows_beyond(_lines(clusters), by="ranks_at", at=at, pk=pk)[: PAGE_SIZE + 1]

    # How many have a frequent value decides where to look first; of words it is always the index of words.
    return Prepared(build, planned_once=not frequent)


def visible_views(user: User) -> dict[str, View]:
    """Return the views that this reviewer has."""
    return {name: view for name, view in VIEWS.items() if name != "private" or sees_private(user)}


def neighbours(cluster: Cluster, user: User) -> QuerySet[Cluster]:
    """Return the clusters that this one looks like, or that look like it, as this reviewer may know them."""
    of_it = Suggestion.objects.filter(cluster=cluster, verdict=Suggestion.Verdict.OPEN).values("like")
    to_it = Suggestion.objects.filter(like=cluster, verdict=Suggestion.Verdict.OPEN).values("cluster")
    return clusters_seen_by(user).filter(Q(pk__in=of_it) | Q(pk__in=to_it))
