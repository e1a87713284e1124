"""A cluster's columns that follow from its reports: counts, severity, rank, place; and what wakes or reopens it."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q

from dashboard.feedback.history import change_record
from dashboard.feedback.models import OPEN_STATES, Change, Cluster, Place, State
from dashboard.feedback.weight import ranks_at, severity_of


class _Source(NamedTuple):
    """One agent's part of a cluster."""

    agent: str
    workspace: int | None
    is_muted: bool
    reports: int
    severity: int
    said: int
    sureness: int
    instructing: int
    first_at: datetime
    last_at: datetime


def place_of(cluster: Cluster, *, is_muted: bool) -> Place:
    """Return the list in which a cluster stands; what hides it more comes first."""
    if cluster.merged_into_id:
        return Place.MERGED
    if cluster.is_private:
        return Place.PRIVATE
    if is_muted:
        return Place.MUTED
    if cluster.snoozed_until or cluster.snoozed_reports or cluster.snoozed_agents:
        return Place.ASLEEP
    return Place.OPEN if cluster.state in OPEN_STATES else Place.CLOSED


def cluster_reckon(cluster: Cluster, *, now: datetime) -> None:
    """Set what follows from the cluster's reports, and save it; its row is locked by the caller.

    One that was merged away has none and keeps the figures that it had.
    """
    sources = list(_sources(cluster))
    heard = [source for source in sources if not source.is_muted]
    counted = heard or sources
    if counted:
        _figures(cluster, counted)
        cluster.ranks_at = ranks_at(
            severity=cluster.severity,
            confidence=cluster.confidence,
            agents=cluster.agent_count,
            last_at=min(cluster.last_at, now),
        )
        _wake_if_enough(cluster)
    cluster.place = place_of(cluster, is_muted=bool(sources) and not heard)
    cluster.save()


def cluster_wake(cluster: Cluster, *, reason: str) -> None:
    """Let a cluster stand in the queue again; not saved."""
    cluster.snoozed_until = cluster.snoozed_reports = cluster.snoozed_agents = None
    cluster.version += 1
    change_record(cluster, Change.Kind.WOKEN, by=None, why=reason)


def cluster_regress_if_reported(cluster: Cluster, reported_at: Iterable[datetime]) -> None:
    """Open a cluster again that was done before one of these reports was made; not saved."""
    done_at = cluster.decided_at
    if cluster.state != State.DONE or done_at is None or not any(at > done_at for at in reported_at):
        return
    cluster.state, cluster.decided_at = State.REGRESSED, None
    cluster.version += 1
    change_record(
        cluster,
        Change.Kind.STATE,
        by=None,
        why="It was done, and an agent reported it again.",
        before={"state": State.DONE.value},
        after={"state": State.REGRESSED.value},
    )


def _sources(cluster: Cluster) -> Iterable[_Source]:
    rows = cluster.reports.order_by().values_list("agent_remote_id", "workspace_id", "is_muted")
    figures = {
        "reports": Count("pk"),
        "counted": Max("severity_counted"),
        "said": Max("severity_said"),
        "sure": Max("sureness"),
        "instructing": Count("pk", filter=~Q(instructs=[])),
        "first": Min("created_at"),
        "last": Max("created_at"),
    }
    return map(_Source._make, rows.annotate(**figures))


def _figures(cluster: Cluster, sources: list[_Source]) -> None:
    cluster.report_count = sum(source.reports for source in sources)
    cluster.agent_count = len({source.agent for source in sources})
    cluster.workspace_count = len({source.workspace for source in sources if source.workspace})
    cluster.severity = severity_of((source.agent, source.severity) for source in sources)
    cluster.said_severity = max(source.said for source in sources)
    cluster.confidence = max(source.sureness for source in sources)
    cluster.is_instructing = any(source.instructing for source in sources)
    cluster.first_at = min(source.first_at for source in sources)
    cluster.last_at = max(source.last_at for source in sources)


def _wake_if_enough(cluster: Cluster) -> None:
    if cluster.snoozed_reports and cluster.report_count >= cluster.snoozed_reports:
        cluster_wake(cluster, reason=f"{cluster.report_count} reports have come together.")
    elif cluster.snoozed_agents and cluster.agent_count >= cluster.snoozed_agents:
        cluster_wake(cluster, reason=f"{cluster.agent_count} agents report it now.")
