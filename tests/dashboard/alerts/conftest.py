"""Agents that are written down as a reading would have left them, and a sweep as the scheduler starts it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.alerts.mails import mails_compose
from dashboard.alerts.models import Preference
from dashboard.alerts.tasks import alerts_sweep
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.notify.services import mail_send_due

_numbers = count(1)


@pytest.fixture
def held(workspace: Workspace) -> Callable[..., Claim]:
    """Return a function that links an agent with these figures, just read."""

    def link(name: str = "render-bot", *, into: Workspace = workspace, **figures: Any) -> Claim:
        now = timezone.now()
        told = {"free_credits": 0, "paid_credits": 500, "daily_jobs_remaining": 9, "quota_at": now, **figures}
        remote_id = f"agt_{next(_numbers):08}"
        agent = Agent.objects.create(remote_id=remote_id, organization_id="org_1", name=name, **told)
        SyncCursor.objects.create(stream=Stream.AGENT, subject_id=agent.pk, due_at=now, synced_at=now)
        return Claim.objects.create(workspace=into, agent=agent, claimed_at=now, token_sealed="sealed")

    return link


def credits_set(claim: Claim, credits_: int) -> None:
    Agent.objects.filter(pk=claim.agent_id).update(paid_credits=credits_)


def swept() -> int:
    """Sweep once, as the task does."""
    return alerts_sweep()


def mailed() -> int:
    """Compose what is due and send it; how many mails went out."""
    mails_compose()
    return mail_send_due()


@pytest.fixture
def chosen(owner: Any, workspace: Workspace) -> Callable[..., Preference]:
    """Return a function that writes down what somebody wants; the owner, where nobody is named."""

    def choose(user: Any = None, role: str = "owner", **more: Any) -> Preference:
        kept, _ = Preference.objects.update_or_create(
            user=user or owner, workspace=workspace, defaults={"role": role, "chosen_at": timezone.now(), **more}
        )
        return kept

    return choose
