"""Creates and edits: reserve, draw outside any transaction, then charge or release (contract 2.17, 2.19, 4.7, 4.8)."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book, job_events, ledger, media, moderation, provider, quota
from sandbox.assets import new_asset
from sandbox.errors import ApiError
from sandbox.guidance import command, docs
from sandbox.ids import new_id
from sandbox.models import Agent, Asset, Job
from sandbox.models.work import JobStatus
from sandbox.operator import guardrails
from sandbox.renderer import Artifact
from sandbox.rules import catalog, grants, quotas
from sandbox.rules.idempotency import fresh_key, terms_digest
from sandbox.rules.order import Order

RESERVATION_LIFE = timedelta(minutes=15)
REPLAY_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.05
_TOO_LATE = ApiError("PROVIDER_FAILURE", "The provider did not answer in time.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """The job, and whether an earlier request with the same key made it."""

    job: Job
    is_replay: bool = False


def job_create(agent: Agent, order: Order, trace_id: str) -> Made:
    """Makes what was ordered, once per key. Raises the refusals of contract 1.4; a failure charges nothing."""
    moderation.refuse(order.prompt)
    job, is_replay = _open(agent, order, trace_id)
    # No transaction is open from here to the end of drawing: a slow picture must hold no lock.
    if is_replay:
        return Made(_settled(job), is_replay=True)
    try:
        results = provider.draw(order)
    except provider.StillRunning:
        return Made(job)
    except provider.Withdrawn:
        return Made(_end(job, JobStatus.CANCELED))
    except ApiError as error:
        raise _fail(job, error) from error
    except Exception as error:
        logger.exception("the renderer failed, %s", trace_id)
        raise _fail(job, ApiError("PROVIDER_FAILURE", "The provider failed.")) from error
    return Made(_finish(job, results))


def job_plan(agent: Agent, order: Order, trace_id: str) -> Job:
    """A dry run: a planned job and its event; no reservation, no asset, no usage (contract 4.11)."""
    moderation.refuse(order.prompt)
    now = timezone.now()
    with transaction.atomic():
        book.lock(agent)
        job = new_job(agent, order, trace_id, JobStatus.PLANNED, now)
        job.save(force_insert=True)
        ledger.record(agent, job_events.planned(job, now))
    return job


def job_get(agent: Agent, job_id: str) -> Job:
    """One of the agent's own jobs; another organization's is not there. Raises JOB_NOT_FOUND."""
    settle_stale(agent)
    job = agent.jobs.filter(pk=job_id).first()
    if job is None:
        raise ApiError("JOB_NOT_FOUND", "This agent has no such job.")
    return job


def settle_stale(agent: Agent) -> None:
    """Fails what has run longer than a reservation lives, after a crash for example, and gives the credits back."""
    too_old = timezone.now() - RESERVATION_LIFE
    for job in agent.jobs.filter(status=JobStatus.RUNNING, created_at__lt=too_old):
        _fail(job, _TOO_LATE)


def new_job(agent: Agent | None, order: Order, trace_id: str, status: JobStatus, now: datetime) -> Job:
    """A job of this order, not saved; an anonymous dry run is answered from one that never is."""
    bill = order.bill
    return Job(
        id=new_id("job"),
        agent=agent,
        operation=order.operation,
        status=status,
        trace_id=trace_id,
        usage_event_id=new_id("usage"),
        model_id=order.model.id,
        capability_id=order.model.capability_id,
        idempotency_key=None if order.is_dry_run else order.key or None,
        terms=terms_digest(settings.SECRET_KEY, order.terms),
        credits=bill.credits,
        provider_cost_micros=bill.cost_micros,
        is_cost_known=bill.is_known,
        pricing_source=bill.source,
        request=order.request(),
        inputs=[{"asset_id": one.source.id, "role": one.role} for one in order.inputs],
        created_at=now,
        updated_at=now,
    )


def _open(agent: Agent, order: Order, trace_id: str) -> tuple[Job, bool]:
    """Under the agent's lock: replay, cap, credits, reservation. The lock makes one job of parallel equal keys."""
    settle_stale(agent)
    lacking = grants.missing(grants.grants_of(agent.claim_state, agent.granted), order.grants_required)
    if lacking:
        raise ApiError("CAPABILITY_DENIED", "This agent lacks a grant.", recovery={"grants_required": lacking})
    now = timezone.now()
    with transaction.atomic():
        locked = book.lock(agent)
        # Before the cap and the balance: a replay must answer even when neither is left.
        earlier = _by_key(locked, order.key)
        if earlier is not None:
            return _same_terms(earlier, order), True
        book.open_day(locked, now)
        standing = quota.standing_now(locked, now)
        quota.refuse_over_cap(standing)
        guardrails.refuse(locked, order.bill.credits, now)
        held = standing.balance
        amounts = quotas.split(order.bill.credits, free=held.free, paid=held.paid)
        if amounts is None:
            raise quota.quota_exceeded(standing, order.bill.credits)
        job = new_job(locked, order, trace_id, JobStatus.RUNNING, now)
        job.save(force_insert=True)
        book.reserve(job, amounts, now)
    return job, False


