"""Credits from provider costs, exactly (contract 3.4, 11)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.rules.pricing import Bill, Price


@pytest.mark.parametrize(
    ("cost", "debit"),
    [
        ("0.02", 4),
        ("0.025", 5),
        ("0.04", 7),
        ("0.05", 9),
        ("0.06", 10),
        ("0.066", 11),
        ("0.07", 12),
        ("0.10", 17),
        ("0.15", 25),
        ("0.20", 34),
        ("0.30", 50),
        ("0.003", 1),
        ("0", 1),
    ],
)
def test_every_documented_cost_gives_its_documented_credits(cost: str, debit: int) -> None:
    assert Price(Decimal(cost)).credits == debit


@given(st.integers(min_value=1, max_value=10_000_000))
def test_credits_are_the_smallest_whole_number_that_keeps_the_margin(micros: int) -> None:
    price = Price(Decimal(micros) / 1_000_000)
    # In integers: credits * 10,000 micro-dollars * 6 / 10 must cover the cost, and one credit less must not.
    assert price.credits * 6_000 >= micros
    assert price.credits == 1 or (price.credits - 1) * 6_000 < micros


@given(st.integers(min_value=1, max_value=1_000_000), st.integers(min_value=1, max_value=4))
def test_a_job_is_rounded_per_output_and_stored_in_whole_numbers(micros: int, outputs: int) -> None:
    price = Price(Decimal(micros) / 1_000_000)
    bill = price.bill(outputs)
    assert (bill.credits, bill.cost_micros) == (price.credits * outputs, micros * outputs)


def test_fractions_of_a_micro_dollar_are_rounded_half_up() -> None:
    assert Price(Decimal("0.00524288")).bill(1).cost_micros == 5243
    assert Price(Decimal("0.0000005")).bill(1).cost_micros == 1


def test_credit_pricing_explains_the_price() -> None:
    row = Bill(credits=9, cost_micros=50_000, is_known=True, source="model_registry").credit_pricing()
    assert row["credits_required"] == 9
    assert row["estimated_revenue_usd"] == Decimal("0.09")
    assert row["estimated_provider_cost_usd"] == Decimal("0.05")
    assert row["estimated_gross_margin"] == Decimal("0.4444")
    assert row["estimated_payment_fee_usd"] == Decimal("0.00135")
    assert row["self_fundable"] is True
    assert row["pricing_confidence"] == "known"


def test_an_unknown_cost_is_shown_as_a_fallback_only() -> None:
    row = Bill(credits=7, cost_micros=42_000, is_known=False, source="model_parameters").credit_pricing()
    assert row["estimated_provider_cost_usd"] is None
    assert row["fallback_provider_cost_usd"] == Decimal("0.042")
    assert row["pricing_confidence"] == "unknown"


def test_a_loss_is_not_self_fundable() -> None:
    row = Bill(credits=1, cost_micros=20_000, is_known=True, source="model_registry").credit_pricing()
    assert row["self_fundable"] is False
    assert row["self_fund_block_reason"] == "payment_fee_margin_negative"
