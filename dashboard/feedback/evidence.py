"""What backs a report: the events of its own trace and job in its own agent's ledger, and the pictures that it cites.

An id in a report proves nothing about whose it is, so everything is looked up within the agent that sent it and the
workspace that holds it; another's trace finds nothing. Reviewers see no amounts: events of money are left out, and of
the others no figure and no free text is told.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from dashboard.activity.models import Event
from dashboard.assets.models import Asset
from dashboard.feedback.cited import ASSETS
from dashboard.feedback.models import Cluster, Report
from dashboard.lib.spent import CHARGE

EVENTS_AT_MOST = 50
MONEY = ("payment.", "credits.")


class Line(NamedTuple):
    """One event of the ledger as a reviewer may know it."""

    occurred_at: datetime
    remote_id: str
    type: str
    status: str
    operation: str
    job_id: str
    trace_id: str
    failure: str


@dataclass
class Evidence:
    """What could be found; `is_readable`: some workspace holds the agent, so that its ledger is here."""

    is_readable: bool
    lines: list[Line] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    # Ids of the agent's own assets that the report cites, and whether there is a small picture of each.
    assets: list[tuple[str, bool]] = field(default_factory=list)
    is_charged: bool = False

    @property
    def error(self) -> str:
        return next((line.failure for line in self.lines if line.failure), "")


def evidence_of(report: Report) -> Evidence:
    """Return what the mirrored ledger holds about a report."""
    if report.workspace_id is None:
        return Evidence(is_readable=False)
    own = {report.remote_id, report.request_trace_id} - {""}
    wanted = [one for one in report.cited if one.startswith(("trace_", "job_", *ASSETS))]
    events = Event.objects.filter(
        references__workspace_id=report.workspace_id,
        references__reference__in=[*own, *wanted],
        agent__remote_id=report.agent_remote_id,
    )
    found = list(events.order_by("occurred_at", "pk").distinct()[:EVENTS_AT_MOST])
    cited = {one for one in report.cited if one.startswith(ASSETS)}
    theirs = {asset for event in found for asset in event.links.get("asset_ids") or [] if isinstance(asset, str)}
    return Evidence(
        is_readable=True,
        lines=[_line(event) for event in found if not event.type.startswith(MONEY)],
        jobs=sorted({event.job_id for event in found if event.job_id}),
        assets=_assets(report, cited & theirs),
        is_charged=any(event.type == CHARGE for event in found),
    )


def _assets(report: Report, ids: set[str]) -> list[tuple[str, bool]]:
    own = Asset.objects.filter(workspace=report.workspace_id, agent__remote_id=report.agent_remote_id)
    ready = set(own.filter(remote_id__in=ids, preview=Asset.Preview.READY).values_list("remote_id", flat=True))
    return [(one, one in ready) for one in sorted(ids)]


def charged_count(cluster: Cluster) -> tuple[int, int]:
    """Return of how many reports that cite a job the job was charged: what reviewers may know of credits spent."""
    citing = [one for one in cluster.reports.exclude(workspace=None)[:200] if any(map(_is_job, one.cited))]
    jobs = {job for report in citing for job in report.cited if _is_job(job)}
    agents = {report.agent_remote_id for report in citing}
    charges = Event.objects.filter(agent__remote_id__in=agents, type=CHARGE, job_id__in=jobs)
    charged = set(charges.values_list("agent__remote_id", "job_id"))
    hit = sum(any((report.agent_remote_id, job) in charged for job in report.cited) for report in citing)
    return hit, len(citing)


def _is_job(text: str) -> bool:
    return text.startswith("job_")


def _line(event: Event) -> Line:
    failure = event.details.get("failure")
    code = failure.get("code") if isinstance(failure, dict) else failure
    return Line(
        event.occurred_at,
        event.remote_id,
        event.type,
        event.status,
        event.operation,
        event.job_id,
        event.trace_id,
        code[:100] if isinstance(code, str) else "",
    )
