"""Remote records -> agent rows; applying the same record twice changes nothing."""

from datetime import datetime

from api_client import JsonObject, Quota, Whoami
from dashboard.agents.models import Agent, QuotaSnapshot
from dashboard.lib.dates import showable


class WrongAgent(Exception):
    """The token acts for another agent or organization than the row it is held for."""


def identity_apply(agent: Agent, record: Whoami, *, at: datetime) -> None:
    """Write down who the service says this is; raises WrongAgent when it is somebody else."""
    if (record.actor.actor_id, record.actor.organization_id) != (agent.remote_id, agent.organization_id):
        raise WrongAgent
    agent.name = (record.agent_name or agent.name)[:200]
    agent.runtime = (record.runtime or agent.runtime)[:100]
    agent.registered_at = _shown(record.agent_created_at) or agent.registered_at
    agent.grants = [grant[:100] for grant in record.grants[:100]]
    _states_apply(agent, record)
    agent.identity_at = at


def quota_apply(agent: Agent, record: Quota, *, at: datetime) -> bool:
    """Write down the balance as told; an answer older than the one we have changes nothing. True when it moved."""
    if agent.quota_at and at <= agent.quota_at:
        return False
    jobs = record.daily_jobs
    figures = {
        "free_credits": record.remaining_credits,
        "paid_credits": record.payment_backed_remaining_credits,
        "daily_jobs_remaining": jobs.remaining if jobs else None,
    }
    moved = agent.quota_at is None or any(getattr(agent, name) != told for name, told in figures.items())
    for name, told in figures.items():
        setattr(agent, name, told)
    agent.free_credits_per_day = record.free_credits_per_day
    agent.daily_jobs_limit = jobs.limit if jobs else None
    agent.daily_jobs_used = jobs.used if jobs else None
    agent.resets_at = _shown((jobs.resets_at if jobs else None) or record.resets_at)
    agent.top_up_advice = _advice(record.top_up)
    _states_apply(agent, record)
    agent.quota_at = at
    if moved:
        QuotaSnapshot.objects.get_or_create(agent=agent, taken_at=at, defaults=figures)
    return moved


def _states_apply(agent: Agent, record: Whoami | Quota) -> None:
    agent.claim_state = (record.claim_state or agent.claim_state)[:64]
    agent.claim_request_state = (record.claim_request_state or "")[:64]
    agent.token_status = (record.token_status or agent.token_status)[:64]


def _advice(top_up: JsonObject | None) -> str:
    told = top_up or {}
    reason = told.get("recommendation_reason")
    return reason[:64] if told.get("recommended") is True and isinstance(reason, str) else ""


def _shown(moment: datetime | None) -> datetime | None:
    return showable(moment) if moment else None
