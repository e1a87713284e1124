"""The sandbox in process, over a database of its own. Needs `--ds=sandbox.settings`; tests/contract may import these.

`sandbox_app` is the WSGI application, `sandbox_http` an httpx client on it, `sign_up` makes an agent that can call.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from pytest_django import Settings

from sandbox import access
from sandbox.wsgi import application

OPERATOR_KEY = "operator-key-of-these-tests"
PUBLIC_URL = "http://127.0.0.1:8001"
# The quickest picture there is: 512 px for one credit.
QUICK = {"prompt": "a quiet valley", "model": "fal.z-image-turbo", "model_parameters": {"image_size": "square"}}


@dataclass(frozen=True)
class Answer:
    """One envelope, opened; every answer in these tests must be one."""

    response: httpx.Response

    @property
    def envelope(self) -> dict[str, Any]:
        envelope = self.response.json()
        assert set(envelope) == {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
        assert isinstance(envelope["warnings"], list)
        assert envelope["trace_id"].startswith("trace_")
        assert envelope["ok"] is (self.response.status_code == 200)
        return dict(envelope)

    @property
    def data(self) -> dict[str, Any]:
        assert self.envelope["ok"], self.envelope["error"]
        return dict(self.envelope["data"])

    @property
    def error(self) -> dict[str, Any]:
        assert not self.envelope["ok"], self.envelope["data"]
        return dict(self.envelope["error"])

    @property
    def refusal(self) -> tuple[str, int, int]:
        """Code, HTTP status, exit code."""
        return self.error["code"], self.response.status_code, int(self.response.headers["x-image-skill-exit-code"])


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API, with a token or without."""

    http: httpx.Client
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def get(self, path: str, **query: Any) -> Answer:
        return Answer(self.http.get(path, params=query or None, headers=self.headers))

    def post(self, path: str, body: object) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers | {"content-type": "application/json"}
        return Answer(self.http.post(path, content=content, headers=headers))

    def create(self, **changes: Any) -> Answer:
        return self.post("/v1/create", QUICK | changes)

    def limits(self) -> dict[str, int]:
        return dict(self.get("/v1/quota").data["limits"])

    def event_types(self) -> list[str]:
        return [event["type"] for event in self.get("/v1/activity", limit=200).data["events"]]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite in a file, since threads must meet on the real locks; PostgreSQL under a name of its own."""
    database = connections["default"].settings_dict
    if "sqlite" in database["ENGINE"]:
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("sandbox") / "test.sqlite3")
    else:
        database["TEST"]["NAME"] = "sandbox_" + (database["TEST"]["NAME"] or f"test_{database['NAME']}")


@pytest.fixture
def sandbox_data(settings: Settings, tmp_path: Path) -> Path:
    """A media folder for this test alone, and the settings' defaults whatever the environment says."""
    settings.SANDBOX_DATA_DIR = tmp_path
    settings.SANDBOX_PUBLIC_URL = PUBLIC_URL
    settings.SANDBOX_FREE_CREDITS = 40
    settings.SANDBOX_DAILY_JOBS = 4
    settings.SANDBOX_CLAIMED_DAILY_JOBS = 200
    settings.SANDBOX_COURIER = False
    return tmp_path


@pytest.fixture
def sandbox_app(db: None, sandbox_data: Path) -> Iterator[Any]:
    """The WSGI application over a migrated, empty database, inside the test's own transaction."""
    # As in Django's own test client: the end of a request must not close the connection that holds the transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield application
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def sandbox_http(sandbox_app: Any) -> Iterator[httpx.Client]:
    with httpx.Client(transport=httpx.WSGITransport(app=sandbox_app), base_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
def stranger(sandbox_http: httpx.Client) -> Caller:
    """Somebody without a token."""
    return Caller(sandbox_http)


@pytest.fixture
def operator(stranger: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Somebody with the operator's key, whose allowance is whole."""
    settings.SANDBOX_OPERATOR_KEY = OPERATOR_KEY
    settings.SANDBOX_OPERATOR_REQUESTS_PER_MINUTE = 6000
    monkeypatch.setattr(access, "_operators", access.Allowance())
    return Caller(stranger.http, OPERATOR_KEY)


@pytest.fixture
def sign_up(stranger: Caller) -> Callable[..., Caller]:
    """Signs an agent up, anonymously unless a contact is given."""

    def call(**fields: Any) -> Caller:
        body = {"agent_name": "tester", "runtime": "pytest", "return_token": True} | fields
        return Caller(stranger.http, stranger.post("/v1/agent-signups", body).data["token"])

    return call


@pytest.fixture
def agent(sign_up: Callable[..., Caller]) -> Caller:
    """A fresh anonymous agent."""
    return sign_up()
