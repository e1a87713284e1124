"""How the desk does: what comes in, how soon it is looked at and decided, how much is open, who does it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.chart import Bar, trend_points
from dashboard.feedback.deciding import clusters_seen_by
from dashboard.feedback.models import Change, Cluster, ClusterKey, DayMark, Level, Report, State
from dashboard.lib.presentation import span_text

DAYS = 30
ROWS = 8
SAMPLE = 1_000


class Speed(NamedTuple):
    """Of one surface or severity: how many came in, and how long first look and decision took (None: not yet)."""

    name: str
    clusters: int
    to_look: timedelta | None
    to_decide: timedelta | None

    @property
    def look_text(self) -> str:
        return took_text(self.to_look)

    @property
    def decide_text(self) -> str:
        return took_text(self.to_decide)


class Worker(NamedTuple):
    """What one reviewer did in the span: decisions, answers, merges."""

    name: str
    decided: int
    answered: int
    merged: int


class Day(NamedTuple):
    day: date
    reports: int
    open_count: int | None
    weight: float | None


@dataclass(frozen=True)
class Insight:
    """Everything of the page, over the last DAYS days (UTC)."""

    days: list[Day]
    volume: list[Bar]
    weights: list[Bar]
    to_look: timedelta | None
    to_decide: timedelta | None
    by_severity: list[Speed]
    by_surface: list[Speed]
    regressions: list[Cluster]
    workers: list[Worker]

    @property
    def look_text(self) -> str:
        return took_text(self.to_look)

    @property
    def decide_text(self) -> str:
        return took_text(self.to_decide)

    @property
    def reports(self) -> int:
        return sum(day.reports for day in self.days)


def took_text(span: timedelta | None) -> str:
    """Return a length of time in words; a dash while nothing has got there."""
    return span_text(int(span.total_seconds())) if span is not None else "\N{EN DASH}"


def insight_get(user: User) -> Insight:
    """Return how the desk did lately, over what this reviewer may know of."""
    since = timezone.now() - timedelta(days=DAYS)
    recent = clusters_seen_by(user).filter(first_at__gte=since)
    days = _days()
    return Insight(
        days=days,
        volume=trend_points([day.reports for day in days]),
        weights=trend_points([round((day.weight or 0) * 10) for day in days]),
        to_look=_median(recent, "looked_at"),
        to_decide=_median(recent, "decided_at"),
        by_severity=_by_severity(recent),
        by_surface=_by_surface(recent),
        regressions=list(clusters_seen_by(user).filter(state=State.REGRESSED).order_by("-ranks_at", "-pk")[:ROWS]),
        workers=_workers(),
    )


def _days() -> list[Day]:
    today = timezone.now().date()
    since = timezone.now() - timedelta(days=DAYS)
    counted = Report.objects.filter(created_at__gte=since).order_by().annotate(day=TruncDate("created_at"))
    reports = dict(counted.values_list("day").annotate(Count("pk")))
    marks = {mark.day: mark for mark in DayMark.objects.filter(day__gte=since.date())}
    days = []
    for ago in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=ago)
        mark = marks.get(day)
        told = (mark.open_count, mark.weight / 10) if mark else (None, None)
        days.append(Day(day, reports.get(day, 0), *told))
    return days


def _median(recent: QuerySet[Cluster], until: str) -> timedelta | None:
    """Return the middle of how long it took, of the latest SAMPLE that got there."""
    reached = recent.exclude(**{until: None}).order_by("-pk").values_list("first_at", until)[:SAMPLE]
    spans = [max(end - start, timedelta()) for start, end in reached]
    return median(spans) if spans else None


def _took(until: str) -> Avg:
    span = ExpressionWrapper(F(until) - F("first_at"), output_field=DurationField())
    return Avg(span, filter=Q(**{f"{until}__isnull": False}))


def _by_severity(recent: QuerySet[Cluster]) -> list[Speed]:
    spans = {"to_look": _took("looked_at"), "to_decide": _took("decided_at")}
    rows = recent.order_by().values_list("severity").annotate(Count("pk"), **spans)
    return _speeds((str(Level(level).label), *figures) for level, *figures in rows.order_by("-severity"))


def _by_surface(recent: QuerySet[Cluster]) -> list[Speed]:
    keys = ClusterKey.objects.filter(name=ClusterKey.Name.SURFACE, cluster__in=recent.values("pk")).order_by()
    spans = {
        name: Avg(
            ExpressionWrapper(F(f"cluster__{name}") - F("cluster__first_at"), output_field=DurationField()),
            filter=Q(**{f"cluster__{name}__isnull": False}),
        )
        for name in ("looked_at", "decided_at")
    }
    rows = keys.values_list("value").annotate(Count("pk"), **spans)
    return sorted(_speeds(rows), key=lambda one: -one.clusters)[:ROWS]


def _speeds(rows: Iterable[tuple[object, ...]]) -> list[Speed]:
    return [Speed(*row) for row in rows]  # type: ignore[arg-type]


def _workers() -> list[Worker]:
    since = timezone.now() - timedelta(days=DAYS)
    done = Change.objects.filter(at__gte=since, by__isnull=False, undone_by=None).order_by()
    decisions = Q(kind__in=(Change.Kind.STATE, Change.Kind.PRIVATE))
    rows = done.values_list("by__name", "by__email").annotate(
        decided=Count("pk", filter=decisions),
        answered=Count("pk", filter=Q(kind=Change.Kind.ANSWERED)),
        merged=Count("press", filter=Q(kind=Change.Kind.MERGED), distinct=True),
    )
    rows = rows.exclude(decided=0, answered=0, merged=0).order_by("-decided", "by__email")[:20]
    return [Worker(name or email, decided, answered, merged) for name, email, decided, answered, merged in rows]
