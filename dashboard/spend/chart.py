"""Spending by the day or hour as stacked bars: SVG paths, drawn here, so that it needs no script and no style."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.credits.balance_chart import round_up
from dashboard.spend.figures import CHARTED, Spending
from dashboard.spend.span import Span

WIDTH, HEIGHT = 1000, 240
# Of the place of a bar so much stays free beside it.
GAP = 0.22


@dataclass(frozen=True)
class Bar:
    """One day or hour: its place on the axis, the moment at which it begins, its credits by the groups' places, and how
    many of its charges tell none."""

    x: float
    width: float
    at: datetime
    credits: tuple[int, ...]
    untold: int
    has_others: bool

    @property
    def total(self) -> int:
        return sum(self.credits)

    @property
    def figures(self) -> tuple[int, ...]:
        """The credits of the groups in the order of the table: the others come last."""
        others, *groups = self.credits
        return (*groups, others) if self.has_others else tuple(groups)


@dataclass(frozen=True)
class Series:
    """All bars of one group as one SVG path; `place` chooses the colour, 0 is that of the others."""

    place: int
    path: str


@dataclass(frozen=True)
class Chart:
    """`top` is the credits at the upper edge. Bars stand over WIDTH x HEIGHT."""

    bars: tuple[Bar, ...]
    series: tuple[Series, ...]
    top: int

    @property
    def first(self) -> Bar:
        return self.bars[0]

    @property
    def last(self) -> Bar:
        return self.bars[-1]

    @property
    def rows(self) -> list[Bar]:
        """The bars that have something, the newest first: what the table beneath says."""
        return [bar for bar in reversed(self.bars) if bar.total or bar.untold]


def chart_of(spending: Spending, span: Span) -> Chart:
    """Return the drawing of a stretch; the group that spent most stands at the bottom, the others on top."""
    drawn, has_others = len(spending.charted), spending.has_others
    nothing = [0] * (CHARTED + 1)
    place = WIDTH / len(span.buckets)
    bars = tuple(
        Bar(
            round(number * place, 2),
            round(place, 2),
            bucket.at,
            tuple(spending.bars.get(bucket.number, nothing)[: drawn + 1]),
            spending.untold.get(bucket.number, 0),
            has_others,
        )
        for number, bucket in enumerate(span.buckets)
    )
    top = round_up(max(1, *(bar.total for bar in bars)))
    order = [*range(1, drawn + 1), 0]
    series = (Series(one, _path(bars, order[: order.index(one)], one, top)) for one in order)
    return Chart(bars, tuple(one for one in series if one.path), top)


def _path(bars: Sequence[Bar], beneath: Sequence[int], place: int, top: int) -> str:
    return "".join(_box(bar, sum(bar.credits[one] for one in beneath), bar.credits[place], top) for bar in bars)


def _box(bar: Bar, base: int, credits_: int, top: int) -> str:
    if not credits_:
        return ""
    floor, ceiling = (round(HEIGHT - height * HEIGHT / top, 2) for height in (base, base + credits_))
    gap = bar.width * GAP / 2
    return f"M{bar.x + gap:.2f} {floor}V{ceiling}H{bar.x + bar.width - gap:.2f}V{floor}Z"
