"""Packs, rails and the names that a payment body may never hold (contract 2.6, 2.7, 4.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIN_CREDITS, MAX_CREDITS = 1, 5000


@dataclass(frozen=True)
class Pack:
    """Credits sold together; a credit costs one cent, so `credits` is also the price in cents."""

    id: str
    name: str
    credits: int


@dataclass(frozen=True)
class Rail:
    """One way to pay; `provider` is what the client calls it, `purchase_endpoint` where an attempt is opened."""

    method_id: str
    provider: str
    buyer_modes: tuple[str, ...]
    requires_browser: bool
    is_agent_settleable: bool
    settlement_blocker: str | None
    purchase_endpoint: str


PACKS = {
    pack.id: pack
    for pack in (
        Pack("starter-500", "Starter", 500),
        Pack("builder-2000", "Builder", 2000),
        Pack("studio-5000", "Studio", 5000),
    )
}
DEFAULT_PACK_ID = "starter-500"
CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
RAILS = (
    Rail(
        method_id=CHECKOUT,
        provider="stripe",
        buyer_modes=("hybrid", "human_only"),
        requires_browser=True,
        is_agent_settleable=False,
        settlement_blocker="requires human browser checkout completion",
        purchase_endpoint="/v1/credit-purchases/stripe-checkout-sessions",
    ),
    Rail(
        method_id=X402,
        provider="stripe_x402",
        buyer_modes=("agent_only", "hybrid"),
        requires_browser=False,
        is_agent_settleable=True,
        settlement_blocker=None,
        purchase_endpoint="/v1/credit-purchases/stripe-x402-deposits",
    ),
)
# Quotable since 0.1.0, never listed, never money (contract 11).
FAKE_METHOD = "fake"

# Letters only, since spellings differ in hyphens, underscores and capitals. No public field contains one of these.
_CREDENTIAL_PARTS = (
    *("card", "cvc", "cvv", "iban", "mnemonic", "seedphrase", "wallet", "privatekey", "apikey", "clientkey"),
    *("secret", "token", "authorization", "bearer", "signature", "password", "passphrase", "credential"),
    *("providerkey", "providerreceipt", "paymentrequired", "paymentresponse", "xpayment", "promo", "coupon"),
)


def purchasable(*, is_real_stripe: bool) -> set[str]:
    """The rails that can be bought with: deposits are a private preview of Stripe's, so only the stand-in has them."""
    return {CHECKOUT} if is_real_stripe else {CHECKOUT, X402}


def quotable(*, is_real_stripe: bool) -> set[str]:
    """What a quote may be for. Where real payments are tried out, the old test settlement would only confuse."""
    methods = purchasable(is_real_stripe=is_real_stripe)
    return methods if is_real_stripe else methods | {FAKE_METHOD}


def rail_of(payment_method: str) -> Rail | None:
    """The rail of a method; the old test settlement has none."""
    return next((rail for rail in RAILS if rail.method_id == payment_method), None)


def buy_line(rail: Rail, quote_id: str) -> str:
    """The client's command, without its own name, that buys a quote."""
    return f"credits buy --provider {rail.provider} --quote-id {quote_id} --idempotency-key purchase:{quote_id} --json"


def is_live_money(payment_method: str) -> bool:
    """False only for the old test settlement."""
    return payment_method != FAKE_METHOD


def holds_credential(body: object) -> bool:
    """Whether a name anywhere in the body belongs to a payment credential, however it is spelled."""
    level = [body]
    while level:
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                if any(_is_credential(name) for name in value):
                    return True
                below += value.values()
            elif isinstance(value, list):
                below += value
        level = below
    return False


def _is_credential(name: str) -> bool:
    letters = re.sub(r"[^a-z]", "", name.lower())
    return letters in {"spt", "mpp", "pan"} or any(part in letters for part in _CREDENTIAL_PARTS)


def pack_row(pack: Pack) -> dict[str, Any]:
    """One pack on the wire."""
    usd = f"{pack.credits // 100}.{pack.credits % 100:02d}"
    return {
        "pack_id": pack.id,
        "name": pack.name,
        "display_name": pack.name,
        "credits": pack.credits,
        "amount_cents": pack.credits,
        "amount_usd": usd,
        "price_usd": usd,
        "currency": "USD",
    }


