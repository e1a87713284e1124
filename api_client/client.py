"""The door: one client speaks for one agent, or for nobody."""

import random as chance
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from api_client.auth import BearerAuth
from api_client.resources.activity import Activity
from api_client.resources.assets import Assets
from api_client.resources.catalog import Catalog
from api_client.resources.credits import Credits
from api_client.resources.feedback import Feedback
from api_client.resources.identity import Identity
from api_client.resources.jobs import Jobs
from api_client.resources.quota import Quota
from api_client.resources.work import Work
from api_client.retry import RetryPolicy
from api_client.secret import Secret
from api_client.transport import Timeouts, Transport, http_client
from api_client.urls import checked_base

MAX_RESPONSE_BYTES = 8 * 1024 * 1024


class Client:
    """The hosted API, typed. Safe to share between threads.

    `base_url` is an origin without a path. Without a `token` only public endpoints and dry runs answer.
    A given `transport` stays the caller's to close, so that many clients can share one `connection_pool`;
    without one the client opens its own and closes it. `sleep`, `random` (in [0, 1)) and `clock` (monotonic
    seconds) are there for tests. Raises ValueError for a base URL or a token that cannot work, without quoting it.
    """

    def __init__(
        self,
        *,
        base_url: str,
        token: Secret | str | None = None,
        transport: httpx.BaseTransport | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        token = Secret.of(token) if token is not None else None
        auth = BearerAuth(token) if token is not None else None
        checked_url = checked_base(base_url)
        self._http = http_client(_Borrowed(transport) if transport is not None else connection_pool())
        sender = Transport(
            self._http,
            base_url=checked_url,
            auth=auth,
            timeouts=timeouts or Timeouts(),
            retry=retry or RetryPolicy(),
            max_response_bytes=max_response_bytes,
            sleep=sleep,
            random=random,
            clock=clock,
        )
        self.identity = Identity(sender)
        self.quota = Quota(sender)
        self.credits = Credits(sender)
        self.catalog = Catalog(sender)
        self.work = Work(sender)
        self.jobs = Jobs(sender)
        self.assets = Assets(sender)
        self.activity = Activity(sender)
        self.feedback = Feedback(sender)

    def close(self) -> None:
        """Close the connections that this client opened. Closing twice is fine."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connection_pool(*, max_connections: int = 20) -> httpx.BaseTransport:
    """A pool of kept connections that many clients may share; close it when the last of them is done."""
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    return httpx.HTTPTransport(trust_env=False, limits=limits)


class _Borrowed(httpx.BaseTransport):
    """Somebody else's transport: used, never closed."""

    def __init__(self, lender: httpx.BaseTransport) -> None:
        self._lender = lender

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._lender.handle_request(request)
