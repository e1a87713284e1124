"""From ledger lines to rows: which jobs and assets an agent's ledger names, and what it says that they took.

A row is of the workspace that held the agent at that line: the same id in the history of another one is another row.
The ledger is gone through once, in the order in which its lines were written down here, with a mark that moves in the
transaction that writes the rows: an agent with years of history catches up in the same steps as a busy one goes on.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.activity.models import Event
from dashboard.activity.rollups import spent
from dashboard.assets.models import Asset, AssetLink, Job, LedgerMark, MonthCount
from dashboard.assets.selectors import month_number
from dashboard.assets.shares import shares_divide

# A workspace's number and a job's id.
JobKey = tuple[int, str]
EVENTS_AT_ONCE = 500
MAX_ID = 200
# One line of a broken ledger must not fill the mirror.
MOST_ASSETS_OF_A_LINE = 200
KINDS = {
    "image": Asset.Kind.IMAGE,
    "mask": Asset.Kind.IMAGE,
    "thumb": Asset.Kind.IMAGE,
    "video": Asset.Kind.VIDEO,
    "audio": Asset.Kind.AUDIO,
}


def ledger_name(agent_id: int, *, most: int = EVENTS_AT_ONCE) -> int:
    """Write rows for what the agent's next ledger lines name; return how many lines there were."""
    with transaction.atomic():
        LedgerMark.objects.get_or_create(agent_id=agent_id)
        mark = LedgerMark.objects.select_for_update().get(agent_id=agent_id)
        beyond = Event.objects.filter(agent_id=agent_id, pk__gt=mark.event_number)
        events = list(beyond.order_by("pk")[:most])
        if events:
            jobs = jobs_name(agent_id, events)
            assets_name(agent_id, events, jobs)
            shares_divide([job for job in jobs.values() if job.credits_charged is not None])
            mark.event_number = events[-1].pk
            mark.save()
    return len(events)


def is_behind(agent_id: int) -> bool:
    """Tell whether the agent's ledger holds lines that were not gone through yet."""
    marks = LedgerMark.objects.filter(agent_id=agent_id).values("event_number")
    return Event.objects.filter(agent_id=agent_id, pk__gt=Coalesce(Subquery(marks), 0)).exists()


def jobs_name(agent_id: int, events: Iterable[Event]) -> dict[JobKey, Job]:
    """Write a row for each job that the lines name, and what they took; return the jobs."""
    naming = [event for event in events if event.job_id]
    rows = Job.objects.filter(agent_id=agent_id, workspace__in={event.workspace_id for event in naming})
    known = {
        (job.workspace_id, job.remote_id): job for job in rows.filter(remote_id__in={event.job_id for event in naming})
    }
    fresh: dict[JobKey, Job] = {}
    for event in naming:
        key = event.workspace_id, event.job_id
        job = known.get(key) or fresh.setdefault(key, _job_of(event))
        _job_told(job, event)
        if key in fresh:
            job.named_at = min(job.named_at, event.occurred_at)
    Job.objects.bulk_create(fresh.values())
    told = ["operation", "status", "capability_id", "trace_id", "credits_charged", "due_at"]
    Job.objects.bulk_update(known.values(), told)
    return known | fresh


def _job_of(event: Event) -> Job:
    return Job(
        agent_id=event.agent_id,
        workspace_id=event.workspace_id,
        remote_id=event.job_id,
        named_at=event.occurred_at,
        due_at=timezone.now(),
    )


def _job_told(job: Job, event: Event) -> None:
    """Note what a line says of its job; once the job itself was read, only what the ledger alone knows."""
    if taken := spent(event):
        job.credits_charged = (job.credits_charged or 0) + taken
    if event.type.startswith("job.") and not job.has_ended:
        # A line about the end of a job that still ran when we read it: it is read once more.
        job.due_at = timezone.now()
        job.status = event.status or job.status
    if event.operation and not event.type.startswith("usage."):
        job.operation = job.operation or event.operation
    job.capability_id = job.capability_id or event.capability_id
    job.trace_id = job.trace_id or event.trace_id


