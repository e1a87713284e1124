"""The instructions of a deposit: exact, and the same to a person and to a wallet."""

from base64 import b64decode

import pytest

from dashboard.credits.deposit import Deposit, deposit_get, exact_amount
from dashboard.credits.models import Purchase
from tests.dashboard.credits.test_following import DEPOSIT


@pytest.mark.parametrize(
    ("atomic", "decimals", "said"),
    [
        (5_000_000, 6, "5.000000"),
        (1, 6, "0.000001"),
        (12_345, 2, "123.45"),
        (10**30 + 1, 18, "1000000000000.000000000000000001"),
    ],
)
def test_amount_is_exact_to_its_last_digit(atomic: int, decimals: int, said: str) -> None:
    assert exact_amount(atomic, decimals) == said


def made(**told: object) -> Deposit:
    found = deposit_get(Purchase(deposit={**DEPOSIT, **told}))
    assert found
    return found


def test_wallet_is_told_chain_contract_address_and_atomic_units() -> None:
    deposit = made()
    assert deposit.uri == f"ethereum:0x{'c' * 40}@8453/transfer?address=0x{'a' * 40}&uint256=5000000"
    kind, _, data = deposit.qr.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b64decode(data).startswith((b"<?xml", b"<svg"))


def test_unknown_network_has_no_code_that_a_wallet_might_pay_elsewhere() -> None:
    assert made(network="elsewhere").uri == ""
    assert made(network="elsewhere").qr == ""


def test_purchase_without_instructions_has_no_deposit() -> None:
    assert deposit_get(Purchase(deposit=None)) is None
