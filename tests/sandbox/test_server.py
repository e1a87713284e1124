"""The sandbox as it is really run: gunicorn with eight threads, over a real socket (contract 8, 10.8, 11)."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox import settings
from tests.sandbox.fixtures import Answer, Caller

CONTROL_KEY = "control-key-of-these-tests"
ROOT = Path(settings.__file__).parent.parent


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Migrates an empty folder, serves it, and stops the server at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    # As a child of the dashboard's supervisor: its settings are in the environment and must not win.
    clean |= {
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "SANDBOX_DATA_DIR": str(tmp_path_factory.mktemp("served")),
        "SANDBOX_PORT": str(port),
        "SANDBOX_CONTROL_KEY": CONTROL_KEY,
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    migrate = [sys.executable, "manage.py", "migrate", "--settings", "sandbox.settings", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=clean, check=True)
    serve = [sys.executable, "-m", "gunicorn", "sandbox.wsgi:application", "--threads", "8"]
    server = subprocess.Popen([*serve, "--bind", f"127.0.0.1:{port}", "--log-level", "error"], cwd=ROOT, env=clean)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not start")


@pytest.fixture
def served(address: str) -> Iterator[Caller]:
    with httpx.Client(base_url=address, timeout=60) as http:
        body = {"agent_name": "a", "runtime": "r", "return_token": True}
        yield Caller(http, Caller(http).post("/v1/agent-signups", body).data["token"])


def test_a_crowd_larger_than_the_threads_makes_one_job(served: Caller) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: served.create(idempotency_key="k1"), range(24)))
    assert len({answer.data["job_id"] for answer in answers}) == 1
    assert served.limits()["remaining_credits"] == 39
    assert served.get("/v1/quota").data["daily_jobs"]["used"] == 1


def test_media_over_the_wire_is_exact_public_and_plain(served: Caller, address: str) -> None:
    (asset,) = served.create().data["assets"]
    assert asset["url"].startswith(f"{address}/a/")
    with httpx.stream("GET", asset["url"], headers={"accept-encoding": "gzip, br"}) as response:
        raw = b"".join(response.iter_raw())
    assert int(response.headers["content-length"]) == len(raw) == asset["content_length"]
    assert "transfer-encoding" not in response.headers
    assert "content-encoding" not in response.headers
    head = httpx.head(asset["url"])
    assert int(head.headers["content-length"]) == len(raw)


@pytest.mark.parametrize("path", ["/v1/models/%ff", "/v1/models/%F0%9F%8D%8C", "/v1/activity/%ed%a0%80", "/a/%ff.png"])
def test_odd_bytes_in_an_address_are_an_envelope(served: Caller, path: str) -> None:
    assert served.get(path).refusal[1:] == (404, 1)


def test_odd_bytes_in_the_authorization_are_a_bad_token(address: str) -> None:
    response = httpx.get(f"{address}/v1/whoami", headers={b"authorization": b"Bearer \xff\xfe"})
    assert Answer(response).refusal == ("AUTH_REQUIRED", 401, 3)


def test_a_body_above_the_limit_is_refused_in_an_envelope(served: Caller) -> None:
    size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    assert served.post("/v1/feedback", b" " * size).refusal == ("PAYLOAD_TOO_LARGE", 413, 2)


def test_every_answer_states_its_length(served: Caller) -> None:
    for path in ("/healthz", "/v1/quota", "/nope"):
        response = served.http.get(path, headers=served.headers)
        assert int(response.headers["content-length"]) == len(response.content)


def test_a_deep_body_does_not_take_the_server_down(served: Caller) -> None:
    assert served.post("/v1/feedback", b'{"a":' * 100_000).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert served.get("/healthz").data["status"] == "ok"


def test_a_fault_reaches_the_wire(served: Caller) -> None:
    control = Caller(served.http, CONTROL_KEY)
    for number, kind in enumerate(("reset", "slow_body"), start=1):
        control.post("/control/v1/faults", {"kind": kind, "path": "/healthz", "nth": number})
    with pytest.raises(httpx.ReadError):
        served.get("/healthz")
    with served.http.stream("GET", "/healthz") as response:
        pieces = list(response.iter_raw())
    assert len(pieces) > 1
    assert sum(map(len, pieces)) == int(response.headers["content-length"])
    assert served.get("/healthz").data["status"] == "ok"
