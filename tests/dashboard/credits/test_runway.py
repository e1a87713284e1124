"""How long credits last: days with the window they were reckoned on, or why nobody can say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import SpendDay
from dashboard.activity.slots import day_of
from dashboard.agents.models import Agent, Claim
from dashboard.credits.models import Purchase, Receipt
from dashboard.credits.runway import MOST_DAYS, WINDOW_DAYS, Runway, runway_of, window_start
from dashboard.credits.runways import runway_list

# Noon: seven and a half days since the window began.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def claim_of(*, is_stopped: bool = False, **agent: Any) -> Claim:
    told = {"free_credits": 0, "paid_credits": 300, "daily_jobs_remaining": 3, "quota_at": NOW}
    return Claim(agent=Agent(**{**told, **agent}), claimed_at=NOW, stopped_at=NOW if is_stopped else None)


def runway(
    *, spent: int, known_for: timedelta = timedelta(days=60), untold: int = 0, has_test_money: bool = False, **what: Any
) -> Runway:
    told = {"since": NOW - known_for, "untold": untold, "has_test_money": has_test_money}
    return runway_of(claim_of(**what), spent=spent, now=NOW, **told)


def test_days_left_stand_with_the_window_they_were_computed_on() -> None:
    # 375 credits in seven and a half days are 50 a day.
    told = runway(spent=375)
    assert (told.kind, told.days, told.window_days) == ("days", 6, 7)
    assert told.sentence == "About 6 days, at the pace of the last 7 days."


@pytest.mark.parametrize(
    ("spent", "paid", "sentence"),
    [
        (375, 50, "About 1 day, at the pace of the last 7 days."),
        (375, 49, "Less than a day, at the pace of the last 7 days."),
        (1, 5000, "More than a year, at the pace of the last 7 days."),
    ],
)
def test_one_day_less_and_more_than_anybody_asks_are_said_in_words(spent: int, paid: int, sentence: str) -> None:
    assert runway(spent=spent, paid_credits=paid).sentence == sentence


def test_where_charges_are_not_told_the_days_are_the_most_that_are_left() -> None:
    told = runway(spent=375, untold=2)
    assert (told.kind, told.days, told.untold) == ("days", 6, 2)
    assert told.sentence == "At most 6 days, at the pace of the last 7 days, 2 charges not told."
    short = runway(spent=375, untold=1, paid_credits=49)
    assert short.sentence == "Less than a day, at the pace of the last 7 days, 1 charge not told."
    assert short.is_short


@pytest.mark.parametrize(
    "what",
    [
        {"spent": 0},
        {"spent": 1, "paid_credits": 5_000},
        {"spent": 375, "free_credits": 60, "free_credits_per_day": 60},
    ],
)
def test_charges_that_are_not_told_may_use_up_what_would_last(what: dict[str, int]) -> None:
    told = runway(untold=3, **what)
    assert (told.kind, told.days) == ("unknown", None)
    assert told.sentence == "Cannot say: Image Skill does not tell what 3 charges of the last 7 days took."


def test_younger_agent_has_the_pace_of_the_days_it_was_there() -> None:
    told = runway(spent=150, known_for=timedelta(days=3))
    assert told.sentence == "About 6 days, at the pace of the last 3 days."


def test_free_credits_that_come_anew_each_day_are_not_used_up() -> None:
    assert runway(spent=375, free_credits=60, free_credits_per_day=60).kind == "covered"
    # 40 of 50 a day are free: the 100 paid ones last for the other 10.
    assert runway(spent=375, free_credits=40, paid_credits=100, free_credits_per_day=40).days == 10


def test_jobs_of_an_old_reading_say_nothing_of_today() -> None:
    told = runway(spent=375, daily_jobs_remaining=0, quota_at=NOW - timedelta(days=3))
    assert told.sentence == "Cannot say: its balance is out of date."


def test_agent_without_jobs_waits_for_the_reset_and_not_for_credits() -> None:
    resets_at = NOW + timedelta(hours=12)
    told = runway(spent=375, daily_jobs_remaining=0, resets_at=resets_at)
    assert (told.kind, told.days, told.until) == ("blocked", None, resets_at)
    assert runway(spent=375, daily_jobs_remaining=0, resets_at=NOW - timedelta(hours=1)).until is None


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"spent": 0}, "it spent nothing in the last 7 days."),
        ({"spent": 0, "known_for": timedelta(days=1)}, "it spent nothing in the last day."),
        ({"spent": 9, "known_for": timedelta(hours=23)}, "it is known for less than a day."),
        ({"spent": 9, "quota_at": NOW - timedelta(minutes=20)}, "its balance is out of date."),
        ({"spent": 9, "quota_at": None}, "its balance was not read yet."),
        ({"spent": 9, "free_credits": None, "paid_credits": None}, "Image Skill does not tell its credits."),
        ({"spent": 9, "claim_state": "revoked"}, "Image Skill turns it away, so its balance is not read."),
        ({"spent": 9, "is_stopped": True}, "it is stopped."),
        ({"spent": 9, "has_test_money": True}, "some of its credits came from a test payment."),
    ],
)
def test_where_nobody_can_say_the_reason_is_said(what: dict[str, Any], why: str) -> None:
    told = runway(**what)
    assert (told.kind, told.days) == ("unknown", None)
    assert told.sentence == f"Cannot say: {why}"
    assert not told.is_short


def test_empty_agent_says_when_free_credits_come_where_the_service_tells() -> None:
    resets_at = NOW + timedelta(hours=12)
    assert runway(spent=9, paid_credits=0, resets_at=resets_at).until is None
    told = runway(spent=9, paid_credits=0, resets_at=resets_at, free_credits_per_day=40)
    assert (told.kind, told.until, told.is_short) == ("empty", resets_at, True)


@given(
    free=st.integers(0, 200),
    paid=st.integers(0, 5_000),
    daily=st.none() | st.integers(0, 100),
    spent=st.integers(1, 5_000),
)
def test_days_are_those_that_spending_day_by_day_gives(free: int, paid: int, daily: int | None, spent: int) -> None:
    told = runway(spent=spent, free_credits=free, paid_credits=paid, free_credits_per_day=daily)
    if told.kind != "days":
        assert free + paid == 0 or told.pace <= (daily or 0)
        return
    days, left_free, left_paid = 0, float(free), float(paid)
    while left_free + left_paid >= told.pace - 1e-6 and days < MOST_DAYS:
        left_paid -= max(told.pace - left_free, 0)
        left_free = float(daily) if daily else max(left_free - told.pace, 0)
        days += 1
    assert abs(days - (told.days or 0)) <= 1


@pytest.mark.django_db
def test_runways_of_all_agents_come_from_one_query(
    link: Callable[..., Claim], workspace: Workspace, django_assert_num_queries: Any
) -> None:
    with time_machine.travel(NOW, tick=False):
        quick, calm, tested, silent = (link(name) for name in ("quick", "calm", "tested", "silent"))
        told = {"quota_at": NOW, "free_credits": 0, "paid_credits": 300, "registered_at": NOW - timedelta(days=60)}
        Agent.objects.update(**told)
        for claim, day in ((quick, day_of(NOW)), (quick, day_of(window_start(NOW)) - 1), (tested, day_of(NOW))):
            SpendDay.objects.create(workspace=workspace, agent=claim.agent, day=day, credits_spent=375)
        SpendDay.objects.create(workspace=workspace, agent=silent.agent, day=day_of(NOW), untold=1)
        purchase = Purchase.objects.create(workspace=workspace, agent=tested.agent, opened_at=NOW)
        Receipt.objects.create(
            workspace=workspace,
            agent=tested.agent,
            purchase=purchase,
            remote_id="rcpt_1",
            issued_at=NOW,
            live_money=False,
            credits=500,
            amount_cents=500,
        )
        with django_assert_num_queries(1):
            found = {claim.agent.name: told for claim, told in runway_list(workspace)}
    assert found["quick"].days == 6, "what was spent before the window is no pace"
    assert found["calm"].sentence == f"Cannot say: it spent nothing in the last {WINDOW_DAYS} days."
    assert found["tested"].why == "some of its credits came from a test payment."
    assert found["silent"].why == "Image Skill does not tell what 1 charge of the last 7 days took."
    assert calm.agent.name in found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("held_elsewhere", "said"),
    [
        (False, "About 45 days, at the pace of the last 7 days."),
        (True, "About 6 days, at the pace of the last day."),
    ],
)
def test_pace_of_an_agent_begins_where_another_workspace_let_it_go(
    held_elsewhere: bool, said: str, link: Callable[..., Claim], workspace: Workspace, outsider: User
) -> None:
    with time_machine.travel(NOW, tick=False):
        claim, yesterday = link(), NOW - timedelta(days=1)
        told = {"quota_at": NOW, "free_credits": 0, "paid_credits": 300, "registered_at": NOW - timedelta(days=60)}
        Agent.objects.update(**told)
        SpendDay.objects.create(workspace=workspace, agent=claim.agent, day=day_of(yesterday), credits_spent=50)
        elsewhere = outsider.memberships.get().workspace
        before = {"claimed_at": NOW - timedelta(days=50), "released_at": yesterday}
        Claim.objects.create(workspace=elsewhere if held_elsewhere else workspace, agent=claim.agent, **before)
        ((_, known),) = runway_list(workspace)
    assert known.sentence == said
