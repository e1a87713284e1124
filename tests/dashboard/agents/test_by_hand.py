"""The claim by hand: a sponsor pastes a token that they hold, and decides on the same page."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import CODES_AN_HOUR
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.audit.models import AuditEntry
from tests.dashboard.at_rest import tables_holding

pytestmark = pytest.mark.django_db


@pytest.fixture
def paste(workspace: Workspace, owner: User, browser_of: Callable[..., Browser]) -> Callable[[str], Any]:
    browser = browser_of(owner)
    return lambda token: browser.post(
        reverse("agents:claim_by_hand", args=[workspace.key]), {"token": token}, follow=True
    )


def test_pasted_token_leads_to_consent_without_a_phrase(
    paste: Callable[[str], Any], agent: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    page = paste(agent.token)
    said = page.content.decode()
    assert "<bdi>render-bot</bdi> asks to be linked" in said
    assert "no phrase to compare" in said
    assert 'name="phrase"' not in said
    browser_of(owner).post(f"{page.redirect_chain[-1][0]}consent/", {"warn_credits_per_day": "50"})
    claim = Claim.objects.get()
    assert (claim.agent.remote_id, claim.warn_credits_per_day) == (agent.remote_id, 50)
    assert AuditEntry.objects.get(action="claim.presented").actor_label == owner.email


@pytest.mark.parametrize("token", ["isk_r_planted_guess", "two words planted", "x" * 513])
def test_token_is_never_said_back(
    paste: Callable[[str], Any], token: str, hosted_api: str, caplog: pytest.LogCaptureFixture
) -> None:
    page = paste(token)
    assert page.status_code == 422
    assert token not in page.content.decode()
    assert token not in caplog.text
    assert not ClaimAttempt.objects.filter(state__in=ClaimAttempt.OPEN).exists()


def test_pasted_token_is_nowhere_in_the_database(paste: Callable[[str], Any], agent: Any) -> None:
    paste(agent.token)
    assert tables_holding(agent.token) == []


def test_pasting_is_no_oracle_for_tokens(paste: Callable[[str], Any], hosted_answers: Callable[..., None]) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["authorization"])
        refusal = {"code": "AUTH_REQUIRED", "message": "bad token", "retryable": False}
        return httpx.Response(401, json={"ok": False, "trace_id": "trace_1", "warnings": [], "error": refusal})

    hosted_answers(handler)
    for _ in range(CODES_AN_HOUR + 3):
        page = paste("isk_r_guess")
    assert len(asked) == CODES_AN_HOUR
    assert "Too many claim codes" in page.content.decode()


def test_token_of_an_agent_that_is_claimed_elsewhere_is_not_taken(
    paste: Callable[[str], Any], agent: Any, outsider: User, make_claim: Callable[..., Claim]
) -> None:
    make_claim(agent, outsider.memberships.get().workspace, outsider)
    assert "This agent is claimed already." in paste(agent.token).content.decode()
