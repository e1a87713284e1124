"""Days and hours are those of the viewer's zone, at its odd offsets and when its clocks change."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.db.models import Q
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent
from dashboard.activity.apply import events_apply
from dashboard.activity.models import SpendSlot
from dashboard.agents.models import Claim
from dashboard.spend.figures import spending_get
from dashboard.spend.kinds import KINDS
from dashboard.spend.span import Span, offsets
from tests.examples import WITH_FIXTURES

# Whole hours, half and quarter hours, clocks that change by half an hour, and at midnight.
ZONES = (
    *("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"),
    *("Australia/Lord_Howe", "Pacific/Chatham", "America/Santiago", "Asia/Beirut", "Pacific/Apia"),
)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
# Around the changes of both hemispheres' clocks, both ways.
STARTS = st.sampled_from([date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 9, 5), date(2026, 10, 24)])
MINUTES = st.integers(-2 * 1_440, 12 * 1_440)


def span_of(first: date, days: int, zone: str, now: datetime = NOW) -> Span:
    last = first + timedelta(days=days - 1)
    return Span(first, last, first - timedelta(days=days), ZoneInfo(zone), now)


@pytest.mark.django_db
@given(
    first=STARTS,
    days=st.integers(1, 9),
    zone=st.sampled_from(ZONES),
    spends=st.lists(st.tuples(MINUTES, st.none() | st.integers(1, 50)), max_size=40),
    late=st.randoms(),
)
@settings(WITH_FIXTURES, max_examples=100)
def test_bars_are_what_the_raw_lines_of_each_day_or_hour_add_up_to(
    link: Callable[..., Claim], first: date, days: int, zone: str, spends: list[tuple[int, int | None]], late: Any
) -> None:
    claim, span = link(), span_of(first, days, zone)
    start = datetime.combine(first, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    told = [(start + timedelta(minutes=minute), credits_) for minute, credits_ in spends]
    late.shuffle(told)
    for number, (at, credits_) in enumerate(told):
        line = {"event_id": f"evt_{number}", "type": "usage.credit_consumed", "operation": "create"}
        delta = None if credits_ is None else -credits_
        record = ActivityEvent.model_validate({**line, "occurred_at": at.isoformat(), "credits_delta": delta})
        events_apply(claim=claim, records=[record], at=timezone.now())
    found = spending_get(claim.workspace, span=span, kind=KINDS["agent"], wanted=Q(agent=claim.agent), agents=[])

    bars = {bucket.at: sum(found.bars.get(bucket.number, [0])) for bucket in span.buckets}
    untold = {bucket.at: found.untold.get(bucket.number, 0) for bucket in span.buckets}
    known, silent = [(at, c) for at, c in told if c is not None], [(at, 1) for at, c in told if c is None]
    assert {at: taken for at, taken in bars.items() if taken} == _by_hand(known, span)
    assert {at: charges for at, charges in untold.items() if charges} == _by_hand(silent, span)
    assert (found.total.sums.credits, found.total.sums.untold) == (sum(bars.values()), sum(untold.values()))
    before = [c for at, c in told if span.before <= at.astimezone(span.zone).date() < span.first]
    assert found.total.before.credits == sum(c for c in before if c is not None)
    assert found.total.before.untold == before.count(None)


def _by_hand(told: list[tuple[datetime, int]], span: Span) -> dict[datetime, int]:
    """Add the lines up by the clock on the wall: the day, or the hour, which may come twice."""
    sums: Counter[datetime] = Counter()
    for at, credits_ in told:
        here = at.astimezone(span.zone)
        if not span.first <= here.date() <= span.last:
            continue
        if span.is_hourly:
            # An hour that is cut short by its own repetition begins when the clock was set.
            sums[_hour_start(at, span).astimezone(span.zone)] += credits_
        else:
            sums[datetime.combine(here.date(), datetime.min.time(), span.zone)] += credits_
    return dict(sums)


def _hour_start(at: datetime, span: Span) -> datetime:
    """Return the first moment of the hour on the wall that `at` stands in: back by quarters while it is that hour."""

    def is_on_wall(moment: datetime) -> tuple[int, timedelta | None]:
        here = moment.astimezone(span.zone)
        return here.hour, here.utcoffset()

    begin = at - timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    while is_on_wall(begin - timedelta(minutes=15)) == is_on_wall(at):
        begin -= timedelta(minutes=15)
    return begin


@pytest.mark.parametrize("zone", ZONES)
def test_each_quarter_of_an_hour_has_the_offset_of_its_zone(zone: str) -> None:
    here, span = ZoneInfo(zone), span_of(date(2026, 1, 1), 365, zone)
    stretches = offsets(here, span.start, span.end)
    assert stretches[-1][0] == span.end
    for slot in range(span.start, span.end, 7):
        offset = next(offset for until, offset in stretches if slot < until)
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=slot * SpendSlot.SECONDS)
        assert timedelta(seconds=offset * SpendSlot.SECONDS) == at.astimezone(here).utcoffset()


def test_every_zone_of_the_world_is_shifted_by_whole_quarters_of_an_hour() -> None:
    """What the grain of the rollups rests on."""
    for name in available_timezones():
        for month in range(1, 13):
            shift = datetime(2026, month, 1, tzinfo=ZoneInfo(name)).utcoffset()
            assert shift is not None
            assert shift % timedelta(minutes=15) == timedelta(0), name


def test_day_of_changing_clocks_is_shorter_or_longer() -> None:
    assert (
        span_of(date(2026, 3, 29), 1, "Europe/Berlin").end - span_of(date(2026, 3, 29), 1, "Europe/Berlin").start == 92
    )
    autumn = span_of(date(2026, 10, 25), 1, "Europe/Berlin")
    assert autumn.end - autumn.start == 100
    assert [bucket.at.strftime("%H %Z") for bucket in autumn.buckets][2:4] == ["02 CEST", "02 CET"]


def test_running_stretch_is_compared_with_the_same_part_of_the_one_before() -> None:
    now = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
    span = span_of(date(2026, 11, 14), 7, "UTC", now)
    assert span.is_running
    noon_before = datetime(2026, 11, 13, 12, 15, tzinfo=UTC)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=900 * span.before_end) == noon_before
    over = span_of(date(2026, 11, 1), 7, "UTC", now)
    assert (over.before_end, over.is_running) == (over.start, False)
    # A month is longer than the one before: its last days are compared with all of that.
    march = Span(date(2026, 3, 1), date(2026, 3, 31), date(2026, 2, 1), UTC, datetime(2026, 3, 31, 9, tzinfo=UTC))
    assert march.before_end == march.start
