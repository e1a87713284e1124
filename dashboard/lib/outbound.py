"""The way out to addresses that others name: files of the hosted service, people's webhooks.

What could be asked for through us is refused before anything is sent: an origin that is not listed, a name that leads
to any address that is not public. The address that was checked is the one that is connected to, so a name that answers
differently the second time gains nothing. `fetch` takes each redirect through the same checks, `post` takes none. No
credential, cookie or proxy of ours goes along.
"""

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import Any, BinaryIO
from urllib.parse import urljoin

import httpcore

from dashboard.lib.addresses import (
    AddressRefused,
    Resolver,
    Target,
    is_public,
    origin_of,
    resolve,
    system_resolve,
    target_of,
)

MOST_HOPS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The longest silence; the whole is bounded by Limits.seconds.
SILENCE_SECONDS = 10.0
# An answer to a webhook is looked at by people: a bit of it tells enough.
POST_ANSWER_BYTES = 4_096
TOO_LARGE = "It is larger than what is taken."


class OutboundError(Exception):
    """Nothing, or not everything, was read. `code` is a word for programs; the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class OutboundRefused(OutboundError):
    """We will not ask there, or not take what comes: asking again cannot help."""


class OutboundFailed(OutboundError):
    """The other side could not be reached, broke off or took too long: that may pass."""


@dataclass(frozen=True)
class Reach:
    """Where a request may go. `origins`: only to these; None: to every public address.

    `private_origins` are ours, and may be at an address that is not public: nothing else may. Tests give a `resolver`
    and a `backend` of their own.
    """

    origins: Collection[str] | None = None
    private_origins: Collection[str] = ()
    is_https_only: bool = True
    resolver: Resolver = system_resolve
    backend: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)


@dataclass(frozen=True)
class Limits:
    """How much may come, in bytes, and how long the whole may take, in seconds, names and redirects included."""

    max_bytes: int
    seconds: float


@dataclass(frozen=True)
class Answer:
    """What came: `headers` by lower-case name, the last of a kind; `chunks` is read once and bounded."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class Fetched:
    """A file that was written whole: bytes, SHA-256 in hex, and its type as declared, which proves nothing."""

    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True)
class Reply:
    """What a webhook's receiver answered; `text` is at most POST_ANSWER_BYTES of it."""

    status: int
    headers: Mapping[str, str]
    text: str


@contextmanager
def opened(url: str, *, reach: Reach, limits: Limits) -> Iterator[Answer]:
    """GET a URL through at most MOST_HOPS redirects; raises OutboundError, while the chunks are read too."""
    ends_at = time.monotonic() + limits.seconds
    for _ in range(MOST_HOPS + 1):
        with _exchange("GET", url, {}, None, reach=reach, ends_at=ends_at) as response:
            answer = _answer(response, max_bytes=limits.max_bytes)
            if answer.status not in REDIRECTS:
                yield answer
                return
        # Only the address that a hop names is used; whatever else it says is not read.
        url = urljoin(url, answer.headers.get("location", ""))
    raise OutboundRefused("redirects", f"It leads on through more than {MOST_HOPS} addresses.")


def fetch(url: str, *, to: BinaryIO, reach: Reach, limits: Limits) -> Fetched:
    """Write what a GET brings into `to`; raises OutboundError. After an error `to` holds a part: throw it away."""
    digest, size = hashlib.sha256(), 0
    with opened(url, reach=reach, limits=limits) as answer:
        refuse_status(answer.status)
        for chunk in answer.chunks:
            to.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return Fetched(size, digest.hexdigest(), answer.headers.get("content-type", "").partition(";")[0].strip()[:100])


def post(url: str, *, content: bytes, headers: Mapping[str, str], reach: Reach, seconds: float) -> Reply:
    """POST `content`; a redirect is an answer like any other, and followed nowhere. Raises OutboundError.

    Of the answer POST_ANSWER_BYTES are read and the rest is left, however long it is.
    """
    start = b""
    with _exchange("POST", url, headers, content, reach=reach, ends_at=time.monotonic() + seconds) as response:
        chunks = _told(iter(response.iter_stream()))
        while len(start) < POST_ANSWER_BYTES and (chunk := next(chunks, None)) is not None:
            start += chunk
    return Reply(response.status, _headers(response), start[:POST_ANSWER_BYTES].decode("utf-8", "replace"))


