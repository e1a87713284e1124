"""Pauses double from the first one to a longest one, and stay there however often something failed."""

from datetime import timedelta

from dashboard.lib.backoff import backoff

FIRST, MOST = timedelta(seconds=5), timedelta(minutes=15)


def test_pauses_double_up_to_the_longest() -> None:
    told = [backoff(tries, first=FIRST, most=MOST).total_seconds() for tries in (0, 1, 2, 3, 8, 9, 1_000_000)]
    assert told == [5, 5, 10, 20, 640, 900, 900]
