"""Counts as the points of a small drawing: whole numbers in a box of fixed size, drawn as SVG by a template. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 240, 40


class Bar(NamedTuple):
    """One bar, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    value: int


def trend_points(values: Sequence[int]) -> list[Bar]:
    """Return a bar for each value, the highest as high as the box; one that is not 0 can always be seen."""
    top, step = max([*values, 1]), WIDTH / max(len(values), 1)
    bars = []
    for number, value in enumerate(values):
        height = max(HEIGHT * value / top, 2.0) if value else 0.0
        bars.append(
            Bar(round(number * step, 1), round(HEIGHT - height, 1), round(step * 0.7, 1), round(height, 1), value)
        )
    return bars
