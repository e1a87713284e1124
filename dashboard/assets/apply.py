"""Records of jobs and assets -> rows. The same record applied twice changes nothing; what has ended stays ended."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from api_client import Asset as AssetRecord
from api_client import Job as JobRecord
from api_client import JobInput, JsonObject, Record
from dashboard.assets.models import Asset, AssetLink, Job, JobStatusSeen, Mirrored, Reading
from dashboard.assets.naming import asset_named, assets_write
from dashboard.assets.selectors import keeps_originals
from dashboard.assets.shares import shares_divide
from dashboard.assets.sniffing import KINDS
from dashboard.lib.dates import showable

MAX_JSON = 16_384
# With these ends a job has made what it names; before, and of a plan, it is told how many are wanted.
MADE = frozenset({Job.Status.COMPLETED, Job.Status.FAILED, Job.Status.CANCELED})
MOST_INPUTS = 100
MAX_SIDE = 2**31 - 1
# Addresses are kept in a column of their own or not at all; a prompt is never told, and would be nobody's to keep.
NOT_KEPT = frozenset({"url", "path", "prompt", "assets"})

# A job that runs is asked again at a twentieth of its age, as its agent is, and less and less often over days.
AGE_DIVISOR = 20
SOONEST, LATEST_PAUSE = timedelta(seconds=15), timedelta(hours=6)
# What is not there may come a little later: asked twice more, then it is a gap for good.
MISSING_PAUSES = (timedelta(minutes=1), timedelta(hours=1))
# What cannot be read heals with a deploy of the service: quickly at first, then once a day for a week.
TROUBLE_PAUSES = (*(timedelta(minutes=2**step) for step in range(8)), *[timedelta(days=1)] * 7)


def job_apply(job: Job, record: JobRecord, *, at: datetime) -> None:
    """Fill a job's row with what was read at `at` (UTC), within the caller's transaction."""
    if not (job.has_ended and record.status not in Job.Status.values):
        _status_see(job, record.status[:64], at=at)
    job.operation = (record.operation or job.operation)[:64]
    job.capability_id = record.capability_id or job.capability_id
    job.trace_id = record.trace_id or job.trace_id
    job.safety_status = record.safety_status or ""
    job.model = model_told(record)
    _times_apply(job, record)
    _costs_apply(job, record)
    _failure_apply(job, record)
    job.plan_receipt = bounded(record.plan_receipt) if record.plan_receipt else None
    job.selection = bounded(_selection(record)) or None
    job.outputs = _outputs(record)
    _read(job, record, at=at, due_at=None if job.has_ended else at + pause_of(job, at))
    job.save()
    links_write(job, record.inputs)
    _outputs_name(job, record)
    if job.credits_charged is not None:
        shares_divide([job])


def asset_apply(asset: Asset, record: AssetRecord, *, at: datetime) -> None:
    """Fill an asset's row with what was read at `at` (UTC), within the caller's transaction."""
    asset.mime_type = (record.mime_type or "")[:100].lower()
    asset.kind = KINDS.get(asset.mime_type.partition("/")[0], asset.kind)
    if record.kind in Asset.Source.values:
        asset.source = Asset.Source(record.kind)
    if asset.is_uploaded and asset.credits is None:
        # Only models are charged for (contract 3.4); whatever a ledger says of its job all the same is told later.
        asset.credits = 0
    asset.capability_id = record.capability_id or asset.capability_id
    asset.content_length = record.content_length
    if asset.preview != Asset.Preview.READY:
        size_apply(asset, record.width, record.height)
    asset.url = record.url or ""
    if asset.job is None and record.job_id:
        jobs = Job.objects.filter(workspace=asset.workspace_id, agent=asset.agent_id)
        asset.job = jobs.filter(remote_id=record.job_id).first()
    if asset.job is not None:
        asset.operation = asset.operation or asset.job.operation
        asset.model = asset.job.model
    _read(asset, record, at=at, due_at=None)
    preview_begin(asset, at=at)
    asset.save()


def preview_begin(asset: Asset, *, at: datetime) -> None:
    """Say what becomes of the file: it is made small, stands as a tile, or cannot be had.

    What is told to be a sound or a model is fetched only where originals are kept: then its bytes say what it is.
    """
    if asset.preview != Asset.Preview.PENDING:
        return
    is_tile = asset.kind in {Asset.Kind.AUDIO, Asset.Kind.MODEL}
    if is_tile:
        asset.preview = Asset.Preview.TILE
    if not asset.url:
        asset.preview, asset.preview_problem = Asset.Preview.CANNOT, "no_address"
    elif not is_tile or keeps_originals(asset.workspace_id):
        asset.preview_due_at = at


def size_apply(asset: Asset, width: int | None, height: int | None) -> None:
    """Note width and height in pixels and the shape that they make; what is none is unknown."""
    asset.width = width if width and 0 < width <= MAX_SIDE else None
    asset.height = height if height and 0 < height <= MAX_SIDE else None
    if not asset.width or not asset.height:
        asset.aspect = ""
    elif 10 * asset.width > 11 * asset.height:
        asset.aspect = Asset.Aspect.LANDSCAPE
    elif 10 * asset.height > 11 * asset.width:
        asset.aspect = Asset.Aspect.PORTRAIT
    else:
        asset.aspect = Asset.Aspect.SQUARE


def missing_note(row: Mirrored, *, at: datetime) -> None:
    """Note that the service knows no such thing: a gap, shown as one."""
    _trouble(row, Reading.MISSING, f"{settings.PRODUCT_NAME} says that this is not there.", MISSING_PAUSES, at=at)


def unreadable_note(row: Mirrored, problem: str, *, at: datetime) -> None:
    """Note that an answer about a thing could not be read; what was read before stays."""
    _trouble(row, Reading.UNREADABLE, problem, TROUBLE_PAUSES, at=at)


def pause_of(job: Job, at: datetime) -> timedelta:
    """Return how long to wait before a job that runs is read again."""
    age = abs(at - (job.started_at or job.named_at))
    return min(max(age / AGE_DIVISOR, SOONEST), LATEST_PAUSE)


def model_told(record: JobRecord) -> str:
    """Return the model that the service names for a job, wherever it may (ours, INF); mostly it names none."""
    places: list[Any] = [record.extra, record.request or {}, _selection(record)]
    for place in places:
        told = place.get("model") or place.get("model_id")
        told = told.get("id") if isinstance(told, dict) else told
        if isinstance(told, str):
            return told[:200]
    return ""


def bounded(part: JsonObject) -> JsonObject:
    """Keep an object as sent while it is of a size that a row may have."""
    text = json.dumps(part, cls=DjangoJSONEncoder)
    return part if len(text) <= MAX_JSON else {"cut": text[:MAX_JSON]}


def links_write(job: Job, inputs: tuple[JobInput, ...]) -> None:
    """Write what a job worked from, once; the inputs of a job do not change."""
    if not inputs or job.inputs.exists():
        return
    ids = [one.asset_id for one in inputs[:MOST_INPUTS]]
    own = Asset.objects.filter(workspace=job.workspace_id, agent=job.agent_id)
    known = {asset.remote_id: asset for asset in own.filter(remote_id__in=ids)}
    AssetLink.objects.bulk_create(
        AssetLink(
            workspace_id=job.workspace_id,
            job=job,
            asset=known.get(one.asset_id),
            asset_remote_id=one.asset_id,
            kind=link_kind(one.role or ""),
            role=(one.role or "")[:64],
            position=position,
        )
        for position, one in enumerate(inputs[:MOST_INPUTS])
    )


def link_kind(role: str) -> AssetLink.Kind:
    """Return what a role comes to; the contract names roles of references by model, and more may come."""
    if "mask" in role:
        return AssetLink.Kind.MASK
    return AssetLink.Kind.INPUT if role in {"", "input", "image"} else AssetLink.Kind.REFERENCE


def _status_see(job: Job, status: str, *, at: datetime) -> None:
    last = job.statuses.order_by("-seen_at").values_list("status", flat=True).first() if job.pk else None
    job.status = status
    if last != status:
        JobStatusSeen.objects.create(job=job, status=status, seen_at=at)


def _times_apply(job: Job, record: JobRecord) -> None:
    job.started_at = showable(record.created_at) if record.created_at else None
    ended = record.completed_at or (record.updated_at if job.has_ended and not job.is_plan else None)
    job.ended_at = showable(ended) if ended else None
    if job.started_at and job.ended_at and job.ended_at >= job.started_at:
        job.duration_ms = (job.ended_at - job.started_at) // timedelta(milliseconds=1)


def _costs_apply(job: Job, record: JobRecord) -> None:
    cost = record.cost
    if cost is None:
        return
    job.credits_priced = cost.credits
    if job.credits_priced is None and cost.credit_pricing is not None:
        job.credits_priced = cost.credit_pricing.credits_required
    job.estimated_usd_micros = cost.estimated_usd_micros


def _failure_apply(job: Job, record: JobRecord) -> None:
    if record.failure is not None:
        job.failure_code = record.failure.code
        job.failure_text = (record.failure.message or "")[:500]
        job.failure_is_retryable = record.failure.retryable


def _selection(record: JobRecord) -> JsonObject:
    selection = (record.request or {}).get("selection")
    return selection if isinstance(selection, dict) else {}


def _outputs(record: JobRecord) -> int | None:
    told = (record.request or {}).get("output_count")
    if record.assets or record.status in MADE:
        return len(record.assets)
    return told if isinstance(told, int) and 0 <= told <= MAX_SIDE else None


def _outputs_name(job: Job, record: JobRecord) -> None:
    """Write rows for outputs that only the job names: the ledger may have a gap where they were created."""
    ids = [one.asset_id for one in record.assets]
    rows = Asset.objects.filter(workspace=job.workspace_id, agent=job.agent_id, remote_id__in=ids)
    known = set(rows.values_list("remote_id", flat=True))
    rows.filter(job=None).update(job=job)
    fresh = [
        asset_named(job.agent_id, job.workspace_id, remote_id, at=job.named_at)
        for remote_id in ids
        if remote_id not in known
    ]
    for asset in fresh:
        asset.job, asset.operation, asset.capability_id = job, job.operation, job.capability_id
    assets_write(job.agent_id, fresh)


def _read(row: Mirrored, record: Record, *, at: datetime, due_at: datetime | None) -> None:
    row.record = bounded(_record_kept(record))
    row.reading, row.synced_at, row.due_at = Reading.READ, at, due_at
    row.attempts, row.problem = 0, ""


def _record_kept(record: Record) -> JsonObject:
    told = record.model_dump(mode="json", exclude_none=True)
    return {name: part for name, part in told.items() if name not in NOT_KEPT}


def _trouble(row: Mirrored, reading: Reading, problem: str, pauses: tuple[timedelta, ...], *, at: datetime) -> None:
    row.due_at = at + pauses[row.attempts] if row.attempts < len(pauses) else None
    row.reading, row.problem, row.attempts, row.asked_at = reading, problem[:254], row.attempts + 1, at
    row.save(update_fields=["due_at", "reading", "problem", "attempts", "asked_at"])
