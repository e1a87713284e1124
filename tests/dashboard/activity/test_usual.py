"""Today's spending against what is usual at this time of day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.accounts.models import User
from dashboard.activity.models import SpendSlot
from dashboard.activity.slots import slot_of
from dashboard.activity.usual import FLOOR_CREDITS, USUAL_DAYS, Usual, usual_map
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import seen_since_column

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


@pytest.fixture
def known(link: Callable[..., Claim]) -> Claim:
    claim = link()
    Agent.objects.filter(pk=claim.agent_id).update(registered_at=NOON - timedelta(days=100))
    return claim


def spend(claim: Claim, credits_: int, *, at: datetime, untold: int = 0) -> None:
    place = {"workspace": claim.workspace, "agent": claim.agent, "slot": slot_of(at)}
    SpendSlot.objects.create(**place, credits_spent=credits_, untold=untold)


def compared(claim: Claim) -> Usual:
    seen = Claim.objects.annotate(seen_since=seen_since_column()).get(pk=claim.pk)
    return usual_map([seen], now=NOON)[claim.agent_id]


def test_today_is_held_against_the_median_of_the_same_hours(known: Claim, django_assert_num_queries: Any) -> None:
    for days in range(1, USUAL_DAYS + 1):
        spend(known, 30 if days % 2 else 40, at=NOON - timedelta(days=days))
        spend(known, 900, at=NOON - timedelta(days=days) + timedelta(hours=2))
    spend(known, 1_000, at=NOON - timedelta(days=USUAL_DAYS + 1))
    spend(known, 104, at=NOON)
    claims = list(Claim.objects.annotate(seen_since=seen_since_column()))
    with django_assert_num_queries(1):
        told = usual_map(claims, now=NOON)[known.agent_id]
    assert (told.today, told.usual, told.days) == (104, 35, 28)
    assert not told.is_spike
    spend(known, 1, at=NOON - timedelta(hours=1))
    assert compared(known).is_spike


def test_rare_spending_is_no_spike_beneath_the_floor(known: Claim) -> None:
    spend(known, 3 * FLOOR_CREDITS - 1, at=NOON)
    told = compared(known)
    assert (told.usual, told.is_spike) == (0, False)
    spend(known, 1, at=NOON - timedelta(minutes=30))
    assert compared(known).is_spike


def test_of_a_young_agent_nobody_knows_what_is_usual(known: Claim) -> None:
    Agent.objects.update(registered_at=NOON - timedelta(days=7))
    spend(known, 5_000, at=NOON)
    told = compared(known)
    assert (told.today, told.usual, told.days, told.is_spike) == (5_000, None, 6, False)


def test_days_with_charges_that_are_not_told_say_nothing_of_what_is_usual(known: Claim) -> None:
    for days in range(1, USUAL_DAYS + 1):
        spend(known, 40 if days <= 7 else 0, at=NOON - timedelta(days=days), untold=int(days > 7))
    told = compared(known)
    assert (told.usual, told.days) == (40, 7)
    SpendSlot.objects.filter(slot=slot_of(NOON - timedelta(days=3))).update(untold=1)
    assert compared(known).usual is None, "of six days nobody can say"


def test_charges_of_today_that_are_not_told_may_be_a_spike_and_are_none(known: Claim) -> None:
    for days in range(1, USUAL_DAYS + 1):
        spend(known, 40, at=NOON - timedelta(days=days))
    spend(known, 119, at=NOON, untold=2)
    told = compared(known)
    assert (told.today, told.untold, told.is_spike, told.is_said) == (119, 2, False, False)
    spend(known, 1, at=NOON - timedelta(minutes=30))
    told = compared(known)
    assert (told.is_spike, told.is_said) == (True, True)


@pytest.mark.parametrize(("free_for", "usual", "days"), [(0, None, 0), (7, None, 6), (8, 0, 7)])
def test_days_of_whoever_held_it_before_say_nothing_of_what_is_usual(
    free_for: int, usual: int | None, days: int, known: Claim, outsider: User
) -> None:
    spend(known, 700, at=NOON - timedelta(days=10))
    Claim.objects.filter(pk=known.pk).update(released_at=NOON - timedelta(days=free_for))
    elsewhere = outsider.memberships.get().workspace
    moved = Claim.objects.create(workspace=elsewhere, agent=known.agent, claimed_at=NOON)
    spend(moved, 500, at=NOON)
    told = compared(moved)
    assert (told.today, told.usual, told.days, told.is_spike) == (500, usual, days, usual is not None)
