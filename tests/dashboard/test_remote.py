"""The hosted API's connections belong to the process that made them."""

import json
import multiprocessing
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from dashboard.remote import client_with


class Answers(BaseHTTPRequestHandler):
    """Answers every read and notes the port that it was asked from."""

    protocol_version = "HTTP/1.1"
    ports: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        self.ports.append(self.client_address[1])
        body = json.dumps({"ok": True, "data": {}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ports(settings: Any) -> Iterator[list[int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.IMAGE_SKILL_API_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    Answers.ports.clear()
    yield Answers.ports
    server.shutdown()
    server.server_close()
    thread.join()


def ask() -> None:
    with client_with(None, deadline_seconds=5) as client:
        client.quota.get()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_speaks_on_connections_of_its_own(ports: list[int]) -> None:
    ask()
    child = multiprocessing.get_context("fork").Process(target=ask)
    child.start()
    child.join(20)
    ask()
    before, forked, after = ports
    assert child.exitcode == 0
    assert forked != before
    assert after == before
