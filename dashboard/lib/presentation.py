"""The wording of figures, ids and moments.

Everything here is pure: integers and aware datetimes in, plain text out. Nothing is escaped; the tags in
`dashboard.lib.templatetags.ui` do that. Credits and cents are whole numbers, ages and thresholds are seconds.
"""

from datetime import UTC, datetime, timedelta

from dashboard.lib.words import Tone, Word

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Beyond a month "37 days ago" says less than the date.
RELATIVE_LIMIT = 30 * DAY


def field_text(name: str) -> str:
    """Return the name of a field as words: "warn_credits_per_day" -> "Warn credits per day"."""
    return name.replace("_", " ").capitalize()


def value_text(value: object) -> str:
    """Return a kept value (JSON) as plain text: an empty one as a dash, a list or mapping in one line."""
    if value is None or value in ("", [], {}):
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{field_text(name).lower()} {value_text(one)}" for name, one in value.items())
    return str(value)


def signed_text(text: str, *, is_negative: bool, is_delta: bool) -> str:
    if is_negative:
        return MINUS + text
    return f"+{text}" if is_delta else text


def credits_text(credits_: int, *, is_delta: bool = False) -> str:
    """Return whole credits with thousands separators and a true minus; a delta above zero carries a plus."""
    return signed_text(f"{abs(credits_):,}", is_negative=credits_ < 0, is_delta=is_delta and credits_ > 0)


def credits_unit(credits_: int) -> str:
    return "credit" if abs(credits_) == 1 else "credits"


def money_text(cents: int, *, is_delta: bool = False, currency: str = "USD") -> str:
    """Return cents exact to the cent: 123456 -> "$1,234.56"; of another currency with its name: "1,234.56 EUR"."""
    whole, rest = divmod(abs(cents), 100)
    told = f"${whole:,}.{rest:02}" if currency == "USD" else f"{whole:,}.{rest:02} {currency}"
    return signed_text(told, is_negative=cents < 0, is_delta=is_delta and cents > 0)


def split_middle(text: str, *, head: int = 9, tail: int = 4) -> tuple[str, str, str]:
    """Return (head, middle, tail); the middle, which pages shorten, is empty where that saves nothing."""
    if len(text) <= head + tail + 1:
        return text, "", ""
    return text[:head], text[head:-tail], text[-tail:]


def truncate_middle(text: str, *, head: int = 9, tail: int = 4) -> str:
    """Return the text with its middle as one ellipsis: "agt_7f3a9…c2d1"."""
    start, middle, end = split_middle(text, head=head, tail=tail)
    return f"{start}{ELLIPSIS}{end}" if middle else text


def span_text(seconds: int) -> str:
    """Return a length of time in its largest whole unit: "4 min", "3 h", "1 day"."""
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return f"{seconds // HOUR} h"
    days = seconds // DAY
    return "1 day" if days == 1 else f"{days} days"


def relative_text(moment: datetime, now: datetime) -> str:
    """Return how far `moment` is from `now`: "just now", "4 min ago", "in 3 h"; beyond a month its date.

    The date is that of `moment`'s own zone: pass it in the viewer's. assets/js/times.js says the same words.
    """
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    if distance >= RELATIVE_LIMIT:
        return f"{moment.day} {moment:%b %Y}"
    if distance < MINUTE:
        return "just now" if seconds >= 0 else "in under a minute"
    return f"{span_text(distance)} ago" if seconds > 0 else f"in {span_text(distance)}"


def relative_until(moment: datetime, now: datetime) -> datetime | None:
    """Return the moment from which `relative_text` says something else than now; None: it stays as it is."""
    seconds = int((now - moment).total_seconds())
    distance = abs(seconds)
    unit = MINUTE if distance < HOUR else HOUR if distance < DAY else DAY
    whole = distance // unit
    if seconds < 0:
        # Whole seconds are told: "in 2 days" is still true when there are exactly two; the last second is "just now".
        left = min(max(whole * unit, 1), RELATIVE_LIMIT)
        return moment - timedelta(seconds=left) + timedelta(microseconds=1)
    return None if distance >= RELATIVE_LIMIT else moment + timedelta(seconds=(whole + 1) * unit)


def exact_text(moment: datetime) -> str:
    """Return the full moment in its own zone: "20 Nov 2026, 17:04:09 CET"."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S %Z}"


def utc_text(moment: datetime) -> str:
    """Return a moment for machines, to the second: "2026-11-20T16:04:09+00:00"."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def age_word(age_seconds: int | None, *, stale_after: int, late_after: int) -> Word:
    """Return how a figure of this age stands: fresh, stale or out of date; None means it was never read."""
    if age_seconds is None:
        return Word("never read", "error", Tone.BAD)
    if age_seconds >= late_after:
        return Word("out of date", "error", Tone.BAD)
    if age_seconds >= stale_after:
        return Word("stale", "alert", Tone.WARN)
    return Word("fresh", "clock")
