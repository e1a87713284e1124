"""Misbehaviour of the wire, most of it over a real socket: each is one clear error, in bounded time and memory."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import httpx
import pytest

from api_client import (
    ApiError,
    Client,
    ConnectFailed,
    ConnectionLost,
    ContractError,
    RetryPolicy,
    ServiceFailed,
    TimedOut,
    Timeouts,
    connection_pool,
)
from tests.api_client.playing import Chunks, Clock, Service, client_of, ok, raw

ONCE = RetryPolicy(attempts=1)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
LIMIT = 10_000

Script = Callable[[socket.socket], None]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """A server on loopback that reads one request a connection, then does what the script says."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with closing(connection), suppress(OSError):
                    connection.recv(65_536)
                    script(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
        assert not thread.is_alive()


def failure_of(base_url: str, timeouts: Timeouts | None = None) -> ApiError:
    with (
        Client(base_url=base_url, retry=ONCE, timeouts=timeouts, max_response_bytes=LIMIT) as client,
        pytest.raises(ApiError) as caught,
    ):
        client.quota.get()
    return caught.value


def reset(connection: socket.socket) -> None:
    # Closing with a zero linger sends RST.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def reset_midway(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"content-length: 100\r\n\r\n{")
    reset(connection)


def short_body(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'content-length: 100\r\n\r\n{"ok": true')


def broken_chunks(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\nZZ\r\nno\r\n")


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def closes(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def huge_header(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"x-long: " + b"x" * 200_000 + b"\r\n\r\n{}")


def answers_once(connection: socket.socket) -> None:
    connection.sendall(HEAD + b'content-length: 21\r\n\r\n{"ok":true,"data":{}}')
    connection.recv(65_536)


@pytest.mark.parametrize("script", [reset, reset_midway, short_body, broken_chunks, not_http, closes, huge_header])
def test_a_broken_connection_is_lost_and_a_read_may_try_again(script: Script) -> None:
    with serving(script) as base_url:
        error = failure_of(base_url)
    assert type(error) is ConnectionLost
    assert error.retryable
    assert not error.may_have_started


def test_a_connection_that_rested_is_not_used_for_a_write() -> None:
    with serving(answers_once) as base_url, closing(connection_pool()) as pool:
        for pause in (0, 1.1):
            time.sleep(pause)
            with Client(base_url=base_url, transport=pool, retry=ONCE) as client:
                client.quota.get()


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    error = failure_of(f"http://127.0.0.1:{port}")
    assert type(error) is ConnectFailed


def test_a_name_that_does_not_resolve_means_that_nothing_was_sent() -> None:
    assert type(failure_of("http://nobody.invalid")) is ConnectFailed


def test_plain_speech_on_a_tls_port_means_that_nothing_was_sent() -> None:
    with serving(not_http) as base_url:
        error = failure_of(base_url.replace("http:", "https:"))
    assert type(error) is ConnectFailed


def test_silence_ends_at_the_read_time_out() -> None:
    with serving(lambda _: time.sleep(0.5)) as base_url:
        error = failure_of(base_url, Timeouts(read=0.05))
    assert type(error) is TimedOut


def test_a_drip_ends_at_the_deadline_though_no_read_is_slow() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"content-length: 100000\r\n\r\n")
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.02)

    with serving(drip) as base_url:
        error = failure_of(base_url, Timeouts(read=5, total=0.2))
    assert type(error) is TimedOut
    assert "BodyTooLate" in error.message


def test_an_endless_body_is_cut_at_the_byte_limit() -> None:
    sent = []

    def pour(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        while True:  # ends when the client hangs up
            sent.append(connection.send(b" " * 65_536))

    with serving(pour) as base_url:
        error = failure_of(base_url)
    assert type(error) is ContractError
    assert f"over {LIMIT} bytes" in error.message
    assert sum(sent) < 100_000_000


def bomb(unpacked_bytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * 1_000_000
    pieces = [packer.compress(block) for _ in range(unpacked_bytes // len(block))]
    return b"".join([*pieces, packer.flush()])


def test_a_gzip_bomb_is_stopped_before_it_is_unpacked() -> None:
    packed = bomb(200_000_000)
    service = Service(raw(packed, headers={"content-encoding": "gzip"}))
    with client_of(service, max_response_bytes=1_000_000) as client:
        tracemalloc.start()
        try:
            with pytest.raises(ContractError, match="over 1000000 bytes"):
                client.quota.get()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000


def test_a_bomb_in_an_error_page_is_still_trouble_of_the_service() -> None:
    service = Service(raw(bomb(20_000_000), status=502, headers={"content-encoding": "gzip"}))
    with (
        client_of(service, retry=ONCE, max_response_bytes=LIMIT) as client,
        pytest.raises(ServiceFailed) as caught,
    ):
        client.quota.get()
    assert caught.value.retryable


def packed(body: bytes) -> bytes:
    """Pack without the clock in it: the bytes stand in test names, which parallel runs compare."""
    return gzip.compress(body, mtime=0)


def test_a_packed_answer_is_read() -> None:
    body = packed(b'{"ok": true, "data": {"token_status": "active"}}')
    pieces = Chunks(*[body[i : i + 1] for i in range(len(body))])
    service = Service(httpx.Response(200, stream=pieces, headers={"content-encoding": " GZip "}))
    with client_of(service) as client:
        assert client.quota.get().token_status == "active"
    assert service.request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"not gzip"),
        ("gzip", packed(b'{"ok": true, "data": {}}')[:-12]),
        ("gzip", b""),
        ("br", b"x"),
        ("deflate", zlib.compress(b"{}")),
        ("zstd", b"x"),
        ("gzip, gzip", packed(packed(b"{}"))),
    ],
)
def test_a_badly_packed_answer_is_a_contract_error(encoding: str, body: bytes) -> None:
    service = Service(raw(body, headers={"content-encoding": encoding}))
    with client_of(service) as client, pytest.raises(ContractError):
        client.quota.get()


def test_an_answer_of_exactly_the_limit_is_read() -> None:
    body = b'{"ok": true, "data": {}}'
    with client_of(Service(raw(body)), max_response_bytes=len(body)) as client:
        client.quota.get()
    with (
        client_of(Service(raw(body)), max_response_bytes=len(body) - 1) as client,
        pytest.raises(ContractError, match="over 23 bytes"),
    ):
        client.quota.get()


def test_a_body_that_a_transport_has_read_already_is_bounded_too() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"ok": True, "data": {"token_status": "active"}})

    with client_of(httpx.MockTransport(answer)) as client:
        assert client.quota.get().token_status == "active"
    with client_of(httpx.MockTransport(answer), max_response_bytes=10) as client, pytest.raises(ContractError):
        client.quota.get()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.test/v1/quota", "/v1/quota/", "https://api.test/v1/quota"])
