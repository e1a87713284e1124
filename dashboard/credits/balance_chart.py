"""A balance over time as the points of an SVG path: drawn here, so that it needs no script and no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.credits.balance import Anchor

WIDTH, HEIGHT = 1000, 240
STEPS = (1, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Mark:
    """A purchase on the time axis: `x` in the drawing's units."""

    x: int
    at: datetime
    credits: int


@dataclass(frozen=True)
class Chart:
    """`line` and `area` are SVG paths over WIDTH x HEIGHT; `top` and `floor` are the balances at the edges."""

    line: str
    area: str
    top: int
    floor: int
    zero: int
    since: datetime
    until: datetime
    marks: tuple[Mark, ...]


def chart_of(readings: Sequence[Anchor], purchases: Sequence[tuple[datetime, int]]) -> Chart | None:
    """Return the drawing of readings, oldest first; None for fewer than two. A balance holds until the next one."""
    if len(readings) < 2:
        return None
    since, until = readings[0].at, readings[-1].at
    top = round_up(max(1, *(reading.credits for reading in readings)))
    floor = -round_up(-lowest) if (lowest := min(reading.credits for reading in readings)) < 0 else 0
    span = (until - since).total_seconds() or 1

    def x(at: datetime) -> int:
        return round((at - since).total_seconds() / span * WIDTH)

    def y(credits_: int) -> int:
        return round((top - credits_) / (top - floor) * HEIGHT)

    steps = [f"M0 {y(readings[0].credits)}"] + [f"H{x(one.at)}V{y(one.credits)}" for one in readings[1:]]
    line = "".join(steps)
    marks = tuple(Mark(x(at), at, credits_) for at, credits_ in purchases if since <= at <= until)
    return Chart(line, f"{line}V{y(0)}H0Z", top, floor, y(0), since, until, marks)


def round_up(figure: int) -> int:
    """Return the next figure of one digit and noughts."""
    scale = int("1" + "0" * (len(str(figure)) - 1))
    return next(step * scale for step in STEPS if step * scale >= figure)
