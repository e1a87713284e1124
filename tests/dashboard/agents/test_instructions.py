"""A claim confirmed here is confirmed at Image Skill too, where it can be told; unclaiming takes just that back."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser
from django.urls import reverse

from api_client import OperatorClient
from dashboard.accounts.models import User, Workspace
from dashboard.agents.claim_requests import claim_requests_read
from dashboard.agents.instructions import instructions_carry_out
from dashboard.agents.models import Claim, Instruction
from dashboard.agents.services import claim_release
from dashboard.agents.tasks import instructions_carry_out as task
from tests.dashboard.agents.playing import Wire, answer, away
from tests.dashboard.conftest import OPERATOR_KEY

pytestmark = pytest.mark.django_db
WITH_EXTENSION = pytest.mark.usefixtures("operator_extension")


def confirmed(user: User, email: str) -> None:
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=email == user.email)


def claim_state(agent: Any) -> str | None:
    with agent.client() as client:
        told: str | None = client.identity.whoami().claim_state
        return told


def told() -> Instruction:
    return Instruction.objects.get(matter="claim")


def test_without_the_extension_an_agent_is_linked_and_stays_unclaimed_there(agent: Any, claim: Claim) -> None:
    assert instructions_carry_out() == 0
    assert not Instruction.objects.exists()
    assert claim_state(agent) == "unclaimed"


@WITH_EXTENSION
def test_a_claim_is_confirmed_there_in_the_background_with_its_grants(agent: Any, claim: Claim, owner: User) -> None:
    confirmed(owner, owner.email)
    assert claim_state(agent) == "unclaimed", "the ceremony itself calls nobody"
    assert task() == 1
    assert claim_state(agent) == "claimed"
    claim.agent.refresh_from_db()
    assert (claim.agent.claim_state, "jobs.more" in claim.agent.grants) == ("claimed", True)
    assert instructions_carry_out() == 0


@WITH_EXTENSION
def test_an_unclaim_releases_it_there(agent: Any, claim: Claim, owner: User) -> None:
    instructions_carry_out()
    claim_release(claim=claim, user=owner)
    assert (told().wish, told().state) == ("release", "pending")
    assert instructions_carry_out() == 1
    assert claim_state(agent) == "unclaimed"


@WITH_EXTENSION
def test_the_address_that_the_agent_asked_for_is_the_one_it_is_claimed_with(
    agent: Any, workspace: Workspace, owner: User, make_claim: Callable[..., Claim]
) -> None:
    confirmed(owner, owner.email)
    confirmed(owner, "olga@studio.example")
    with agent.client() as client:
        client.identity.claim_request(contact="olga@studio.example")
    claim_requests_read()
    make_claim(agent, workspace, owner)
    instructions_carry_out()
    assert (told().state, claim_state(agent)) == ("done", "claimed")


@WITH_EXTENSION
def test_an_agent_that_asked_somebody_else_stays_linked_and_the_page_says_so(
    agent: Any, workspace: Workspace, owner: User, make_claim: Callable[..., Claim], browser_of: Callable[..., Browser]
) -> None:
    confirmed(owner, owner.email)
    with agent.client() as client:
        client.identity.claim_request(contact="somebody@else.example")
    claim = make_claim(agent, workspace, owner)
    instructions_carry_out()
    assert (told().state, claim_state(agent)) == ("refused", "unclaimed")
    page = browser_of(owner).get(reverse("web:agent_detail", args=[workspace.key, claim.agent.remote_id]))
    assert "Not confirmed. This contradicts what the service already has." in page.content.decode()
    claim_release(claim=claim, user=owner)
    assert told().wish == "claim", "what was never confirmed by us is not ours to release"


@WITH_EXTENSION
def test_a_late_release_never_undoes_the_next_claim(
    agent: Any,
    claim: Claim,
    owner: User,
    outsider: User,
    make_claim: Callable[..., Claim],
    hosted_answers: Callable[..., None],
    settings: Any,
) -> None:
    instructions_carry_out()
    claim_release(claim=claim, user=owner)
    wire = Wire(rules={"/release": away})
    hosted_answers(wire)
    instructions_carry_out()
    settings.API_TRANSPORT = None
    make_claim(agent, outsider.memberships.get().workspace, outsider)
    assert (told().wish, told().asked_by) == ("claim", outsider)
    instructions_carry_out()
    assert claim_state(agent) == "claimed"


@WITH_EXTENSION
def test_a_claim_the_service_did_not_answer_for_waits(claim: Claim, hosted_answers: Callable[..., None]) -> None:
    hosted_answers(Wire(rules={"/claim": lambda _: answer({}, status=503, code="BUSY")}))
    assert instructions_carry_out() == 0
    assert (told().state, told().tries) == ("pending", 1)
    assert told().problem


@WITH_EXTENSION
def test_the_operators_key_goes_to_its_own_address_alone(
    claim: Claim, hosted_answers: Callable[..., None], settings: Any
) -> None:
    settings.IMAGE_SKILL_OPERATOR_BASE_URL = "https://operator.example.com"
    seen = []

    def look(request: Any) -> Any:
        seen.append((request.url.host, request.headers["authorization"]))
        return answer({"agent": {"agent_id": "a", "organization_id": "o", "claim_state": "claimed"}})

    hosted_answers(look)
    instructions_carry_out()
    assert seen == [("operator.example.com", f"Bearer {OPERATOR_KEY}")]
    assert OPERATOR_KEY not in repr(OperatorClient(base_url="https://operator.example.com", key=OPERATOR_KEY))
