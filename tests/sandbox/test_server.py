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
from tests.sandbox.paying import buy, purchase, quote

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


def test_a_payment_is_granted_within_seconds_of_the_press_with_nothing_else_running(served: Caller) -> None:
    bought = purchase(served)
    assert (
        served.http.post(bought.data["checkout_url"].partition("#")[0], data={"outcome": "succeed"}).status_code == 303
    )
    states = []
    for _ in range(50):
        states.append(bought.status()["state"])
        if states[-1] == "succeeded":
            break
        time.sleep(0.1)
    assert states[-1] == "succeeded"
    assert served.limits()["payment_backed_remaining_credits"] == 500


def test_more_buyers_than_threads_do_not_wait_for_each_other(served: Caller) -> None:
    quotes = [quote(served, 10, key=f"crowd-{number}") for number in range(24)]
    with ThreadPoolExecutor(24) as pool:
        opened = list(pool.map(lambda quote_id: buy(served, quote_id, key=f"buy-{quote_id}").data, quotes))
        pages = [data["checkout_url"].partition("#")[0] for data in opened]
        pressed = list(pool.map(lambda page: served.http.post(page, data={"outcome": "succeed"}).status_code, pages))
    assert set(pressed) == {303}
    for _ in range(150):
        if served.limits()["payment_backed_remaining_credits"] == 240:
            break
        time.sleep(0.1)
    assert served.limits()["payment_backed_remaining_credits"] == 240
