"""Today's spending against what is usual at this time of day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from dashboard.accounts.models import User
from dashboard.activity.models import SpendSlot
from dashboard.activity.slots import slot_of
from dashboard.activity.usual import FLOOR_CREDITS, USUAL_DAYS, usual_map
from dashboard.agents.models import Agent, Claim

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)


@pytest.fixture
def known(link: Callable[..., Claim]) -> Claim:
    claim = link()
    Agent.objects.filter(pk=claim.agent_id).update(registered_at=NOON - timedelta(days=100))
    claim.agent.refresh_from_db()
    return claim


def spend(claim: Claim, credits_: int, *, at: datetime) -> None:
    place = {"workspace": claim.workspace, "agent": claim.agent, "slot": slot_of(at)}
    SpendSlot.objects.create(**place, credits_spent=credits_)


def test_today_is_held_against_the_median_of_the_same_hours(known: Claim, django_assert_num_queries: Any) -> None:
    for days in range(1, USUAL_DAYS + 1):
        spend(known, 30 if days % 2 else 40, at=NOON - timedelta(days=days))
        spend(known, 900, at=NOON - timedelta(days=days) + timedelta(hours=2))
    spend(known, 1_000, at=NOON - timedelta(days=USUAL_DAYS + 1))
    spend(known, 104, at=NOON)
    with django_assert_num_queries(1):
        told = usual_map([known], now=NOON)[known.agent_id]
    assert (told.today, told.usual, told.days) == (104, 35, 28)
    assert not told.is_spike
    spend(known, 1, at=NOON - timedelta(hours=1))
    assert usual_map([known], now=NOON)[known.agent_id].is_spike


def test_rare_spending_is_no_spike_beneath_the_floor(known: Claim) -> None:
    spend(known, 3 * FLOOR_CREDITS - 1, at=NOON)
    told = usual_map([known], now=NOON)[known.agent_id]
    assert (told.usual, told.is_spike) == (0, False)
    spend(known, 1, at=NOON - timedelta(minutes=30))
    assert usual_map([known], now=NOON)[known.agent_id].is_spike


def test_of_a_young_agent_nobody_knows_what_is_usual(known: Claim) -> None:
    Agent.objects.update(registered_at=NOON - timedelta(days=7))
    known.agent.refresh_from_db()
    spend(known, 5_000, at=NOON)
    told = usual_map([known], now=NOON)[known.agent_id]
    assert (told.today, told.usual, told.days, told.is_spike) == (5_000, None, 6, False)


def test_days_of_whoever_held_it_before_do_not_count(known: Claim, outsider: User) -> None:
    spend(known, 700, at=NOON - timedelta(days=3))
    with time_machine.travel(NOON, tick=False):
        Claim.objects.filter(pk=known.pk).update(released_at=NOON)
        elsewhere = outsider.memberships.get().workspace
        moved = Claim.objects.create(workspace=elsewhere, agent=known.agent, claimed_at=NOON)
        spend(moved, 5, at=NOON)
        assert usual_map([moved])[known.agent_id].today == 5
        assert usual_map([moved])[known.agent_id].usual == 0
