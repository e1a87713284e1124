"""One job: what happened when, what it took, and what to do where it failed."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import Http404

from api_client import redact
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, EventReference
from dashboard.assets.models import Asset, AssetLink, Job
from dashboard.assets.selectors import job_list
from dashboard.catalog.models import CatalogModel
from dashboard.catalog.selectors import models_find
from dashboard.lib.glossary import event_word, word_for

MOST = 100
CONTRACT = "The contract; no ledger line"
KEY = "The agent may send the same request again with the same idempotency key: it is done and charged once."
READ_FIRST = (
    f"{settings.PRODUCT_NAME} does not say whether another try can help. Read the job and its ledger lines before one."
)
# Contract 1.4 and 4.7.
ADVICE = {
    "ARTIFACT_STORAGE_WRITE_FAILED": "Do not try again blindly: it was made and then could not be stored. Read the job "
    "and its ledger lines first.",
    "PROVIDER_FAILURE": KEY,
    "INPUT_POLICY_DENIED": "Trying again cannot help: what was sent is not allowed.",
    "BUDGET_REQUIRES_CONFIRMATION": "The model's price is not known; the agent has to accept that before it runs.",
}

UNDONE = frozenset({Job.Status.FAILED, Job.Status.CANCELED})
MADE_NOTHING = frozenset({"PROVIDER_FAILURE", "INPUT_POLICY_DENIED", "BUDGET_REQUIRES_CONFIRMATION"})
# What became of a hold when its job failed or was canceled (contract 4.7).
HOLDS = {
    "released": "The hold was given back, nothing was taken",
    "nothing": "The hold was given back: the ledger says that nothing was taken",
    "unknown": "Whether it was charged is not told; holds end within 15 minutes",
}


@dataclass(frozen=True)
class Moment:
    """One line of a job's timeline. `credits` has its sign; `number` leads to the ledger line that says so."""

    at: datetime
    text: str
    source: str
    credits: int | None = None
    number: int | None = None


@dataclass(frozen=True)
class JobPage:
    """All that the page of a job shows."""

    job: Job
    model: CatalogModel | None
    outputs: list[Asset]
    inputs: list[AssetLink]
    timeline: list[Moment]
    advice: str
    taken: str
    receipt: str


def job_get(workspace: Workspace, pk: int) -> Job:
    """Return a job; raises Http404 alike for "not yours" and "not there"."""
    job = job_list(workspace).filter(pk=pk).select_related("agent").first()
    if job is None:
        raise Http404
    return job


def job_page(job: Job) -> JobPage:
    """Return a job with everything around it, in a number of queries that does not grow."""
    return JobPage(
        job=job,
        model=models_find(told=[job.model], capability_ids=[job.capability_id]).made_with(job.model, job.capability_id),
        outputs=list(job.assets.order_by("pk")[:MOST]),
        inputs=list(job.inputs.select_related("asset").order_by("position")[:MOST]),
        timeline=timeline(job),
        advice=advice(job),
        taken=taken(job),
        receipt=redact(json.dumps(job.plan_receipt, indent=2, ensure_ascii=False)) if job.plan_receipt else "",
    )


def advice(job: Job) -> str:
    """Return what the contract says of another try; empty for a job that did not fail."""
    if job.status != Job.Status.FAILED:
        return ""
    if job.failure_code in ADVICE:
        return ADVICE[job.failure_code]
    if job.failure_is_retryable is None:
        return READ_FIRST
    return KEY if job.failure_is_retryable else "Sending the same request again cannot help."


def taken(job: Job) -> str:
    """Return how it stands with a job's credits: "charged", "nothing" or "released" where nothing was taken, "unknown".

    The ledger's lines come first. Without one, what failed before anything was made took nothing (contract 2.17: the
    debit comes after the provider's success); of any other end nobody says so, but no hold outlives it for long.
    """
    if job.credits_charged is not None:
        return "charged" if job.credits_charged else "nothing"
    if job.is_plan:
        return "nothing"
    if job.status == Job.Status.FAILED and job.failure_code in MADE_NOTHING:
        return "released"
    return "unknown"


def timeline(job: Job) -> list[Moment]:
    """Return what happened, oldest first: as the job tells, as the ledger tells, and what neither does."""
    rows = [*_told(job), *_ledger(job), *_seen(job)]
    return sorted(rows, key=lambda row: row.at)


def _told(job: Job) -> list[Moment]:
    rows = []
    if job.started_at:
        rows.append(Moment(job.started_at, "Planned" if job.is_plan else "Started", "The job"))
        if job.credits_priced and not job.is_plan:
            rows.append(Moment(job.started_at, f"{job.credits_priced} credits put on hold", CONTRACT))
    if job.ended_at and job.has_ended and not job.is_plan:
        rows.append(Moment(job.ended_at, f"Ended: {word_for('job_status', job.status).text.lower()}", "The job"))
        if job.status in UNDONE and job.credits_priced and (said := HOLDS.get(taken(job))):
            rows.append(Moment(job.ended_at, said, CONTRACT))
    return rows


def _ledger(job: Job) -> list[Moment]:
    named = EventReference.objects.filter(workspace_id=job.workspace_id, reference=job.remote_id).values("event")
    events = Event.objects.filter(pk__in=named).order_by("occurred_at", "pk")
    return [
        Moment(event.occurred_at, event_word(event.type, event.status).text, "Ledger", event.credits_delta, event.pk)
        for event in events[:MOST]
    ]


def _seen(job: Job) -> list[Moment]:
    """Return the statuses in between that we happened to see; the last one is the job's own."""
    statuses = list(job.statuses.order_by("seen_at")[:MOST])
    return [Moment(seen.seen_at, f"Seen as: {seen.status}", "Read here") for seen in statuses[:-1]]
