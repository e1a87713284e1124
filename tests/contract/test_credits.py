from datetime import UTC, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from api_client import Client, Conflict, InvalidRequest, NotFound, Quote, ServiceFailed
from tests.contract.playing import NOON, Agent, World

CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
TERMS: dict[str, Any] = {"credits": 500, "payment_method": CHECKOUT, "idempotency_key": "q1"}


def test_packs_cost_a_cent_a_credit(visitor: Client) -> None:
    packs = visitor.credits.packs()
    assert [(pack.pack_id, pack.credits, pack.amount_cents, pack.currency) for pack in packs.packs] == [
        ("starter-500", 500, 500, "USD"),
        ("builder-2000", 2000, 2000, "USD"),
        ("studio-5000", 5000, 5000, "USD"),
    ]
    assert (packs.default_pack_id, packs.credit_unit_cents, packs.currency) == ("starter-500", 1, "USD")
    assert (packs.custom_supported, packs.custom_min_credits, packs.custom_max_credits) == (True, 1, 5000)


def test_the_two_rails_say_who_can_use_them(visitor: Client) -> None:
    methods = visitor.credits.payment_methods()
    assert (methods.contract_version, methods.currency) == ("image-skill.payment-methods.v1", "USD")
    by_id = {method.method_id: method for method in methods.methods}
    assert set(by_id) == {CHECKOUT, X402}, "the test settlement is never listed"
    checkout, x402 = by_id[CHECKOUT], by_id[X402]
    assert (checkout.requires_browser, checkout.agent_settleable) == (True, False)
    assert (x402.requires_browser, x402.agent_settleable, x402.settlement_blocker) == (False, True, None)
    assert checkout.settlement_blocker
    assert set(checkout.buyer_modes) == {"hybrid", "human_only"}
    assert set(x402.buyer_modes) == {"agent_only", "hybrid"}
    for method in by_id.values():
        assert method.live_money is True
        assert method.quoteable
        assert method.default_pack_id == "starter-500"
        assert method.min_amount_cents is not None
        assert method.max_amount_cents is not None
        assert 1 <= method.min_amount_cents <= method.max_amount_cents == 5000


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("terms", "amount", "pack_id"),
    [({"credits": 1234}, 1234, None), ({"pack_id": "builder-2000"}, 2000, "builder-2000")],
)
def test_a_quote_holds_a_price(world: World, terms: dict[str, Any], amount: int, pack_id: str | None) -> None:
    quote = world.join().client.credits.quote_create(payment_method=X402, idempotency_key="q1", **terms)
    assert quote.quote_id.startswith("quote_")
    assert (quote.state, quote.credits, quote.price_amount_cents, quote.currency) == (
        "created",
        amount,
        amount,
        "USD",
    )
    assert (quote.pack_id, quote.accepted_payment_method, quote.idempotency_key) == (pack_id, X402, "q1")
    assert quote.live_money is True
    assert quote.expires_at == NOON + timedelta(minutes=30)
    assert quote.expires_at.tzinfo is UTC


def test_a_quote_moves_no_balance_and_leaves_no_event(agent: Agent) -> None:
    before = agent.client.quota.get()
    agent.client.credits.quote_create(**TERMS)
    after = agent.client.quota.get()
    assert (after.remaining_credits, after.payment_backed_remaining_credits) == (40, 0)
    assert after.daily_jobs == before.daily_jobs
    assert agent.ledger() == []


def test_the_test_settlement_can_be_quoted_and_is_never_money(agent: Agent) -> None:
    assert agent.client.credits.quote_create(**{**TERMS, "payment_method": "fake"}).live_money is False


def test_the_same_key_and_terms_give_the_same_quote(agent: Agent) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        first = agent.client.credits.quote_create(**TERMS)
        clock.shift(timedelta(minutes=29))
        again = agent.client.credits.quote_create(**TERMS)
        clock.shift(timedelta(minutes=1))
        late = agent.client.credits.quote_create(**TERMS)
    assert facts(again) == facts(first)
    assert (late.quote_id, late.expires_at, late.state) == (first.quote_id, first.expires_at, "expired")


