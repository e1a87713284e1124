"""What the retry rule does to real calls: how often, when, and with what."""

from collections.abc import Callable

import httpx
import pytest

from api_client import (
    ApiError,
    Client,
    ConnectFailed,
    ConnectionLost,
    RateLimited,
    RetryPolicy,
    ServiceFailed,
    StorageFailed,
    TimedOut,
    Timeouts,
)
from tests.api_client.playing import Clock, Service, client_of, ok, raw, refused

Ask = Callable[[Client], object]


def read(client: Client) -> object:
    return client.quota.get()


def keyed(client: Client) -> object:
    return client.credits.checkout_session_create(quote_id="quote_1", idempotency_key="key-1")


def sign_up(client: Client) -> object:
    return client.identity.sign_up(agent_name="Ada", runtime="codex")


def claim(client: Client) -> object:
    return client.identity.claim_request(contact="a@example.invalid")


DONE = {"payment_attempt_id": "payatt_1", "state": "attached", "token": "isk_r_x"}
HTML = b"<html>Bad gateway</html>"


@pytest.mark.parametrize(
    ("step", "repeats_read", "repeats_keyed"),
    [
        (httpx.ConnectError("refused"), True, True),
        (httpx.ConnectTimeout("slow"), True, True),
        (httpx.PoolTimeout("busy"), True, True),
        (httpx.ProxyError("no"), True, True),
        (httpx.ReadTimeout("slow"), True, False),
        (httpx.WriteTimeout("slow"), True, False),
        (httpx.ReadError("reset"), True, False),
        (httpx.WriteError("reset"), True, False),
        (httpx.RemoteProtocolError("closed"), True, False),
        (lambda _: refused("RATE_LIMITED", status=429, retryable=True), True, True),
        (lambda _: refused("DOWN", status=503, retryable=True), True, True),
        (lambda _: refused("DOWN", status=503, retryable=False), False, False),
        (lambda _: refused("INTERNAL_ERROR", status=500, retryable=True), True, False),
        (lambda _: refused("PROVIDER_FAILURE", status=503, retryable=True), True, False),
        (lambda _: refused("ARTIFACT_STORAGE_WRITE_FAILED", status=503, retryable=True), False, False),
        (lambda _: refused("INVALID_ARGUMENTS", status=400), False, False),
        (lambda _: refused("AUTH_REQUIRED", status=401), False, False),
        (lambda _: refused("ODD", status=200, retryable=True), True, False),
        (lambda _: raw(HTML, status=429), True, True),
        (lambda _: raw(HTML, status=503), True, True),
        (lambda _: raw(HTML, status=500), True, False),
        (lambda _: raw(HTML, status=502), True, False),
        (lambda _: raw(HTML, status=504), True, False),
        (lambda _: raw(HTML, status=404), False, False),
        (lambda _: raw(HTML, status=200), False, False),
    ],
)
def test_what_is_sent_again(
    step: httpx.TransportError | Callable[[httpx.Request], httpx.Response],
    *,
    repeats_read: bool,
    repeats_keyed: bool,
) -> None:
    for ask, repeats in ((read, repeats_read), (keyed, repeats_keyed), (sign_up, False), (claim, False)):
        service = Service(step, ok(DONE))
        with client_of(service) as client:
            if repeats:
                ask(client)
            else:
                with pytest.raises(ApiError):
                    ask(client)
        assert len(service.requests) == (2 if repeats else 1), ask.__name__


def test_a_keyed_write_is_sent_again_byte_for_byte() -> None:
    service = Service(httpx.ConnectError("refused"), raw(HTML, status=503), ok(DONE))
    with client_of(service) as client:
        keyed(client)
    assert len({request.content for request in service.requests}) == 1
    assert b"key-1" in service.requests[0].content


def test_waits_double_and_end() -> None:
    clock = Clock()
    service = Service(httpx.ConnectError("refused"))
    with client_of(service, clock) as client, pytest.raises(ConnectFailed):
        read(client)
    assert clock.sleeps == [0.5, 1.0, 2.0]
    assert len(service.requests) == 4


def test_the_jitter_reaches_down_to_zero() -> None:
    clock = Clock()
    service = Service(httpx.ConnectError("refused"), ok({}))
    with client_of(service, clock, random=lambda: 0.0) as client:
        read(client)
    assert clock.sleeps == [0.0]


