"""When somebody wants to hear of something: at once or in a digest, and never in their quiet hours. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

from dashboard.alerts.models import Preference

HOUR = timedelta(hours=1)


def due_at(now: datetime, preference: Preference, zone: tzinfo) -> datetime:
    """Return when (UTC) a message of `now` may leave for a person who lives in `zone`.

    Hours are those of the wall clock: a time that the clock skips comes when it has been skipped, one that it shows
    twice ends a silence the first time.
    """
    if preference.rhythm == Preference.Rhythm.HOURLY:
        at = _next_hour(now, zone)
    elif preference.rhythm == Preference.Rhythm.DAILY:
        at = _next_wall(now, time(preference.digest_hour), zone)
    else:
        at = now
    return quiet_end(at, preference, zone) or at


def quiet_end(at: datetime, preference: Preference, zone: tzinfo) -> datetime | None:
    """Return when (UTC) the quiet hours end in which a moment lies; None outside of them."""
    if preference.quiet_until is None or not is_quiet(at, preference, zone):
        return None
    return _next_wall(at, preference.quiet_until, zone)


def is_quiet(at: datetime, preference: Preference, zone: tzinfo) -> bool:
    """Tell whether a moment lies in a person's quiet hours; they may run past midnight."""
    begins, ends = preference.quiet_from, preference.quiet_until
    if begins is None or ends is None:
        return False
    local = at.astimezone(zone).time()
    if begins <= ends:
        return begins <= local < ends
    return local >= begins or local < ends


def _next_hour(now: datetime, zone: tzinfo) -> datetime:
    """Return when the minute hand next stands on the hour there."""
    local = now.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now + HOUR - into


def _next_wall(after: datetime, wall: time, zone: tzinfo) -> datetime:
    """Return the first moment after `after` at which clocks there show `wall`."""
    return min(at for at in _occurrences(after, wall, zone) if at > after)


def _occurrences(around: datetime, wall: time, zone: tzinfo) -> Iterator[datetime]:
    today = around.astimezone(zone).date()
    for days in (0, 1, 2):
        for fold in (0, 1):
            local = datetime.combine(today + timedelta(days=days), wall.replace(fold=fold), tzinfo=zone)
            at = local.astimezone(UTC)
            # Of a time that the clock skips, `fold` 1 would come an hour too early.
            is_shown = at.astimezone(zone).time().replace(fold=0) == wall
            if is_shown or fold == 0:
                yield at
