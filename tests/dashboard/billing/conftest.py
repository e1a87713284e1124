"""A platform whose money can be seen: the sandbox with its local Stripe and the operator extension."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboard.billing.handling import events_handle_due
from dashboard.billing.models import Chain
from dashboard.billing.reading import feeds_read
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.credits.paying import CHECKOUT, buy
from tests.dashboard.local_stripe import stripe

PRESS = "test_helpers/sandbox/checkout/sessions/{}/press"


@pytest.fixture
def platform(stripe_connected: str, operator_extension: None) -> str:
    """Everything is visible: Stripe, and all organizations; returns the sandbox's address."""
    return stripe_connected


@pytest.fixture
def read() -> Callable[[], None]:
    """Return a function that reads all the news there is and handles every event."""

    def everything() -> None:
        feeds_read(is_forced=True)
        while events_handle_due():
            pass

    return everything


def checkout(agent: PlayedAgent, amount: int = 500) -> Any:
    """An agent opens a checkout; returns the attempt."""
    return buy(agent, CHECKOUT, amount)[1]


def press(base_url: str, attempt: Any, outcome: str = "succeed") -> dict[str, Any]:
    """The payer presses a button of Stripe's page."""
    return stripe(base_url, PRESS.format(attempt.checkout_session_id), outcome=outcome)


def chain_of(attempt: Any) -> Chain:
    return Chain.objects.get(payment_attempt_id=attempt.payment_attempt_id)


def settled(read: Callable[[], None], attempt: Any) -> Chain:
    """Read until the sandbox has told itself of the payment."""
    for _ in range(100):
        read()
        chain = Chain.objects.filter(payment_attempt_id=attempt.payment_attempt_id).first()
        if chain and chain.receipt_id:
            return chain
        time.sleep(0.05)
    raise AssertionError("the sandbox granted nothing")
