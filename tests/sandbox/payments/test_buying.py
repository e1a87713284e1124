"""Opening an attempt (contract 2.9 to 2.11, 4.1, 10.5, 10.6, 10.11)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from sandbox.models import BookEntry, PaymentAttempt, Receipt, StandInObject
from tests.sandbox.fixtures import Caller
from tests.sandbox.paying import CHECKOUT, ENDPOINT, X402, buy, deliver, purchase, quote


def test_a_checkout_is_opened_as_the_contract_says(agent: Caller) -> None:
    quote_id = quote(agent)
    data = buy(agent, quote_id).data
    attempt_id = data["payment_attempt_id"]
    assert attempt_id.startswith("payatt_")
    assert data["checkout_session_id"].startswith("cs_")
    handoff = f"http://127.0.0.1:8001/pay/{attempt_id}"
    assert data["checkout_handoff_url"] == data["checkout_compact_url"] == handoff
    assert "#fid" in data["checkout_url"]
    named = {"state": "action_required", "quote_id": quote_id, "provider": "stripe", "credits": 500}
    named |= {"accepted_payment_method": CHECKOUT, "amount_cents": 500, "currency": "USD", "live_money": True}
    assert named.items() <= data.items()
    assert data["next"]["human_action"] == "open_checkout_url"
    assert data["next"]["fallback_checkout_url"] == data["checkout_url"]
    assert data["next"]["checkout_handoff_url"] == data["next"]["checkout_compact_url"] == handoff
    assert attempt_id in data["next"]["after_payment"]


def test_a_deposit_is_opened_as_the_contract_says(agent: Caller) -> None:
    data = buy(agent, quote(agent, 137, X402), X402).data
    assert (data["state"], data["provider"], data["accepted_payment_method"]) == ("action_required", "stripe", X402)
    assert not {name for name in data if name.startswith("checkout")}
    deposit = data["stripe_x402"]
    assert (deposit["scheme"], deposit["network"], deposit["deposit_address_present"]) == ("exact", "base", True)
    pay = deposit["payable_instructions"]
    assert (pay["token_amount"], pay["token_amount_atomic"], pay["amount_cents"]) == ("1.37", "1370000", 137)
    assert (pay["kind"], pay["token_decimals"], pay["exact_amount_required"]) == ("stripe_crypto_deposit", 6, True)
    assert pay["deposit_address"].startswith("0x")
    assert set(deposit["redacted"]) == {"payment_intent_id", "deposit_address", "client_secret"}
    assert all(value.startswith("[redacted-stripe-") for value in deposit["redacted"].values())
    advice = data["next_actions"]["recommended_settlement"]
    assert advice["payable_instructions_path"] == "data.stripe_x402.payable_instructions"
    assert advice["status_command"] == data["next"]["suggested_commands"][0]
    assert data["next"]["agent_action"] == "pay_stripe_crypto_deposit"


def test_nothing_of_the_providers_secrets_is_told(agent: Caller) -> None:
    answer = buy(agent, quote(agent, 10, X402), X402)
    intent = StandInObject.objects.get(kind="payment_intent").data
    assert intent["id"] not in answer.response.text
    assert intent["client_secret"] not in answer.response.text


def test_opening_moves_no_balance(agent: Caller) -> None:
    before = agent.limits()
    purchase(agent, key="1")
    purchase(agent, method=X402, key="2")
    assert agent.limits() == before
    assert BookEntry.objects.count() == 1


def test_only_a_checkout_leaves_a_line(agent: Caller) -> None:
    purchase(agent, method=X402, key="2")
    assert agent.event_types() == []
    bought = purchase(agent, key="1")
    (event,) = agent.get("/v1/activity").data["events"]
    assert (event["type"], event["operation"]) == ("payment.checkout_session.created", "payment")
    assert event["subject"] == {"type": "payment", "id": bought.id}
    assert event["links"] == {
        "quote_id": bought.data["quote_id"],
        "payment_attempt_id": bought.id,
        "checkout_session_id": bought.data["checkout_session_id"],
    }


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_the_same_key_replays_the_attempt(agent: Caller, method: str) -> None:
    quote_id = quote(agent, 500, method)
    assert buy(agent, quote_id, method).data == buy(agent, quote_id, method).data
    assert PaymentAttempt.objects.count() == 1


def test_another_key_finds_the_open_attempt_so_that_nobody_pays_twice(agent: Caller) -> None:
    quote_id = quote(agent)
    first, second = buy(agent, quote_id, key="b1").data, buy(agent, quote_id, key="b2").data
    assert first["payment_attempt_id"] == second["payment_attempt_id"]
    purchased = buy(agent, quote_id, key="b2").data
    assert purchased["payment_attempt_id"] == first["payment_attempt_id"]


def test_a_key_for_another_quote_conflicts_and_the_suggested_key_works(agent: Caller) -> None:
    buy(agent, quote(agent, key="q1"))
    other = quote(agent, 7, key="q2")
    answer = buy(agent, other)
    assert answer.refusal == ("IDEMPOTENCY_CONFLICT", 409, 1)
    words = answer.error["recovery"]["suggested_command"].split()
    assert words[words.index("--quote-id") + 1] == other
    assert words[words.index("--provider") + 1] == "stripe"
    assert buy(agent, other, key=words[words.index("--idempotency-key") + 1]).data["credits"] == 7


def test_a_paid_quote_is_not_sold_again_but_its_key_still_replays(agent: Caller) -> None:
    bought = purchase(agent).pay()
    assert buy(agent, bought.data["quote_id"], key="other").refusal == ("CREDIT_QUOTE_PAID", 409, 1)
    again = buy(agent, bought.data["quote_id"], key="b1").data
    assert (again["payment_attempt_id"], again["state"]) == (bought.id, "succeeded")


def test_an_expired_quote_is_not_sold_and_the_suggestion_quotes_the_same_terms(agent: Caller) -> None:
    quote_id = quote(agent, 321)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=31), tick=False):
        answer = buy(agent, quote_id)
    assert answer.refusal == ("CREDIT_QUOTE_EXPIRED", 409, 1)
    assert "credits quote --credits 321" in answer.error["recovery"]["suggested_command"]


@pytest.mark.parametrize(("quoted", "bought"), [(CHECKOUT, X402), (X402, CHECKOUT), (CHECKOUT, "fake"), ("fake", X402)])
def test_a_quote_is_bought_with_its_own_method(agent: Caller, quoted: str, bought: str) -> None:
    assert buy(agent, quote(agent, 5, quoted), bought).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert PaymentAttempt.objects.count() == 0


@pytest.mark.parametrize("method", list(ENDPOINT))
def test_a_foreign_quote_is_not_there(sign_up: Callable[..., Caller], method: str) -> None:
    quote_id = quote(sign_up(), 5, method)
    stranger = sign_up()
    assert buy(stranger, quote_id, method).refusal == ("CREDIT_QUOTE_NOT_FOUND", 404, 1)
    assert buy(stranger, "quote_none", method).refusal == ("CREDIT_QUOTE_NOT_FOUND", 404, 1)


@pytest.mark.parametrize("method", list(ENDPOINT))
@pytest.mark.parametrize(
    "body", [{}, {"quote_id": "q"}, {"idempotency_key": "k"}, {"quote_id": 5, "idempotency_key": "k"}]
)
def test_a_missing_field_is_refused(agent: Caller, method: str, body: dict[str, Any]) -> None:
    assert agent.post(ENDPOINT[method], body).refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("method", list(ENDPOINT))
@pytest.mark.parametrize("extra", [{"card-number": "4242"}, {"x": {"payment_signature": "canary"}}])
def test_credentials_are_refused_and_never_echoed(agent: Caller, method: str, extra: dict[str, Any]) -> None:
    answer = buy(agent, quote(agent, 5, method), method, **extra)
    assert answer.refusal == ("PAYMENT_CREDENTIAL_REJECTED", 400, 2)
    assert "canary" not in answer.response.text
    assert PaymentAttempt.objects.count() == 0


def test_the_old_test_settlement_grants_once_and_is_not_money(agent: Caller) -> None:
    quote_id = quote(agent, 25, "fake")
    answer = buy(agent, quote_id, "fake").data
    assert answer == buy(agent, quote_id, "fake").data
    named = {"state": "succeeded", "quote_id": quote_id, "credits_granted": 25, "amount_cents": 25}
    named |= {"accepted_payment_method": "fake", "balance_after": 65, "live_money": False, "currency": "USD"}
    assert named.items() <= answer.items()
    assert answer["receipt_id"].startswith("receipt_")
    assert answer["credit_event_id"].startswith("credit_event_")
    assert agent.limits()["payment_backed_remaining_credits"] == 25
    (event,) = agent.get("/v1/activity").data["events"]
    assert (event["type"], event["details"]["live_money"]) == ("credits.payment_backed_granted", False)
    assert buy(agent, quote_id, "fake", key="other").refusal == ("CREDIT_QUOTE_PAID", 409, 1)


def test_the_old_test_settlement_is_off_with_a_key_of_stripe(agent: Caller, settings: Settings) -> None:
    quote_id = quote(agent, 25, "fake")
    settings.SANDBOX_STRIPE_SECRET_KEY = "sk_test_made_up"
    assert buy(agent, quote_id, "fake").error["code"] == "INVALID_ARGUMENTS"
    assert Receipt.objects.count() == 0
    assert buy(agent, quote(agent, 5, key="q2"), X402).error["code"] == "PAYMENT_METHOD_UNAVAILABLE"


def test_a_new_attempt_follows_one_that_failed(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_PROCESSING_SECONDS = 1000
    first = purchase(agent)
    first.press("processing")
    deliver()
    session = StandInObject.objects.get(kind="checkout.session").data
    first.helper(f"payment_intents/{session['payment_intent']}/finish", outcome="fail")
    deliver()
    assert first.status()["state"] == "failed"
    second = buy(agent, first.data["quote_id"], key="second").data
    assert second["payment_attempt_id"] != first.id
    assert agent.get("/v1/credit-purchases/status", quote_id=first.data["quote_id"]).data["state"] == "action_required"


def test_the_session_carries_our_ids_and_no_address_of_the_caller(agent: Caller) -> None:
    bought = purchase(agent)
    session = StandInObject.objects.get(kind="checkout.session").data
    whoami = agent.get("/v1/whoami").data
    assert session["metadata"] == {
        "quote_id": bought.data["quote_id"],
        "payment_attempt_id": bought.id,
        "agent_id": whoami["agent"]["agent_id"],
        "organization_id": whoami["organization"]["organization_id"],
    }
    assert session["success_url"].startswith(f"http://127.0.0.1:8001/pay/{bought.id}/")
    assert session["cancel_url"].startswith(f"http://127.0.0.1:8001/pay/{bought.id}/")