def assets_name(agent_id: int, events: Iterable[Event], jobs: dict[JobKey, Job]) -> None:
    """Write a row for each asset that the lines name, and count it into its month."""
    fresh: dict[tuple[int, str], Asset] = {}
    for event in events:
        job = jobs.get((event.workspace_id, event.job_id))
        for remote_id in asset_ids_of(event):
            asset = fresh.setdefault((event.workspace_id, remote_id), _asset_of(event, remote_id))
            _asset_told(asset, event, job)
    assets_write(agent_id, fresh.values())


def asset_ids_of(event: Event) -> list[str]:
    """Return the ids of assets that a line names, those of its job in the order of its outputs."""
    linked = event.links.get("asset_ids")
    told = [one for one in (linked if isinstance(linked, list) else []) if isinstance(one, str)]
    if event.subject_type == "asset":
        told.append(event.subject_id)
    return [one for one in dict.fromkeys(told) if 0 < len(one) <= MAX_ID][:MOST_ASSETS_OF_A_LINE]


def _asset_of(event: Event, remote_id: str) -> Asset:
    return asset_named(event.agent_id, event.workspace_id, remote_id, at=event.occurred_at)


def asset_named(agent_id: int, workspace_id: int, remote_id: str, *, at: datetime) -> Asset:
    """Return the row, not saved, of an asset that is known by its id alone."""
    return Asset(
        agent_id=agent_id,
        workspace_id=workspace_id,
        remote_id=remote_id,
        created_at=at,
        kind=KINDS.get(remote_id.partition("_")[0], Asset.Kind.OTHER),
        due_at=timezone.now(),
    )


def _asset_told(asset: Asset, event: Event, job: Job | None) -> None:
    if event.type == "asset.uploaded":
        asset.source = Asset.Source.UPLOADED
    asset.created_at = min(asset.created_at, event.occurred_at)
    asset.job = asset.job or job
    asset.capability_id = asset.capability_id or event.capability_id
    if not event.type.startswith("usage."):
        asset.operation = asset.operation or event.operation


def assets_write(agent_id: int, assets: Iterable[Asset]) -> None:
    """Write the rows of assets that are new, count them, and tie to them what was made from them."""
    named = {(asset.workspace_id, asset.remote_id): asset for asset in assets}
    rows = Asset.objects.filter(agent_id=agent_id, workspace__in={workspace_id for workspace_id, _ in named})
    rows = rows.filter(remote_id__in={remote_id for _, remote_id in named})
    known = set(rows.values_list("workspace_id", "remote_id"))
    fresh = [asset for key, asset in named.items() if key not in known]
    Asset.objects.bulk_create(fresh)
    _months_add(fresh)
    links_tie(agent_id, fresh)


def links_tie(agent_id: int, assets: Iterable[Asset]) -> None:
    """Tie new rows to the jobs that worked from them and were read before the ledger named them."""
    fresh = {(asset.workspace_id, asset.remote_id): asset for asset in assets}
    loose = AssetLink.objects.filter(
        asset=None,
        job__agent_id=agent_id,
        workspace__in={workspace_id for workspace_id, _ in fresh},
        asset_remote_id__in={remote_id for _, remote_id in fresh},
    )
    tied = [link for link in loose if (link.workspace_id, link.asset_remote_id) in fresh]
    for link in tied:
        link.asset = fresh[link.workspace_id, link.asset_remote_id]
    AssetLink.objects.bulk_update(tied, ["asset"])


def _months_add(assets: Iterable[Asset]) -> None:
    months = Counter((asset.workspace_id, month_number(asset.created_at)) for asset in assets)
    for (workspace_id, month), more in months.items():
        # Another agent of the workspace may count into the same month at the same time: added in the database.
        MonthCount.objects.get_or_create(workspace_id=workspace_id, month=month)
        MonthCount.objects.filter(workspace_id=workspace_id, month=month).update(assets=F("assets") + more)
