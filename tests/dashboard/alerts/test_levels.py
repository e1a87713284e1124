"""A figure crosses a level by touching it, and recovers only some way beyond it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.alerts.kinds import LOW_BALANCE
from dashboard.alerts.levels import Ladder, level_after
from dashboard.alerts.registry import EVERY_KIND

LADDERS = [kind.ladder for kind in EVERY_KIND.values()]
FIGURES = st.lists(st.integers(-200, 300) | st.none(), max_size=40)


@pytest.mark.parametrize(
    ("figure", "before", "after"),
    [
        (101, 0, 0),
        (100, 0, 1),
        (20, 0, 2),
        (0, 0, 3),
        (-5, 0, 3),
        # 100 is left at 125, 20 at 30, 0 at 10.
        (124, 1, 1),
        (125, 1, 0),
        (29, 2, 2),
        (30, 2, 1),
        (9, 3, 3),
        (10, 3, 2),
        (40, 3, 1),
        (500, 3, 0),
        (None, 2, 2),
    ],
)
def test_balance_crosses_three_levels(figure: int | None, before: int, after: int) -> None:
    assert level_after(figure, ladder=LOW_BALANCE.ladder, level=before) == after


@given(figures=FIGURES, ladder=st.sampled_from(LADDERS))
def test_no_figure_gives_a_level_that_it_has_not_reached_or_held(figures: list[int | None], ladder: Ladder) -> None:
    level = 0
    for figure in figures:
        before, level = level, level_after(figure, ladder=ladder, level=level)
        if figure is not None:
            assert ladder.reached(figure) <= level <= max(ladder.reached(figure), before)
            assert level_after(figure, ladder=ladder, level=level) == level


@given(figure=st.integers(-200, 900), level=st.integers(0, 3), ladder=st.sampled_from(LADDERS))
def test_eased_figure_reaches_no_graver_level_and_is_itself_where_it_need_not_be(
    figure: int, level: int, ladder: Ladder
) -> None:
    eased = ladder.eased(figure, level)
    assert ladder.reached(eased) == min(ladder.reached(figure), level)
    assert eased == figure or ladder.reached(figure) > level


@given(low=st.integers(80, 100), swings=st.integers(1, 40))
def test_figure_that_swings_around_a_level_crosses_it_once(low: int, swings: int) -> None:
    levels = [0]
    for _ in range(swings):
        levels += [level_after(low, ladder=LOW_BALANCE.ladder, level=levels[-1])]
        levels += [level_after(low + 24, ladder=LOW_BALANCE.ladder, level=levels[-1])]
    assert set(levels[1:]) == {1}
