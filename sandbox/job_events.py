"""What a job leaves in the ledger (contract 3.11): never its prompt, never a model's credentials or paths."""

from datetime import datetime
from typing import Any

from sandbox.ids import iso
from sandbox.models import Asset, Event, Job
from sandbox.models.activity import EventType


def completed(job: Job, assets: list[Asset], now: datetime) -> list[Event]:
    """Each asset, the debit, then the job itself, so that the job is the newest line."""
    links = {
        "job_id": job.id,
        "asset_ids": [asset.id for asset in assets],
        "usage_event_id": job.usage_event_id,
    }
    made = [
        _event(
            job,
            EventType.ASSET_CREATED,
            ("asset", asset.id),
            "Asset created",
            now=now,
            links=links | {"asset_ids": [asset.id]},
        )
        for asset in assets
    ]
    debit = _event(
        job,
        EventType.USAGE_CREDIT_CONSUMED,
        ("usage", job.usage_event_id),
        f"{job.credits} credit{'' if job.credits == 1 else 's'} consumed",
        now=now,
        links={"job_id": job.id, "usage_event_id": job.usage_event_id},
    )
    debit.operation, debit.details = "usage", debit.details | {"credits_delta": -job.credits}
    done = _event(job, EventType.JOB_COMPLETED, ("job", job.id), f"{job.operation} completed", now=now, links=links)
    return [*made, debit, done]


def ended(job: Job, now: datetime) -> list[Event]:
    """There is no type for a failed or a canceled job: it is `job.completed` with that status."""
    summary = f"{job.operation} {job.status}"
    event = _event(job, EventType.JOB_COMPLETED, ("job", job.id), summary, now=now, links={"job_id": job.id})
    event.status = job.status
    if job.failure:
        event.details = event.details | {"failure": job.failure}
    return [event]


def uploaded(job: Job, asset: Asset, now: datetime) -> list[Event]:
    """One line: an upload is complete as soon as it is told."""
    links = {"job_id": job.id, "asset_ids": [asset.id], "usage_event_id": job.usage_event_id}
    return [_event(job, EventType.ASSET_UPLOADED, ("asset", asset.id), "Asset uploaded", now=now, links=links)]


def planned(job: Job, now: datetime) -> list[Event]:
    """A dry run, with its receipt."""
    event = _event(
        job, EventType.JOB_PLANNED, ("job", job.id), f"{job.operation} planned", now=now, links={"job_id": job.id}
    )
    event.status, event.details = "planned", event.details | {"plan_receipt": plan_receipt(job)}
    return [event]


def plan_receipt(job: Job) -> dict[str, Any]:
    """What a dry run found out and that it did nothing; the shape is ours (contract 3.9)."""
    return {
        "planned_at": iso(job.created_at),
        "credits_required": job.credits,
        "output_count": job.request["output_count"],
        "capability": {"id": job.capability_id},
        "provider_executed": False,
        "credits_debited": 0,
        "assets_created": 0,
    }


def _event(
    job: Job, kind: EventType, subject: tuple[str, str], summary: str, *, now: datetime, links: dict[str, Any]
) -> Event:
    return Event(
        type=kind,
        occurred_at=now,
        summary=summary,
        operation=job.operation,
        subject_type=subject[0],
        subject_id=subject[1],
        status="completed",
        trace_id=job.trace_id,
        cost_micros=job.provider_cost_micros,
        links=links,
        details={"capability": {"id": job.capability_id}},
    )