def test_a_redirect_is_never_followed(status: int, location: str) -> None:
    service = Service(raw(b"", status=status, headers={"location": location}))
    with client_of(service) as client, pytest.raises(ContractError, match="redirect") as caught:
        client.quota.get()
    assert len(service.requests) == 1
    assert caught.value.http_status == status


def test_the_connection_is_let_go_after_every_outcome() -> None:
    for body in (b'{"ok": true, "data": {}}', b"<html>", b"x" * 50_000):
        stream = Chunks(body)
        with (
            client_of(Service(httpx.Response(200, stream=stream)), max_response_bytes=LIMIT) as client,
            suppress(ContractError),
        ):
            client.quota.get()
        assert stream.is_closed


def test_a_deadline_that_passes_between_two_chunks_ends_the_call() -> None:
    clock = Clock()

    def late() -> bytes:
        clock.advance(61)
        return b"true, "

    stream = Chunks(b'{"ok": ', late, b'"data": {}}')
    with client_of(Service(httpx.Response(200, stream=stream)), clock) as client, pytest.raises(TimedOut) as caught:
        client.quota.get()
    assert caught.value.retryable
    assert stream.is_closed


def test_kept_connections_serve_many_clients() -> None:
    connections = []

    def answer(connection: socket.socket) -> None:
        connections.append(connection)
        body = b'{"ok": true, "data": {}}'
        for _ in range(3):
            connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
            connection.recv(65_536)

    pool = connection_pool()
    with serving(answer) as base_url:
        for _ in range(3):
            with Client(base_url=base_url, token="isk_r_x", transport=pool) as client:
                client.quota.get()
        pool.close()
    assert len(connections) == 1


def test_a_service_that_recovers_is_used() -> None:
    service = Service(httpx.ReadError("reset"), raw(b"<html>", status=502), ok({"token_status": "active"}))
    with client_of(service) as client:
        assert client.quota.get().token_status == "active"
