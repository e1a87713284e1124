"""What comes in: reports with their text, and what the ledger tells of them; the same thing twice changes nothing.

Runs inside the caller's transaction, with the cursor that leads on: a crash leaves either both or neither. The intake's
row is the lock, so that a report is made once whoever tells of it first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from api_client import OperatorFeedback
from dashboard.agents.models import Claim
from dashboard.feedback.arrival import report_columns
from dashboard.feedback.history import change_record
from dashboard.feedback.keys import keys_add
from dashboard.feedback.models import Change, Cluster, Intake, Level, MutedSource, Report
from dashboard.feedback.standing import cluster_reckon, cluster_regress_if_reported
from dashboard.feedback.weight import LOUD_A_DAY, ranks_at

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Whose:
    """Whose a report is, as the service says; `workspace_id` where one of ours holds the agent."""

    agent_remote_id: str
    organization_id: str
    workspace_id: int | None


def intake_lock() -> Intake:
    """Return the intake's row, locked until the transaction ends.

    Whoever moves reports or their text takes it first: what comes in meanwhile must find them where they lie then.
    """
    Intake.objects.get_or_create(pk=1)
    return Intake.objects.select_for_update().get(pk=1)


def reports_apply(records: Sequence[OperatorFeedback], *, at: datetime) -> int:
    """Write down reports as the service told them at a moment; return how many are new to us."""
    latest = {record.feedback_id: record for record in records}
    known = {one.remote_id: one for one in Report.objects.select_for_update().filter(remote_id__in=latest)}
    holders = _holders(record.agent_id for record in latest.values())
    fresh, filled = [], []
    for remote_id, record in latest.items():
        columns = report_columns(record)
        report = known.get(remote_id)
        if report is None:
            whose = Whose(record.agent_id, record.organization_id[:200], holders.get(record.agent_id))
            fresh.append(report_make(remote_id, whose, columns, at=at))
        elif not report.has_text and report.erased_at is None:
            filled.append(_filled(report, columns))
        elif report.answer != columns["answer"]:
            Report.objects.filter(pk=report.pk).update(answer=columns["answer"])
    reports_place(fresh, at=at)
    _reports_fill(filled, at=at)
    return len(fresh)


def report_make(remote_id: str, whose: Whose, columns: dict[str, Any], *, at: datetime) -> Report:
    return Report(
        remote_id=remote_id,
        agent_remote_id=whose.agent_remote_id,
        organization_id=whose.organization_id,
        workspace_id=whose.workspace_id,
        received_at=at,
        **columns,
    )


def reports_place(reports: list[Report], *, at: datetime) -> None:
    """Save new reports, each in a cluster: the one of the same agent and dedupe key, else one of its own."""
    _sources_weigh(reports, at=at)
    folded: dict[int, list[Report]] = {}
    placed: dict[tuple[str, str], int] = {}
    for report in sorted(reports, key=lambda one: one.created_at):
        key = (report.agent_remote_id, report.dedupe_key)
        home = placed.get(key) or (_fold_target(report) if report.dedupe_key else None)
        if home:
            report.cluster_id = home
            folded.setdefault(home, []).append(report)
        else:
            report.cluster = _cluster_open(report, at=at)
        if report.dedupe_key:
            placed[key] = report.cluster_id
    Report.objects.bulk_create(reports)
    keys_add(reports)
    touched = {report.cluster_id for report in reports}
    for cluster in Cluster.objects.select_for_update().filter(pk__in=touched).order_by("pk"):
        _take_in(cluster, folded.get(cluster.pk, []), now=at)


def _take_in(cluster: Cluster, folded: list[Report], *, now: datetime) -> None:
    """Let a cluster know the reports that have just come into it."""
    if folded:
        said = {"reports": len(folded), "agent": folded[0].agent_remote_id, "dedupe_key": folded[0].dedupe_key}
        change_record(cluster, Change.Kind.FOLDED, by=None, after=said)
        cluster_regress_if_reported(cluster, [report.created_at for report in folded if not report.is_muted])
    cluster.proofs_open = cluster.proofs.filter(done_at=None).count()
    cluster_reckon(cluster, now=now)


def _cluster_open(report: Report, *, at: datetime) -> Cluster:
    cluster = Cluster.objects.create(
        title=report.title,
        type=report.type,
        first_at=report.created_at,
        last_at=report.created_at,
        ranks_at=ranks_at(severity=Level.MEDIUM, confidence=2, agents=1, last_at=min(report.created_at, at)),
    )
    change_record(cluster, Change.Kind.ARRIVED, by=None, after={"report": report.remote_id})
    return cluster


def _fold_target(report: Report) -> int | None:
    """Return the cluster in which the agent's latest report with this dedupe key lies."""
    same = Report.objects.filter(agent_remote_id=report.agent_remote_id, dedupe_key=report.dedupe_key)
    return same.order_by("-pk").values_list("cluster_id", flat=True).first()


def _filled(report: Report, columns: dict[str, Any]) -> Report:
    for name, value in columns.items():
        setattr(report, name, value)
    return report


def _reports_fill(reports: list[Report], *, at: datetime) -> None:
    """Give reports of which only the ledger told their text."""
    for report in reports:
        report.save()
        cluster = Cluster.objects.select_for_update().get(pk=report.cluster_id)
        keys_add([report])
        cluster.title, cluster.type = cluster.title or report.title, cluster.type or report.type
        cluster.compared_at = None
        _take_in(cluster, [], now=at)


def _sources_weigh(reports: list[Report], *, at: datetime) -> None:
    """Mark what comes from a muted source, and let one agent's loudest words count only so often a day."""
    agents = {report.agent_remote_id for report in reports}
    muted = set(MutedSource.objects.filter(agent_remote_id__in=agents).values_list("agent_remote_id", flat=True))
    recent = Report.objects.filter(agent_remote_id__in=agents, received_at__gt=at - DAY, severity_said__gt=Level.MEDIUM)
    loud = dict(recent.order_by().values_list("agent_remote_id").annotate(Count("pk")))
    for report in reports:
        report.is_muted = report.agent_remote_id in muted
        if report.severity_said > Level.MEDIUM:
            loud[report.agent_remote_id] = loud.get(report.agent_remote_id, 0) + 1
            if loud[report.agent_remote_id] > LOUD_A_DAY:
                report.severity_counted = Level.MEDIUM


def _holders(agents: Iterable[str]) -> dict[str, int]:
    """Return which workspace holds an agent now, by the agent's remote id."""
    claims = Claim.objects.filter(agent__remote_id__in=set(agents), released_at=None)
    return dict(claims.values_list("agent__remote_id", "workspace_id"))
