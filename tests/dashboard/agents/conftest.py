"""What the tests of the ways to claim share: an agent that asks, the mail that follows, the person it reaches."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import ClaimAttempt
from dashboard.notify.models import OutboxMail

Answer = tuple[int, dict[str, Any]]


def ask(token: str, contact: str, *, address: str = "198.51.100.1") -> Answer:
    """Ask a contact as an agent does, over HTTP."""
    answer = Browser(REMOTE_ADDR=address).post(
        "/api/v1/claims",
        {"contact": contact},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json()


def look(token: str) -> Answer:
    """Ask how the request stands."""
    answer = Browser().get("/api/v1/claims", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def release(token: str) -> Answer:
    answer = Browser().post("/api/v1/claims/releases", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def mailed_link() -> str:
    """Return the path that the latest mail links to."""
    found = re.search(
        r"(/claim/[\w-]+/)", OutboxMail.objects.filter(subject__startswith="An agent asks").latest("pk").text
    )
    assert found
    return found[1]


def the_request() -> ClaimAttempt:
    return ClaimAttempt.objects.filter(way="agent_first").latest("pk")


@pytest.fixture
def sponsor(owner: User, workspace: Workspace) -> User:
    """Return the owner of a workspace, who has confirmed their address."""
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    return owner


@pytest.fixture
def asked(agent: Any, sponsor: User) -> str:
    """Let the agent ask the sponsor and return the phrase it was told."""
    status, answer = ask(agent.token, sponsor.email)
    assert (status, answer["state"]) == (200, "pending")
    phrase: str = answer["phrase"]
    return phrase


@pytest.fixture
def decide(sponsor: User, browser_of: Callable[..., Browser]) -> Callable[..., Any]:
    """Return a function that follows the mailed link as the sponsor and sends a decision from its page."""

    def send(which: str, /, **data: str) -> Any:
        browser = browser_of(sponsor)
        page = browser.get(mailed_link(), follow=True)
        address = page.redirect_chain[-1][0]
        return browser.post(f"{address}{which}/", data)

    return send
