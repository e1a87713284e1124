from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api_client import (
    ApiError,
    AuthRefused,
    ConnectFailed,
    ConnectionLost,
    ContractError,
    RateLimited,
    RetryPolicy,
    ServiceFailed,
    StorageFailed,
    TimedOut,
)
from api_client.retry import Repeat, http_date, is_repeatable, retry_after_seconds, seconds_before_retry

KINDS = st.sampled_from(
    [AuthRefused, ConnectFailed, ConnectionLost, ContractError, RateLimited, ServiceFailed, StorageFailed, TimedOut]
)
STATUSES = st.none() | st.integers(100, 599)
WAITS = st.none() | st.floats(0, 1e9)
FRACTIONS = st.floats(0, 1)
POLICIES = st.builds(
    RetryPolicy, attempts=st.integers(1, 10), base_seconds=st.floats(0.001, 60), cap_seconds=st.floats(0.001, 600)
)


@st.composite
def failures(draw: st.DrawFn) -> ApiError:
    return draw(KINDS)(
        "x",
        retryable=draw(st.booleans()),
        may_have_started=draw(st.booleans()),
        http_status=draw(STATUSES),
        retry_after_seconds=draw(WAITS),
    )


def unavailable(status: int, *, retryable: bool = True, may_have_started: bool = False) -> ServiceFailed:
    return ServiceFailed("x", retryable=retryable, http_status=status, may_have_started=may_have_started)


@pytest.mark.parametrize(
    ("failure", "read", "keyed"),
    [
        (ConnectFailed("x", retryable=True), True, True),
        (TimedOut("x", retryable=True), True, False),
        (TimedOut("x", retryable=True, may_have_started=True), True, False),
        (ConnectionLost("x", retryable=True, may_have_started=True), True, False),
        (RateLimited("x", retryable=True, http_status=429), True, True),
        (RateLimited("x", retryable=False, http_status=429), False, False),
        (unavailable(503), True, True),
        (unavailable(503, retryable=False), False, False),
        (unavailable(503, may_have_started=True), True, False),
        (unavailable(500), True, False),
        (unavailable(502), True, False),
        (unavailable(504), True, False),
        (AuthRefused("x", http_status=401), False, False),
        (ContractError("x", http_status=200), False, False),
        (StorageFailed("x", http_status=503, retryable=True), False, False),
    ],
)
def test_the_table_of_what_is_repeated(failure: ApiError, *, read: bool, keyed: bool) -> None:
    assert is_repeatable(failure, Repeat.READ) is read
    assert is_repeatable(failure, Repeat.KEYED) is keyed
    assert is_repeatable(failure, Repeat.NEVER) is False


@given(failures())
def test_what_has_no_key_is_never_repeated(failure: ApiError) -> None:
    assert not is_repeatable(failure, Repeat.NEVER)


@given(failures(), st.sampled_from(Repeat))
def test_what_is_not_marked_retryable_is_never_repeated(failure: ApiError, repeat: Repeat) -> None:
    failure.retryable = False
    assert not is_repeatable(failure, repeat)


@given(failures())
def test_a_write_that_may_have_started_is_never_repeated(failure: ApiError) -> None:
    failure.may_have_started = True
    assert not is_repeatable(failure, Repeat.KEYED)


@given(failures())
def test_a_write_is_repeated_only_where_a_read_would_be(failure: ApiError) -> None:
    assert is_repeatable(failure, Repeat.READ) or not is_repeatable(failure, Repeat.KEYED)


@given(failures(), st.sampled_from(Repeat), st.integers(1, 12), st.floats(-10, 1e10), FRACTIONS, POLICIES)
def test_every_wait_keeps_every_bound(
    failure: ApiError, repeat: Repeat, attempt: int, seconds_left: float, fraction: float, policy: RetryPolicy
) -> None:
    wait = seconds_before_retry(
        failure, repeat=repeat, attempt=attempt, seconds_left=seconds_left, fraction=fraction, policy=policy
    )
    if wait is None:
        return
    asked = failure.retry_after_seconds or 0.0
    assert attempt < policy.attempts
    assert is_repeatable(failure, repeat)
    assert asked <= wait <= asked + policy.cap_seconds
    assert wait < seconds_left


@given(st.integers(1, 10_000), FRACTIONS)
@example(10_000, 1.0)
def test_steps_double_up_to_the_cap_with_full_jitter(attempt: int, fraction: float) -> None:
    policy = RetryPolicy(attempts=20_000, base_seconds=0.5, cap_seconds=8.0)
    wait = seconds_before_retry(
        ConnectFailed("x", retryable=True),
        repeat=Repeat.READ,
        attempt=attempt,
        seconds_left=1e9,
        fraction=fraction,
        policy=policy,
    )
    assert wait == fraction * {1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0}.get(attempt, 8.0)


def test_a_wait_that_does_not_fit_is_final_at_once() -> None:
    failure = RateLimited("x", retryable=True, http_status=429, retry_after_seconds=60)
    wait = seconds_before_retry(
        failure, repeat=Repeat.READ, attempt=1, seconds_left=59.9, fraction=0.0, policy=RetryPolicy()
    )
    assert wait is None


NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999", 999_999_999.0),
        ("Mon, 01 Jun 2026 12:00:30 GMT", 30.0),
        ("Mon, 01 Jun 2026 12:00:30 -0000", 30.0),
        ("Mon, 01 Jun 2026 14:00:30 +0200", 30.0),
        ("Monday, 01-Jun-26 12:00:30 GMT", 30.0),
        ("Mon Jun  1 12:00:30 2026", 30.0),
        ("Mon, 01 Jun 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 10, None),
        ("\u0661\u0662", None),
        ("Mon, 99 Jun 2026 12:00:30 GMT", None),
        ("Mon, 01 Jun 99999 12:00:30 GMT", None),
    ],
)
def test_the_forms_of_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=NOW) == seconds


@given(st.text(max_size=60))
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_no_header_at_all_can_crash_the_reader(header: str) -> None:
    wait = retry_after_seconds(header, now=NOW)
    assert wait is None or wait >= 0


@given(st.integers(0, 10**7))
def test_seconds_and_a_date_say_the_same(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(date, now=NOW) == retry_after_seconds(str(seconds), now=NOW) == seconds


def test_an_http_date_is_utc() -> None:
    assert http_date("Mon, 01 Jun 2026 12:00:00 GMT") == NOW
    assert http_date(None) is None
