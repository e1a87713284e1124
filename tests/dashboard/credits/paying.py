"""Buying in tests: the payer's button, the poller's turn, an agent that buys by itself, and a wire that breaks."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from dashboard.credits.models import Purchase
from dashboard.credits.terms import Terms
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_open
from dashboard.sync.public import prices_sync
from dashboard.sync.purchases import purchase_sync

CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
STARTER = Terms(None, "starter-500", CHECKOUT)


def prices_read() -> None:
    cursor_open(stream=Stream.PRICES, subject_id=0, label="prices")
    assert prices_sync(is_forced=True)


def pay(purchase: Purchase, outcome: str = "succeed") -> None:
    """Do what the payer does: follow the hand-off and press the button of the page there."""
    with httpx.Client(follow_redirects=False) as browser:
        page = browser.get(purchase.hand_off_url).headers["location"].partition("#")[0]
        assert browser.post(page, data={"outcome": outcome}).status_code in (200, 303, 402)


def poll(purchase: Purchase) -> Purchase:
    """One turn of the poller, now."""
    assert purchase_sync(purchase.pk, is_forced=True)
    purchase.refresh_from_db()
    return purchase


def until(purchase: Purchase, state: str) -> Purchase:
    """Poll until the sandbox has delivered its webhooks and the purchase is in a state."""
    for _ in range(100):
        if poll(purchase).state == state:
            return purchase
        time.sleep(0.05)
    raise AssertionError(f"still {purchase.state}, not {state}")


class Wire(httpx.BaseTransport):
    """The real network with a listener: it notes each write, and may break off after the service has answered."""

    def __init__(self, after: Callable[[httpx.Request], None] | None = None) -> None:
        self.after = after
        self.writes: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with httpx.HTTPTransport() as network:
            response = network.handle_request(request)
            response.read()
        if request.method == "POST":
            self.writes.append((request.url.path, json.loads(request.content)["idempotency_key"]))
        if self.after:
            self.after(request)
        return response


def buy(agent: Any, method: str = CHECKOUT, amount: int = 500, *, quote_id: str = "") -> tuple[str, Any]:
    """An agent asks for a quote, unless it has one, and opens a payment."""
    with agent.client() as client:
        if not quote_id:
            key = f"q-{uuid.uuid4()}"
            quote_id = client.credits.quote_create(payment_method=method, credits=amount, idempotency_key=key).quote_id
        order = client.credits.x402_deposit_create if method == X402 else client.credits.checkout_session_create
        return quote_id, order(quote_id=quote_id, idempotency_key=f"b-{uuid.uuid4()}")