def facts(quote: Quote) -> dict[str, Any]:
    """All but the trace of the answer that told it."""
    return quote.model_dump(exclude={"trace_id"})


@pytest.mark.parametrize(
    "changes", [{"credits": 501}, {"payment_method": X402}, {"credits": None, "pack_id": "starter-500"}]
)
def test_the_same_key_with_other_terms_is_a_conflict_with_a_way_on(agent: Agent, changes: dict[str, Any]) -> None:
    first = agent.client.credits.quote_create(**TERMS)
    with pytest.raises(Conflict) as caught:
        agent.client.credits.quote_create(**{**TERMS, **changes})
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("CREDIT_QUOTE_CONFLICT", 409, False)
    assert error.recovery is not None
    command = str(error.recovery.suggested_command)
    wanted = {**TERMS, **changes}
    assert f"--payment-method {wanted['payment_method']}" in command
    assert ("--pack starter-500" if wanted.get("pack_id") else f"--credits {wanted['credits']}") in command
    fresh_key = command.partition("--idempotency-key ")[2].partition(" ")[0]
    second = agent.client.credits.quote_create(**{**wanted, "idempotency_key": fresh_key})
    assert second.quote_id != first.quote_id


def test_keys_of_two_agents_never_meet(world: World, agent: Agent) -> None:
    mine = agent.client.credits.quote_create(**TERMS)
    theirs = world.join().client.credits.quote_create(**{**TERMS, "credits": 7})
    assert theirs.quote_id != mine.quote_id


@pytest.mark.parametrize(
    "changes",
    [{"credits": 0}, {"credits": -1}, {"credits": 5001}, {"payment_method": "barter"}, {"idempotency_key": "ä"}],
)
def test_terms_out_of_bounds_are_refused(agent: Agent, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        agent.client.credits.quote_create(**{**TERMS, **changes})
    assert (caught.value.code, caught.value.http_status) == ("INVALID_ARGUMENTS", 400)


def test_a_pack_that_is_not_there_is_not_found(agent: Agent) -> None:
    with pytest.raises(NotFound) as caught:
        agent.client.credits.quote_create(pack_id="jumbo-9", payment_method=CHECKOUT, idempotency_key="q1")
    assert (caught.value.code, caught.value.http_status) == ("CREDIT_PACK_NOT_FOUND", 404)


@pytest.mark.parametrize(
    "changes",
    [{"pack_id": "starter-500"}, {"credits": None}, {"credits": 1.5}, {"credits": "500"}, {"idempotency_key": None}],
)
def test_what_the_client_never_sends_is_refused_all_the_same(
    world: World, agent: Agent, changes: dict[str, Any]
) -> None:
    error = world.refusal("POST", "/v1/credit-quotes", {**TERMS, **changes}, token=agent.token)
    assert isinstance(error, InvalidRequest)
    assert error.code == "INVALID_ARGUMENTS"


@pytest.mark.parametrize(
    "name",
    ["card", "card_number", "wallet-private-key", "seed_phrase", "stripe-secret-key", "payment_token", "mnemonic"],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_payment_credential_is_refused_and_never_repeated(
    world: World, agent: Agent, name: str, *, deep: bool
) -> None:
    credential = {name: "4242424242424242"}
    body = {**TERMS, **({"details": [{"more": credential}]} if deep else credential)}
    response = world.send("POST", "/v1/credit-quotes", body, token=agent.token)
    error = world.opened(response)
    assert isinstance(error, InvalidRequest)
    assert (error.code, error.http_status) == ("PAYMENT_CREDENTIAL_REJECTED", 400)
    assert b"4242" not in response.content
    assert agent.client.credits.quote_create(**{**TERMS, "credits": 9}).credits == 9, "the key was not used up"


def test_a_fault_of_the_service_may_have_started_and_is_not_repeated(
    world: World, agent: Agent, settings: Settings
) -> None:
    settings.SANDBOX_QUOTE_MINUTES = "broken"
    asked = len(world.wire.requests)
    with pytest.raises(ServiceFailed) as caught:
        agent.client.credits.quote_create(**TERMS)
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("INTERNAL_ERROR", 500, True)
    assert error.may_have_started
    assert len(world.wire.requests) == asked + 1
