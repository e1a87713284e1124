"""credits methods, packs and quote of each release (contract 2.6 to 2.8)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.clients.client import Client010, Client0125, Client0170, Ran

QUOTE = {
    *("quote_id", "state", "credits", "price_amount_cents", "currency", "expires_at", "accepted_payment_method"),
    *("idempotency_key", "pack_id", "pack", "live_money"),
}
RAILS = ["stripe_checkout", "stripe_x402.exact.usdc"]


def test_methods_are_the_two_live_rails_with_commands_that_the_client_has(modern: Any) -> None:
    data = modern.credits_methods().data
    assert data["contract_version"] == "image-skill.payment-methods.v1"
    assert [row["method_id"] for row in data["methods"]] == RAILS
    for row in data["methods"]:
        assert row["live_money"] is True
        assert row["quoteable"] is True
        assert (row["unavailable_reason"] is None) is row["available"]
        assert (row["purchase_endpoint"] is not None) is row["purchasable"]
        assert isinstance(row["limits"]["min_amount_cents"], int)
        assert isinstance(row["limits"]["max_amount_cents"], int)
        assert f"credits quote --pack {row['default_pack_id']} --payment-method" in row["recovery"]["quote_command"]
        assert "credits buy " in row["recovery"]["purchase_command"]
        assert "credits status " in row["recovery"]["status_command"]


def test_packs_are_priced_in_cents_and_in_decimal_text(newcomer: Any) -> None:
    data = newcomer.packs_list().data
    assert (data["credit_unit_cents"], data["credit_unit_usd"], data["default_pack_id"]) == (1, 0.01, "starter-500")
    assert data["custom_quotes"] == {"supported": True, "min_credits": 1, "max_credits": 5000}
    shown = {pack["pack_id"]: (pack["credits"], pack["amount_cents"], pack["amount_usd"]) for pack in data["packs"]}
    assert shown == {
        "starter-500": (500, 500, "5.00"),
        "builder-2000": (2000, 2000, "20.00"),
        "studio-5000": (5000, 5000, "50.00"),
    }


def test_the_oldest_quotes_the_test_settlement_by_default(sandbox_http: httpx.Client) -> None:
    client = Client010(sandbox_http)
    client.start()
    data = client.credits_quote(credits=10).data
    assert (data["accepted_payment_method"], data["live_money"]) == ("fake", False)


@pytest.mark.parametrize("method", RAILS)
def test_a_pack_is_quoted_on_every_rail(modern: Any, method: str) -> None:
    data = modern.credits_quote(pack_id="starter-500", method=method).data
    assert set(data) >= QUOTE
    assert (data["state"], data["credits"], data["price_amount_cents"]) == ("created", 500, 500)
    assert (data["accepted_payment_method"], data["live_money"]) == (method, True)
    assert data["pack"]["pack_id"] == data["pack_id"] == "starter-500"


def test_the_middle_release_quotes_checkout_by_default(sandbox_http: httpx.Client) -> None:
    client = Client0125(sandbox_http)
    client.start()
    assert client.credits_quote(credits=137).data["accepted_payment_method"] == "stripe_checkout"


def test_a_key_belongs_to_its_terms(client: Any) -> None:
    first = client.credits_quote(credits=10, key="q1", method="stripe_checkout").data
    assert client.credits_quote(credits=10, key="q1", method="stripe_checkout").data == first
    ran: Ran = client.credits_quote(credits=11, key="q1", method="stripe_checkout")
    assert ran.refusal == ("CREDIT_QUOTE_CONFLICT", 1)
    suggested = ran.error["recovery"]["suggested_command"]
    assert suggested.startswith("image-skill credits quote --credits 11 --payment-method stripe_checkout ")
    fresh = suggested.split("--idempotency-key ")[1].split()[0]
    assert client.credits_quote(credits=11, key=fresh, method="stripe_checkout").data["credits"] == 11


@pytest.mark.parametrize(
    "terms",
    [
        {"credits": 10, "pack_id": "starter-500"},
        {"credits": 0},
        {"credits": -5},
        {"credits": 5001},
        {"credits": 1.5},
        {"credits": 10, "method": "paypal"},
    ],
)
def test_whatever_the_client_lets_through_the_server_decides(client: Any, terms: dict[str, Any]) -> None:
    ran: Ran = client.credits_quote(**({"method": "stripe_checkout"} | terms))
    assert ran.refusal == ("INVALID_ARGUMENTS", 2)
    assert ran.envelope["warnings"] == []


def test_an_unknown_pack_is_not_found(client: Any) -> None:
    assert client.credits_quote(pack_id="giant", method="stripe_checkout").refusal == ("CREDIT_PACK_NOT_FOUND", 1)


def test_quotes_move_no_credit_and_leave_no_event(latest: Client0170) -> None:
    before = latest.quota().data["limits"]
    latest.credits_quote(pack_id="studio-5000", method="stripe_checkout")
    assert latest.quota().data["limits"] == before
    assert latest.activity_list().data["events"] == []
