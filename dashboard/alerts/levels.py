"""When a figure has crossed a level, and when it has recovered. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ladder:
    """Marks that a figure crosses, the mildest first; falling figures cross downwards, others upwards.

    A mark is reached by touching it and left only by `slack` beyond it, so a figure that swings around a mark makes no
    storm. Slack is a share of the mark (`slack_percent`), at least `slack_least`.
    """

    marks: tuple[int, ...]
    falls: bool = False
    slack_percent: int = 25
    slack_least: int = 1

    def reached(self, figure: int) -> int:
        """Return how many marks this figure has reached."""
        return sum(figure <= mark if self.falls else figure >= mark for mark in self.marks)

    def held(self, figure: int) -> int:
        """Return how many marks it has not left, had it reached them before."""
        return sum(figure < self.release(mark) if self.falls else figure > self.release(mark) for mark in self.marks)

    def release(self, mark: int) -> int:
        """Return the figure at which a mark is left."""
        slack = max(self.slack_least, abs(mark) * self.slack_percent // 100)
        return mark + slack if self.falls else mark - slack

    def eased(self, figure: int, level: int) -> int:
        """Return the figure, or the nearest one that reaches no graver level than this."""
        graver = self.marks[level:]
        if not graver:
            return figure
        return max(figure, graver[0] + 1) if self.falls else min(figure, graver[0] - 1)

    @property
    def widest(self) -> int:
        """The figure at which nothing is held any more: whatever lies beyond concerns nobody."""
        return self.release(self.marks[0])


# A condition that holds or does not: nothing to swing around.
HOLDS = Ladder((1,), slack_percent=0)


def level_after(figure: int | None, *, ladder: Ladder, level: int) -> int:
    """Return the level after a figure was read at a level; an unknown figure changes nothing."""
    if figure is None:
        return level
    return max(ladder.reached(figure), min(level, ladder.held(figure)))
