"""The other side of the wire for these tests: a scripted service and a clock that only sleeping moves."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from api_client import Client, OperatorClient, Secret

TOKEN = "isk_r_canary0123456789"
KEY = "canary-operator-key"
BASE_URL = "https://api.test"
ACTOR = {"actor_type": "agent", "actor_id": "agt_1", "organization_id": "org_1", "claim_state": "unclaimed"}

# Properties never fail for being slow: the machine's business is not the code's.

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Clock:
    """Monotonic seconds; `sleep` and `advance` move it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Service(httpx.BaseTransport):
    """Answers with its steps in turn, the last one for ever, and keeps what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else step(request)

    def close(self) -> None:
        self.is_closed = True

    @property
    def request(self) -> httpx.Request:
        """The only request so far."""
        assert len(self.requests) == 1
        return self.requests[0]

    @property
    def sent(self) -> Any:
        """The JSON body of the only request."""
        return json.loads(self.request.content)


def client_of(service: httpx.BaseTransport, clock: Clock | None = None, **settings: Any) -> Client:
    """A signed-in client of that service, whose waits cost no time and have no jitter unless told."""
    return Client(**{"base_url": BASE_URL, "token": Secret(TOKEN), **_steady(service, clock), **settings})


def operator_of(service: httpx.BaseTransport, clock: Clock | None = None, **settings: Any) -> OperatorClient:
    """A client of that service's operator extension, as steady as `client_of`."""
    return OperatorClient(**{"base_url": BASE_URL, "key": Secret(KEY), **_steady(service, clock), **settings})


def _steady(service: httpx.BaseTransport, clock: Clock | None) -> dict[str, Any]:
    clock = clock or Clock()
    return {"transport": service, "sleep": clock.sleep, "clock": clock, "random": lambda: 1.0}


def ok(data: Any, *, status: int = 200, **envelope: Any) -> httpx.Response:
    """A success as contract 1.1 has it. The body is streamed, as it is off a socket."""
    return raw(
        {"ok": True, "command": "image-skill x", "trace_id": "trace_ok", "actor": ACTOR, "data": data}
        | {"warnings": [], "error": None}
        | envelope,
        status=status,
    )


def refused(
    code: str,
    *,
    status: int = 400,
    message: str = "No.",
    headers: dict[str, str] | None = None,
    **error: Any,
) -> httpx.Response:
    """An error as contract 1.1 has it."""
    told = {"code": code, "message": message, "retryable": False, **error}
    envelope = {"ok": False, "trace_id": "trace_no", "actor": None, "data": None, "warnings": [], "error": told}
    return raw(envelope, status=status, headers=headers)


def raw(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    """Any body: bytes as they are, all else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, stream=Chunks(content), headers=headers)


class Chunks(httpx.SyncByteStream):
    """A body in pieces; a callable among them is called when its turn comes."""

    def __init__(self, *pieces: bytes | Callable[[], bytes]) -> None:
        self.pieces = pieces
        self.is_closed = False

    def __iter__(self) -> Any:
        for piece in self.pieces:
            yield piece if isinstance(piece, bytes) else piece()

    def close(self) -> None:
        self.is_closed = True
