"""What a job costs, in exact decimals: floats give another ceiling in one of 25 cases (contract 3.4, 11)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

CREDIT_USD = Decimal("0.01")
TARGET_MARGIN = Decimal("0.4")
PAYMENT_FEE_RATE = Decimal("0.015")
_MICRO = Decimal(1_000_000)


@dataclass(frozen=True)
class Bill:
    """A whole job in integers, as it is stored: credits to debit and the provider's cost in micro-dollars."""

    credits: int
    cost_micros: int
    is_known: bool
    source: str

    @property
    def cost_usd(self) -> Decimal:
        """The provider's cost in exact dollars."""
        return micros_to_usd(self.cost_micros)

    def credit_pricing(self) -> dict[str, Any]:
        """The wire's `credit_pricing` (contract 3.4)."""
        cost, revenue = self.cost_usd, self.credits * CREDIT_USD
        fee = revenue * PAYMENT_FEE_RATE
        adjusted = (revenue - fee - cost) / revenue
        is_fundable = adjusted >= 0
        return {
            "credit_unit_usd": CREDIT_USD,
            "credits_required": self.credits,
            "estimated_provider_cost_usd": cost if self.is_known else None,
            "fallback_provider_cost_usd": None if self.is_known else cost,
            "estimated_revenue_usd": revenue,
            "estimated_gross_margin": _rounded((revenue - cost) / revenue),
            "payment_fee_rate": PAYMENT_FEE_RATE,
            "payment_fee_model": "stripe_stablecoin_usd_percent",
            "estimated_payment_fee_usd": fee,
            "estimated_net_revenue_usd": revenue - fee,
            "estimated_fee_adjusted_margin": _rounded(adjusted),
            "self_fundable": is_fundable,
            "self_fund_block_reason": None if is_fundable else "payment_fee_margin_negative",
            "target_gross_margin": TARGET_MARGIN,
            "pricing_confidence": "known" if self.is_known else "unknown",
            "pricing_source": self.source,
            "margin_model": "provider_cost_plus_margin",
        }


@dataclass(frozen=True)
class Price:
    """One output: the provider's cost in USD and what we debit for it in credits.

    Where the cost is not known before the run, `provider_usd` is the estimate that is charged in its place.
    """

    provider_usd: Decimal
    is_known: bool = True
    source: str = "model_registry"

    @property
    def credits(self) -> int:
        """max(1, ceil(cost / (1 - 0.4) / 0.01)), rounded per output."""
        exact = self.provider_usd / (1 - TARGET_MARGIN) / CREDIT_USD
        return max(1, int(exact.to_integral_value(ROUND_CEILING)))

    @property
    def debit_usd(self) -> Decimal:
        """What one output costs the agent; budget guards compare with this, not with the provider's cost."""
        return self.credits * CREDIT_USD

    def bill(self, outputs: int) -> Bill:
        """The whole job; the provider's cost is rounded half up to a micro-dollar."""
        micros = int((self.provider_usd * outputs * _MICRO).to_integral_value(ROUND_HALF_UP))
        return Bill(self.credits * outputs, micros, self.is_known, self.source)


def micros_to_usd(micros: int) -> Decimal:
    """Exact dollars."""
    return Decimal(micros) / _MICRO


def _rounded(share: Decimal) -> Decimal:
    return share.quantize(Decimal("0.0001"), ROUND_HALF_UP)
