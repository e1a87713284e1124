"""A stretch of whole days in a time zone, and where each quarter of an hour lies in it. Pure but for SQL expressions.

Sums are kept by quarters of an hour of UTC. A day of a zone is so many of them: 96, or a few less or more when clocks
change. Which day or hour a quarter belongs to is whole-number arithmetic with the zone's offset, so the database can
group by it: a stretch has one offset, or two or three with the clock changes in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property

from django.db.models import Case, F, Value, When
from django.db.models.expressions import Combinable

from dashboard.activity.slots import SLOT, SLOTS_A_DAY, day_number, slot_of, slot_start

SLOTS_AN_HOUR = 4
# Up to so many days are shown by the hour.
HOURLY_DAYS = 2
BEFORE = -1


@dataclass(frozen=True)
class Bucket:
    """One bar: its number in the database's grouping, and the moment in the zone at which it begins."""

    number: int
    at: datetime


@dataclass(frozen=True)
class Span:
    """The days from `first` to `last`, both included; `before` is the first day of the stretch to compare with.

    While it runs it is compared with the same part of the stretch before: until the same time of the same day.
    """

    first: date
    last: date
    before: date
    zone: tzinfo
    now: datetime

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before_days(self) -> int:
        return (self.first - self.before).days

    @property
    def zone_name(self) -> str:
        return str(self.zone)

    @property
    def is_hourly(self) -> bool:
        return self.days <= HOURLY_DAYS

    @cached_property
    def start(self) -> int:
        return self._slot(self.first)

    @cached_property
    def end(self) -> int:
        """The first slot after it."""
        return self._slot(self.last + timedelta(days=1))

    @cached_property
    def before_start(self) -> int:
        return self._slot(self.before)

    @cached_property
    def before_end(self) -> int:
        """The first slot after the part to compare with; never later than the beginning of this stretch."""
        if not self.is_running:
            return self.start
        here = self.now.astimezone(self.zone)
        same_day = self.before + (here.date() - self.first)
        return min(slot_of(datetime.combine(same_day, here.time(), self.zone)) + 1, self.start)

    @property
    def is_running(self) -> bool:
        return self.start <= slot_of(self.now) < self.end

    @cached_property
    def buckets(self) -> list[Bucket]:
        if self.is_hourly:
            return list(self._hours())
        days = [self.first + timedelta(days=number) for number in range(self.days)]
        return [Bucket(day_number(day), datetime.combine(day, time(), self.zone)) for day in days]

    def numbered(self) -> Combinable:
        """Return the number of the bucket that a row's `slot` lies in, or BEFORE, as a database expression."""
        stretches = offsets(self.zone, self.start, self.end)
        number = self._hour_number if self.is_hourly else self._day_number
        *earlier, (_, last) = stretches
        whens = [When(slot__lt=until, then=number(offset)) for until, offset in earlier]
        return Case(When(slot__lt=self.start, then=Value(BEFORE)), *whens, default=number(last))

    @staticmethod
    def _day_number(offset: int) -> Combinable:
        return (F("slot") + offset) / SLOTS_A_DAY

    @staticmethod
    def _hour_number(offset: int) -> Combinable:
        # The slot at which the hour begins: an hour that clocks repeat is two.
        return (F("slot") + offset) / SLOTS_AN_HOUR * SLOTS_AN_HOUR - offset

    def _hours(self) -> Iterator[Bucket]:
        stretches, number = offsets(self.zone, self.start, self.end), None
        for slot in range(self.start, self.end):
            offset = next(offset for until, offset in stretches if slot < until)
            begin = (slot + offset) // SLOTS_AN_HOUR * SLOTS_AN_HOUR - offset
            if begin != number:
                number = begin
                yield Bucket(begin, slot_start(slot).astimezone(self.zone))

    def _slot(self, day: date) -> int:
        return slot_of(datetime.combine(day, time(), self.zone))


def offsets(zone: tzinfo, start: int, end: int) -> list[tuple[int, int]]:
    """Return the zone's offsets to UTC in whole slots from `start` on: (the first slot after it, offset)."""
    found: list[tuple[int, int]] = []
    place = start
    while place < end:
        ahead = min(place + SLOTS_A_DAY, end)
        if _offset(zone, place) != _offset(zone, ahead):
            ahead = _change(zone, place, ahead)
            found.append((ahead, _offset(zone, place)))
        elif ahead == end:
            found.append((end, _offset(zone, place)))
        place = ahead
    return found


def _change(zone: tzinfo, low: int, high: int) -> int:
    """Return the first slot that has another offset than `low`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == _offset(zone, low) else (low, middle)
    return high


def _offset(zone: tzinfo, slot: int) -> int:
    shift = slot_start(slot).astimezone(zone).utcoffset() or timedelta()
    return shift // SLOT
