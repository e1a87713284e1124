"""Jobs and assets on the wire (contract 3.9, 3.10)."""

from typing import Any

from sandbox import job_events, media
from sandbox.ids import iso
from sandbox.models import Asset, Job
from sandbox.models.work import JobStatus


def asset_row(asset: Asset) -> dict[str, Any]:
    """One asset; `capability` and `created_at` are ours (INF)."""
    url = media.url_of(asset)
    return {
        "asset_id": asset.id,
        "job_id": asset.job_id,
        "url": url,
        "path": url,
        "mime_type": asset.mime_type,
        "content_length": asset.content_length,
        "width": asset.width,
        "height": asset.height,
        "kind": asset.kind,
        "source": "hosted_metadata",
        "capability": {"id": asset.job.capability_id},
        "created_at": iso(asset.created_at),
    }


def assets_of(job: Job) -> list[dict[str, Any]]:
    """The job's assets in the order of its outputs."""
    return [asset_row(asset) for asset in job.assets.select_related("job")] if job.pk else []


def cost_row(job: Job) -> dict[str, Any]:
    """`estimated_usd` is the provider's cost; `credits` is what the job debits (INF)."""
    bill = job.bill
    # An upload costs nothing, and nothing has no margin.
    pricing = bill.credit_pricing() if bill.credits else None
    return {
        "estimated_usd": bill.cost_usd,
        "credits": bill.credits,
        "credit_pricing": pricing,
        "provider_reported_usd_ticks": None,
    }


def job_row(job: Job) -> dict[str, Any]:
    """One job. `failure` is there on failed jobs only, `plan_receipt` on planned ones."""
    row = {
        "job_id": job.id,
        "operation": job.operation,
        "status": job.status,
        "trace_id": job.trace_id,
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
        "completed_at": iso(job.completed_at),
        "capability": {"id": job.capability_id},
        "cost": cost_row(job),
        "safety": {"status": "allowed"},
        "inputs": job.inputs,
        "request": job.request,
        "assets": assets_of(job),
    }
    if job.status == JobStatus.PLANNED:
        row["plan_receipt"] = job_events.plan_receipt(job)
    if job.status == JobStatus.FAILED:
        row["failure"] = job.failure
    return row
