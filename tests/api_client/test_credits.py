from datetime import UTC, datetime
from typing import Any

import pytest

from api_client import Client, Conflict, ContractError
from tests.api_client.playing import TOKEN, Service, client_of, ok, refused

CHECKOUT_URL = "https://checkout.stripe.com/c/pay/cs_1#fidkdWxOYHwn"
QUOTE = {
    "quote_id": "quote_1",
    "state": "created",
    "credits": 500,
    "price_amount_cents": 500,
    "currency": "USD",
    "expires_at": "2026-06-01T10:30:00Z",
    "accepted_payment_method": "stripe_checkout",
    "idempotency_key": "k1",
    "pack": {"pack_id": "starter-500", "name": "Starter"},
    "live_money": True,
    "next_actions": {"recommended_buy": {"purpose": "complete_credit_top_up"}},
}
ATTEMPT = {
    "state": "action_required",
    "quote_id": "quote_1",
    "payment_attempt_id": "payatt_1",
    "provider": "stripe",
    "accepted_payment_method": "stripe_checkout",
    "checkout_session_id": "cs_1",
    "checkout_handoff_url": "https://api.test/pay/payatt_1",
    "checkout_compact_url": "https://api.test/pay/payatt_1",
    "checkout_url": CHECKOUT_URL,
    "credits": 500,
    "amount_cents": 500,
    "currency": "USD",
    "live_money": True,
    "next": {"human_action": "open_checkout_url"},
}
X402 = {
    "method_id": "stripe_x402.exact.usdc",
    "scheme": "exact",
    "network": "base",
    "token_currency": "usdc",
    "deposit_address_present": True,
    "payable_instructions": {
        "kind": "stripe_crypto_deposit",
        "network": "base",
        "token_currency": "usdc",
        "token_decimals": 6,
        "token_amount": "5.00",
        "token_amount_atomic": "5000000",
        "amount_cents": 500,
        "amount_usd": "5.00",
        "deposit_address": "0xabc",
        "token_contract_address": "0xdef",
        "supported_token_currencies": ["usdc"],
        "expires_at": "2026-06-01T10:30:00Z",
        "exact_amount_required": True,
    },
    "redacted": {"client_secret": "[redacted-stripe-client-secret]"},
}


def test_payment_methods_are_public_and_keep_what_a_rail_needs() -> None:
    row = {
        "method_id": "stripe_checkout",
        "status": "available",
        "available": True,
        "quoteable": True,
        "purchasable": True,
        "live_money": True,
        "unavailable_reason": None,
        "buyer_modes": ["hybrid", "human_only"],
        "requires_browser": True,
        "agent_initiated": True,
        "agent_settleable": False,
        "settlement_blocker": "A person pays.",
        "default_pack_id": "starter-500",
        "limits": {"min_amount_cents": 1, "max_amount_cents": 5000},
    }
    service = Service(ok({"methods": [row, {"name": "no id"}], "currency": "USD", "credit_unit_cents": 1}))
    with client_of(service) as client:
        methods = client.credits.payment_methods()
    (method,) = methods.methods
    assert "authorization" not in service.request.headers
    assert method.is_offerable
    assert method.buyer_modes == ("hybrid", "human_only")
    assert (method.min_amount_cents, method.max_amount_cents) == (1, 5000)
    assert methods.extra["malformed_methods"] == [{"name": "no id"}]


@pytest.mark.parametrize("missing", ["available", "quoteable", "purchasable"])
def test_a_rail_that_misses_one_of_three_signs_is_not_offered(missing: str) -> None:
    row = {"method_id": "m", "available": True, "quoteable": True, "purchasable": True, missing: False}
    with client_of(Service(ok({"methods": [row]}))) as client:
        assert not client.credits.payment_methods().methods[0].is_offerable


def test_packs_are_public_and_whole_cents() -> None:
    pack = {
        "pack_id": "starter-500",
        "name": "Starter",
        "credits": 500,
        "amount_cents": 500,
        "currency": "USD",
        "amount_usd": "5.00",
    }
    custom = {"supported": True, "min_credits": 1, "max_credits": 5000}
    service = Service(ok({"packs": [pack], "default_pack_id": "starter-500", "custom_quotes": custom}))
    with client_of(service) as client:
        packs = client.credits.packs()
    assert "authorization" not in service.request.headers
    assert (packs.packs[0].pack_id, packs.packs[0].credits, packs.packs[0].amount_cents) == ("starter-500", 500, 500)
    assert (packs.custom_supported, packs.custom_min_credits, packs.custom_max_credits) == (True, 1, 5000)
    assert packs.packs[0].extra == {"amount_usd": "5.00"}


def test_packs_without_a_list_are_a_contract_error() -> None:
    with client_of(Service(ok({"packs": {"starter-500": 5}}))) as client, pytest.raises(ContractError) as caught:
        client.credits.packs()
    assert "packs" in caught.value.message


def test_a_quote_by_pack_sends_only_public_fields() -> None:
    service = Service(ok(QUOTE))
    with client_of(service) as client:
        quote = client.credits.quote_create(
            payment_method="stripe_checkout", pack_id="starter-500", idempotency_key="k1"
        )
    assert service.sent == {"pack_id": "starter-500", "payment_method": "stripe_checkout", "idempotency_key": "k1"}
    assert service.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (quote.quote_id, quote.credits, quote.price_amount_cents) == ("quote_1", 500, 500)
    assert quote.pack_id == "starter-500"
    assert quote.expires_at == datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
    assert quote.live_money is True


