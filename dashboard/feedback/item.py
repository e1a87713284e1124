"""Everything about one cluster that its page shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Agent
from dashboard.feedback.deciding import clusters_seen_by
from dashboard.feedback.evidence import Evidence, charged_count, evidence_of
from dashboard.feedback.models import Change, Cluster, Hold, Proof, Report, Suggestion
from dashboard.feedback.queue import neighbours
from dashboard.feedback.rows import HELD_FOR

REPORTS_SHOWN, HISTORY_SHOWN, TREND_DAYS = 50, 50, 30


@dataclass(frozen=True)
class Item:
    """One cluster whole. `lead` is the report that stands for it; `names` are those of linked agents by remote id."""

    cluster: Cluster
    lead: Report
    reports: list[Report]
    names: dict[str, str]
    evidence: Evidence
    charged: tuple[int, int]
    proofs: list[Proof]
    alike: list[Cluster]
    changes: list[Change]
    trend: list[int]
    hold: Hold | None

    @property
    def more_reports(self) -> int:
        return max(self.cluster.report_count - len(self.reports), 0)


def cluster_get(user: User, cluster_id: int) -> Cluster:
    """Return a cluster that this reviewer may know of; raises Http404 alike for private and not there."""
    found = clusters_seen_by(user).select_related("assignee", "merged_into").filter(pk=cluster_id).first()
    if found is None:
        raise Http404
    return found


def item_get(cluster: Cluster, *, user: User, report_id: str = "") -> Item:
    """Return a cluster with all that belongs to it; `report_id` chooses which of its reports leads."""
    reports = list(cluster.reports.order_by("-created_at", "-pk")[:REPORTS_SHOWN])
    lead = _lead(cluster, report_id)
    agents = {report.agent_remote_id for report in [*reports, lead]}
    hold = Hold.objects.select_related("user").filter(pk=cluster.pk, seen_at__gt=timezone.now() - HELD_FOR).first()
    return Item(
        cluster=cluster,
        lead=lead,
        reports=reports,
        names={one.remote_id: one.display_name for one in Agent.objects.filter(remote_id__in=agents)},
        evidence=evidence_of(lead),
        charged=charged_count(cluster),
        proofs=list(cluster.proofs.select_related("done_by").order_by("pk")),
        alike=list(neighbours(cluster, user).exclude(pk=cluster.pk)[:10]),
        changes=list(cluster.changes.select_related("by").order_by("-pk")[:HISTORY_SHOWN]),
        trend=_trend(cluster),
        hold=hold,
    )


def _lead(cluster: Cluster, report_id: str) -> Report:
    """Return the chosen report, else the oldest with text, else any; one that was merged away shows what it had."""
    of_it = cluster.reports.order_by("-has_text", "created_at", "pk")
    chosen = of_it.filter(remote_id=report_id[:200]).first() if report_id else None
    lead = chosen or of_it.first()
    if lead is None:
        moved = Report.objects.filter(moves__source=cluster).order_by("-has_text", "created_at", "pk")
        lead = moved.first()
    if lead is None:
        raise Http404
    return lead


def _trend(cluster: Cluster) -> list[int]:
    """Return reports by day (UTC), the last of TREND_DAYS being today."""
    today = timezone.now().date()
    since = timezone.now() - timedelta(days=TREND_DAYS)
    counted = cluster.reports.filter(created_at__gt=since).order_by().annotate(day=TruncDate("created_at"))
    days = dict(counted.values_list("day").annotate(Count("pk")))
    return [days.get(today - timedelta(days=ago), 0) for ago in range(TREND_DAYS - 1, -1, -1)]


def hold_take(cluster: Cluster, user: User) -> None:
    """Say that a reviewer looks at a cluster, unless somebody else does; renewed while the page is open."""
    now = timezone.now()
    held = Hold.objects.filter(pk=cluster.pk).first()
    if held is not None and held.user_id != user.pk and _is_fresh(held, now):
        return
    since = held.since if held and held.user_id == user.pk and _is_fresh(held, now) else now
    Hold.objects.update_or_create(pk=cluster.pk, defaults={"user": user, "since": since, "seen_at": now})
    Cluster.objects.filter(pk=cluster.pk, looked_at=None).update(looked_at=now)


def _is_fresh(hold: Hold, now: datetime) -> bool:
    return now - hold.seen_at < HELD_FOR


def suggestion_list(user: User, *, limit: int) -> list[Suggestion]:
    """Return what looks alike, the likest first, as far as this reviewer may know both sides."""
    seen = clusters_seen_by(user).values("pk")
    open_ones = Suggestion.objects.filter(verdict=Suggestion.Verdict.OPEN, cluster__in=seen, like__in=seen)
    return list(open_ones.select_related("cluster", "like").order_by("-score", "-pk")[:limit])
