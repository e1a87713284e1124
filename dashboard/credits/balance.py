"""What moved a balance between two readings of it. Pure: whole credits in, whole credits and reasons out.

A balance is the service's; we explain it. The anchors are readings of the quota, the ledger's lines say what moved
between two of them, and what remains is one figure, `unexplained`. It is reckoned whenever somebody looks, from when
things happened and never from when we read them: a line that is read late then explains what it explains.

A reading is an anchor only where no line that moves credits happened within `CLOCKS_AGREE` of it, either side: the
service's clock and ours may differ by that much, a moment may be told in whole seconds, and an answer takes its time,
so nobody can say whether such a line is in the reading or not. The two intervals beside it are then told as one.
Credits on hold for a running job are off the balance and in no line: they are unexplained until the job has ended, and
come back as unexplained, of the other sign, in the interval of its spending.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

CLOCKS_AGREE = timedelta(seconds=2)
OTHER = f"Something else that {settings.PRODUCT_NAME} does not publish."
MORE = ("The day's free credits were set anew.", "Credits that were on hold for a job came back.", OTHER)
LESS = ("The daily reset took free credits.", "Credits were on hold for a job that had not ended yet.", OTHER)


@dataclass(frozen=True)
class Anchor:
    """A balance as told: whole free and paid credits at a moment (UTC). `number` names the reading; 0: the latest."""

    at: datetime
    free: int
    paid: int
    number: int = 0

    @property
    def credits(self) -> int:
        return self.free + self.paid


@dataclass(frozen=True)
class Movement:
    """All lines of one type between two anchors: how many, their credits together, and how many told no figure."""

    type: str
    count: int
    credits: int
    untold: int = 0


@dataclass(frozen=True)
class Stretch:
    """A stretch of the ledger that could not be read; `after` None: everything before."""

    after: datetime | None
    before: datetime


@dataclass(frozen=True)
class Interval:
    """Two anchors that follow each other, the lines between them, and the stretches there that we could not read."""

    start: Anchor
    end: Anchor
    movements: tuple[Movement, ...] = ()
    gaps: tuple[Stretch, ...] = ()

    @property
    def moved(self) -> int:
        return self.end.credits - self.start.credits

    @property
    def explained(self) -> int:
        return sum(movement.credits for movement in self.movements)

    @property
    def unexplained(self) -> int:
        """Credits that moved without a line: positive where there are more than the lines say."""
        return self.moved - self.explained

    @property
    def untold(self) -> int:
        return sum(movement.untold for movement in self.movements)

    @property
    def is_still(self) -> bool:
        """Nothing moved and nothing was told: there is nothing to show."""
        return not (self.movements or self.gaps or self.moved or self.start.free != self.end.free)

    @property
    def reasons(self) -> list[str]:
        """What can be behind the unexplained credits, as sentences; none where everything is explained."""
        if not self.unexplained:
            return []
        doubts = list(MORE if self.unexplained > 0 else LESS)
        if self.gaps:
            doubts.insert(0, "Part of the ledger could not be read here.")
        if self.untold:
            doubts.insert(0, "Lines of the ledger here do not tell their credits.")
        return doubts


def movements_joined(told: Iterable[tuple[Movement, ...]]) -> tuple[Movement, ...]:
    """Return several times' lines as those of one, by type."""
    by_type: dict[str, Movement] = {}
    for one in (movement for movements in told for movement in movements):
        known = by_type.get(one.type, Movement(one.type, 0, 0))
        sums = (known.count + one.count, known.credits + one.credits, known.untold + one.untold)
        by_type[one.type] = Movement(one.type, *sums)
    return tuple(by_type[name] for name in sorted(by_type))


def intervals_between(
    anchors: Sequence[Anchor], movements: Sequence[tuple[Movement, ...]], gaps: Sequence[Stretch] = ()
) -> list[Interval]:
    """Return the intervals between anchors (oldest first); `movements[i]` are the lines between anchor i and the next.

    Every line and every gap stands in the interval in which it happened; a gap may touch several.
    """
    pairs = zip(anchors, anchors[1:], movements, strict=False)
    return [Interval(start, end, lines, _touching(gaps, start, end)) for start, end, lines in pairs]


def _touching(gaps: Sequence[Stretch], start: Anchor, end: Anchor) -> tuple[Stretch, ...]:
    return tuple(gap for gap in gaps if gap.before > start.at and (gap.after is None or gap.after < end.at))
