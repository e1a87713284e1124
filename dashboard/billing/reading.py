"""Every line of news that the desk reads, and reading those whose turn has come."""

from dashboard.billing.feeds import Line, feed_read, feeds_resting
from dashboard.billing.hosted_feeds import CHANGES, LINKED
from dashboard.billing.stripe_feeds import EVENTS, WALKS

LINES: tuple[Line, ...] = (CHANGES, LINKED, EVENTS, *WALKS)


def feeds_read(*, is_forced: bool = False) -> int:
    """Read every line whose turn has come, or all (`is_forced`); returns how many were read to the end of a turn."""
    resting = set() if is_forced else feeds_resting()
    return sum(feed_read(line, is_forced=is_forced) for line in LINES if line.name not in resting)


def news_read() -> None:
    """Read what is new of ledgers and events now, for somebody who waits; what fails is tried again by its timer."""
    for line in (CHANGES, LINKED):
        feed_read(line, is_forced=True)