def refuse_status(status: int) -> None:
    """Raise OutboundRefused for an answer without a file, OutboundFailed where it may have one later."""
    if status in {404, 410}:
        raise OutboundRefused("gone", "It is not there any more.")
    if status in {401, 403}:
        raise OutboundRefused("denied", f"It is not handed out: the answer was {status}.")
    if status != 200:
        kind = OutboundFailed if status in {408, 425, 429} or status >= 500 else OutboundRefused
        raise kind("status", f"The answer was {status}.")


@contextmanager
def _exchange(
    method: str, url: str, headers: Mapping[str, str], content: bytes | None, *, reach: Reach, ends_at: float
) -> Iterator[httpcore.Response]:
    target = _target(url, reach)
    connection = httpcore.HTTPConnection(
        httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
        ssl_context=_ssl_context() if target.scheme == "https" else None,
        network_backend=_Checked(target, reach, ends_at),
    )
    sent = {"Host": target.host_header, "User-Agent": "image-skill-dashboard", "Accept": "*/*"}
    sent |= {"Accept-Encoding": "identity", "Connection": "close", **headers}
    address = httpcore.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    with ExitStack() as stack:
        with _said():
            stack.enter_context(connection)
            response = stack.enter_context(
                connection.stream(method, address, headers=list(sent.items()), content=content)
            )
        yield response


@contextmanager
def _said() -> Iterator[None]:
    """Say what went wrong on the way; around steps on the wire alone, for a disk of ours raises OSError too."""
    try:
        yield
    except httpcore.TimeoutException:
        raise OutboundFailed("too_slow", "It took too long.") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
        raise OutboundFailed("broken", "The connection failed or broke off.") from None


def _target(url: str, reach: Reach) -> Target:
    try:
        target = target_of(url)
        is_listed = reach.origins is None or target.origin in {origin_of(origin) for origin in reach.origins}
    except AddressRefused as refused:
        raise OutboundRefused("address", str(refused)) from None
    if not is_listed:
        raise OutboundRefused("origin", "The address is not one of those that may be asked.")
    if reach.is_https_only and target.scheme != "https" and not _is_ours(target, reach):
        raise OutboundRefused("address", "Only https addresses can be asked.")
    return target


def _is_ours(target: Target, reach: Reach) -> bool:
    return target.origin in {origin_of(origin) for origin in reach.private_origins}


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _answer(response: httpcore.Response, *, max_bytes: int) -> Answer:
    headers = _headers(response)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise OutboundRefused("packed", "It came packed, which was not asked for.")
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > max_bytes:
        raise OutboundRefused("too_large", TOO_LARGE)
    return Answer(response.status, headers, _bounded(_told(iter(response.iter_stream())), max_bytes))


def _told(chunks: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with _said():
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def _bounded(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise OutboundRefused("too_large", TOO_LARGE)
        yield chunk


@cache
def _ssl_context() -> SSLContext:
    return httpcore.default_ssl_context()


def _seconds_left(ends_at: float, *, most: float = SILENCE_SECONDS) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return min(left, most)


class _Checked(httpcore.NetworkBackend):
    """Connects to an address that was judged, and to no other that the same name may lead to a moment later."""

    def __init__(self, target: Target, reach: Reach, ends_at: float) -> None:
        self._target, self._reach, self._ends_at = target, reach, ends_at

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline of the whole stands in its place
        local_address: str | None = None,
        socket_options: Any = None,  # noqa: ANN401 - as httpcore has it
    ) -> httpcore.NetworkStream:
        addresses = resolve(
            host, port, resolver=self._reach.resolver, seconds=_seconds_left(self._ends_at, most=SILENCE_SECONDS)
        )
        # All of them: who answers with a public and a private one gets no second throw of the dice.
        if not _is_ours(self._target, self._reach) and not all(map(is_public, addresses)):
            raise OutboundRefused("private", "The address leads into a network that is not public.")
        if not addresses:
            raise httpcore.ConnectError
        stream = self._reach.backend.connect_tcp(
            str(addresses[0]), port, _seconds_left(self._ends_at), local_address, socket_options
        )
        return _Timed(stream, self._ends_at)


class _Timed(httpcore.NetworkStream):
    """A stream whose every step ends by the deadline of the whole: a drip of bytes restarts no clock."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream, self._ends_at = stream, ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        return self._stream.read(max_bytes, _seconds_left(self._ends_at))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        self._stream.write(buffer, _seconds_left(self._ends_at))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _seconds_left(self._ends_at))
        return _Timed(stream, self._ends_at)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore has it
        return self._stream.get_extra_info(info)
