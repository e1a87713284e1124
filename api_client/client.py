"""The doors: a client speaks for one agent or for nobody, an operator's client for the people of the service."""

import random as chance
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypedDict, Unpack

import httpx

from api_client.auth import BearerAuth
from api_client.resources.activity import Activity
from api_client.resources.assets import Assets
from api_client.resources.catalog import Catalog
from api_client.resources.credits import Credits
from api_client.resources.feedback import Feedback
from api_client.resources.identity import Identity
from api_client.resources.jobs import Jobs
from api_client.resources.operator import (
    OperatorAgents,
    OperatorChanges,
    OperatorFeedbacks,
    OperatorLedger,
    OperatorPayments,
    OperatorReversals,
)
from api_client.resources.quota import Quota
from api_client.resources.work import Work
from api_client.retry import RetryPolicy
from api_client.secret import Secret
from api_client.transport import Timeouts, Transport, http_client
from api_client.urls import checked_base

MAX_RESPONSE_BYTES = 8 * 1024 * 1024
# Less than servers keep an idle connection (gunicorn 2 s, Node and uvicorn 5 s): one that they are about to end would
# take a write with it, of which nobody knows whether it was done.
IDLE_SECONDS = 1.0


class How(TypedDict, total=False):
    """What every client takes beside its address and its secret; `_Door` says what each is."""

    transport: httpx.BaseTransport | None
    timeouts: Timeouts | None
    retry: RetryPolicy | None
    max_response_bytes: int
    sleep: Callable[[float], None]
    random: Callable[[], float]
    clock: Callable[[], float]


class _Door:
    """Everything that a client has before it has endpoints. Safe to share between threads.

    `base_url` is an origin without a path. A given `transport` stays the caller's to close, so that many clients can
    share one `connection_pool`; without one the client opens its own and closes it. `sleep`, `random` (in [0, 1)) and
    `clock` (monotonic seconds) are there for tests.
    """

    def __init__(
        self,
        *,
        base_url: str,
        secret: Secret | str | None,
        transport: httpx.BaseTransport | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = chance.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        auth = BearerAuth(Secret.of(secret)) if secret is not None else None
        checked_url = checked_base(base_url)
        self._http = http_client(_Borrowed(transport) if transport is not None else connection_pool())
        self._sender = Transport(
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

    def close(self) -> None:
        """Close the connections that this client opened. Closing twice is fine."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Client(_Door):
    """The hosted API, typed: speaks for one agent, or without a `token` for nobody.

    Without a token only public endpoints and dry runs answer. Raises ValueError for a base URL or a token that cannot
    work, without quoting it.
    """

    def __init__(self, *, base_url: str, token: Secret | str | None = None, **how: Unpack[How]) -> None:
        super().__init__(base_url=base_url, secret=token, **how)
        self.identity = Identity(self._sender)
        self.quota = Quota(self._sender)
        self.credits = Credits(self._sender)
        self.catalog = Catalog(self._sender)
        self.work = Work(self._sender)
        self.jobs = Jobs(self._sender)
        self.assets = Assets(self._sender)
        self.activity = Activity(self._sender)
        self.feedback = Feedback(self._sender)


class OperatorClient(_Door):
    """The operator extension (ours, INF): speaks for the people who run the service, with a key of its own.

    Give the key to nobody but the origin that issued it. Raises ValueError as `Client` does.
    """

    def __init__(self, *, base_url: str, key: Secret | str, **how: Unpack[How]) -> None:
        super().__init__(base_url=base_url, secret=key, **how)
        self.agents = OperatorAgents(self._sender)
        self.feedback = OperatorFeedbacks(self._sender)
        self.payments = OperatorPayments(self._sender)
        self.reversals = OperatorReversals(self._sender)
        self.ledger = OperatorLedger(self._sender)
        self.changes = OperatorChanges(self._sender)


def connection_pool(*, max_connections: int = 20) -> httpx.BaseTransport:
    """A pool of kept connections that many clients may share; close it when the last of them is done.

    It belongs to one process: on a connection that a fork inherits, one would read the other's answers.
    """
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=IDLE_SECONDS,
    )
    return httpx.HTTPTransport(trust_env=False, limits=limits)


class _Borrowed(httpx.BaseTransport):
    """Somebody else's transport: used, never closed."""

    def __init__(self, lender: httpx.BaseTransport) -> None:
        self._lender = lender

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._lender.handle_request(request)
