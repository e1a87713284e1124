"""Agents that are written down as a reading would have left them, and a sweep as the scheduler starts it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.alerts.kinds import LOW_BALANCE
from dashboard.alerts.mails import mails_compose
from dashboard.alerts.models import Alert, Crossing, Preference
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


@pytest.fixture
def one_claim(held: Callable[..., Claim], chosen: Callable[..., Any]) -> Claim:
    chosen(preset="everything")
    return held()


def said(audience: str = "") -> list[tuple[str, int]]:
    """Every crossing so far, of one audience or of all: (change, level), in order."""
    crossings = Crossing.objects.filter(alert__audience__contains=audience)
    return list(crossings.order_by("pk").values_list("change", "level"))


def expected(figures: list[int]) -> list[tuple[str, int]]:
    """What a person should hear of these balances, worked out by the rule as the documents state it."""
    told, level = [], 0
    for figure in figures:
        if figure < 0:
            continue  # a debt is told as such
        reached = sum(figure <= mark for mark in (100, 20, 0))
        left = sum(figure >= mark for mark in (125, 30, 10))
        now = max(reached, min(level, 3 - left))
        if now > level:
            told.append(("worsened" if level else "opened", now))
        elif now < level:
            told.append(("eased" if now else "recovered", level))
        level = now
    return told


def balance_crossings() -> QuerySet[Crossing]:
    return Crossing.objects.filter(alert__kind="low_balance").order_by("pk")


def sentences() -> list[str]:
    return [LOW_BALANCE.sentence(one.change, one.level, one.figures) for one in balance_crossings()]


def assert_each_level_is_taken_back_once() -> None:
    """Messages alternate: a level is told when it is reached, and its end once, by the mark that was really crossed."""
    level = 0
    for one in balance_crossings():
        if not one.is_recovery:
            assert one.level > level
            level = one.level
            continue
        assert one.level == level > one.eased_to
        named = {1: "Above 100 credits again", 2: "Above 20 credits again", 3: "Has credits again"}[level]
        assert LOW_BALANCE.sentence(one.change, one.level, one.figures) == f"{named}: {one.figures['credits']}."
        level = one.eased_to
    open_ = Alert.objects.filter(ended_at=None).values_list("level", flat=True)
    assert list(open_) == ([level] if level else [])
