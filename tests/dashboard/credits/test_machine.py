"""What may follow what, and when to ask again: no row, no network."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from api_client import PurchaseStatus
from dashboard.credits.machine import (
    RANK,
    REMOTE_STATES,
    SLOWEST,
    UNPAID_ENDS,
    pause_after,
    poll_seconds,
    state_after,
    state_told,
)
from dashboard.credits.models import Purchase

State = Purchase.State
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def purchase(state: Purchase.State, **more: Any) -> Purchase:
    return Purchase(state=state, **{"opened_at": NOW, "poll_seconds": 10, **more})


def told(word: str, *, has_receipt: bool = False) -> Purchase.State | None:
    return state_told(PurchaseStatus(state=word), has_receipt=has_receipt)


def test_every_state_has_its_rank_and_is_under_way_or_ended() -> None:
    assert set(RANK) == set(State)
    assert set(Purchase.UNDER_WAY) | UNPAID_ENDS | {State.SUCCEEDED} == set(State)


@pytest.mark.parametrize("word", sorted(REMOTE_STATES))
def test_no_word_alone_makes_a_purchase_done(word: str) -> None:
    assert told(word) != State.SUCCEEDED
    assert told(word, has_receipt=True) == State.SUCCEEDED


def test_word_that_nobody_published_changes_nothing() -> None:
    assert told("on_the_moon") is None
    assert state_after(State.OPEN, None, is_other_attempt=False) == State.OPEN


@pytest.mark.parametrize("order", list(permutations([State.OPEN, State.PROCESSING, State.PAID, State.SUCCEEDED])))
def test_words_in_any_order_end_at_the_furthest(order: tuple[Purchase.State, ...]) -> None:
    state = State.OPENING
    for one in order:
        after = state_after(state, one, is_other_attempt=False)
        assert RANK[after] >= RANK[state]
        state = after
    assert state == State.SUCCEEDED


@pytest.mark.parametrize("end", sorted(UNPAID_ENDS))
def test_given_up_payment_may_still_succeed_and_is_otherwise_over(end: Purchase.State) -> None:
    assert state_after(end, State.OPEN, is_other_attempt=False) == end
    assert state_after(end, State.SUCCEEDED, is_other_attempt=False) == State.SUCCEEDED
    assert state_after(end, State.OPEN, is_other_attempt=True) == State.OPEN
    assert state_after(end, State.QUOTED, is_other_attempt=True) == end


def test_another_attempt_undoes_no_payment() -> None:
    assert state_after(State.PAID, State.OPEN, is_other_attempt=True) == State.PAID
    assert state_after(State.SUCCEEDED, State.FAILED, is_other_attempt=True) == State.SUCCEEDED


@pytest.mark.parametrize(
    ("asked", "seconds"), [(10, 10), ("25", 25), (0, 3), (-5, 3), (10**9, 300), (1.5, 10), ("soon", 10), ([], 10)]
)
def test_pause_that_the_service_asks_for_is_bounded(asked: object, seconds: int) -> None:
    assert poll_seconds(asked) == seconds


def test_asking_slows_down_with_age_and_ends() -> None:
    opened = purchase(State.OPEN, expires_at=NOW + timedelta(hours=1))
    pauses = [pause_after(opened, NOW + timedelta(minutes=minutes)) for minutes in (0, 10, 60, 600)]
    assert pauses[0] == timedelta(seconds=10)
    assert pauses == sorted(pauses, key=lambda pause: pause or timedelta())
    assert pauses[-1] == SLOWEST
    assert pause_after(opened, NOW + timedelta(hours=26)) is None


def test_quote_is_looked_at_when_it_runs_out() -> None:
    quoted = purchase(State.QUOTED, quote_expires_at=NOW + timedelta(minutes=30))
    assert pause_after(quoted, NOW) == timedelta(minutes=30, seconds=1)


@pytest.mark.parametrize("state", [State.SUCCEEDED, *sorted(UNPAID_ENDS)])
def test_what_has_ended_is_asked_about_no_more(state: Purchase.State) -> None:
    assert pause_after(purchase(state), NOW) is None


def test_paid_one_is_followed_for_good_and_after_a_month_once_a_day() -> None:
    paid = purchase(State.PAID, paid_at=NOW)
    assert pause_after(paid, NOW + timedelta(days=29)) == SLOWEST
    for days in (30, 31, 400):
        assert pause_after(paid, NOW + timedelta(days=days)) == timedelta(days=1)
