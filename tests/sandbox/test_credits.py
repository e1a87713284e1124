"""Packs, methods and quotes (contract 2.6 to 2.8, 4.1, 10.5, 10.11)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from sandbox.models import BookEntry, Quote
from tests.sandbox.fixtures import Answer, Caller

CHECKOUT = "stripe_checkout"
X402 = "stripe_x402.exact.usdc"


def quote(agent: Caller, **fields: Any) -> Answer:
    return agent.post("/v1/credit-quotes", {"payment_method": CHECKOUT, "idempotency_key": "q1"} | fields)


def test_packs_have_exact_prices(stranger: Caller) -> None:
    data = stranger.get("/v1/credit-packs").data
    assert (data["credit_unit_cents"], data["credit_unit_usd"], data["currency"]) == (1, 0.01, "USD")
    assert data["default_pack_id"] == "starter-500"
    assert data["custom_quotes"] == {"supported": True, "min_credits": 1, "max_credits": 5000}
    assert [(pack["pack_id"], pack["credits"], pack["amount_cents"]) for pack in data["packs"]] == [
        ("starter-500", 500, 500),
        ("builder-2000", 2000, 2000),
        ("studio-5000", 5000, 5000),
    ]


def test_methods_are_the_documented_pair_and_both_sell(stranger: Caller) -> None:
    data = stranger.get("/v1/payment-methods").data
    assert data["contract_version"] == "image-skill.payment-methods.v1"
    checkout, x402 = data["methods"]
    assert (checkout["method_id"], x402["method_id"]) == (CHECKOUT, X402)
    assert (checkout["requires_browser"], checkout["agent_settleable"]) == (True, False)
    assert (x402["requires_browser"], x402["agent_settleable"]) == (False, True)
    assert checkout["settlement_blocker"]
    assert x402["settlement_blocker"] is None
    for method in (checkout, x402):
        assert method["available"] is method["quoteable"] is method["purchasable"] is True
        assert method["unavailable_reason"] is None
        assert method["purchase_endpoint"].startswith("/v1/credit-purchases/stripe-")
        assert set(method["recovery"]) == {"quote_command", "purchase_command", "status_command"}


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_a_pack_is_quoted(agent: Caller, method: str) -> None:
    data = quote(agent, pack_id="starter-500", payment_method=method).data
    assert data["quote_id"].startswith("quote_")
    assert (data["state"], data["credits"], data["price_amount_cents"], data["currency"]) == (
        "created",
        500,
        500,
        "USD",
    )
    assert data["accepted_payment_method"] == method
    assert data["idempotency_key"] == "q1"
    assert data["pack"]["pack_id"] == data["pack_id"] == "starter-500"
    assert data["live_money"] is True


@pytest.mark.parametrize("amount", [1, 137, 5000])
def test_a_custom_amount_costs_a_cent_a_credit(agent: Caller, amount: int) -> None:
    data = quote(agent, credits=amount).data
    assert (data["credits"], data["price_amount_cents"], data["pack_id"], data["pack"]) == (amount, amount, None, None)


def test_the_old_test_settlement_can_be_quoted_and_is_not_money(agent: Caller) -> None:
    assert quote(agent, credits=5, payment_method="fake").data["live_money"] is False


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "INVALID_ARGUMENTS"),
        ({"credits": 5, "pack_id": "starter-500"}, "INVALID_ARGUMENTS"),
        ({"credits": 0}, "INVALID_ARGUMENTS"),
        ({"credits": 5001}, "INVALID_ARGUMENTS"),
        ({"credits": -5}, "INVALID_ARGUMENTS"),
        ({"credits": 1.5}, "INVALID_ARGUMENTS"),
        ({"credits": 5.0}, "INVALID_ARGUMENTS"),
        ({"credits": "5"}, "INVALID_ARGUMENTS"),
        ({"credits": True}, "INVALID_ARGUMENTS"),
        ({"pack_id": 5}, "INVALID_ARGUMENTS"),
        ({"pack_id": "mega"}, "CREDIT_PACK_NOT_FOUND"),
        ({"credits": 5, "payment_method": None}, "INVALID_ARGUMENTS"),
        ({"credits": 5, "payment_method": "cash"}, "INVALID_ARGUMENTS"),
        ({"credits": 5, "idempotency_key": None}, "INVALID_ARGUMENTS"),
        ({"credits": 5, "idempotency_key": "two words"}, "INVALID_ARGUMENTS"),
    ],
)
def test_a_wrong_quote_is_refused(agent: Caller, fields: dict[str, Any], code: str) -> None:
    assert quote(agent, **fields).error["code"] == code
    assert Quote.objects.count() == 0


def test_the_same_key_and_terms_are_the_same_quote(agent: Caller) -> None:
    assert quote(agent, pack_id="starter-500").data == quote(agent, pack_id="starter-500", credits=None).data
    assert Quote.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"credits": 501}, {"pack_id": "starter-500", "credits": None}, {"payment_method": X402}]
)
def test_the_same_key_with_other_terms_conflicts_and_the_suggested_key_works(
    agent: Caller, change: dict[str, Any]
) -> None:
    quote(agent, credits=500)
    answer = quote(agent, **{"credits": 500} | change)
    assert answer.refusal == ("CREDIT_QUOTE_CONFLICT", 409, 1)
    words = answer.error["recovery"]["suggested_command"].split()
    fresh = words[words.index("--idempotency-key") + 1]
    assert fresh != "q1"
    terms = {"credits": 500, "idempotency_key": fresh} | change
    assert f"--payment-method {terms.get('payment_method', CHECKOUT)}" in answer.error["recovery"]["suggested_command"]
    assert quote(agent, **terms).data["state"] == "created"


def test_the_advice_names_the_rail_that_an_agent_can_settle_alone(stranger: Caller) -> None:
    advice = stranger.get("/v1/payment-methods").data["next_actions"]["recommended_quote"]
    assert (advice["method_id"], advice["recommendation_reason"]) == (X402, "browserless_agent_self_fund")
    assert advice["command"] == f"image-skill credits quote --pack starter-500 --payment-method {X402} --json"


def test_with_a_key_of_stripe_only_checkout_is_sold(stranger: Caller, agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_SECRET_KEY = "sk_test_made_up"
    data = stranger.get("/v1/payment-methods").data
    assert [method["available"] for method in data["methods"]] == [True, False]
    assert data["next_actions"]["recommended_quote"]["method_id"] == CHECKOUT
    assert quote(agent, credits=5, payment_method=X402).error["code"] == "INVALID_ARGUMENTS"
    assert quote(agent, credits=5, payment_method="fake").error["code"] == "INVALID_ARGUMENTS"


def test_an_open_quote_says_how_to_buy_it(agent: Caller) -> None:
    data = quote(agent, credits=5).data
    advice = data["next_actions"]["recommended_buy"]
    assert advice["purchase_idempotency_key"] == f"purchase:{data['quote_id']}"
    assert advice["command"] == (
        f"image-skill credits buy --provider stripe --quote-id {data['quote_id']} "
        f"--idempotency-key purchase:{data['quote_id']} --json"
    )
    assert (advice["requires_browser"], advice["human_handoff_required"]) == (True, True)


def test_a_key_belongs_to_its_agent(sign_up: Callable[..., Caller]) -> None:
    assert quote(sign_up(), credits=5).data["quote_id"] != quote(sign_up(), credits=6).data["quote_id"]


def test_a_quote_expires_and_says_so(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_QUOTE_MINUTES = 10
    start = datetime.now(UTC)
    data = quote(agent, credits=5).data
    expires_at = datetime.fromisoformat(data["expires_at"])
    assert timedelta(minutes=9) < expires_at - start < timedelta(minutes=11)
    with time_machine.travel(expires_at + timedelta(seconds=1), tick=False):
        assert quote(agent, credits=5).data == data | {"state": "expired", "next_actions": {}}


def test_a_quote_moves_no_balance(agent: Caller) -> None:
    before = agent.limits()
    quote(agent, pack_id="studio-5000")
    assert agent.limits() == before
    assert BookEntry.objects.count() == 1


@pytest.mark.parametrize(
    "extra",
    [
        {"card_number": "4242424242424242"},
        {"payment-token": "tok_canary"},
        {"metadata": {"deep": [{"wallet-private-key": "canary"}]}},
        {"seed-phrase": ["canary"]},
        {"authorization": None},
        {"stripe_secret_key": "sk_canary", "credits": "wrong as well"},
    ],
)
def test_credentials_are_refused_before_any_write_and_never_echoed(agent: Caller, extra: dict[str, Any]) -> None:
    answer = quote(agent, **{"credits": 5} | extra)
    assert answer.refusal == ("PAYMENT_CREDENTIAL_REJECTED", 400, 2)
    assert "canary" not in answer.response.text
    assert "4242" not in answer.response.text
    assert Quote.objects.count() == 0
