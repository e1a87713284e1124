"""Alerts about spending: runway, spike and guardrail, from the figures of the rooms that keep them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.activity.guardrails import guardrails_set
from dashboard.activity.models import SpendDay, SpendSlot
from dashboard.activity.slots import SLOTS_A_DAY, day_of
from dashboard.agents.guardrail_rules import period_of
from dashboard.agents.models import Agent, Claim, Guardrail, GuardrailCrossing
from dashboard.alerts.models import Alert, Crossing
from dashboard.alerts.spend_kinds import GUARDRAIL, RUNWAY, SPEND_SPIKE
from dashboard.freshness.models import SyncCursor
from tests.dashboard.alerts.conftest import credits_set, swept

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as moving:
        yield moving


def spent(claim: Claim, *credits_a_day: int, untold: int = 0) -> None:
    """Write down what was spent on the days until today, the latest last, each at eight in the morning.

    `untold`: so many charges of today tell no credits.
    """
    today = day_of(timezone.now())
    for ago, credits_ in enumerate(reversed(credits_a_day)):
        of = {"workspace": claim.workspace, "agent": claim.agent}
        told = {"credits_spent": credits_, "untold": 0 if ago else untold}
        SpendDay.objects.update_or_create(day=today - ago, **of, defaults=told)
        slot = (today - ago) * SLOTS_A_DAY + 32
        SpendSlot.objects.update_or_create(slot=slot, **of, defaults=told)


def read_again() -> None:
    SyncCursor.objects.update(synced_at=timezone.now())
    Agent.objects.update(quota_at=timezone.now())


def said(kind: str) -> list[tuple[str, int]]:
    return list(Crossing.objects.filter(alert__kind=kind).order_by("pk").values_list("change", "level"))


@pytest.fixture
def old(held: Any) -> Claim:
    """Return a claim of two months on an agent as old."""
    claim: Claim = held("render-bot")
    long_ago = NOON - timedelta(days=60)
    Claim.objects.update(claimed_at=long_ago)
    Agent.objects.update(registered_at=long_ago, free_credits=0)
    claim.refresh_from_db()
    return claim


def test_runway_is_told_at_a_week_and_at_three_days_and_when_it_is_long_again(old: Claim, clock: Any) -> None:
    spent(old, *[100] * 8)
    for credits_ in (2_000, 600, 650, 250, 250, 5_000):
        credits_set(old, credits_)
        read_again()
        swept()
        clock.shift(timedelta(minutes=5))
    assert said("runway") == [("opened", 1), ("worsened", 2), ("recovered", 2)]


def test_runway_that_nobody_can_say_opens_and_ends_nothing(old: Claim, clock: Any) -> None:
    spent(old, *[100] * 8)
    credits_set(old, 250)
    read_again()
    swept()
    clock.shift(timedelta(hours=1))
    SyncCursor.objects.update(synced_at=timezone.now())
    swept()
    assert said("runway") == [("opened", 2)]
    assert Alert.objects.get(kind="runway").is_open


def test_days_that_are_the_most_are_said_so_and_end_nothing(old: Claim, clock: Any) -> None:
    spent(old, *[100] * 8, untold=2)
    for credits_ in (2_000, 550, 250, 5_000):
        credits_set(old, credits_)
        read_again()
        swept()
        clock.shift(timedelta(minutes=5))
    assert said("runway") == [("opened", 1), ("worsened", 2)]
    alert = Alert.objects.get(kind="runway")
    assert alert.is_open
    assert RUNWAY.said(2, alert.figures) == "At its pace, credits last at most 2 days."
    spent(old, *[100] * 8)
    read_again()
    swept()
    assert said("runway")[2:] == [("recovered", 2)]


def test_spike_says_the_least_that_was_spent_and_charges_not_told_end_none(old: Claim, clock: Any) -> None:
    credits_set(old, 50_000)
    spent(old, *[40] * 20, 130, untold=1)
    swept()
    alert = Alert.objects.get(kind="spend_spike")
    sentence = "Spent at least 130 credits today, and usually 40 by this time of day."
    assert SPEND_SPIKE.said(1, alert.figures) == sentence
    clock.shift(timedelta(hours=13))
    spent(old, 0, untold=1)
    clock.shift(timedelta(hours=9))
    read_again()
    swept()
    assert said("spend_spike") == [("opened", 1)]
    spent(old, 0)
    clock.shift(timedelta(minutes=5))
    swept()
    assert said("spend_spike") == [("opened", 1), ("recovered", 1)]


def test_spike_is_told_once_a_day_and_ends_with_the_day(old: Claim, clock: Any) -> None:
    credits_set(old, 50_000)
    spent(old, *[40] * 20, 0)
    swept()
    clock.shift(timedelta(minutes=5))
    spent(old, *[40] * 20, 130)
    read_again()
    swept()
    swept()
    alert = Alert.objects.get(kind="spend_spike")
    assert alert.figures == {"today": 130, "usual": 40}
    clock.shift(timedelta(hours=13))
    read_again()
    swept()
    assert said("spend_spike") == [("opened", 1), ("recovered", 1)]


def test_sums_of_days_are_read_no_oftener_than_every_five_minutes(old: Claim, clock: Any) -> None:
    credits_set(old, 50_000)
    swept()
    spent(old, *[40] * 20, 130)
    clock.shift(timedelta(minutes=4))
    swept()
    assert said("spend_spike") == []
    clock.shift(timedelta(minutes=1))
    swept()
    assert said("spend_spike") == [("opened", 1)]


@pytest.mark.parametrize(("is_hard", "level"), [(False, 1), (True, 2)])
def test_guardrail_is_told_when_reached_and_when_it_begins_anew(
    old: Claim, owner: User, clock: Any, is_hard: bool, level: int
) -> None:
    spent(old, 0, 120)
    limits = {(Guardrail.Kind.CREDITS_DAY, is_hard): 100}
    guardrails_set(claim=old, user=owner, wanted=limits, may_loosen=True)
    swept()
    swept()
    assert said("guardrail") == [("opened", level)]
    assert Alert.objects.get(kind="guardrail").figures == {"credits_per_day": 100, "figure": 120, "is_hard": is_hard}
    clock.move_to(datetime(2026, 6, 16, tzinfo=UTC))
    read_again()
    swept()
    assert said("guardrail") == [("opened", level), ("recovered", level)]


@pytest.mark.parametrize("is_raised", [False, True])
def test_job_that_was_too_dear_is_within_its_limit_never_again(
    old: Claim, owner: User, clock: Any, is_raised: bool
) -> None:
    kind, today = Guardrail.Kind.CREDITS_JOB, period_of(Guardrail.Kind.CREDITS_JOB, NOON)
    guardrails_set(claim=old, user=owner, wanted={(kind, True): 100}, may_loosen=True)
    dear = {"kind": kind, "is_hard": True, "limit": 100, "figure": 120, "job_id": "job_1", "noticed_at": NOON}
    GuardrailCrossing.objects.create(
        workspace=old.workspace, agent=old.agent, starts_at=today[0], ends_at=today[1], **dear
    )
    swept()
    assert said("guardrail") == [("opened", 2)]
    if is_raised:
        guardrails_set(claim=old, user=owner, wanted={(kind, True): 500}, may_loosen=True)
    else:
        clock.move_to(today[1] + timedelta(hours=1))
    read_again()
    swept()
    assert said("guardrail") == [("opened", 2)]
    assert Alert.objects.get(kind="guardrail").ending == Alert.Ending.LAPSED


def test_recovery_says_what_is_so_of_a_limit_that_begins_anew_and_of_one_that_was_raised(
    old: Claim, owner: User
) -> None:
    spent(old, 0, 120)
    for limit in (100, 110):
        wanted = {(Guardrail.Kind.CREDITS_DAY, False): limit}
        guardrails_set(claim=old, user=owner, wanted=wanted, may_loosen=True)
        swept()
    told = Crossing.objects.get(alert__kind="guardrail", change="recovered")
    sentence = GUARDRAIL.sentence(told.change, told.level, told.figures)
    assert sentence == "Your warning of 100 credits a day began anew, or was raised or taken away."


def test_raised_guardrail_is_reached_no_more(old: Claim, owner: User) -> None:
    spent(old, 0, 120)
    for limit in (100, 500):
        limits = {(Guardrail.Kind.CREDITS_DAY, False): limit}
        guardrails_set(claim=old, user=owner, wanted=limits, may_loosen=True)
        swept()
    assert said("guardrail") == [("opened", 1), ("recovered", 1)]