def _by_key(agent: Agent, key: str) -> Job | None:
    """A failed or canceled job has let go of its key, so it is not found."""
    live = [JobStatus.RUNNING, JobStatus.COMPLETED]
    return agent.jobs.filter(idempotency_key=key, status__in=live).first() if key else None


def _same_terms(job: Job, order: Order) -> Job:
    if job.terms == terms_digest(settings.SECRET_KEY, order.terms):
        return job
    line = f"{_command_of(order)} --idempotency-key {fresh_key(order.operation)} --json"
    raise ApiError(
        "IDEMPOTENCY_CONFLICT",
        "This idempotency key was used for other work.",
        recovery={"suggested_command": command(line), "docs_url": docs(order.operation)},
    )


def _command_of(order: Order) -> str:
    """The client's command for this order; the prompt is the caller's to fill in again."""
    inputs = "".join(f" --input {source.id}" for source in order.sources("input"))
    prompt = " --prompt PROMPT" if order.prompt else ""
    return f"{order.operation}{inputs}{prompt} --model {order.model.id}"


def _settled(job: Job) -> Job:
    """Waits for a job that a parallel request with the same key is drawing; raises what that one raised."""
    until = time.monotonic() + REPLAY_WAIT_SECONDS
    # Polling, since the other request may run in another process; its own thread is never the one that waits here.
    while job.status == JobStatus.RUNNING and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        job.refresh_from_db()
    if job.status == JobStatus.FAILED and job.failure:
        raise _with_recovery(ApiError(job.failure["code"], job.failure["message"]), job)
    return job


def _finish(job: Job, results: list[Artifact]) -> Job:
    """Stores the bytes, then charges and tells in one transaction, if nobody gave the job up in the meantime."""
    now = timezone.now()
    assets = [new_asset(job, result, now, position=position) for position, result in enumerate(results)]
    # Bytes first: a row without its file would be a broken promise, a file without its row is only litter.
    try:
        for asset, result in zip(assets, results, strict=True):
            media.store(asset, result.content)
    except OSError as error:
        logger.exception("an asset could not be stored, %s", job.trace_id)
        media.discard(assets)
        failure = ApiError("ARTIFACT_STORAGE_WRITE_FAILED", "The result could not be stored; nothing was charged.")
        raise _fail(job, failure) from error
    with transaction.atomic():
        # The agent before the job, as everywhere, so that two requests never wait for each other.
        book.lock(job.agent)
        is_ours = _move(job, JobStatus.COMPLETED, now)
        if is_ours:
            Asset.objects.bulk_create(assets)
            book.charge(job, now)
            ledger.record(job.agent, job_events.completed(job, assets, now))
    if not is_ours:
        media.discard(assets)
        raise _with_recovery(_TOO_LATE, job)
    return job


def _fail(job: Job, error: ApiError) -> ApiError:
    """Ends the job with this failure; returns the error to raise."""
    failure = {"code": error.code, "message": error.message, "retryable": error.kind.is_retryable}
    return _with_recovery(error, _end(job, JobStatus.FAILED, failure))


def _end(job: Job, status: JobStatus, failure: dict[str, Any] | None = None) -> Job:
    """Gives the credits back and tells, once."""
    now = timezone.now()
    with transaction.atomic():
        book.lock(job.agent)
        if _move(job, status, now, failure=failure):
            book.release(job, now)
            ledger.record(job.agent, job_events.ended(job, now))
    return job


def _move(job: Job, status: JobStatus, now: datetime, failure: dict[str, Any] | None = None) -> bool:
    """Settles a running job by conditional update; False where somebody else already did."""
    running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING)
    is_ours = running.update(status=status, updated_at=now, completed_at=now, failure=failure) == 1
    job.refresh_from_db()
    return is_ours


def _with_recovery(error: ApiError, job: Job) -> ApiError:
    """Read the job first; after a retryable failure the same key may try again (contract 4.7)."""
    shown = command(f"jobs show {job.id} --json")
    recovery: dict[str, Any] = {"job_id": job.id, "docs_url": docs(job.operation), "suggested_command": shown}
    if job.operation == "edit" and error.kind.is_retryable:
        # An edit's advice keeps its input and its model (contract 1.4).
        recovery |= {"suggested_command": _again(job), "suggested_commands": [shown, _again(job)]}
    if job.idempotency_key:
        recovery["idempotency_key"] = job.idempotency_key
    if error.kind.is_retryable:
        recovery["retry_after_seconds"] = 5
    return ApiError(error.code, error.message, recovery=recovery)


def _again(job: Job) -> str:
    """The command that repeats an edit under its own key."""
    inputs = "".join(f" --input {row['asset_id']}" for row in job.inputs if row["role"] == "input")
    prompt = "" if catalog.MODELS[job.model_id].is_promptless else " --prompt PROMPT"
    key = f" --idempotency-key {job.idempotency_key}" if job.idempotency_key else ""
    return command(f"edit{inputs}{prompt} --model {job.model_id}{key} --json")
