"""Sign-up in its three shapes, rotation, claim request, whoami (contract 2.2 to 2.4)."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.models import Agent
from sandbox.models.identity import ClaimState
from tests.sandbox.fixtures import Caller

SignUp = Callable[..., Caller]


def test_an_anonymous_sign_up_makes_a_new_agent_each_time(sign_up: SignUp) -> None:
    first, second = sign_up(), sign_up()
    assert first.token != second.token
    actors = [caller.get("/v1/whoami").data["actor"]["actor_id"] for caller in (first, second)]
    assert len(set(actors)) == 2


def test_a_sign_up_says_who_was_made(stranger: Caller) -> None:
    body = {"agent_name": "Iris", "runtime": "node", "return_token": True, "agent_contact": " Ada@Example.com "}
    answer = stranger.post("/v1/agent-signups", body)
    assert answer.envelope["actor"] is None
    data = answer.data
    assert data["token"].startswith("isk_r_")
    assert data["token_presented"] is True
    assert data["agent_contact"] == "a***@example.com"
    assert (data["agent_name"], data["runtime"], data["claim_state"]) == ("Iris", "node", "unclaimed")
    assert data["is_new"] is True
    assert data["actor"]["actor_id"].startswith("agt_")
    assert data["actor"]["organization_id"].startswith("org_")


@pytest.mark.parametrize("field", ["agent_contact", "human_email"])
def test_the_same_contact_gives_the_same_agent_with_another_token(stranger: Caller, field: str) -> None:
    body = {"agent_name": "a", "runtime": "r", "return_token": True, "agent_contact": "ada@example.com"}
    first = stranger.post("/v1/agent-signups", body).data
    del body["agent_contact"]
    second = stranger.post("/v1/agent-signups", body | {field: "ADA@example.com"}).data
    assert second["actor"] == first["actor"]
    assert second["is_new"] is False
    assert second["token"] != first["token"]
    assert Caller(stranger.http, first["token"]).get("/v1/whoami").refusal == ("AUTH_REQUIRED", 401, 3)
    assert Caller(stranger.http, second["token"]).get("/v1/whoami").data["authenticated"] is True


def test_the_token_comes_only_when_it_is_asked_for(stranger: Caller) -> None:
    data = stranger.post("/v1/agent-signups", {"agent_name": "a", "runtime": "r"}).data
    assert data["token"] is None
    assert data["token_presented"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"runtime": "r"},
        {"agent_name": "a"},
        {"agent_name": "", "runtime": "r"},
        {"agent_name": 7, "runtime": "r"},
        {"agent_name": "a" * 201, "runtime": "r"},
        {"agent_name": "a", "runtime": "r", "return_token": "yes"},
        {"agent_name": "a", "runtime": "r", "agent_contact": "nobody"},
        {"agent_name": "a", "runtime": "r", "agent_contact": ["ada@example.com"]},
        {"agent_name": "a", "runtime": "r", "human_email": "a@b"},
        {"agent_name": "a", "runtime": "r", "agent_contact": "x" * 250 + "@example.com"},
    ],
)
def test_a_wrong_sign_up_is_refused_and_makes_nobody(stranger: Caller, body: dict[str, Any]) -> None:
    assert stranger.post("/v1/agent-signups", body).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert Agent.objects.count() == 0


def test_where_an_agent_heard_of_us_is_never_relabelled(sign_up: SignUp) -> None:
    sign_up(agent_contact="ada@example.com", discovery_source="Skill.md")
    sign_up(agent_contact="ada@example.com", discovery_source="elsewhere")
    assert Agent.objects.get().discovery_source == "skill.md"


def test_a_discovery_source_that_is_no_slug_is_dropped(sign_up: SignUp) -> None:
    sign_up(discovery_source="two words")
    assert Agent.objects.get().discovery_source == ""


def test_whoami_names_everything_that_clients_read(sign_up: SignUp) -> None:
    data = sign_up(agent_contact="ada@example.com").get("/v1/whoami").data
    assert data["authenticated"] is True
    assert data["organization"]["organization_id"] == data["actor"]["organization_id"]
    assert data["agent"]["agent_name"] == "tester"
    assert (data["token_class"], data["token_status"]) == ("restricted", "active")
    assert data["session_origin"] == "loaded_from_config"
    assert data["token_created_at"].endswith("Z")
    assert data["claim_request_state"] is None
    assert "asset.upload" in data["grants"]


def test_a_claim_request_is_noted_and_the_same_again_is_unchanged(agent: Caller) -> None:
    first = agent.post("/v1/agent-claims", {"contact": "Owner@Example.com"}).data
    assert first == {
        "state": "attached",
        "claim_state": "unclaimed",
        "claim_request_state": "requested",
        "agent_contact": "o***@example.com",
    }
    assert agent.post("/v1/agent-claims", {"contact": " owner@example.com "}).data["state"] == "unchanged"
    assert agent.post("/v1/agent-claims", {"contact": "other@example.com"}).data["state"] == "attached"
    for path in ("/v1/whoami", "/v1/quota"):
        data = agent.get(path).data
        assert (data["claim_state"], data["claim_request_state"]) == ("unclaimed", "requested")


@pytest.mark.parametrize("body", [{}, {"contact": ""}, {"contact": None}, {"contact": 7}, {"contact": "nobody"}])
def test_a_wrong_claim_request_is_refused(agent: Caller, body: dict[str, Any]) -> None:
    assert agent.post("/v1/agent-claims", body).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_a_claim_request_leaves_the_agents_own_contact_alone(sign_up: SignUp) -> None:
    caller = sign_up(agent_contact="ada@example.com")
    caller.post("/v1/agent-claims", {"contact": "owner@example.com"})
    assert caller.get("/v1/whoami").data["agent_contact"] == "a***@example.com"


def test_a_revoked_agent_is_shut_out_and_cannot_sign_up_again(sign_up: SignUp, stranger: Caller) -> None:
    caller = sign_up(agent_contact="ada@example.com")
    Agent.objects.update(claim_state=ClaimState.REVOKED)
    assert caller.get("/v1/whoami").refusal == ("AUTH_REQUIRED", 401, 3)
    body = {"agent_name": "a", "runtime": "r", "return_token": True, "agent_contact": "ada@example.com"}
    assert stranger.post("/v1/agent-signups", body).refusal == ("CAPABILITY_DENIED", 403, 4)


def test_only_digests_of_tokens_and_contacts_are_kept(sign_up: SignUp) -> None:
    caller = sign_up(agent_contact="ada@example.com")
    caller.post("/v1/agent-claims", {"contact": "owner@example.com"})
    kept = str(Agent.objects.values().get())
    for secret in (caller.token, caller.token[6:], "ada@example.com", "owner@example.com"):
        assert secret not in kept


def test_a_token_passes_with_any_case_of_its_scheme(agent: Caller) -> None:
    response = agent.http.get("/v1/whoami", headers={"authorization": f"bearer  {agent.token} "})
    assert response.status_code == 200
