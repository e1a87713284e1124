"""Every call that needs a token, with each way not to have one (contract 1.4: always exactly AUTH_REQUIRED)."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from api_client import AuthRefused, Client, NotFound, Secret
from sandbox.models import Agent as AgentRow
from tests.contract.playing import CONTACT, PROMPT, Agent, World

CALLS: dict[str, Callable[[Client], Any]] = {
    "claim request": lambda client: client.identity.claim_request(contact=CONTACT),
    "whoami": lambda client: client.identity.whoami(),
    "quota": lambda client: client.quota.get(),
    "quote": lambda client: client.credits.quote_create(payment_method="fake", idempotency_key="k", credits=1),
    "create": lambda client: client.work.create(prompt=PROMPT, idempotency_key="k"),
    "job": lambda client: client.jobs.get("job_1"),
    "asset": lambda client: client.assets.get("image_1"),
    "activity": lambda client: client.activity.list(),
    "activity by reference": lambda client: client.activity.get("job_1"),
    "feedback": lambda client: client.feedback.create(title="Slow"),
}
PUBLIC: dict[str, Callable[[Client], Any]] = {
    "health": lambda client: client.identity.health(),
    "methods": lambda client: client.credits.payment_methods(),
    "packs": lambda client: client.credits.packs(),
    "models": lambda client: client.catalog.models(),
    "model": lambda client: client.catalog.model("default"),
    "capabilities": lambda client: client.catalog.capabilities(),
    "capability": lambda client: client.catalog.capability("fal.flux-dev"),
}


def no_token(world: World) -> Secret | None:
    return None


def made_up(world: World) -> Secret | None:
    return Secret("isk_r_" + "x" * 43)


def rotated(world: World) -> Secret | None:
    old = world.join(agent_contact=CONTACT).token
    world.join(agent_contact=CONTACT)
    return old


def revoked(world: World) -> Secret | None:
    agent = world.join()
    AgentRow.objects.filter(pk=agent.id).update(claim_state="revoked")
    return agent.token


@pytest.mark.parametrize("token_of", [no_token, made_up, rotated, revoked])
@pytest.mark.parametrize("name", CALLS)
def test_without_a_live_token_nothing_is_told(
    world: World, name: str, token_of: Callable[[World], Secret | None]
) -> None:
    client = world.connect(token_of(world))
    with pytest.raises(AuthRefused) as caught:
        CALLS[name](client)
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("AUTH_REQUIRED", 401, False)
    assert not error.may_have_started
    assert error.trace_id is not None
    assert error.recovery is not None
    assert error.recovery.suggested_command == "image-skill signup --agent --agent-name NAME --runtime RUNTIME --json"


@pytest.mark.parametrize("name", CALLS)
def test_a_live_token_is_let_in(agent: Agent, name: str) -> None:
    with suppress(NotFound):
        CALLS[name](agent.client)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_needs_no_token_and_never_gets_one(world: World, agent: Agent, name: str) -> None:
    PUBLIC[name](agent.client)
    assert "authorization" not in world.wire.requests[-1].headers


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Bearer", "Bearer {} {}"])
def test_the_token_has_to_be_presented_as_a_bearer(world: World, agent: Agent, header: str) -> None:
    token = agent.token.reveal()
    answer = world.opened(world.send("GET", "/v1/whoami", authorization=header.format(token, token)))
    assert isinstance(answer, AuthRefused)
