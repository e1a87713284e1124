"""Moments as others sent them."""

from datetime import UTC, datetime

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def showable(moment: datetime) -> datetime:
    """Return an aware moment, held a day inside the calendar's ends: beyond that some zone cannot show it."""
    return min(max(moment, EARLIEST), LATEST)
