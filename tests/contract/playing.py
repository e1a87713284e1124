"""Both sides of the wire in one process, and the attention that every answer of these tests gets.

Whatever a test is about, it also fails where the client does not understand an answer wholly (a field of another type,
a row that it cannot read), and where an answer holds a token, a prompt or a contact.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from api_client import (
    ActivityEvent,
    ActivityPage,
    ApiError,
    Client,
    CreateResult,
    Job,
    MalformedEvent,
    OperatorClient,
    Record,
    Secret,
    SignUp,
)
from api_client.envelope import Envelope, Reply, open_envelope, read_record
from api_client.resources.base import Resource

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE_URL = "http://127.0.0.1:8001"
PROMPT = "canaryprompt over a quiet valley"
CONTACT = "canarycontact@example.com"
# The quickest picture there is: 512 px for one credit.
QUICK: dict[str, Any] = {"model": "fal.z-image-turbo", "model_parameters": {"image_size": "square"}}
# The cheapest that makes several at once.
TWO_CREDITS_EACH: dict[str, Any] = {"model": "openai.gpt-image-2", "model_parameters": {"quality": "low"}}

_CANARIES = (b"isk_r_", b"canaryprompt", b"canarycontact")
R = TypeVar("R", bound=Record)
C = TypeVar("C", Client, OperatorClient)


@dataclass
class Wire(httpx.BaseTransport):
    """The sandbox in process. Reads along, and lets no secret pass; only a sign-up hands a token out."""

    app: Any
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = httpx.WSGITransport(app=self.app).handle_request(request)
        if "json" not in response.headers["content-type"]:
            return response
        content = response.read()
        signs_up = request.url.path == "/v1/agent-signups"
        leaked = [canary for canary in _CANARIES[signs_up:] if canary in content]
        assert not leaked, f"{request.method} {request.url.path} answers with {leaked}"
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(content))


@dataclass(frozen=True)
class Agent:
    """One agent at its work: what its sign-up said, and its client."""

    signed: SignUp
    client: Client

    @property
    def token(self) -> Secret:
        assert self.signed.token is not None
        return self.signed.token

    @property
    def id(self) -> str:
        assert self.signed.actor is not None
        return self.signed.actor.actor_id

    def create(self, key: str, **changes: Any) -> CreateResult:
        """A quick picture for one credit, or what the changes make of it."""
        return self.client.work.create(**{"prompt": PROMPT, "idempotency_key": key, **QUICK, **changes})

    def job_of(self, made: CreateResult) -> Job:
        """The job that the answer names."""
        assert made.job_id is not None
        return self.client.jobs.get(made.job_id)

    def ledger(self, limit: int = 200) -> list[ActivityEvent]:
        """The whole ledger, the newest first."""
        return lines(self.client.activity.list(limit=limit))


@dataclass(frozen=True)
class World:
    """A sandbox of its own for each test, and everybody who talks to it."""

    wire: Wire
    seen: list[Record] = field(default_factory=list)

    def connect(self, token: Secret | str | None = None) -> Client:
        """A client whose every answer is looked at. No answer of the sandbox may make it wait and repeat."""
        return self._watched(Client(base_url=BASE_URL, token=token, transport=self.wire, sleep=_never))

    def operate(self, key: Secret | str) -> OperatorClient:
        """A client of the operator extension, looked at alike."""
        return self._watched(OperatorClient(base_url=BASE_URL, key=key, transport=self.wire, sleep=_never))

    def join(self, **fields: Any) -> Agent:
        """An agent that has just signed up, without a contact unless one is given."""
        signed = self.connect().identity.sign_up(**{"agent_name": "tester", "runtime": "pytest", **fields})
        return Agent(signed, self.connect(signed.token))

    def send(
        self, method: str, path: str, body: object = None, *, token: Secret | None = None, **headers: str
    ) -> httpx.Response:
        """What the client would never send. Bytes go as they are, all else as JSON."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        if token is not None:
            headers["authorization"] = f"Bearer {token.reveal()}"
        with httpx.Client(transport=self.wire, base_url=BASE_URL) as http:
            return http.request(method, path, content=content, headers=headers)

    def opened(self, response: httpx.Response) -> Envelope | ApiError:
        """The answer as the client opens it."""
        method = response.request.method
        return open_envelope(Reply(response.status_code, response.content, is_write=method != "GET"))

    def refusal(self, method: str, path: str, body: object = None, *, token: Secret | None = None) -> ApiError:
        """The error that the client makes of the answer."""
        error = self.opened(self.send(method, path, body, token=token))
        assert isinstance(error, ApiError)
        return error

    def record(self, kind: type[R], response: httpx.Response) -> R:
        """The record that the client reads in the answer."""
        envelope = self.opened(response)
        assert isinstance(envelope, Envelope)
        record = read_record(kind, envelope)
        assert isinstance(record, kind)
        return record

    def _watched(self, client: C) -> C:
        for name, resource in list(vars(client).items()):
            if isinstance(resource, Resource):
                setattr(client, name, _Attentive(resource, self.seen))
        return client


class _Attentive:
    """A resource whose records and errors are looked at before the test gets them."""

    def __init__(self, resource: Resource, seen: list[Record]) -> None:
        self._resource = resource
        self._seen = seen

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._resource, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                record = method(*args, **kwargs)
            except ApiError as error:
                if error.recovery:
                    self._look_at(error.recovery)
                raise
            self._look_at(record)
            return record

        return call

    def _look_at(self, record: Record) -> None:
        records = list(records_in(record))
        not_understood = {type(part).__name__: misfits(part) for part in records if misfits(part)}
        assert not not_understood
        self._seen.extend(records)


def records_in(value: object) -> Iterator[Record]:
    """The record and all within it."""
    if isinstance(value, tuple):
        for item in value:
            yield from records_in(item)
    if isinstance(value, Record):
        yield value
        for name in type(value).model_fields:
            yield from records_in(getattr(value, name))


def lines(page: ActivityPage) -> list[ActivityEvent]:
    """The events of a page on which each could be read."""
    read = [event for event in page.events if isinstance(event, ActivityEvent)]
    assert len(read) == len(page.events)
    return read


def misfits(record: Record) -> list[str]:
    """What the client could not read in this one record."""
    malformed = [name for name in record.extra if name.startswith("malformed_")]
    return [*record.drift, *malformed, *([record.problem] if isinstance(record, MalformedEvent) else [])]


def _never(seconds: float) -> None:
    raise AssertionError(f"the client waits {seconds} s to repeat a call")
