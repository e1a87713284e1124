"""The queue: which clusters a reviewer wants to see, a page of them by weight, and how many stand in each list."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
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


def queue_page(wanted: QueueFilter, *, user: User, cursor: str) -> Page[Line]:
    """Return a page of clusters, the heaviest first; of a whole view by a query put together once."""
    if wanted == QueueFilter(wanted.view) and wanted.view in _onwards:
        read = _onwards[wanted.view]
        page = page_onwards(cursor, lambda at, pk: read(at=at, pk=pk), by="ranks_at", size=PAGE_SIZE)
        if page:
            return page
    places = VIEWS[wanted.view].places
    branches = [Q(place=place) for place in places] if len(places) > 1 and not wanted.is_narrowed else []
    lines = _lines(clusters_wanted(wanted, user))
    return page_get(lines, by="ranks_at", cursor=cursor, size=PAGE_SIZE, branches=branches)


def _lines(clusters: QuerySet[Cluster]) -> QuerySet[Cluster, Line]:
    alike = Suggestion.objects.filter(cluster=OuterRef("pk"), verdict=Suggestion.Verdict.OPEN)
    rows = clusters.annotate(is_like_another=Exists(alike))
    return cast("QuerySet[Cluster, Line]", rows.values_list(*Line._fields, named=True))


def _onwards_in(view: View) -> Prepared[Line]:
    """Return the query of the next rows of a view that every reviewer sees alike, in one place."""

    def build(at: datetime, pk: int) -> QuerySet[Cluster, Line]:
        clusters = Cluster.objects.filter(Q(place=view.places[0]), view.wanted)
        return rows_beyond(_lines(clusters), by="ranks_at", at=at, pk=pk)[: PAGE_SIZE + 1]

    return Prepared(build)


_onwards = {
    name: _onwards_in(view)
    for name, view in VIEWS.items()
    if len(view.places) == 1 and not view.is_mine and Place.PRIVATE not in view.places
}


def clusters_wanted(wanted: QueueFilter, user: User) -> QuerySet[Cluster]:
    """Return what a filter finds among what this reviewer may know of."""
    view = VIEWS[wanted.view]
    # One place by itself: an index gives its rows in the order of their weight.
    of_places = Q(place=view.places[0]) if len(view.places) == 1 else Q(place__in=view.places)
    clusters = Cluster.objects.filter(of_places, view.wanted)
    if Place.PRIVATE in view.places and not sees_private(user):
        return clusters.none()
    if view.is_mine:
        clusters = clusters.filter(assignee=user)
    clusters = clusters.filter(_columns_wanted(wanted))
    for name in KEY_FACETS:
        if value := getattr(wanted, name):
            clusters = clusters.filter(_has_key(name, value))
    return clusters.filter(pk__in=found_by(wanted.text)) if wanted.text else clusters


def _has_key(name: str, value: str) -> Q | Exists:
    """Return the condition that a cluster has a value: of few clusters they are looked up; of many, each is asked."""
    having = ClusterKey.objects.filter(name=name, value=value)
    is_rare = having[: RARE + 1].count() <= RARE
    return Q(pk__in=having.values("cluster")) if is_rare else Exists(having.filter(cluster=OuterRef("pk")))


def _columns_wanted(wanted: QueueFilter) -> Q:
    used = Q()
    if wanted.type:
        used &= Q(type=wanted.type)
    if wanted.state:
        used &= Q(state=wanted.state)
    if wanted.severity:
        used &= Q(severity=dict(zip(Level.labels, Level.values, strict=True)).get(wanted.severity, 0))
    if wanted.confidence:
        used &= Q(confidence=dict(zip(Sureness.labels, Sureness.values, strict=True)).get(wanted.confidence, 0))
    return used


def found_by(text: str) -> RawSQL:
    """Return the numbers of the newest clusters whose words begin with all of these; for `pk__in`."""
    words = re.findall(r"[^\W_]+", text.casefold())[:12]
    # Letters and digits alone are left, so that neither database reads an operator of its own in them.
    if connection.vendor == "postgresql":
        asked = " & ".join(f"{word}:*" for word in words)
    else:
        asked = " ".join(f'"{word}"*' for word in words)
    if not words:
        return RawSQL("SELECT NULL WHERE 1 = 0", [])
    return RawSQL(_SEARCH[connection.vendor], [asked, FOUND_AT_MOST])  # noqa: S611 - its texts are ours alone


def visible_views(user: User) -> dict[str, View]:
    """Return the views that this reviewer has."""
    return {name: view for name, view in VIEWS.items() if name != "private" or sees_private(user)}


def neighbours(cluster: Cluster, user: User) -> QuerySet[Cluster]:
    """Return the clusters that this one looks like, or that look like it, as this reviewer may know them."""
    of_it = Suggestion.objects.filter(cluster=cluster, verdict=Suggestion.Verdict.OPEN).values("like")
    to_it = Suggestion.objects.filter(like=cluster, verdict=Suggestion.Verdict.OPEN).values("cluster")
    return clusters_seen_by(user).filter(Q(pk__in=of_it) | Q(pk__in=to_it))
