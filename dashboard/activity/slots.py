"""Quarters of an hour, the grain of every sum: the zones of the world are shifted by whole ones. Pure."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SLOT = timedelta(minutes=15)
SLOTS_A_DAY = 96


def slot_of(moment: datetime) -> int:
    """Return the slot that an aware moment lies in, counted since 1970-01-01 UTC."""
    return (moment - EPOCH) // SLOT


def slot_start(slot: int) -> datetime:
    return EPOCH + slot * SLOT


def day_of(moment: datetime) -> int:
    """Return the UTC day that an aware moment lies in, counted since 1970-01-01."""
    return slot_of(moment) // SLOTS_A_DAY


def day_number(day: date) -> int:
    """Return the number of a calendar day, taken as one of UTC."""
    return (day - EPOCH.date()).days


def day_start_utc(number: int) -> datetime:
    return EPOCH + timedelta(days=number)
