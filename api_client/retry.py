"""When a failed call may be sent again, and after how long. Pure: no clock, no sleep, no chance of its own.

The rule (issue 2 of the project, contract 4.7 and 4.8):
- a read is repeated after any failure that is marked retryable;
- a write with an idempotency key only where nothing can have started: no connection, 429, 503;
- any other write never: a sign-up sent twice would rotate the token that was just handed out.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from api_client.errors import ApiError, ConnectFailed, StorageFailed

_NOTHING_STARTED = frozenset({429, 503})


class Repeat(Enum):
    """What sending a call twice would mean."""

    READ = "read"
    KEYED = "keyed"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` counts the first one. Waits grow from `base_seconds` by two up to `cap_seconds`, before jitter."""

    attempts: int = 4
    base_seconds: float = 0.5
    cap_seconds: float = 8.0


def is_repeatable(failure: ApiError, repeat: Repeat) -> bool:
    """Whether the rule allows the same call once more after this failure."""
    if isinstance(failure, StorageFailed) or not failure.retryable:
        return False
    if repeat is Repeat.READ:
        return True
    nothing_started = isinstance(failure, ConnectFailed) or failure.http_status in _NOTHING_STARTED
    return repeat is Repeat.KEYED and nothing_started and not failure.may_have_started


def seconds_before_retry(
    failure: ApiError,
    *,
    repeat: Repeat,
    attempt: int,
    seconds_left: float,
    fraction: float,
    policy: RetryPolicy,
) -> float | None:
    """Seconds to wait before attempt `attempt` + 1, or None where the failure is final.

    Full jitter: `fraction` in [0, 1] of the exponential step. A wait that the service asked for is never cut short,
    the jitter comes on top, so that all who were told the same do not return together. A wait that does not fit
    into the `seconds_left` of the deadline makes the failure final at once.
    """
    if attempt >= policy.attempts or not is_repeatable(failure, repeat):
        return None
    # The exponent is held down: 2.0**1024 raises OverflowError.
    step = min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(attempt - 1, 64))
    wait = (failure.retry_after_seconds or 0.0) + fraction * step
    return wait if wait < seconds_left else None


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Seconds asked for by a Retry-After header, as a number or as an HTTP date; None where it says neither.

    `now` should be the answer's own Date, so that a wrong clock on either side does not matter.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def http_date(text: str | None) -> datetime | None:
    """The moment in an HTTP date, UTC; None where it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
        # "-0000" parses without a zone; HTTP dates are GMT whatever they say (RFC 9110, 5.6.7).
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
