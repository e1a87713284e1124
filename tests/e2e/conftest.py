"""The whole system from an empty folder, started as `make run` starts it, and browsers in front of it."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from api_client import Client
from tools.running import System, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("system") / "var") as running:
        yield running


@pytest.fixture
def sign_in(system: System) -> Callable[[Any, str], None]:
    def enter(page: Any, role: str) -> None:
        page.goto(system.sign_in_link(role))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/local/" not in url)

    return enter


def press_and_close(tab: Any, button: Any) -> None:
    """Press a button of another tab, and close it when the answer is there: a tab that is leaving may never close."""
    with tab.expect_navigation():
        button.click()
    tab.close()


class FreshAgent:
    """An agent's side of the ceremony, played over HTTP with nothing but what the sponsor handed over."""

    def __init__(self, sandbox_url: str, contact: str | None = None) -> None:
        self.sandbox_url, self.contact = sandbox_url, contact
        self.sign_up()
        self.work()

    def sign_up(self) -> None:
        """Sign up; again with the same contact it rotates the token."""
        with Client(base_url=self.sandbox_url) as client:
            signed_up = client.identity.sign_up(
                agent_name="e2e-agent", runtime="playwright", agent_contact=self.contact, return_token=True
            )
        assert signed_up.token is not None
        assert signed_up.actor is not None
        self.token = signed_up.token.reveal()
        self.remote_id = signed_up.actor.actor_id

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
