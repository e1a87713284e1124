"""Create, jobs, assets and the public media files."""

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from sandbox import jobs, media, quota, shapes
from sandbox.auth import auth_required
from sandbox.endpoint import endpoint, refuse_other_methods, trace_of
from sandbox.envelope import Call, Reply, fail
from sandbox.errors import ApiError
from sandbox.guidance import command
from sandbox.ids import iso
from sandbox.job_events import plan_receipt
from sandbox.models import Agent, Asset, Job
from sandbox.models.work import JobStatus
from sandbox.rules import quotas
from sandbox.rules.order import Order, read_order


@endpoint("POST", "create", auth="optional")
def create(call: Call) -> Reply:
    """Without a token only a dry run is answered; everything else needs one (contract 2.17)."""
    if call.visitor is None:
        return _anonymous_plan(call)
    order = read_order(call.body())
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


@endpoint("GET", "jobs show")
def job_show(call: Call, job_id: str) -> Reply:
    """One job, with the mirrors at the top that 0.1.70 reads."""
    row = shapes.job_row(jobs.job_get(call.agent, job_id))
    mirrors = {"status": row["status"], "state": row["status"], "assets": row["assets"], "cost": row["cost"]}
    return Reply({"request": {"job_id": row["job_id"]}, **mirrors, "job": row})


@endpoint("GET", "assets show")
def asset_show(call: Call, asset_id: str) -> Reply:
    """One asset."""
    asset = jobs.asset_get(call.agent, asset_id)
    return Reply({"request": {"reference": asset.id, "reference_type": "asset_id"}, "asset": shapes.asset_row(asset)})


def media_show(request: HttpRequest, file_name: str) -> HttpResponseBase:
    """The bytes of one asset for anybody who knows its address: exact length, never compressed (contract 2.20)."""
    try:
        refuse_other_methods(request, "GET")
        return _file(request, _public_asset(file_name))
    except ApiError as error:
        return fail(command("assets get"), trace_of(request), error)


def _public_asset(file_name: str) -> Asset:
    asset_id, _, extension = file_name.rpartition(".")
    asset = Asset.objects.filter(pk=asset_id, extension=extension).first()
    if asset is None:
        raise ApiError("ASSET_NOT_FOUND", "There is no such file.")
    return asset


def _file(request: HttpRequest, asset: Asset) -> HttpResponseBase:
    headers = {
        "Content-Length": str(asset.content_length),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    try:
        file = media.path_of(asset).open("rb")
    except FileNotFoundError as error:
        raise ApiError("ASSET_NOT_FOUND", "There is no such file.") from error
    if request.method == "HEAD":
        # A file response would stream the file to nobody.
        file.close()
        return HttpResponse(content_type=asset.mime_type, headers=headers)
    return FileResponse(file, content_type=asset.mime_type, headers=headers)


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


def _planned(job: Job, order: Order) -> dict[str, Any]:
    return {
        **_common(job),
        "status": JobStatus.PLANNED,
        "asset_ids": [],
        "assets": [],
        "plan_receipt": plan_receipt(job),
        "credits_required": order.bill.credits,
        "next_actions": {},
    }


def _created(job: Job) -> dict[str, Any]:
    assets = shapes.assets_of(job)
    shown = {"inspect_job": {"command": command(f"jobs show {job.id} --json")}}
    if assets:
        shown["inspect_asset"] = {"command": command(f"assets show {assets[0]['asset_id']} --json")}
    return {
        **_common(job),
        "status": job.status,
        "asset_ids": [asset["asset_id"] for asset in assets],
        "assets": assets,
        "next_actions": shown,
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
        "self_fund_next_command_effect": top_up["quote_command_effect"]
        | {"label": "read_only", "payment_object": None},
    }
