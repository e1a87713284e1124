"""The whole system from an empty folder, started as `make run` starts it, and browsers in front of it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_client import Client

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


@dataclass
class System:
    """A running system: its addresses and what it printed."""

    url: str
    sandbox_url: str
    links: dict[str, str]
    folder: Path

    def fresh_link(self, role: str) -> str:
        """Return a sign-in link of this role that was not used yet."""
        return self.links.pop(role) if role in self.links else self._another(role)

    def _another(self, role: str) -> str:
        code = (
            "import django; django.setup();"
            "from dashboard.accounts.models import User;"
            "from dashboard.local.people import PEOPLE, link_make;"
            f"person = next(one for one in PEOPLE if one.title == {role!r});"
            "print(link_make(User.objects.get(email=person.email)))"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True
        )
        return run.stdout.strip().splitlines()[-1]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DATA_DIR": str(self.folder),
            "PORT": self.url.rpartition(":")[2],
            "SANDBOX_PORT": self.sandbox_url.rpartition(":")[2],
        }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("system") / "var"
    running = System(f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}", {}, folder)
    log = folder.parent / "log"
    environment = {name: value for name, value in running.environment.items() if name != "DJANGO_SETTINGS_MODULE"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard.local"], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        try:
            running.links = printed_links(process, log)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def printed_links(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """Wait for the block that is printed once everything answers, and return its sign-in links by role."""
    line = re.compile(r"^  (\S[\w ]+?) +(http://localhost:\d+/local/sign-in/\S+)$", re.MULTILINE)
    for _ in range(START_SECONDS * 10):
        found = dict(line.findall(log.read_text()))
        if len(found) == 6:
            return found
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def sign_in(system: System) -> Callable[[Any, str], None]:
    def enter(page: Any, role: str) -> None:
        page.goto(system.fresh_link(role))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/local/" not in url)

    return enter


class FreshAgent:
    """An agent's side of the ceremony, played over HTTP with nothing but what the sponsor handed over."""

    def __init__(self, sandbox_url: str) -> None:
        with Client(base_url=sandbox_url) as client:
            signed_up = client.identity.sign_up(agent_name="e2e-agent", runtime="playwright", return_token=True)
        assert signed_up.token is not None
        self.token = signed_up.token.reveal()
        self.sandbox_url = sandbox_url
        self.work()

    def work(self) -> None:
        with Client(base_url=self.sandbox_url, token=self.token) as client:
            client.work.create(prompt="a small red boat", idempotency_key=f"e2e-{time.monotonic_ns()}")

    def answer(self, text: str) -> str:
        """Do what the copied text says and return the phrase that the dashboard answers with."""
        url = re.search(r'url = "(\S+)"', text)
        code = re.search(r"isclaim_[\w-]+", text)
        assert url
        assert code
        answer = httpx.post(url[1], json={"code": code[0]}, headers={"Authorization": f"Bearer {self.token}"})
        assert answer.status_code == 200, answer.text
        phrase: str = answer.json()["phrase"]
        return phrase


@pytest.fixture
def fresh_agent(system: System) -> FreshAgent:
    return FreshAgent(system.sandbox_url)
