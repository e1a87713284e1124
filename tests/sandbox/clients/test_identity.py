"""doctor, signup, auth status, whoami, quota and claim request of each release (contract 2.1 to 2.5)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.clients.client import Client010, Client0125, Client0170, Ran

# Releases since 0.1.25 look for exactly these sentences and say something friendlier in their place.
REWRITTEN = {
    "human_email must be a valid email address",
    "agent_contact must be an email-shaped durable contact inbox",
    "human_email is a legacy alias for agent_contact and must be an email-shaped durable contact inbox",
}


def test_the_doctor_finds_the_service_reachable(newcomer: Any) -> None:
    ran: Ran = newcomer.doctor()
    assert ran.envelope["actor"] is None
    assert ran.data["status"] == "ok"
    assert isinstance(ran.data["api_version"], str)


def test_a_sign_up_that_saves_gets_a_token_that_works(newcomer: Any) -> None:
    ran: Ran = newcomer.start()
    assert ran.envelope["command"] == "image-skill signup"
    assert ran.data["token"].startswith("isk_r_")
    assert ran.data["token_presented"] is True
    assert newcomer.whoami().data["authenticated"] is True


def test_a_sign_up_that_does_not_save_gets_no_token(newcomer: Any) -> None:
    data = newcomer.start(save=False).data
    assert data["token"] is None
    assert data["token_presented"] is False


def test_the_oldest_client_keeps_the_actor_of_the_answer(sandbox_http: httpx.Client) -> None:
    ran = Client010(sandbox_http).start()
    actor = ran.envelope["actor"] or ran.data["actor"]
    assert set(actor) == {"actor_type", "actor_id", "organization_id", "claim_state"}


@pytest.mark.parametrize("release", [Client010, Client0125, Client0170])
def test_the_contact_comes_back_redacted(sandbox_http: httpx.Client, release: Any) -> None:
    ran = release(sandbox_http).start(contact="iris.painter@example.com")
    assert ran.data["agent_contact"] == "i***@example.com"
    assert "iris.painter" not in str(ran.envelope)


@pytest.mark.parametrize("release", [Client010, Client0125, Client0170])
def test_a_contact_that_is_no_inbox_is_refused_in_words_that_clients_know(
    sandbox_http: httpx.Client, release: Any
) -> None:
    ran: Ran = release(sandbox_http).start(contact="nobody")
    assert ran.refusal == ("INVALID_ARGUMENTS", 2)
    assert ran.error["message"] in REWRITTEN


def test_all_releases_with_one_contact_are_one_agent_with_one_live_token(sandbox_http: httpx.Client) -> None:
    clients: list[Any] = [Client010(sandbox_http), Client0125(sandbox_http), Client0170(sandbox_http)]
    actors = {client.start(contact="team@example.com").data["actor"]["actor_id"] for client in clients}
    assert len(actors) == 1
    assert [client.whoami().exit_code for client in clients] == [3, 3, 0]


def test_an_anonymous_sign_up_of_the_latest_is_somebody_new_each_time(sandbox_http: httpx.Client) -> None:
    body: dict[str, Any] = {
        "agent_name": "a",
        "runtime": "codex",
        "return_token": True,
        "discovery_source": "skills.sh",
    }
    first, second = (Client0170(sandbox_http).sign_up(**body).data for _ in range(2))
    assert first["actor"]["actor_id"] != second["actor"]["actor_id"]
    assert first["agent_contact"] is None


def test_whoami_has_every_field_that_the_latest_shows(client: Any) -> None:
    data = client.whoami().data
    assert data["session_origin"] == "loaded_from_config"
    assert data["token_status"] == "active"
    assert data["token_created_at"].endswith("Z")
    assert data["claim_request_state"] is None
    assert data["claim_state"] == data["actor"]["claim_state"] == "unclaimed"


def test_quota_has_every_field_that_a_guide_reads(client: Any) -> None:
    data = client.quota().data
    assert data["authenticated"] is True
    assert (data["claim_state"], data["token_status"]) == ("unclaimed", "active")
    for name in ("remaining_credits", "payment_backed_remaining_credits"):
        assert isinstance(data["limits"][name], int)
    assert data["daily_jobs"]["remaining"] == 4


def test_a_top_up_is_complete_enough_to_become_a_next_action(latest: Client0170) -> None:
    top_up = latest.quota().data["top_up"]
    names = ("inspect_methods", "inspect_packs", "quote", "buy", "status", "fallback_quote", "fallback_buy")
    assert all(top_up["commands"][name].startswith("image-skill credits ") for name in names)
    assert all(isinstance(step["command"], str) for step in top_up["workflow"]["steps"])
    assert "--idempotency-key" not in top_up["quote_command"]
    assert top_up["quote_command_effect"]["no_spend"] is True


def test_a_claim_request_is_attached_once_and_shown_from_then_on(latest: Client0170) -> None:
    first = latest.claim_request(" Owner@Example.com ").data
    assert (first["state"], first["claim_state"], first["claim_request_state"]) == (
        "attached",
        "unclaimed",
        "requested",
    )
    assert latest.claim_request("owner@example.com").data["state"] == "unchanged"
    for read in (latest.whoami, latest.quota):
        assert read().data["claim_request_state"] == "requested"


def test_a_claim_request_without_an_inbox_is_refused(latest: Client0170) -> None:
    assert latest.claim_request("nobody").refusal == ("INVALID_ARGUMENTS", 2)


@pytest.mark.parametrize("token", [None, "isk_r_wrong", "", "isk_r_" + "x" * 500])
def test_every_command_with_a_bad_token_is_asked_to_sign_up(newcomer: Any, token: str | None) -> None:
    newcomer.token = token
    runs: list[Ran] = [
        newcomer.whoami(),
        newcomer.quota(),
        newcomer.credits_quote(credits=10),
        newcomer.create("a valley"),
        newcomer.assets_show("image_x"),
        newcomer.jobs_show("job_x"),
        newcomer.activity_list(),
        newcomer.activity_show("job_x"),
        newcomer.feedback_create(title="t"),
    ]
    for ran in runs:
        assert ran.refusal == ("AUTH_REQUIRED", 3)
        assert ran.error["recovery"]["suggested_command"].startswith("image-skill signup --agent ")
