"""What an agent can still do today, and the refusals where it cannot (contract 2.5, 3.5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book
from sandbox.errors import ApiError
from sandbox.guidance import command, docs
from sandbox.ids import iso
from sandbox.models import Agent, Guardrails
from sandbox.models.work import JobStatus
from sandbox.rules import grants, quotas


@dataclass(frozen=True)
class Standing:
    """Balance and live jobs of one moment."""

    balance: book.Balance
    jobs_used: int
    jobs_limit: int
    at: datetime

    @property
    def jobs_remaining(self) -> int:
        """Live jobs left today."""
        return max(self.jobs_limit - self.jobs_used, 0)

    def daily_jobs(self) -> dict[str, Any]:
        """`daily_jobs` on the wire; only `remaining` is published."""
        return {
            "limit": self.jobs_limit,
            "used": self.jobs_used,
            "remaining": self.jobs_remaining,
            "resets_at": iso(quotas.resets_at(self.at)),
        }

    def top_up(self) -> dict[str, Any]:
        """`top_up` on the wire."""
        reason = quotas.top_up_reason(
            free=self.balance.free, paid=self.balance.paid, jobs_remaining=self.jobs_remaining
        )
        return quotas.top_up(reason, settings.SANDBOX_PROGRAM)


def standing_get(agent: Agent) -> Standing:
    """Gives the day's free credits if nobody did yet, then reads. Every other read takes no lock."""
    now = timezone.now()
    # Asked before locking: clients poll the quota, and only one read a day has anything to write.
    if not book.is_day_open(agent, now):
        with transaction.atomic():
            book.open_day(book.lock(agent), now)
    return standing_now(agent, now)


def standing_now(agent: Agent, now: datetime) -> Standing:
    """Reads only. Failed live jobs count against the cap; plans, uploads, replays and refusals do not (contract 11)."""
    today = agent.jobs.filter(created_at__gte=quotas.day_start(now))
    live = today.exclude(status=JobStatus.PLANNED).exclude(operation="upload")
    return Standing(book.balance(agent), live.count(), _jobs_limit(agent), now)


def _jobs_limit(agent: Agent) -> int:
    """The service's cap, higher with a grant of a claim, lower where an operator said so."""
    held = grants.grants_of(agent.claim_state, agent.granted)
    cap = settings.SANDBOX_CLAIMED_DAILY_JOBS if grants.MORE_JOBS in held else settings.SANDBOX_DAILY_JOBS
    limits = Guardrails.objects.filter(agent=agent).first()
    return cap if limits is None or limits.daily_jobs is None else min(cap, limits.daily_jobs)


def refuse_over_cap(standing: Standing) -> None:
    """Raises DAILY_JOB_CAP_REACHED with the seconds until the next UTC day."""
    if standing.jobs_remaining:
        return
    wait = quotas.resets_at(standing.at) - standing.at
    raise ApiError(
        "DAILY_JOB_CAP_REACHED",
        "This agent has used its live jobs of the day.",
        recovery={
            "retry_after_seconds": int(wait.total_seconds()) + 1,
            "suggested_command": command("quota --json"),
            "top_up": standing.top_up(),
            "docs_url": docs("quota"),
        },
    )


def quota_exceeded(standing: Standing, needed: int) -> ApiError:
    """The refusal of a job that needs more credits than both purses hold."""
    top_up = quotas.top_up("credits_depleted", settings.SANDBOX_PROGRAM)
    commands = top_up["commands"]
    return ApiError(
        "QUOTA_EXCEEDED",
        f"This job needs {needed} credits and {standing.balance.spendable} are left.",
        recovery={
            "suggested_command": commands["quote"],
            "suggested_commands": [commands["quote"], commands["fallback_quote"], command("quota --json")],
            "top_up": top_up,
            "docs_url": docs("quota"),
        },
    )