def test_the_number_of_attempts_is_the_policys() -> None:
    service = Service(httpx.ConnectError("refused"))
    with client_of(service, retry=RetryPolicy(attempts=1)) as client, pytest.raises(ConnectFailed):
        read(client)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "7"},
        {"retry-after": "Mon, 01 Jun 2026 12:00:07 GMT", "date": "Mon, 01 Jun 2026 12:00:00 GMT"},
    ],
    ids=["seconds", "date"],
)
def test_retry_after_is_honoured_and_the_jitter_comes_on_top(headers: dict[str, str]) -> None:
    clock = Clock()
    service = Service(refused("RATE_LIMITED", status=429, retryable=True, headers=headers), ok({}))
    with client_of(service, clock) as client:
        read(client)
    assert clock.sleeps == [7.5]


def test_the_longer_of_header_and_recovery_is_honoured() -> None:
    clock = Clock()
    answer = refused(
        "RATE_LIMITED",
        status=429,
        retryable=True,
        headers={"retry-after": "2"},
        recovery={"retry_after_seconds": 9.5},
    )
    with client_of(Service(answer, ok({})), clock) as client:
        read(client)
    assert clock.sleeps == [10.0]


@pytest.mark.parametrize("wait", [-5, "9", True, None, {}, 10**400])
def test_a_wait_that_makes_no_sense_is_ignored(wait: object) -> None:
    clock = Clock()
    answer = refused("RATE_LIMITED", status=429, retryable=True, recovery={"retry_after_seconds": wait})
    with client_of(Service(answer, ok({})), clock) as client:
        read(client)
    assert clock.sleeps == [0.5]


def test_a_wait_beyond_the_deadline_is_told_and_not_waited_for() -> None:
    clock = Clock()
    answer = refused("DAILY", status=429, retryable=True, headers={"retry-after": "3600"})
    service = Service(answer)
    with client_of(service, clock) as client, pytest.raises(RateLimited) as caught:
        read(client)
    assert clock.sleeps == []
    assert caught.value.retry_after_seconds == 3600


def test_the_deadline_covers_all_attempts() -> None:
    clock = Clock()

    def slow(_: httpx.Request) -> httpx.Response:
        clock.advance(20)
        raise httpx.ReadTimeout("slow")

    service = Service(slow)
    with client_of(service, clock, timeouts=Timeouts(total=45)) as client, pytest.raises(TimedOut):
        read(client)
    # 20 s, a wait of 0.5, 20 s, a wait of 1: the third attempt gets the 3.5 s that are left.
    assert [request.extensions["timeout"]["read"] for request in service.requests] == [20.0, 20.0, 3.5]


def test_time_outs_are_on_by_default() -> None:
    service = Service(ok({}))
    with client_of(service) as client:
        read(client)
    assert service.request.extensions["timeout"] == {"connect": 3.0, "read": 20.0, "write": 20.0, "pool": 3.0}


def test_the_outcome_of_a_timed_out_write_is_unclear_and_of_a_read_is_not() -> None:
    with client_of(Service(httpx.ReadTimeout("slow"))) as client:
        with pytest.raises(TimedOut) as write:
            keyed(client)
        with pytest.raises(TimedOut) as reading:
            read(client)
    assert write.value.may_have_started
    assert not reading.value.may_have_started


@pytest.mark.parametrize(
    ("step", "kind", "may_have_started"),
    [
        (httpx.ConnectError("refused"), ConnectFailed, False),
        (httpx.RemoteProtocolError("closed"), ConnectionLost, True),
        (raw(HTML, status=500), ServiceFailed, True),
        (raw(HTML, status=503), ServiceFailed, False),
        (raw(HTML, status=429), RateLimited, False),
        (refused("PROVIDER_FAILURE", status=429, retryable=True), ServiceFailed, True),
        (refused("ARTIFACT_STORAGE_WRITE_FAILED", status=500), StorageFailed, True),
    ],
)
def test_every_failed_write_says_whether_it_may_have_started(
    step: httpx.Response | Exception, kind: type[ApiError], *, may_have_started: bool
) -> None:
    with client_of(Service(step), retry=RetryPolicy(attempts=1)) as client, pytest.raises(kind) as caught:
        keyed(client)
    assert caught.value.may_have_started is may_have_started
