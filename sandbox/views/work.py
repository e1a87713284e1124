"""Create, edit, upload, and reading jobs and assets."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from sandbox import assets, jobs, quota, shapes, uploads
from sandbox.auth import auth_required
from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError
from sandbox.guidance import command
from sandbox.ids import iso
from sandbox.job_events import plan_receipt
from sandbox.models import Agent, Job
from sandbox.models.work import JobStatus
from sandbox.rules import quotas
from sandbox.rules.order import Order, read_edit, read_order


@endpoint("POST", "create", auth="optional")
def create(call: Call) -> Reply:
    """Without a token only a dry run is answered; everything else needs one (contract 2.17)."""
    if call.visitor is None:
        return _anonymous_plan(call)
    return _worked(call, read_order(call.body(), assets.finder(call.agent)))


@endpoint("POST", "edit")
def edit(call: Call) -> Reply:
    """Work on one owned asset (contract 2.19); a dry run needs a token too."""
    order = read_edit(call.body(), assets.finder(call.agent))
    (source,) = order.sources("input")
    edited = shapes.asset_row(assets.asset_get(call.agent, source.id))
    reply = _worked(call, order)
    return replace(reply, data=reply.data | {"input_asset": edited})


@endpoint("POST", "upload")
def upload(call: Call) -> Reply:
    """Keeps bytes that the caller brings; the service itself fetches nothing (contract 2.18, 4.14)."""
    parcel = uploads.read_parcel(call.body())
    asset = uploads.upload(call.agent, parcel, call.trace_id)
    checked = {"bytes": asset.content_length, "mime_type": asset.mime_type, "sha256": parcel.sha256}
    return Reply(
        {
            "job_id": asset.job_id,
            "trace_id": call.trace_id,
            "request": parcel.request(),
            "asset": shapes.asset_row(asset),
            "upload": checked | {"policy": {"status": "allowed"}},
        }
    )


@endpoint("GET", "jobs show")
def job_show(call: Call, job_id: str) -> Reply:
    """One job, with the mirrors at the top that 0.1.70 reads."""
    row = shapes.job_row(jobs.job_get(call.agent, job_id))
    mirrors = {"status": row["status"], "state": row["status"], "assets": row["assets"], "cost": row["cost"]}
    return Reply({"request": {"job_id": row["job_id"]}, **mirrors, "job": row, "next_actions": _next_actions()})


@endpoint("GET", "assets show")
def asset_show(call: Call, asset_id: str) -> Reply:
    """One asset."""
    asset = assets.asset_get(call.agent, asset_id)
    request = {"reference": asset.id, "reference_type": "asset_id"}
    return Reply({"request": request, "asset": shapes.asset_row(asset), "next_actions": _next_actions()})


def _anonymous_plan(call: Call) -> Reply:
    """Whatever is not surely a dry run, a broken body included, is answered as a missing token."""
    try:
        body = call.body()
    except ApiError as error:
        raise auth_required("A restricted agent token is required.") from error
    if body.get("dry_run") is not True or body.get("references"):
        raise auth_required("Without a token only a dry run without references is answered.")
    order = read_order(body)
    job = jobs.new_job(None, order, call.trace_id, JobStatus.PLANNED, timezone.now())
    top_up = quotas.top_up("self_fund_setup_missing", settings.SANDBOX_PROGRAM)
    numbers = {"consumed_credits": 0, "credits_required": job.credits, "top_up": top_up}
    return Reply(_planned(job, order) | {"job_id": None, "quota": numbers})


def _worked(call: Call, order: Order) -> Reply:
    """The plan, the new job or the replayed one."""
    if order.is_dry_run:
        job = jobs.job_plan(call.agent, order, call.trace_id)
        return Reply(_planned(job, order) | _quota_of(call.agent, consumed=0, required=job.credits))
    made = jobs.job_create(call.agent, order, call.trace_id)
    consumed = made.job.credits if made.job.status == JobStatus.COMPLETED else 0
    data = _created(made.job) | _quota_of(call.agent, consumed=consumed)
    if not made.is_replay:
        return Reply(data)
    warning = "This key was used before: the answer is the earlier job's, nothing was charged again."
    return Reply(data, [warning], is_replay=True)


def _planned(job: Job, order: Order) -> dict[str, Any]:
    return {
        **_common(job),
        "status": JobStatus.PLANNED,
        "asset_ids": [],
        "assets": [],
        "plan_receipt": plan_receipt(job),
        "credits_required": order.bill.credits,
        "next_actions": _next_actions(),
    }


def _created(job: Job) -> dict[str, Any]:
    made = shapes.assets_of(job)
    shown = {"inspect_job": {"command": command(f"jobs show {job.id} --json")}}
    if made:
        first = made[0]["asset_id"]
        shown["inspect_asset"] = {"command": command(f"assets show {first} --json")}
        if made[0]["mime_type"].startswith("image/"):
            shown["iterate_edit"] = {"command": command(f"edit --input {first} --prompt PROMPT --json")}
    return {
        **_common(job),
        "status": job.status,
        "asset_ids": [asset["asset_id"] for asset in made],
        "assets": made,
        "next_actions": shown | _next_actions(),
    }


def _common(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "trace_id": job.trace_id,
        "created_at": iso(job.created_at),
        "capability": {"id": job.capability_id},
        "cost": shapes.cost_row(job),
        "safety": {"status": "allowed"},
        "request": job.request,
        "inputs": job.inputs,
    }


def _quota_of(agent: Agent, *, consumed: int, required: int | None = None) -> dict[str, Any]:
    """`quota` of create answers, and the one command that a client may suggest next (contract 2.17)."""
    standing = quota.standing_get(agent)
    top_up = standing.top_up()
    numbers = {"consumed_credits": consumed, "limits": standing.balance.limits(), "top_up": top_up}
    if required is not None:
        numbers["credits_required"] = required
    return {
        "quota": numbers,
        "self_fund_next_command": top_up["first_command"],
        "self_fund_next_command_effect": _next_actions()["self_fund"]["command_effect"],
    }


def _next_actions() -> dict[str, Any]:
    return quotas.next_actions(settings.SANDBOX_PROGRAM)
