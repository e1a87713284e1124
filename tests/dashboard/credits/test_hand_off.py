"""Only an address that we know becomes a link, and only an exact deposit is shown."""

from typing import Any

import pytest

from api_client import PurchaseAttempt
from dashboard.credits.hand_off import deposit_of, hand_off_url, is_allowed

STRIPE = "https://checkout.stripe.com/c/pay/cs_live_1#fidkdWxOYHwnPyd1blpxYHZxWjA0"


@pytest.fixture(autouse=True)
def known(settings: Any) -> None:
    settings.IMAGE_SKILL_API_BASE_URL = "https://api.example.com"
    settings.HAND_OFF_ORIGINS = ["https://checkout.stripe.com"]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/pay/payatt_1",
        "https://API.example.com:443/pay/payatt_1",
        STRIPE,
    ],
)
def test_known_addresses_become_links(url: str) -> None:
    assert is_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/pay/payatt_1",
        "//checkout.stripe.com/x",
        "javascript:alert(1)//https://checkout.stripe.com/",
        "data:text/html,https://checkout.stripe.com/",
        "http://checkout.stripe.com/x",
        "http://api.example.com/pay/payatt_1",
        "ftp://checkout.stripe.com/x",
        "https://checkout.stripe.com.evil.example/x",
        "https://evil.example/checkout.stripe.com",
        "https://evil.example#https://checkout.stripe.com",
        "https://checkout.stripe.com@evil.example/x",
        "https://evil.example@checkout.stripe.com/x",
        "https://@checkout.stripe.com/x",
        "https://checkout.stripe.com:444/x",
        "https://checkout.stripe.com:99999/x",
        "https://checkout.stripe.com:port/x",
        "https://checkout.stripe.com.:443/x",
        "https://checkout.stripe.com\\@evil.example/x",
        "https:\\\\checkout.stripe.com/x",
        "https:/\\checkout.stripe.com/x",
        " https://checkout.stripe.com/x",
        "https://checkout.stripe.com/x\n",
        "https://checkout.stripe.com/\tx",
        "https://checkout.strip\u0435.com/x",
        "https://checkout.stripe.com\u2044evil.example/x",
        "https://\uff43heckout.stripe.com/x",
        "https://xn--checkout.stripe.com/x",
        "https://[::1/x",
        "https://checkout.stripe.com/" + "x" * 4_000,
    ],
)
def test_hostile_addresses_never_become_links(url: str) -> None:
    assert not is_allowed(url)


def test_loopback_is_a_link_only_where_it_is_the_service(settings: Any) -> None:
    assert not is_allowed("http://127.0.0.1:8001/pay/payatt_1")
    settings.IMAGE_SKILL_API_BASE_URL = "http://127.0.0.1:8001"
    assert is_allowed("http://127.0.0.1:8001/pay/payatt_1")
    assert not is_allowed("http://127.0.0.1:8002/pay/payatt_1")
    assert not is_allowed("http://127.0.0.2:8001/pay/payatt_1")


def test_first_allowed_address_is_taken_with_its_fragment() -> None:
    assert hand_off_url(("https://evil.example/pay", None, STRIPE)) == STRIPE
    assert hand_off_url(("https://evil.example/pay", "", None)) == ""


def attempt(**changes: Any) -> PurchaseAttempt:
    instructions = {
        "deposit_address": "0x" + "aB" * 20,
        "token_contract_address": "0x" + "12" * 20,
        "token_amount_atomic": "5000000",
        "token_decimals": 6,
        "token_currency": "usdc",
        "network": "base",
        **changes,
    }
    wire = {"payment_attempt_id": "payatt_1", "stripe_x402": {"payable_instructions": instructions}}
    return PurchaseAttempt.model_validate(wire)


def test_exact_deposit_is_shown_in_checked_words() -> None:
    deposit = deposit_of(attempt(), price_cents=500)
    assert deposit is not None
    assert (deposit["amount_atomic"], deposit["network"], deposit["token"]) == ("5000000", "base", "usdc")


@pytest.mark.parametrize(
    "changes",
    [
        {"token_amount_atomic": "5000001"},
        {"token_amount_atomic": "50000000"},
        {"token_amount_atomic": "5e6"},
        {"token_amount_atomic": "-5000000"},
        {"token_amount_atomic": "0"},
        {"token_amount_atomic": "\u0665000000"},
        {"token_decimals": 18},
        {"token_decimals": None},
        {"token_decimals": 1},
        {"token_decimals": 10**9},
        {"deposit_address": "0x12"},
        {"deposit_address": "https://evil.example"},
        {"deposit_address": "0x" + "ab" * 20 + "\n"},
        {"token_contract_address": None},
        {"network": "ba se"},
        {"network": None},
        {"token_currency": "<b>usdc</b>"},
    ],
)
def test_deposit_that_is_not_exact_is_not_shown(changes: dict[str, Any]) -> None:
    assert deposit_of(attempt(**changes), price_cents=500) is None


def test_deposit_of_an_unknown_price_is_not_shown() -> None:
    assert deposit_of(attempt(), price_cents=None) is None
