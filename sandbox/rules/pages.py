"""Limits and cursors of lists. A cursor is opaque to callers; one that we did not give is refused."""

import re
from datetime import UTC, datetime, timedelta

from sandbox.errors import ApiError, invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"(\d{1,17})\.([A-Za-z0-9._-]{1,140})")
_PAIR = re.compile(r"(\d{1,18})\.(\d{1,18})")


def limit(text: str | None, *, default: int, maximum: int) -> int:
    """Clamped to the maximum; refused below 1 or when not whole (contract 11)."""
    if text is None or text == "":
        return default
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit()) or not digits:
        raise invalid("limit must be a whole number, 1 or more.")
    return maximum if len(digits) > 6 else min(int(digits), maximum)


def moment_cursor(at: datetime, key: str) -> str:
    """Behind the row with this time and key."""
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}.{key}"


def read_moment(cursor: str) -> tuple[datetime, str] | None:
    """The time and key to go on behind; None for the beginning."""
    if not cursor:
        return None
    match = _MOMENT.fullmatch(cursor)
    if match is None or not cursor.isascii():
        raise _refused()
    return _EPOCH + timedelta(microseconds=int(match[1])), match[2]


def pair_cursor(first: int, second: int) -> str:
    """Behind two row numbers at once."""
    return f"{first}.{second}"


def read_pair(cursor: str) -> tuple[int, int]:
    """Two row numbers to go on behind; zeros for the beginning."""
    if not cursor:
        return 0, 0
    match = _PAIR.fullmatch(cursor)
    if match is None or not cursor.isascii():
        raise _refused()
    return int(match[1]), int(match[2])


def moment(text: str | None, name: str) -> datetime | None:
    """A time in ISO 8601 with its zone, or None when absent."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        # In UTC the first and the last hours of the calendar may lie outside it.
        moment_in_utc = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(f"{name} must be a time such as 2026-01-31T00:00:00Z.") from error
    if at.tzinfo is None:
        raise invalid(f"{name} must name its time zone, such as Z.")
    return moment_in_utc


def _refused() -> ApiError:
    return invalid("cursor is not one that a page gave.")
