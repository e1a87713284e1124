"""How long to wait before something that failed is tried again."""

from datetime import timedelta

MOST_DOUBLINGS = 20


def backoff(tries: int, *, first: timedelta, most: timedelta) -> timedelta:
    """Return the pause after so many tries in vain (from 1): `first`, then twice as long each time, `most` at most."""
    return min(first * (1 << min(max(tries - 1, 0), MOST_DOUBLINGS)), most)
