"""The one way out: every call to the hosted API goes through `Transport.send`."""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import unquote

import httpx

from api_client.auth import BearerAuth
from api_client.body import BodyRefused, BodyTooLate, read_bounded
from api_client.envelope import Envelope, Reply, not_an_envelope, open_envelope
from api_client.errors import ApiError, ConnectFailed, ConnectionLost, TimedOut
from api_client.records.base import JsonObject
from api_client.retry import Repeat, RetryPolicy, http_date, retry_after_seconds, seconds_before_retry
from api_client.secret import one_line
from api_client.urls import MAX_SEGMENT

log = logging.getLogger("api_client")

# Both write whole URLs or headers below WARNING, which our log lines promise never to do.
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """All in seconds. `read` is the longest silence, `total` the deadline of a call with all its attempts and waits.

    `work` takes the place of `read`, and `work_total` of `total`, for uploads and for create and edit, which the
    service answers only when the work is done. The deadline is looked at before each attempt and between the chunks
    of a body; the head of an answer is bounded by `read` a chunk and by httpcore's 100 KB.
    """

    connect: float = 3.0
    read: float = 20.0
    total: float = 60.0
    work: float = 120.0
    work_total: float = 180.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a resource describes it. `path` is absolute and encoded; `params` and `body` stay out of sight."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: JsonObject | None = field(default=None, repr=False)
    repeat: Repeat = Repeat.NEVER
    is_authenticated: bool = True
    is_work: bool = False

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and self.repeat is not Repeat.READ


class Transport:
    """Sends calls over one httpx client, repeats them where the rule allows it, and logs each attempt in one line."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        base_url: httpx.URL,
        auth: BearerAuth | None,
        timeouts: Timeouts,
        retry: RetryPolicy,
        max_response_bytes: int,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self.http = http
        self.clock = clock
        self.timeouts = timeouts
        self._base_url = base_url
        self._auth = auth
        self._retry = retry
        self._max_response_bytes = max_response_bytes
        self._sleep = sleep
        self._random = random

    def send(self, call: Call) -> Envelope:
        """The opened envelope of a success. Raises ApiError; no frame of the traceback holds a token, body or query."""
        ends_at = self.clock() + (self.timeouts.work_total if call.is_work else self.timeouts.total)
        attempt = 1
        while True:
            outcome = self._attempt(call, attempt, ends_at)
            if isinstance(outcome, Envelope):
                return outcome
            wait = seconds_before_retry(
                outcome,
                repeat=call.repeat,
                attempt=attempt,
                seconds_left=ends_at - self.clock(),
                fraction=self._random(),
                policy=self._retry,
            )
            if wait is None:
                raise outcome
            self._sleep(wait)
            attempt += 1

    def _attempt(self, call: Call, attempt: int, ends_at: float) -> Envelope | ApiError:
        started_at = self.clock()
        outcome = self._exchange(call, ends_at)
        is_error = isinstance(outcome, ApiError)
        log.log(
            logging.WARNING if is_error else logging.INFO,
            "%s %s status=%s code=%s trace=%s ms=%d attempt=%d",
            call.method,
            _shown_path(call),
            outcome.http_status,
            outcome.code if isinstance(outcome, ApiError) else "ok",
            outcome.trace_id,
            (self.clock() - started_at) * 1000,
            attempt,
        )
        return outcome

    def _exchange(self, call: Call, ends_at: float) -> Envelope | ApiError:
        """Errors are returned, not raised: an httpx error carries its request, and with it the token."""
        request = self._request(call, seconds_left=max(ends_at - self.clock(), 0.001))
        auth = self._auth if call.is_authenticated else None
        try:
            with closing(self.http.send(request, auth=auth, stream=True)) as response:
                return self._read(response, call, ends_at)
        except (httpx.HTTPError, BodyTooLate) as error:
            return network_failure(error, is_write=call.is_write)

    def _request(self, call: Call, *, seconds_left: float) -> httpx.Request:
        silence = min(self.timeouts.work if call.is_work else self.timeouts.read, seconds_left)
        connect = min(self.timeouts.connect, seconds_left)
        # ensure_ascii, so that a lone surrogate in somebody's prompt is the service's to refuse and not our crash.
        content = None if call.body is None else json.dumps(call.body, allow_nan=False).encode("ascii")
        return self.http.build_request(
            call.method,
            self._base_url.join(call.path),
            params=call.params or None,
            content=content,
            headers={"content-type": "application/json"} if content is not None else None,
            timeout=httpx.Timeout(silence, connect=connect, pool=connect),
        )

    def _read(self, response: httpx.Response, call: Call, ends_at: float) -> Envelope | ApiError:
        wait = asked_wait(response)
        try:
            body = read_body(response, max_bytes=self._max_response_bytes, is_late=lambda: self.clock() > ends_at)
        except BodyRefused as refused:
            unread = Reply(response.status_code, b"", is_write=call.is_write, retry_after_seconds=wait)
            return not_an_envelope(unread, str(refused))
        return open_envelope(Reply(response.status_code, body, is_write=call.is_write, retry_after_seconds=wait))


def http_client(transport: httpx.BaseTransport) -> httpx.Client:
    """A client that does what it is told and nothing else: no redirects, cookies, proxies or netrc of the machine."""
    return httpx.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        headers={"accept": "application/json", "accept-encoding": "gzip", "user-agent": "api-client"},
    )


def read_body(response: httpx.Response, *, max_bytes: int, is_late: Callable[[], bool]) -> bytes:
    """The unpacked body; raises BodyRefused, BodyTooLate, httpx.HTTPError."""
    # A transport may hand over a body that is read and unpacked already, as httpx.MockTransport does.
    if response.is_stream_consumed:
        return read_bounded(response.iter_bytes(), encoding="", max_bytes=max_bytes, is_late=is_late)
    encoding = response.headers.get("content-encoding", "").strip().lower()
    return read_bounded(response.iter_raw(), encoding=encoding, max_bytes=max_bytes, is_late=is_late)


def asked_wait(response: httpx.Response) -> float | None:
    """Seconds that the Retry-After header asks for, measured on the answerer's own clock where it tells it."""
    now = http_date(response.headers.get("date")) or datetime.now(UTC)
    return retry_after_seconds(response.headers.get("retry-after"), now=now)


def network_failure(error: httpx.HTTPError | BodyTooLate, *, is_write: bool) -> ApiError:
    """What an error below HTTP means for the call."""
    if isinstance(error, _NOTHING_SENT):
        return ConnectFailed(_described(error), retryable=True)
    if isinstance(error, httpx.TimeoutException | BodyTooLate):
        return TimedOut(_described(error), retryable=True, may_have_started=is_write)
    return ConnectionLost(_described(error), retryable=True, may_have_started=is_write)


def _described(error: Exception) -> str:
    return f"{type(error).__name__} {one_line(str(error), limit=200)}".rstrip()


def _shown_path(call: Call) -> str:
    names = "&".join(f"{name}=" for name in call.params)
    # Decoded first: `%40` would hide a contact. Segment by segment, since an inbox may not swallow the path before it.
    shown = "/".join(one_line(unquote(part), limit=MAX_SEGMENT) for part in call.path.split("/"))
    return shown + (f"?{names}" if names else "")
