"""Limits that an operator set for one agent, enforced before anything is reserved (ours, INF)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from sandbox.errors import ApiError, invalid
from sandbox.guidance import command, docs
from sandbox.ids import iso
from sandbox.models import Agent, Guardrails
from sandbox.models.work import JobStatus
from sandbox.rules import fields, quotas

NAMES = ("daily_jobs", "credits_per_day", "credits_per_week", "credits_per_month", "credits_per_job")
_HIGHEST = 1_000_000_000
_SPENDING = [JobStatus.RUNNING, JobStatus.COMPLETED]


@dataclass(frozen=True)
class Window:
    """A stretch of time that a limit of credits is counted over; both ends at 00:00 UTC."""

    name: str
    starts_at: datetime
    ends_at: datetime


def windows(now: datetime) -> list[Window]:
    """This UTC day, this week from Monday, this calendar month."""
    day = quotas.day_start(now)
    week = day - timedelta(days=day.weekday())
    month = day.replace(day=1)
    return [
        Window("credits_per_day", day, day + timedelta(days=1)),
        Window("credits_per_week", week, week + timedelta(days=7)),
        Window("credits_per_month", month, (month + timedelta(days=31)).replace(day=1)),
    ]


def row(limits: Guardrails | None) -> dict[str, int | None]:
    """The five limits on the wire."""
    return {name: getattr(limits, name, None) for name in NAMES}


def read(body: fields.Body) -> dict[str, int | None]:
    """All five, absent ones as null. Raises INVALID_ARGUMENTS, for unknown names too: a typo must not mean no limit."""
    if set(body) - set(NAMES):
        raise invalid(f"Only {', '.join(NAMES)} can be limited.", accepted_fields=list(NAMES))
    return {name: fields.whole(body, name, low=0, high=_HIGHEST) for name in NAMES}


def put(agent: Agent, limits: dict[str, int | None]) -> None:
    """Puts these limits in the place of the earlier ones. The agent must be locked."""
    Guardrails.objects.update_or_create(agent=agent, defaults={**limits, "changed_at": timezone.now()})


def refuse(agent: Agent, needed: int, now: datetime) -> None:
    """Raises GUARDRAIL_EXCEEDED for a job of `needed` credits. The agent must be locked, so that no two slip through.

    Jobs count by their start with what they cost or hold; failed ones cost nothing. `daily_jobs` is part of the
    daily cap (`sandbox.quota`).
    """
    limits = Guardrails.objects.filter(agent=agent).first()
    if limits is None:
        return
    if limits.credits_per_job is not None and needed > limits.credits_per_job:
        raise _exceeded("credits_per_job", limits.credits_per_job, needed=needed)
    spans = windows(now)
    spent = agent.jobs.filter(created_at__gte=min(span.starts_at for span in spans), status__in=_SPENDING).aggregate(
        **{span.name: Sum("credits", filter=Q(created_at__gte=span.starts_at), default=0) for span in spans}
    )
    for span in spans:
        limit = getattr(limits, span.name)
        if limit is not None and spent[span.name] + needed > limit:
            raise _exceeded(span.name, limit, needed=needed, used=spent[span.name], ends_at=span.ends_at, now=now)


def _exceeded(
    name: str,
    limit: int,
    *,
    needed: int,
    used: int | None = None,
    ends_at: datetime | None = None,
    now: datetime | None = None,
) -> ApiError:
    told: dict[str, Any] = {"name": name, "limit": limit, "needed": needed}
    recovery: dict[str, Any] = {
        "guardrail": told,
        "suggested_command": command("quota --json"),
        "docs_url": docs("quota"),
    }
    if ends_at is not None and now is not None:
        told |= {"used": used, "resets_at": iso(ends_at)}
        recovery["retry_after_seconds"] = int((ends_at - now).total_seconds()) + 1
    return ApiError("GUARDRAIL_EXCEEDED", "An operator limited what this agent may spend.", recovery=recovery)
