"""Low balance: each level is told when it is reached and when it is left, and what comes back by itself is no news."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.alerts import facts
from dashboard.alerts.kinds import LOW_BALANCE
from dashboard.alerts.sweep import kind_sweep
from dashboard.freshness.models import SyncCursor
from tests.dashboard.alerts.conftest import (
    assert_each_level_is_taken_back_once,
    credits_set,
    expected,
    said,
    sentences,
    swept,
)
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_each_level_is_told_once_and_its_recovery_once(held: Any) -> None:
    claim = held()
    balances = [500, 90, 95, 90, 15, 0, 0, 10, 25, 40, 130, 500]
    for balance in balances:
        credits_set(claim, balance)
        swept()
        swept()
    assert said() == expected(balances)
    assert sentences() == [
        "90 credits left.",
        "15 credits left.",
        "Out of credits.",
        "Has credits again: 10.",
        "Above 20 credits again: 40.",
        "Above 100 credits again: 130.",
    ]


def test_whoever_was_never_out_has_no_credits_again(held: Any) -> None:
    claim = held()
    for balance in (15, 500, 90, 500):
        credits_set(claim, balance)
        swept()
    assert sentences() == [
        "15 credits left.",
        "Above 20 credits again: 500.",
        "90 credits left.",
        "Above 100 credits again: 500.",
    ]


def balance_read(claim: Claim, free: int, paid: int = 0) -> None:
    """Write down a balance as a reading does."""
    told = {"free_credits": free, "paid_credits": paid}
    QuotaSnapshot.objects.create(agent=claim.agent, taken_at=timezone.now(), **told)
    Agent.objects.filter(pk=claim.agent_id).update(quota_at=timezone.now(), **told)


def test_agent_that_works_again_each_day_recovers_each_day(held: Any) -> None:
    """Where nobody tells that credits come anew, what is seen is told: both sides of it."""
    claim = held(paid_credits=0)
    for balance in (0, 40, 0, 40):
        credits_set(claim, balance)
        swept()
    assert said() == [("opened", 3), ("eased", 3), ("worsened", 3), ("eased", 3)]
    assert sentences()[1] == "Has credits again: 40."


def test_agent_that_runs_out_of_paid_credits_is_told_once_and_not_each_day_of_its_free_ones(held: Any) -> None:
    with time_machine.travel(NOON - timedelta(hours=3), tick=False) as clock:
        claim = held(free_credits_per_day=40)
        for hours, free, paid in ((0, 0, 500), (1, 0, 15), (1, 0, 0)):
            clock.shift(timedelta(hours=hours))
            balance_read(claim, free, paid)
            swept()
        for _ in range(3):
            for hours, free in ((13, 40), (11, 0)):
                clock.shift(timedelta(hours=hours))
                balance_read(claim, free)
                swept()
        assert sentences() == [
            "15 credits left.",
            "Out of credits until the day's 40 free ones come.",
            "Has credits again: 40.",
        ]
        # Bought anew, it is told anew.
        clock.shift(timedelta(minutes=5))
        balance_read(claim, 0, 200)
        swept()
        clock.shift(timedelta(minutes=5))
        balance_read(claim, 0)
        swept()
        assert sentences()[3:] == ["Above 100 credits again: 200.", "Out of credits until the day's 40 free ones come."]


def test_balance_of_yesterday_takes_nothing_back(held: Any) -> None:
    """Midnight alone gives no credits: only a reading tells that they came."""
    with time_machine.travel(NOON, tick=False) as clock:
        claim = held(free_credits_per_day=40)
        balance_read(claim, 0, 500)
        swept()
        clock.shift(timedelta(minutes=5))
        balance_read(claim, 0)
        swept()
        clock.shift(timedelta(hours=13))
        SyncCursor.objects.update(synced_at=timezone.now())
        swept()
        assert said() == [("opened", 3)]
        balance_read(claim, 0)
        swept()
        assert said() == [("opened", 3)]


@settings(WITH_FIXTURES, max_examples=25)
@given(
    free_a_day=st.sampled_from([25, 40, 200]),
    days=st.lists(st.lists(st.integers(0, 200), max_size=3), min_size=1, max_size=5),
)
def test_free_credits_of_a_day_are_never_graver_news_than_the_mildest(
    free_a_day: int, days: list[list[int]], one_claim: Claim
) -> None:
    with transaction.atomic(), time_machine.travel(NOON, tick=False) as clock:
        Agent.objects.update(free_credits_per_day=free_a_day)
        for spent in days:
            clock.shift(timedelta(hours=20))
            for left in [free_a_day, *sorted((min(one, free_a_day) for one in spent), reverse=True)]:
                clock.shift(timedelta(minutes=80))
                balance_read(one_claim, left)
                kind_sweep(LOW_BALANCE, facts.low_balance)
        assert {level for _, level in said()} <= {1}
        assert_each_level_is_taken_back_once()
        transaction.set_rollback(True)
