"""Packs, rails and the names that a payment body may never hold (contract 2.6, 2.7, 4.1)."""

import re
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
    """One way to pay. Buying is not served by this half of the sandbox, so no rail is purchasable yet."""

    method_id: str
    provider: str
    buyer_modes: tuple[str, ...]
    requires_browser: bool
    is_agent_settleable: bool
    settlement_blocker: str | None
    is_purchasable: bool = False


PACKS = {
    pack.id: pack
    for pack in (
        Pack("starter-500", "Starter", 500),
        Pack("builder-2000", "Builder", 2000),
        Pack("studio-5000", "Studio", 5000),
    )
}
DEFAULT_PACK_ID = "starter-500"
RAILS = (
    Rail(
        method_id="stripe_checkout",
        provider="stripe",
        buyer_modes=("hybrid", "human_only"),
        requires_browser=True,
        is_agent_settleable=False,
        settlement_blocker="A person has to pay in a browser.",
    ),
    Rail(
        method_id="stripe_x402.exact.usdc",
        provider="stripe_x402",
        buyer_modes=("agent_only", "hybrid"),
        requires_browser=False,
        is_agent_settleable=True,
        settlement_blocker=None,
    ),
)
# Quotable since 0.1.0, never listed, never money (contract 11).
FAKE_METHOD = "fake"
QUOTABLE = {rail.method_id for rail in RAILS} | {FAKE_METHOD}

# Letters only, since spellings differ in hyphens, underscores and capitals. No public field contains one of these.
_CREDENTIAL_PARTS = (
    *("card", "cvc", "cvv", "iban", "mnemonic", "seedphrase", "wallet", "privatekey", "apikey", "clientkey"),
    *("secret", "token", "authorization", "bearer", "signature", "password", "passphrase", "credential"),
    *("providerkey", "providerreceipt", "paymentrequired", "paymentresponse", "xpayment", "promo", "coupon"),
)


def is_anything_purchasable() -> bool:
    """Whether buying is possible at all."""
    return any(rail.is_purchasable for rail in RAILS)


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


def rail_row(rail: Rail, program: str) -> dict[str, Any]:
    """One payment method on the wire; a rail that cannot be bought with says so."""
    quote = f"{program} credits quote --pack {DEFAULT_PACK_ID} --payment-method {rail.method_id} --json"
    buy = f"{program} credits buy --quote-id QUOTE_ID --provider {rail.provider}"
    reason = None if rail.is_purchasable else "This sandbox quotes for this method but does not sell through it yet."
    return {
        "method_id": rail.method_id,
        "status": "available" if rail.is_purchasable else "unavailable",
        "available": rail.is_purchasable,
        "quoteable": True,
        "purchasable": rail.is_purchasable,
        "live_money": is_live_money(rail.method_id),
        "unavailable_reason": reason,
        "buyer_modes": list(rail.buyer_modes),
        "requires_browser": rail.requires_browser,
        "agent_initiated": True,
        "agent_settleable": rail.is_agent_settleable,
        "settlement_blocker": rail.settlement_blocker,
        "default_pack_id": DEFAULT_PACK_ID,
        "purchase_endpoint": None,
        "limits": {"min_amount_cents": MIN_CREDITS, "max_amount_cents": MAX_CREDITS},
        "recovery": {
            "quote_command": quote,
            "purchase_command": f"{buy} --idempotency-key purchase:QUOTE_ID --json",
            "status_command": f"{program} credits status --quote-id QUOTE_ID --json",
        },
    }