def rail_row(rail: Rail, program: str, *, is_purchasable: bool = True) -> dict[str, Any]:
    """One payment method on the wire; a rail that cannot be bought with says so."""
    return {
        "method_id": rail.method_id,
        "status": "available" if is_purchasable else "unavailable",
        "available": is_purchasable,
        "quoteable": is_purchasable,
        "purchasable": is_purchasable,
        "live_money": is_live_money(rail.method_id),
        "unavailable_reason": None if is_purchasable else "Stripe offers deposits as a private preview only.",
        "buyer_modes": list(rail.buyer_modes),
        "requires_browser": rail.requires_browser,
        "agent_initiated": True,
        "agent_settleable": rail.is_agent_settleable,
        "settlement_blocker": rail.settlement_blocker,
        "default_pack_id": DEFAULT_PACK_ID,
        "purchase_endpoint": rail.purchase_endpoint,
        "limits": {"min_amount_cents": MIN_CREDITS, "max_amount_cents": MAX_CREDITS},
        "recovery": {
            "quote_command": f"{program} {_quote_line(rail)}",
            "purchase_command": f"{program} {buy_line(rail, 'QUOTE_ID')}",
            "status_command": f"{program} credits status --quote-id QUOTE_ID --json",
        },
    }


def recommended_quote(rail: Rail, program: str) -> dict[str, Any]:
    """`next_actions.recommended_quote` of the method list (contract 2.6)."""
    return {
        "purpose": "quote_credit_top_up",
        "recommendation_reason": "human_checkout_handoff" if rail.requires_browser else "browserless_agent_self_fund",
        "method_id": rail.method_id,
        "pack_id": DEFAULT_PACK_ID,
        "command": f"{program} {_quote_line(rail)}",
        "quote_command_copy_runnable": True,
        "buy_command": f"{program} {buy_line(rail, 'QUOTE_ID')}",
        "status_command": f"{program} credits status --quote-id QUOTE_ID --json",
        "requires_auth": True,
        "live_money": True,
        "requires_browser": rail.requires_browser,
        "agent_settleable": rail.is_agent_settleable,
        "command_effect": {
            "label": "live_money_quote_no_charge",
            "no_spend": True,
            "payment_object": True,
            "credit_debit": False,
            "media_write": False,
        },
    }


def recommended_buy(rail: Rail, quote_id: str, program: str) -> dict[str, Any]:
    """`next_actions.recommended_buy` of an open quote (contract 2.8)."""
    reason = "human_checkout_handoff" if rail.requires_browser else "browserless_agent_self_fund"
    return {
        "purpose": "complete_credit_top_up",
        "recommendation_reason": reason,
        "quote_id": quote_id,
        "method_id": rail.method_id,
        "provider": rail.provider,
        "command": f"{program} {buy_line(rail, quote_id)}",
        "buy_command_copy_runnable": True,
        "purchase_idempotency_key": f"purchase:{quote_id}",
        "status_command": f"{program} credits status --quote-id {quote_id} --json",
        "status_command_copy_runnable": True,
        "status_command_after_payment": f"{program} credits status --payment-attempt-id PAYMENT_ATTEMPT_ID --json",
        "status_command_after_payment_copy_runnable": False,
        "requires_auth": True,
        "live_money": True,
        "requires_browser": rail.requires_browser,
        "agent_settleable": rail.is_agent_settleable,
        "human_handoff_required": rail.requires_browser,
        "command_effect": {
            "label": "live_money_payment_attempt_requires_completion",
            "no_spend": False,
            "payment_attempt": True,
            "credit_debit": False,
            "media_write": False,
            "wallet_settlement": not rail.requires_browser,
        },
    }


def payable_instructions(amount_cents: int, deposit: Mapping[str, str], expires_at: str) -> dict[str, Any]:
    """What a wallet has to send, exactly (contract 3.8): 10,000 atomic units a cent."""
    usd = f"{amount_cents // 100}.{amount_cents % 100:02d}"
    return {
        "kind": "stripe_crypto_deposit",
        "network": "base",
        "token_currency": "usdc",
        "token_decimals": 6,
        "token_amount": usd,
        "token_amount_atomic": str(amount_cents * 10_000),
        "amount_cents": amount_cents,
        "amount_usd": usd,
        "deposit_address": deposit["deposit_address"],
        "token_contract_address": deposit["token_contract_address"],
        "supported_token_currencies": ["usdc"],
        "expires_at": expires_at,
        "exact_amount_required": True,
    }


def stripe_x402(instructions: Mapping[str, Any]) -> dict[str, Any]:
    """`stripe_x402` of an attempt (contract 3.8); what could move money is named but never shown."""
    return {
        "method_id": X402,
        "scheme": "exact",
        "network": "base",
        "token_currency": "usdc",
        "deposit_address_present": True,
        "payable_instructions": dict(instructions),
        "redacted": {
            "payment_intent_id": "[redacted-stripe-payment-intent]",
            "deposit_address": "[redacted-stripe-crypto-deposit-address]",
            "client_secret": "[redacted-stripe-client-secret]",
        },
    }


def _quote_line(rail: Rail) -> str:
    return f"credits quote --pack {DEFAULT_PACK_ID} --payment-method {rail.method_id} --json"