def test_a_quote_by_credits_sends_the_number() -> None:
    service = Service(ok(QUOTE))
    with client_of(service) as client:
        client.credits.quote_create(payment_method="stripe_checkout", credits=123, idempotency_key="k1")
    assert service.sent["credits"] == 123
    assert "pack_id" not in service.sent


@pytest.mark.parametrize("terms", [{}, {"credits": 5, "pack_id": "starter-500"}, {"pack_id": ""}])
def test_a_quote_needs_exactly_one_of_credits_and_pack(terms: dict[str, Any]) -> None:
    service = Service(ok(QUOTE))
    with client_of(service) as client, pytest.raises(ValueError, match="exactly one"):
        client.credits.quote_create(payment_method="stripe_checkout", idempotency_key="k", **terms)
    assert service.requests == []


@pytest.mark.parametrize("key", ["", "  ", "k" * 201])
def test_a_key_that_cannot_work_is_refused_before_it_is_sent(key: str) -> None:
    service = Service(ok(QUOTE))
    with client_of(service) as client, pytest.raises(ValueError, match="idempotency key"):
        client.credits.checkout_session_create(quote_id="quote_1", idempotency_key=key)
    assert service.requests == []


def test_a_quote_conflict_carries_the_advice() -> None:
    answer = refused("CREDIT_QUOTE_CONFLICT", status=409, recovery={"suggested_command": "image-skill credits quote"})
    with client_of(Service(answer)) as client, pytest.raises(Conflict) as caught:
        client.credits.quote_create(payment_method="stripe_checkout", credits=5, idempotency_key="k")
    assert caught.value.recovery is not None
    assert caught.value.recovery.suggested_command == "image-skill credits quote"
    assert not caught.value.may_have_started


def test_a_checkout_keeps_the_fragment_of_its_fallback_url() -> None:
    service = Service(ok(ATTEMPT))
    with client_of(service) as client:
        attempt = client.credits.checkout_session_create(quote_id="quote_1", idempotency_key="buy-1")
    assert service.request.url.path == "/v1/credit-purchases/stripe-checkout-sessions"
    assert service.sent == {"quote_id": "quote_1", "idempotency_key": "buy-1"}
    assert attempt.checkout_handoff_url == "https://api.test/pay/payatt_1"
    assert attempt.checkout_url == CHECKOUT_URL
    assert (attempt.state, attempt.amount_cents, attempt.live_money) == ("action_required", 500, True)


def test_a_deposit_says_exactly_what_to_pay_where() -> None:
    data = {**ATTEMPT, "accepted_payment_method": "stripe_x402.exact.usdc", "stripe_x402": X402}
    service = Service(ok(data))
    with client_of(service) as client:
        attempt = client.credits.x402_deposit_create(quote_id="quote_1", idempotency_key="buy-1")
    assert service.request.url.path == "/v1/credit-purchases/stripe-x402-deposits"
    assert attempt.stripe_x402 is not None
    pay = attempt.stripe_x402.payable_instructions
    assert pay is not None
    assert (pay.token_amount_atomic, pay.deposit_address, pay.amount_usd_micros) == ("5000000", "0xabc", 5_000_000)


def test_instructions_without_an_address_are_no_instructions() -> None:
    x402 = {**X402, "payable_instructions": {"token_amount_atomic": "5000000"}}
    with client_of(Service(ok({**ATTEMPT, "stripe_x402": x402}))) as client:
        attempt = client.credits.x402_deposit_create(quote_id="quote_1", idempotency_key="buy-1")
    assert attempt.stripe_x402 is not None
    assert attempt.stripe_x402.payable_instructions is None
    assert attempt.stripe_x402.drift == ("payable_instructions",)


STATUS = {
    "state": "succeeded",
    "quote": {"quote_id": "quote_1", "credits": 500, "price_amount_cents": 500, "x402": None},
    "payment_attempt": {"payment_attempt_id": "payatt_1", "attempt_status": "requires_action"},
    "receipt": {"receipt_id": "receipt_1", "anything": 1},
    "credit_event": {"credit_event_id": "credit_event_1"},
    "provider_event": {"id": "evt_1"},
    "limits": {"remaining_credits": 10, "payment_backed_remaining_credits": 500},
    "next": {"retry_after_seconds": 10},
}


@pytest.mark.parametrize("reference", ["quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id"])
def test_a_status_is_asked_by_one_reference(reference: str) -> None:
    service = Service(ok(STATUS))
    with client_of(service) as client:
        status = client.credits.purchase_status(**{reference: "ref_1"})
    assert dict(service.request.url.params) == {reference: "ref_1"}
    assert (status.state, status.receipt_id, status.credit_event_id) == ("succeeded", "receipt_1", "credit_event_1")
    assert (status.remaining_credits, status.payment_backed_remaining_credits) == (10, 500)
    assert status.receipt == {"receipt_id": "receipt_1", "anything": 1}
    assert status.quote is not None
    assert status.quote.credits == 500
    assert status.payment_attempt is not None
    assert status.payment_attempt.attempt_status == "requires_action"


@pytest.mark.parametrize(
    "references", [{}, {"quote_id": "a", "receipt_id": "b"}, {"quote_id": ""}, {"receipt_id": " "}]
)
def test_a_status_without_exactly_one_reference_is_never_sent(references: dict[str, str]) -> None:
    service = Service(ok(STATUS))
    with client_of(service) as client, pytest.raises(ValueError, match="reference"):
        client.credits.purchase_status(**references)
    assert service.requests == []


def test_a_quota_answered_in_place_of_a_status_is_not_read_as_one() -> None:
    def ask(client: Client) -> None:
        client.credits.purchase_status(quote_id="quote_1")

    with client_of(Service(ok({"limits": {"remaining_credits": 5}}))) as client, pytest.raises(ContractError):
        ask(client)
