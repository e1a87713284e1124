"""What the Buy page offers: packs, the free amount, and the rails with what each needs. From the mirror alone."""

from dataclasses import dataclass

from api_client import CreditPack, PaymentMethod
from dashboard.agents.models import Claim
from dashboard.credits.prices import Prices, prices_get
from dashboard.credits.terms import CHECKOUT_METHOD, FAKE_METHOD, X402_METHOD
from dashboard.credits.withheld import Withheld, buying_withheld, rail_reason

# The names of rails are in the glossary.
NEEDS = {
    CHECKOUT_METHOD: "You pay in a browser, on Stripe's own page. Your card is never entered here.",
    X402_METHOD: "You send an exact deposit in USDC from a wallet of yours. No browser is needed.",
}


@dataclass(frozen=True)
class Rail:
    """One way to pay; `reason` says why it cannot be chosen, and is empty where it can."""

    method_id: str
    needs: str
    reason: str
    moves_live_money: bool | None


@dataclass(frozen=True)
class Shop:
    """What can be bought for one agent, or why nothing can."""

    claim: Claim
    withheld: Withheld | None
    prices: Prices | None
    rails: tuple[Rail, ...]

    @property
    def packs(self) -> tuple[CreditPack, ...]:
        return self.prices.packs if self.prices else ()

    @property
    def is_open(self) -> bool:
        """Tell whether anything can be bought here at all."""
        return not self.withheld and any(not rail.reason for rail in self.rails)

    @property
    def first_pack_id(self) -> str:
        told = self.prices.offer.default_pack_id if self.prices else ""
        known = [pack.pack_id for pack in self.packs]
        return told if told in known else "".join(known[:1])

    @property
    def first_method_id(self) -> str:
        return next((rail.method_id for rail in self.rails if not rail.reason), "")


def shop_get(claim: Claim) -> Shop:
    """Return what is on sale for an agent as the price list last said."""
    prices = prices_get()
    methods = [one for one in prices.methods if one.method_id != FAKE_METHOD] if prices else []
    return Shop(
        claim=claim,
        withheld=buying_withheld(claim),
        prices=prices,
        rails=tuple(_rail(method) for method in methods),
    )


def _rail(method: PaymentMethod) -> Rail:
    return Rail(method.method_id, NEEDS.get(method.method_id, ""), rail_reason(method), method.live_money)
