"""The arithmetic of a balance's history, without a database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.credits.allocation import Funding, Lot, Share, funding_of, shares, taken
from dashboard.credits.balance import MORE, Anchor, Interval, Movement, Stretch, intervals_between
from dashboard.credits.balance_chart import HEIGHT, WIDTH, chart_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SPENT, GRANTED = "usage.credit_consumed", "credits.payment_backed_granted"


def anchor(minutes: int, free: int, paid: int = 0) -> Anchor:
    return Anchor(NOON + timedelta(minutes=minutes), free, paid, minutes)


def test_lines_explain_what_they_sum_to_and_the_rest_is_one_figure() -> None:
    lines = (Movement(SPENT, 3, -27), Movement(GRANTED, 1, 500))
    interval = Interval(anchor(0, 13), anchor(10, 26, 500), lines)
    assert (interval.moved, interval.explained, interval.unexplained) == (513, 473, 40)
    assert interval.reasons == list(MORE)


def test_explained_interval_gives_no_reasons() -> None:
    interval = Interval(anchor(0, 13), anchor(10, 4), (Movement(SPENT, 1, -9),))
    assert (interval.unexplained, interval.reasons) == (0, [])


def test_gap_and_lines_without_a_figure_are_the_first_doubts() -> None:
    gap = Stretch(None, NOON + timedelta(minutes=1))
    interval = Interval(anchor(0, 13), anchor(10, 4), (Movement(SPENT, 2, 0, 2),), (gap,))
    assert interval.reasons[:2] == [
        "Lines of the ledger here do not tell their credits.",
        "Part of the ledger could not be read here.",
    ]
    assert interval.reasons[3] == "Credits were on hold for a job that had not ended yet."


def test_gap_stands_in_every_interval_that_it_touches() -> None:
    anchors = [anchor(0, 9), anchor(10, 8), anchor(20, 7), anchor(30, 6)]
    gap = Stretch(NOON + timedelta(minutes=5), NOON + timedelta(minutes=15))
    found = intervals_between(anchors, [(), (), ()], [gap])
    assert [len(one.gaps) for one in found] == [1, 1, 0]


def test_interval_in_which_purses_changed_against_each_other_is_not_still() -> None:
    assert not Interval(anchor(0, 0, 10), anchor(5, 10, 0)).is_still
    assert Interval(anchor(0, 0, 10), anchor(5, 0, 10)).is_still


def test_free_credits_go_first_then_the_oldest_purchase() -> None:
    queue = [Lot(1, 5), Lot(2, 100)]
    funding = funding_of(start=anchor(0, 4, 105), end=anchor(9, 0, 98), spent=11, granted_before=105, granted_after=105)
    assert funding == Funding(free=4, start=0)
    assert shares(funding, queue, offset=0, credits=6) == [Share(None, 4), Share(queue[0], 2)]
    assert shares(funding, queue, offset=6, credits=5) == [Share(queue[0], 3), Share(queue[1], 2)]


def test_credits_on_hold_at_the_reading_before_come_from_the_purchase_that_held_them() -> None:
    """A job of 7 was running at the first reading: neither purse loses anything when it ends."""
    queue = [Lot(1, 10), Lot(2, 10)]
    funding = funding_of(start=anchor(0, 0, 10), end=anchor(9, 0, 10), spent=7, granted_before=20, granted_after=20)
    assert shares(funding, queue, offset=0, credits=7) == [Share(queue[0], 7)]


def test_refund_of_spent_credits_leaves_the_debt_to_the_next_purchase() -> None:
    """500 bought, 100 spent, 500 taken back: the purse is at -100. The next 500 are 400 to spend."""
    queue = [Lot(1, 0), Lot(2, 500)]
    funding = funding_of(
        start=anchor(0, 0, 400), end=anchor(9, 0, 390), spent=10, granted_before=500, granted_after=500
    )
    assert funding == Funding(free=0, start=100)
    assert shares(funding, queue, offset=0, credits=10) == [Share(queue[1], 10)]


LOTS = st.lists(st.integers(0, 60), max_size=6).map(lambda sizes: [Lot(pk, size) for pk, size in enumerate(sizes, 1)])


@given(LOTS, st.integers(0, 40), st.lists(st.integers(1, 30), max_size=12))
def test_every_credit_is_allocated_once(queue: list[Lot], free: int, spendings: list[int]) -> None:
    """Whatever was spent, free credits and lots are used up in order, none twice, and nothing is left out."""
    total = sum(lot.credits for lot in queue)
    spent = sum(spendings)
    paid = max(min(spent - free, total), 0)
    start, end = anchor(0, free, total), anchor(9, max(free - spent, 0), total - paid)
    funding = funding_of(start=start, end=end, spent=spent, granted_before=total, granted_after=total)
    offsets = [sum(spendings[:count]) for count in range(len(spendings))]
    parts = [shares(funding, queue, offset=offset, credits=one) for offset, one in zip(offsets, spendings, strict=True)]
    flat = [part for each in parts for part in each]
    assert sum(part.credits for part in flat if part.lot) == paid
    order = [queue.index(part.lot) if part.lot else -1 for part in flat]
    assert order == sorted(order)
    for lot in queue:
        assert sum(part.credits for part in flat if part.lot is lot) <= lot.credits


@given(LOTS, st.lists(st.integers(0, 400), min_size=2, max_size=8).map(sorted))
def test_stretches_of_the_queue_meet_without_a_seam(queue: list[Lot], places: list[int]) -> None:
    whole = taken(queue, start=places[0], stop=places[-1])
    pieces = [part for start, stop in pairwise(places) for part in taken(queue, start=start, stop=stop)]
    assert sum(part.credits for part in pieces) == sum(part.credits for part in whole)


def test_one_reading_is_no_drawing() -> None:
    assert chart_of([anchor(0, 40)], []) is None


def test_balance_holds_until_the_next_reading() -> None:
    chart = chart_of([anchor(0, 40), anchor(30, 20), anchor(60, 20)], [(NOON + timedelta(minutes=15), 500)])
    assert chart is not None
    assert (chart.top, chart.floor) == (40, 0)
    assert chart.line == f"M0 0H{WIDTH // 2}V{HEIGHT // 2}H{WIDTH}V{HEIGHT // 2}"
    assert [mark.x for mark in chart.marks] == [WIDTH // 4]


@pytest.mark.parametrize(("figure", "top"), [(0, 1), (1, 1), (31, 40), (700, 800), (2840, 3000), (999_999, 1_000_000)])
def test_upper_edge_is_a_round_figure(figure: int, top: int) -> None:
    chart = chart_of([anchor(0, figure), anchor(1, 0)], [])
    assert chart is not None
    assert chart.top == top


def test_balance_below_zero_is_drawn_below_the_line() -> None:
    chart = chart_of([anchor(0, 0, 100), anchor(10, 0, -100)], [])
    assert chart is not None
    assert (chart.top, chart.floor, chart.zero) == (100, -100, HEIGHT // 2)
