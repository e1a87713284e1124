from datetime import UTC, datetime

import pytest

from api_client import ContractError, Secret
from tests.api_client.playing import ACTOR, BASE_URL, TOKEN, Service, client_of, ok


def test_health_asks_without_the_token() -> None:
    service = Service(ok({"status": "ok", "api_version": "1"}))
    with client_of(service) as client:
        health = client.identity.health()
    assert (health.status, health.api_version, health.trace_id) == ("ok", "1", "trace_ok")
    assert str(service.request.url) == f"{BASE_URL}/healthz"
    assert "authorization" not in service.request.headers


def test_sign_up_sends_what_is_given_and_nothing_null() -> None:
    service = Service(ok({"token": TOKEN, "actor": ACTOR}))
    with client_of(service) as client:
        client.identity.sign_up(agent_name="Ada", runtime="codex")
    assert service.sent == {"agent_name": "Ada", "runtime": "codex", "return_token": True}
    assert "authorization" not in service.request.headers


def test_sign_up_trims_and_lowers_the_contact_as_the_public_clients_do() -> None:
    service = Service(ok({"token": TOKEN}))
    with client_of(service) as client:
        client.identity.sign_up(
            agent_name="Ada",
            runtime="codex",
            agent_contact=" Ada@Example.INVALID ",
            discovery_source="docs",
            return_token=False,
        )
    assert service.sent["agent_contact"] == "ada@example.invalid"
    assert service.sent["discovery_source"] == "docs"
    assert service.sent["return_token"] is False


def test_sign_up_hands_the_token_over_sealed() -> None:
    data = {"token": TOKEN, "agent_contact": "a***@example.invalid", "claim_state": "unclaimed", "is_new": True}
    with client_of(Service(ok(data))) as client:
        signed = client.identity.sign_up(agent_name="Ada", runtime="codex")
    assert signed.token == Secret(TOKEN)
    assert signed.actor is not None
    assert signed.actor.actor_id == "agt_1"
    assert (signed.claim_state, signed.is_new) == ("unclaimed", True)
    assert TOKEN not in repr(signed)
    assert "example.invalid" not in repr(signed)


def test_sign_up_without_an_actor_does_not_cost_the_token() -> None:
    with client_of(Service(ok({"token": TOKEN}, actor=None))) as client:
        signed = client.identity.sign_up(agent_name="Ada", runtime="codex")
    assert signed.actor is None
    assert signed.token == Secret(TOKEN)


@pytest.mark.parametrize("token", [None, ""])
def test_sign_up_without_a_token_has_none(token: str | None) -> None:
    with client_of(Service(ok({"token": token}))) as client:
        assert client.identity.sign_up(agent_name="Ada", runtime="codex").token is None


def test_sign_up_with_a_token_of_another_shape_fails_and_keeps_no_copy() -> None:
    with client_of(Service(ok({"token": {"value": TOKEN}}))) as client, pytest.raises(ContractError) as caught:
        client.identity.sign_up(agent_name="Ada", runtime="codex")
    assert "token" in caught.value.message
    assert TOKEN not in str(vars(caught.value))
    assert caught.value.may_have_started


def test_sign_up_reads_the_contact_under_its_first_name() -> None:
    with client_of(Service(ok({"token": TOKEN, "human_email": "a***@x.invalid"}))) as client:
        signed = client.identity.sign_up(agent_name="Ada", runtime="codex")
    assert signed.agent_contact == "a***@x.invalid"
    assert "human_email" not in signed.extra


def test_claim_request_names_the_inbox() -> None:
    data = {"state": "attached", "claim_state": "unclaimed", "claim_request_state": "requested"}
    service = Service(ok(data))
    with client_of(service) as client:
        request = client.identity.claim_request(contact=Secret(" Sponsor@Example.invalid"))
    assert service.sent == {"contact": "sponsor@example.invalid"}
    assert service.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (request.state, request.claim_state, request.claim_request_state) == (
        "attached",
        "unclaimed",
        "requested",
    )


def test_an_empty_contact_is_refused_before_it_is_sent() -> None:
    service = Service(ok({}))
    with client_of(service) as client, pytest.raises(ValueError, match="empty"):
        client.identity.claim_request(contact="  ")
    assert service.requests == []


WHOAMI = {
    "authenticated": True,
    "actor": ACTOR,
    "organization": {"organization_id": "org_1"},
    "agent": {"agent_id": "agt_1", "agent_name": "Ada", "runtime": "codex", "created_at": "2026-06-01T10:00:00Z"},
    "agent_contact": "a***@example.invalid",
    "claim_state": "unclaimed",
    "claim_request_state": "requested",
    "token_class": "restricted",
    "token_status": "active",
    "token_created_at": "2026-06-01T12:00:00+02:00",
    "session_origin": "loaded_from_config",
    "grants": ["asset.upload", "image.generate"],
}


def test_whoami_reads_the_whole_identity() -> None:
    with client_of(Service(ok(WHOAMI))) as client:
        me = client.identity.whoami()
    assert (me.actor.actor_type, me.actor.actor_id, me.actor.organization_id) == ("agent", "agt_1", "org_1")
    assert (me.claim_state, me.claim_request_state, me.token_status) == ("unclaimed", "requested", "active")
    assert me.token_created_at == me.agent_created_at == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert (me.agent_name, me.runtime) == ("Ada", "codex")
    assert me.grants == ("asset.upload", "image.generate")
    assert me.drift == ()
    assert me.extra["session_origin"] == "loaded_from_config"
    assert "example.invalid" not in repr(me)


def test_whoami_takes_the_actor_from_the_envelope_where_data_has_none() -> None:
    with client_of(Service(ok({"actor": None}))) as client:
        me = client.identity.whoami()
    assert me.actor.actor_id == "agt_1"
    assert me.claim_state == "unclaimed"


def test_whoami_takes_the_organization_from_beside_the_actor() -> None:
    data = {"actor": {"actor_id": "agt_1"}, "organization": {"organization_id": "org_7"}}
    with client_of(Service(ok(data))) as client:
        assert client.identity.whoami().actor.organization_id == "org_7"


@pytest.mark.parametrize(
    ("actor", "problem"),
    [
        (None, "actor (missing)"),
        ({"actor_id": "agt_1"}, "actor.organization_id (missing)"),
        ({"organization_id": "org_1"}, "actor.actor_id (missing)"),
        ({"actor_id": "", "organization_id": "org_1"}, "actor.actor_id (string_too_short)"),
        ({"actor_id": 7, "organization_id": "org_1"}, "actor.actor_id (string_type)"),
        ("agt_1", "actor (model_type)"),
    ],
)
def test_whoami_without_a_whole_actor_is_a_contract_error(actor: object, problem: str) -> None:
    with client_of(Service(ok({"actor": actor}, actor=None))) as client, pytest.raises(ContractError) as caught:
        client.identity.whoami()
    assert problem in caught.value.message
    assert caught.value.trace_id == "trace_ok"
    assert not caught.value.may_have_started
