"""What is bought and by which rail."""

from dataclasses import dataclass

# Contract 2.8; the price list may say otherwise.
MIN_CREDITS, MAX_CREDITS = 1, 5_000
CHECKOUT_METHOD = "stripe_checkout"
X402_METHOD = "stripe_x402.exact.usdc"
FAKE_METHOD = "fake"
# Only these are opened here: each has an order of its own and a way that a payer can follow.
OPENABLE_METHODS = frozenset({CHECKOUT_METHOD, X402_METHOD})


def is_dollars(currency: str) -> bool:
    """Tell whether an amount is in US dollars: no other currency is ever bought in, or shown as money."""
    return currency.upper() == "USD"


@dataclass(frozen=True)
class Terms:
    """Exactly one of whole `credits` and a `pack_id`, and the payment method; raises ValueError for anything else."""

    credits: int | None
    pack_id: str
    payment_method: str

    def __post_init__(self) -> None:
        if (self.credits is None) == (not self.pack_id):
            raise ValueError("terms hold exactly one of credits and pack_id")

    @property
    def word(self) -> str:
        """One word that is equal for equal terms."""
        what = f"pack:{self.pack_id}" if self.pack_id else f"credits:{self.credits}"
        return f"{what} {self.payment_method}"
