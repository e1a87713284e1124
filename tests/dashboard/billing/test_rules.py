"""Each rule finds its difference and nothing else, waits for its grace, and is quiet about what is no money."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.billing.joined import Circumstances, Joined, Outflow
from dashboard.billing.rules import differences

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGO = NOW - timedelta(hours=2)
AROUND = Circumstances(NOW, stripe_as_of=NOW, grace=timedelta(minutes=10), stuck=timedelta(minutes=60))
GOOD = Joined(
    chain_id=7,
    agent_remote_id="agt_1",
    agent_name="Ana",
    opened_at=AGO,
    is_money=True,
    stripe_state="paid",
    stripe_cents=2_000,
    stripe_currency="USD",
    paid_at=AGO,
    outflows=(),
    has_order=True,
    order_state="succeeded",
    order_cents=2_000,
    order_credits=2_000,
    order_currency="USD",
    receipt_id="receipt_1",
    issued_at=AGO,
    expires_at=AGO + timedelta(hours=1),
    moved_at=AGO,
    ledger_as_of=NOW,
    granted=(2_000,),
    granted_at=AGO,
    taken=0,
    taken_at=None,
)
UNPAID: dict[str, Any] = {"stripe_state": "open", "paid_at": None, "granted": (), "granted_at": None, "receipt_id": ""}


def outflow(cents: int = 500, **changes: Any) -> Outflow:
    told = Outflow("re_1", "refund", cents, AGO, has_taken=True, is_known=False, is_told=True)
    return replace(told, **changes)


def kinds(around: Circumstances = AROUND, **changes: Any) -> list[str]:
    return [one.kind for one in differences(replace(GOOD, **changes), around)]


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"granted": (), "granted_at": None, "receipt_id": ""}, ["paid_not_granted"]),
    ({"granted": (), "granted_at": None}, ["purchase_without_line"]),
    ({"granted": (), "receipt_id": "", "outflows": (outflow(2_000),)}, []),
    ({"stripe_state": "open", "paid_at": None}, ["granted_not_paid"]),
    ({"stripe_state": "", "stripe_cents": None, "paid_at": None}, ["granted_not_paid"]),
    ({"stripe_cents": 1_900}, ["amount_differs"]),
    ({"stripe_currency": "EUR"}, ["amount_differs"]),
    ({"granted": (1_000,)}, ["amount_differs"]),
    ({"granted": (2_000, 2_000)}, ["granted_twice"]),
    ({"outflows": (outflow(),), "taken": 500, "taken_at": AGO}, []),
    ({"outflows": (outflow(),)}, ["reversal_not_taken"]),
    ({"outflows": (outflow(is_told=False),)}, ["reversal_unknown"]),
    ({"outflows": (outflow(is_told=False, is_known=True),)}, ["reversal_not_taken"]),
    ({"outflows": (outflow(has_taken=False),)}, []),
    ({"outflows": (outflow(1_500), outflow(1_500, id="dp_1", kind="dispute")), "taken": 2_000, "taken_at": AGO}, []),
    ({"taken": 500, "taken_at": AGO}, ["taken_not_reversed"]),
    ({**UNPAID, "order_state": "processing"}, ["attempt_stuck"]),
    ({**UNPAID, "order_state": "requires_action", "expires_at": NOW - timedelta(hours=3)}, ["attempt_stuck"]),
    ({**UNPAID, "order_state": "requires_action", "expires_at": NOW + timedelta(hours=1)}, []),
    ({**UNPAID, "order_state": "expired", "stripe_state": "expired"}, []),
    ({"has_order": False, "receipt_id": "", "order_credits": None}, ["line_without_purchase"]),
]


@pytest.mark.parametrize(("changes", "found"), CASES)
def test_rule_finds_its_difference_and_no_other(changes: dict[str, Any], found: list[str]) -> None:
    assert kinds(**changes) == found


@pytest.mark.parametrize("changes", [changes for changes, found in CASES if found])
def test_test_settlements_never_differ(changes: dict[str, Any]) -> None:
    assert kinds(**changes, is_money=False) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"granted": (), "receipt_id": ""},
        {"granted": ()},
        {"outflows": (outflow(),)},
        {"outflows": (outflow(is_told=False),)},
    ],
)
def test_ledger_that_is_not_visible_proves_nothing(changes: dict[str, Any]) -> None:
    assert kinds(**changes, ledger_as_of=None) == []
    assert kinds(**changes, ledger_as_of=AGO + timedelta(minutes=9)) == []
    assert kinds(**changes, ledger_as_of=AGO + timedelta(minutes=10)) != []


def test_stripe_that_is_not_read_to_its_end_proves_nothing() -> None:
    blind = replace(AROUND, stripe_as_of=None)
    assert kinds(blind, stripe_state="", stripe_cents=None, paid_at=None) == []
    assert kinds(blind, taken=500, taken_at=AGO) == []


def test_sentence_says_both_sides() -> None:
    (one,) = differences(replace(GOOD, granted=(), receipt_id=""), AROUND)
    assert (one.sentence, one.since) == ("Stripe took $20.00, the ledger shows nothing.", AGO)
    assert (one.figures["stripe_cents"], one.figures["ledger_granted_credits"]) == (2_000, 0)


@given(
    cents=st.integers(1, 10**9),
    parts=st.lists(st.integers(1, 10**9), max_size=4),
    taken=st.integers(0, 10**9),
)
def test_credits_follow_the_money_to_the_cent(cents: int, parts: list[int], taken: int) -> None:
    """Whatever was refunded and disputed: exactly min(back, granted) taken is in order, all else is said once."""
    outflows = tuple(outflow(part, id=f"re_{number}") for number, part in enumerate(parts))
    told = {"stripe_cents": cents, "order_cents": cents, "order_credits": cents, "granted": (cents,)}
    found = kinds(**told, outflows=outflows, taken=taken, taken_at=AGO)
    wanted = min(sum(parts), cents)
    assert found == ([] if taken == wanted else ["reversal_not_taken" if taken < wanted else "taken_not_reversed"])
