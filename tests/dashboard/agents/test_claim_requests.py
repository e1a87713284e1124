"""Agents that asked Image Skill to be claimed: found by a task for confirmed addresses, never while a page is made."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.claim_requests import claim_requests_read, service_claim_requests_for
from dashboard.agents.models import Claim, ClaimInbox, ServiceClaimRequest
from tests.dashboard.agents.conftest import ask
from tests.dashboard.agents.playing import Wire, away

pytestmark = pytest.mark.django_db
WITH_EXTENSION = pytest.mark.usefixtures("operator_extension")


@pytest.fixture
def address(workspace: Workspace, owner: User) -> str:
    """One inbox a test: the sandbox lives as long as the session."""
    email = f"Olga+{datetime.now(UTC).timestamp()}@studio.example"
    EmailAddress.objects.create(user=owner, email=email, verified=True)
    return email


def asks(agent: Any, contact: str) -> None:
    with agent.client() as client:
        client.identity.claim_request(contact=contact)


def later(**span: int) -> Any:
    return time_machine.travel(datetime.now(UTC) + timedelta(**span))


def test_without_the_extension_nobody_is_asked(owner: User, address: str, hosted_answers: Callable[..., None]) -> None:
    wire = Wire()
    hosted_answers(wire)
    assert claim_requests_read() == 0
    assert not wire.asked


@WITH_EXTENSION
def test_who_asks_for_a_confirmed_address_is_shown_to_its_owner_alone(
    agent: Any, owner: User, outsider: User, address: str, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    asks(agent, address.lower())
    assert claim_requests_read() == 1
    (found,) = service_claim_requests_for(owner)
    assert (found.remote_id, found.display_name) == (agent.remote_id, "render-bot")
    assert service_claim_requests_for(outsider) == []
    page = browser_of(owner).get(reverse("agents:agent_list", args=[workspace.key])).content.decode()
    assert "A claim code shows you who it is" in page
    theirs = browser_of(outsider).get(reverse("agents:agent_list", args=[outsider.memberships.get().workspace.key]))
    assert "render-bot" not in theirs.content.decode()


@WITH_EXTENSION
def test_an_unconfirmed_address_is_neither_asked_for_nor_shown(agent: Any, owner: User) -> None:
    EmailAddress.objects.create(user=owner, email="olga@unconfirmed.example", verified=False)
    asks(agent, "olga@unconfirmed.example")
    claim_requests_read()
    assert not ClaimInbox.objects.exists()
    inbox = ClaimInbox.objects.create(address="olga@unconfirmed.example")
    ServiceClaimRequest.objects.create(inbox=inbox, remote_id=agent.remote_id)
    assert service_claim_requests_for(owner) == []
    claim_requests_read()
    assert not ClaimInbox.objects.exists(), "what is no longer confirmed is forgotten"


@WITH_EXTENSION
def test_a_page_asks_nobody(
    owner: User, address: str, workspace: Workspace, browser_of: Callable[..., Browser], hosted_answers: Any
) -> None:
    wire = Wire()
    hosted_answers(wire)
    browser_of(owner).get(reverse("agents:agent_list", args=[workspace.key]))
    assert not wire.asked


@WITH_EXTENSION
def test_the_address_is_asked_for_in_the_body_and_again_after_a_while_alone(
    owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    wire = Wire()
    hosted_answers(wire)
    assert [claim_requests_read(), claim_requests_read()] == [1, 0]
    assert wire.asked == [("POST", "/operator/v1/claim-requests/search")]
    assert wire.bodies == [{"contact": address.lower()}]
    with later(minutes=6):
        assert claim_requests_read() == 1


@WITH_EXTENSION
def test_a_request_that_was_taken_back_or_answered_goes_away(
    agent: Any, owner: User, address: str, make_claim: Callable[..., Claim], workspace: Workspace
) -> None:
    asks(agent, address)
    claim_requests_read()
    make_claim(agent, workspace, owner)
    assert service_claim_requests_for(owner) == [], "whoever is linked asks no more"
    Claim.objects.all().delete()
    asks(agent, "somebody@else.example")
    with later(minutes=6):
        claim_requests_read()
    assert not ServiceClaimRequest.objects.exists()


@WITH_EXTENSION
def test_a_service_that_is_away_costs_nothing_that_was_known(
    agent: Any, owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    asks(agent, address)
    claim_requests_read()
    hosted_answers(away)
    with later(minutes=6):
        assert claim_requests_read() == 0
    assert len(service_claim_requests_for(owner)) == 1


def test_a_flood_of_requests_does_not_bury_the_page(
    owner: User, address: str, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    inbox = ClaimInbox.objects.create(address=address.lower())
    for number in range(120):
        ServiceClaimRequest.objects.create(inbox=inbox, remote_id=f"agt_{number}", agent_name="<b>pay me</b>")
    page = browser_of(owner).get(reverse("agents:agent_list", args=[workspace.key])).content.decode()
    assert page.count("A claim code shows you who it is") == 5
    assert "<b>pay me" not in page
    assert "Older requests are not shown." in page


def test_an_agent_that_asked_us_and_the_service_is_one_row_of_one_list(
    agent: Any, owner: User, address: str, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    inbox = ClaimInbox.objects.create(address=address.lower())
    for remote_id in (agent.remote_id, "agt_elsewhere"):
        ServiceClaimRequest.objects.create(inbox=inbox, remote_id=remote_id, agent_name="twice")
    ask(agent.token, address)
    for url_name in ("agents:agent_list", "web:overview"):
        page = browser_of(owner).get(reverse(url_name, args=[workspace.key])).content.decode()
        assert "2 agents ask to be linked" in page
        assert page.count('id="asking"') == 1
        assert (page.count("Look and decide"), page.count("A claim code shows you who it is")) == (1, 1)
