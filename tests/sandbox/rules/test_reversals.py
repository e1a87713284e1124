"""Refunds and disputes as steps, from whatever we know to whatever the provider says (contract 3.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.rules.reversals import Step, steps

STATES = [None, "pending", "applied", "reinstated", "rejected"]
WORDS = [
    *("pending", "requires_action", "succeeded", "failed", "canceled", "needs_response", "under_review", "won", "lost"),
    *("warning_needs_response", "warning_under_review", "warning_closed", "prevented", "a_word_of_tomorrow"),
]
AFTER = {Step.NOTE: "pending", Step.DEBIT: "applied", Step.GIVE_BACK: "reinstated", Step.REJECT: "rejected"}


@pytest.mark.parametrize(
    ("state", "word", "expected"),
    [
        (None, "pending", [Step.NOTE]),
        (None, "succeeded", [Step.DEBIT]),
        (None, "failed", [Step.NOTE, Step.REJECT]),
        (None, "warning_needs_response", [Step.NOTE]),
        (None, "won", [Step.DEBIT, Step.GIVE_BACK]),
        ("pending", "pending", []),
        ("pending", "succeeded", [Step.DEBIT]),
        ("pending", "warning_closed", [Step.REJECT]),
        ("applied", "pending", []),
        ("applied", "lost", []),
        ("applied", "won", [Step.GIVE_BACK]),
        ("applied", "failed", [Step.GIVE_BACK]),
        ("reinstated", "needs_response", []),
        ("rejected", "succeeded", []),
        (None, "a_word_of_tomorrow", []),
    ],
)
def test_each_word_has_its_steps(state: str | None, word: str, expected: list[Step]) -> None:
    assert steps(state, word) == expected


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_credits_are_taken_and_given_back_at_most_once_in_any_order(words: list[str]) -> None:
    state, done = None, []
    for word in words:
        for step in steps(state, word):
            done.append(step)
            state = AFTER[step]
    assert done.count(Step.DEBIT) <= 1
    assert done.count(Step.GIVE_BACK) <= done.count(Step.DEBIT)


@given(st.sampled_from(STATES), st.sampled_from(WORDS))
def test_the_same_word_again_asks_for_nothing(state: str | None, word: str) -> None:
    for step in steps(state, word):
        state = AFTER[step]
    assert steps(state, word) == []
