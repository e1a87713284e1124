"""Quiet hours and digests keep to the wall clock of the person, also when it is changed."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.alerts.hours import due_at, is_quiet
from dashboard.alerts.models import Preference

BERLIN, KOLKATA, NEW_YORK, APIA = map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Apia"))


def wanting(**more: Any) -> Preference:
    return Preference(**more)


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


NIGHT = {"quiet_from": time(22), "quiet_until": time(7)}
SMALL_HOURS = {"quiet_from": time(0), "quiet_until": time(2, 30)}
DAILY = {"rhythm": "daily", "digest_hour": 8}


@pytest.mark.parametrize(
    ("now", "choice", "due"),
    [
        (berlin(2026, 5, 4, 12), {}, berlin(2026, 5, 4, 12)),
        (berlin(2026, 5, 4, 12), NIGHT, berlin(2026, 5, 4, 12)),
        (berlin(2026, 5, 4, 22), NIGHT, berlin(2026, 5, 5, 7)),
        (berlin(2026, 5, 5, 6, 59), NIGHT, berlin(2026, 5, 5, 7)),
        (berlin(2026, 5, 5, 7), NIGHT, berlin(2026, 5, 5, 7)),
        (berlin(2026, 5, 4, 9, 40), {"rhythm": "hourly"}, berlin(2026, 5, 4, 10)),
        (berlin(2026, 5, 4, 21, 40), {"rhythm": "hourly", **NIGHT}, berlin(2026, 5, 5, 7)),
        (berlin(2026, 5, 4, 7, 59), DAILY, berlin(2026, 5, 4, 8)),
        (berlin(2026, 5, 4, 8), DAILY, berlin(2026, 5, 5, 8)),
        # A daily mail in quiet hours waits for their end.
        (berlin(2026, 5, 4, 12), {"rhythm": "daily", "digest_hour": 23, **NIGHT}, berlin(2026, 5, 5, 7)),
        # The night in which an hour is missing, and the one that has it twice.
        (berlin(2026, 3, 28, 23), NIGHT, datetime(2026, 3, 29, 5, tzinfo=UTC)),
        (berlin(2026, 10, 24, 23), NIGHT, datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (berlin(2026, 3, 28, 12), DAILY, datetime(2026, 3, 29, 6, tzinfo=UTC)),
        (berlin(2026, 10, 24, 12), DAILY, datetime(2026, 10, 25, 7, tzinfo=UTC)),
        # 02:30 is not shown on 29 March: it ends when the clock has jumped to 03:30.
        (berlin(2026, 3, 29, 1), SMALL_HOURS, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        # 02:30 is shown twice on 25 October: the first one ends the silence.
        (berlin(2026, 10, 25, 1), SMALL_HOURS, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_message_leaves_when_its_reader_wants_it(now: datetime, choice: dict[str, Any], due: datetime) -> None:
    assert due_at(now.astimezone(UTC), wanting(**choice), BERLIN) == due


def test_hour_of_a_zone_that_is_shifted_by_half_an_hour_is_its_own() -> None:
    now = datetime(2026, 5, 4, 9, 40, tzinfo=UTC)  # 15:10 in Kolkata
    assert due_at(now, wanting(rhythm="hourly"), KOLKATA) == datetime(2026, 5, 4, 10, 30, tzinfo=UTC)


FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# Whole minutes of two years.
MOMENTS = st.integers(0, 2 * 366 * 24 * 60).map(
    lambda after: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=after)
)
WALLS = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(
    now=MOMENTS,
    begins=WALLS,
    ends=WALLS,
    hour=st.integers(0, 23),
    rhythm=st.sampled_from(Preference.Rhythm.values),
    zone=st.sampled_from([BERLIN, KOLKATA, NEW_YORK, APIA, ZoneInfo("Australia/Lord_Howe")]),
)
def test_nothing_leaves_early_or_days_late(
    now: datetime, begins: time, ends: time, hour: int, rhythm: str, zone: ZoneInfo
) -> None:
    wanted = wanting(quiet_from=begins, quiet_until=ends, rhythm=rhythm, digest_hour=hour)
    due = due_at(now, wanted, zone)
    assert now <= due <= now + timedelta(hours=50)
    local = due.astimezone(zone).time()
    # The end of quiet hours or a moment outside of them; where clocks were changed meanwhile they may show another.
    is_changed = due.astimezone(zone).utcoffset() != now.astimezone(zone).utcoffset()
    assert not is_quiet(due, wanted, zone) or local == wanted.quiet_until or is_changed
