from datetime import UTC, timedelta
from typing import Any

import pytest
import time_machine

from api_client import AuthRefused, Client, Forbidden, InvalidRequest, SignUp
from sandbox.models import Agent as AgentRow
from tests.contract.playing import CONTACT, NOON, Agent, World

REDACTED = "c***@example.com"
FOX: dict[str, Any] = {"agent_name": "Fox", "runtime": "claude"}


def test_health_answers_without_a_token(world: World, visitor: Client) -> None:
    health = visitor.identity.health()
    assert (health.status, health.api_version) == ("ok", "v1")
    assert health.trace_id is not None
    assert "authorization" not in world.wire.requests[-1].headers


def test_a_sign_up_with_a_contact_is_found_again_by_whoami(world: World) -> None:
    with time_machine.travel(NOON, tick=False):
        agent = world.join(**FOX, agent_contact=CONTACT, discovery_source="docs")
    signed, me = agent.signed, agent.client.identity.whoami()
    assert (signed.agent_name, signed.runtime, signed.agent_contact) == ("Fox", "claude", REDACTED)
    assert signed.is_new is True
    assert me.actor == signed.actor
    assert (me.actor.actor_type, me.actor.actor_id[:4], me.actor.organization_id[:4]) == ("agent", "agt_", "org_")
    assert (me.agent_name, me.runtime, me.agent_contact) == ("Fox", "claude", REDACTED)
    assert (me.authenticated, me.token_class, me.token_status) == (True, "restricted", "active")
    assert (me.claim_state, signed.claim_state, me.claim_request_state) == ("unclaimed", "unclaimed", None)
    assert me.agent_created_at == me.token_created_at == NOON
    assert me.agent_created_at is not None
    assert me.agent_created_at.tzinfo is UTC
    assert {"asset.upload", "feedback.write"} <= set(me.grants)


def test_the_legacy_name_of_the_contact_is_the_same_identity(world: World) -> None:
    body = {"human_email": CONTACT, **FOX, "return_token": True}
    old = world.record(SignUp, world.send("POST", "/v1/agent-signups", body))
    assert (old.agent_contact, old.is_new) == (REDACTED, True)
    assert old.token is not None
    again = world.join(agent_contact=CONTACT).signed
    assert (again.actor, again.is_new) == (old.actor, False)


def test_each_anonymous_sign_up_is_an_agent_of_its_own(world: World) -> None:
    first, second = world.join(), world.join()
    assert first.signed.agent_contact is None
    assert first.signed.is_new is second.signed.is_new is True
    assert first.id != second.id
    assert first.token != second.token
    assert first.client.identity.whoami().actor.organization_id != second.client.identity.whoami().actor.organization_id


def test_a_sign_up_that_wants_no_token_gets_none(visitor: Client) -> None:
    signed = visitor.identity.sign_up(**FOX, return_token=False)
    assert signed.token is None
    assert signed.actor is not None


@pytest.mark.parametrize("spelling", [CONTACT, f"  {CONTACT.upper()} "])
def test_the_same_contact_rotates_the_token_and_keeps_the_rest(world: World, spelling: str) -> None:
    with time_machine.travel(NOON, tick=False):
        before = world.join(agent_contact=CONTACT)
        before.create("k1")
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        after = world.join(agent_contact=spelling)
        me = after.client.identity.whoami()
        quota = after.client.quota.get()
    assert (after.signed.is_new, after.id) == (False, before.id)
    assert after.token != before.token
    assert (me.agent_created_at, me.token_created_at) == (NOON, NOON + timedelta(hours=1))
    assert quota.remaining_credits == 39
    with pytest.raises(AuthRefused):
        before.client.identity.whoami()


@pytest.mark.parametrize("contact", ["nobody", "a@b", "a b@example.com", "@example.com"])
def test_a_contact_that_is_no_inbox_is_refused(visitor: Client, agent: Agent, contact: str) -> None:
    with pytest.raises(InvalidRequest) as signing_up:
        visitor.identity.sign_up(**FOX, agent_contact=contact)
    with pytest.raises(InvalidRequest) as claiming:
        agent.client.identity.claim_request(contact=contact)
    for error in (signing_up.value, claiming.value):
        assert (error.code, error.http_status, error.retryable) == ("INVALID_ARGUMENTS", 400, False)
        assert contact not in error.message


@pytest.mark.parametrize("missing", ["agent_name", "runtime"])
def test_a_sign_up_says_who_and_with_what(visitor: Client, missing: str) -> None:
    with pytest.raises(InvalidRequest, match=missing):
        visitor.identity.sign_up(**FOX | {missing: " "})


def test_a_revoked_agent_cannot_sign_up_again(world: World) -> None:
    agent = world.join(agent_contact=CONTACT)
    AgentRow.objects.filter(pk=agent.id).update(claim_state="revoked")
    with pytest.raises(Forbidden) as caught:
        world.join(agent_contact=CONTACT)
    assert (caught.value.code, caught.value.http_status) == ("CAPABILITY_DENIED", 403)


def test_a_claim_request_is_noted_once_and_proves_nothing(agent: Agent) -> None:
    first = agent.client.identity.claim_request(contact=CONTACT)
    assert (first.state, first.claim_state, first.claim_request_state) == ("attached", "unclaimed", "requested")
    assert first.agent_contact == REDACTED
    again = agent.client.identity.claim_request(contact=CONTACT.upper())
    assert (again.state, again.agent_contact) == ("unchanged", REDACTED)
    other = agent.client.identity.claim_request(contact="dora@example.org")
    assert (other.state, other.agent_contact) == ("attached", "d***@example.org")


def test_whoami_and_quota_tell_of_the_claim_request(agent: Agent) -> None:
    agent.client.identity.claim_request(contact=CONTACT)
    me, quota = agent.client.identity.whoami(), agent.client.quota.get()
    assert (me.claim_state, me.claim_request_state) == ("unclaimed", "requested")
    assert (quota.claim_state, quota.claim_request_state) == ("unclaimed", "requested")
    assert me.agent_contact is None, "the inbox of the claim is not the agent's own"
