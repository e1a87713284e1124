"""credits buy, status and fake-purchase of each release, to the receipt (contract 2.9 to 2.13, 3.8)."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.clients.client import Client010, Client0170, Ran
from tests.sandbox.paying import deliver

CHECKOUT = {
    *("state", "quote_id", "payment_attempt_id", "provider", "accepted_payment_method", "checkout_session_id"),
    *("checkout_url", "credits", "amount_cents", "currency", "live_money", "next"),
}
INSTRUCTIONS = {
    *("kind", "network", "token_currency", "token_decimals", "token_amount", "token_amount_atomic", "amount_cents"),
    *("amount_usd", "deposit_address", "token_contract_address", "supported_token_currencies", "expires_at"),
    "exact_amount_required",
}


def bought(client: Any, key: str = "buy-1") -> dict[str, Any]:
    quote = client.credits_quote(pack_id="starter-500", method="stripe_checkout", key="quote-1").data
    return dict(client.credits_buy(quote["quote_id"], key).data)


def pressed(client: Any, attempt_id: str, outcome: str) -> None:
    """What the person with the link does."""
    handed = client.http.get(f"/pay/{attempt_id}")
    assert handed.is_redirect
    page = handed.headers["location"].partition("#")[0]
    assert not client.http.post(page, data={"outcome": outcome}).is_error
    deliver()


def test_a_checkout_is_opened_and_nothing_is_granted(client: Any) -> None:
    before = client.quota().data["limits"]
    data = bought(client)
    assert set(data) >= CHECKOUT
    assert (data["state"], data["provider"], data["live_money"]) == ("action_required", "stripe", True)
    assert data["next"]["human_action"] == "open_checkout_url"
    assert isinstance(data["next"]["after_payment"], str)
    assert client.quota().data["limits"] == before


def test_the_hand_off_is_absolute_short_and_keeps_the_fragment(modern: Any) -> None:
    data = bought(modern)
    handoff = data["checkout_handoff_url"]
    assert handoff.endswith(f"/pay/{data['payment_attempt_id']}")
    assert data["checkout_compact_url"] == data["next"]["checkout_handoff_url"] == handoff
    assert data["next"]["fallback_checkout_url"] == data["checkout_url"]
    answer = modern.http.get(handoff)
    assert answer.is_redirect
    assert answer.headers["location"] == data["checkout_url"]
    assert urlsplit(data["checkout_url"]).fragment


def test_a_paid_checkout_becomes_a_receipt_credits_and_an_event(client: Any) -> None:
    data = bought(client)
    pressed(client, data["payment_attempt_id"], "succeed")
    done = client.credits_status(payment_attempt_id=data["payment_attempt_id"]).data
    assert done["state"] == "succeeded"
    assert done["receipt"]["receipt_id"].startswith("receipt_")
    assert done["credit_event"]["credit_event_id"].startswith("credit_event_")
    assert done["limits"]["payment_backed_remaining_credits"] == 500
    assert client.quota().data["limits"] == done["limits"]
    granted, opened = client.activity_list().data["events"]
    assert (granted["type"], opened["type"]) == ("credits.payment_backed_granted", "payment.checkout_session.created")
    assert granted["links"]["receipt_id"] == done["receipt"]["receipt_id"]
    assert opened["links"]["checkout_session_id"] == data["checkout_session_id"]
    for name, value in (
        ("quote_id", data["quote_id"]),
        ("checkout_session_id", data["checkout_session_id"]),
        ("receipt_id", done["receipt"]["receipt_id"]),
    ):
        assert client.credits_status(**{name: value}).data["state"] == "succeeded"


def test_an_open_attempt_says_when_to_ask_again(client: Any) -> None:
    data = bought(client)
    waiting = client.credits_status(payment_attempt_id=data["payment_attempt_id"]).data
    assert waiting["state"] == "action_required"
    assert waiting["payment_attempt"]["attempt_status"] == "requires_action"
    assert waiting["payment_attempt"]["checkout_url"] == data["checkout_url"]
    assert (waiting["receipt"], waiting["credit_event"]) == (None, None)
    assert waiting["next"]["retry_after_seconds"] == 10


def test_the_same_key_buys_once(client: Any) -> None:
    first = bought(client)
    again = client.credits_buy(first["quote_id"], "buy-1").data
    assert again["payment_attempt_id"] == first["payment_attempt_id"]
    assert again["checkout_url"] == first["checkout_url"]


def test_the_link_works_once_paid_too_and_a_second_press_grants_nothing(client: Any) -> None:
    data = bought(client)
    pressed(client, data["payment_attempt_id"], "succeed")
    assert client.http.get(f"/pay/{data['payment_attempt_id']}").is_redirect
    deliver()
    assert client.quota().data["limits"]["payment_backed_remaining_credits"] == 500


def test_a_deposit_has_exact_instructions_and_no_secret(modern: Any) -> None:
    quote = modern.credits_quote(pack_id="starter-500", method="stripe_x402.exact.usdc").data
    data = modern.credits_buy(quote["quote_id"], "buy-1", provider="stripe_x402").data
    assert data["accepted_payment_method"] == "stripe_x402.exact.usdc"
    assert "checkout_url" not in data
    rail = data["stripe_x402"]
    assert (rail["scheme"], rail["network"], rail["token_currency"]) == ("exact", "base", "usdc")
    pay = rail["payable_instructions"]
    assert set(pay) >= INSTRUCTIONS
    assert (pay["token_amount"], pay["token_amount_atomic"], pay["token_decimals"]) == ("5.00", "5000000", 6)
    assert pay["exact_amount_required"] is True
    assert all(value.startswith("[redacted-stripe-") for value in rail["redacted"].values())
    assert data["next"]["agent_action"] == "pay_stripe_crypto_deposit"
    shown = modern.credits_status(payment_attempt_id=data["payment_attempt_id"]).data
    assert shown["payment_attempt"]["stripe_x402"]["payable_instructions"] == pay
    pressed(modern, data["payment_attempt_id"], "exact")
    assert modern.credits_status(payment_attempt_id=data["payment_attempt_id"]).data["state"] == "succeeded"


def test_the_latest_is_led_from_quote_to_purchase_to_settlement(latest: Client0170) -> None:
    quote = latest.credits_quote(pack_id="starter-500", method="stripe_x402.exact.usdc").data
    buy = quote["next_actions"]["recommended_buy"]
    assert buy["purpose"] == "complete_credit_top_up"
    assert buy["purchase_idempotency_key"] == f"purchase:{quote['quote_id']}"
    assert buy["command_effect"]["label"] == "live_money_payment_attempt_requires_completion"
    data = latest.credits_buy(quote["quote_id"], buy["purchase_idempotency_key"], provider="stripe_x402").data
    settle = data["next_actions"]["recommended_settlement"]
    assert settle["purpose"] == "settle_stripe_x402_credit_top_up"
    assert settle["command_effect"]["wallet_settlement"] is True


def test_methods_recommend_a_quote_to_the_latest(latest: Client0170) -> None:
    recommended = latest.credits_methods().data["next_actions"]["recommended_quote"]
    assert recommended["purpose"] == "quote_credit_top_up"
    assert recommended["method_id"] == "stripe_x402.exact.usdc"
    assert recommended["command_effect"]["no_spend"] is True


def test_the_oldest_settles_its_test_quote_once_and_no_money_moves(sandbox_http: httpx.Client) -> None:
    client = Client010(sandbox_http)
    client.start()
    quote = client.credits_quote(credits=10, key="quote-1").data
    first, again = (client.fake_purchase(quote["quote_id"], "purchase-1").data for _ in range(2))
    assert again == first
    assert (first["state"], first["credits_granted"], first["amount_cents"]) == ("succeeded", 10, 10)
    assert (first["accepted_payment_method"], first["live_money"]) == ("fake", False)
    assert isinstance(first["balance_after"], int)
    assert client.quota().data["limits"]["payment_backed_remaining_credits"] == 10
    assert client.credits_status(receipt_id=first["receipt_id"]).data["state"] == "succeeded"


def test_no_reference_is_the_quota_and_several_are_refused(client: Any) -> None:
    assert client.credits_status().data["limits"] == client.quota().data["limits"]
    ran: Ran = client.credits_status(quote_id="quote_1", receipt_id="receipt_1")
    assert ran.refusal == ("INVALID_ARGUMENTS", 2)


@pytest.mark.parametrize("name", ["quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id"])
def test_a_payment_that_is_not_there_is_exit_1(client: Any, name: str) -> None:
    assert client.credits_status(**{name: "nothing"}).refusal == ("PAYMENT_NOT_FOUND", 1)


def test_buying_what_was_never_quoted_is_exit_1(client: Any) -> None:
    assert client.credits_buy("quote_nothing", "buy-1").exit_code == 1


def test_another_agents_payment_is_not_there(client: Any) -> None:
    data = bought(client)
    other = Client0170(client.http)
    other.start("other")
    assert other.credits_status(payment_attempt_id=data["payment_attempt_id"]).exit_code == 1
    assert other.credits_buy(data["quote_id"], "buy-1").exit_code == 1


@pytest.mark.parametrize("path", ["stripe-checkout-sessions", "stripe-x402-deposits"])
@pytest.mark.parametrize("name", ["card-number", "wallet_private_key", "stripe-secret-key", "provider_receipt"])
def test_a_credential_in_a_purchase_is_refused_by_name(latest: Client0170, path: str, name: str) -> None:
    body = {"quote_id": "quote_1", "idempotency_key": "k", "extra": [{name: "canary-value"}]}
    ran = latest.call("POST", f"/v1/credit-purchases/{path}", body)
    assert ran.refusal == ("PAYMENT_CREDENTIAL_REJECTED", 2)
    assert "canary-value" not in str(ran.envelope)


def test_bought_credits_pay_for_what_free_ones_do_not(client: Any) -> None:
    pressed(client, bought(client)["payment_attempt_id"], "succeed")
    made = client.create("a valley", model="fal.nano-banana-pro", model_parameters={"resolution": "4K"}).data
    left = client.quota().data["limits"]
    assert made["quota"]["consumed_credits"] == 540 - sum(
        left[name] for name in ("remaining_credits", "payment_backed_remaining_credits")
    )
