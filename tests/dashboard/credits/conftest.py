"""A sponsor who can buy: a linked agent whose balance and prices were just read, and a payer with a browser."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.credits.models import Purchase
from dashboard.credits.services import purchase_open, purchase_start
from dashboard.credits.terms import Terms
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_open
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.purchases import prices_sync, purchase_sync
from tests.dashboard.conftest import STAND_IN_KEY

CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
STARTER = Terms(None, "starter-500", CHECKOUT)


def prices_read() -> None:
    cursor_open(stream=Stream.PRICES, subject_id=0, label="prices")
    assert prices_sync(is_forced=True)


@pytest.fixture
def ready(claim: Claim) -> Claim:
    """The owner's claim, with everything read that buying asks for."""
    prices_read()
    assert agent_sync(claim.agent_id, is_forced=True)
    claim.agent.refresh_from_db()
    return claim


@pytest.fixture
def start(ready: Claim, owner: User) -> Callable[..., Purchase]:
    def press(terms: Terms = STARTER, **more: Any) -> Purchase:
        wanted: dict[str, Any] = {"claim": ready, "user": owner, "terms": terms, "form_key": uuid.uuid4(), **more}
        return purchase_start(**wanted)

    return press


@pytest.fixture
def opened(start: Callable[..., Purchase], owner: User) -> Purchase:
    """A checkout that waits for its payer."""
    return purchase_open(purchase=start(), user=owner)


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


@pytest.fixture
def wire(settings: Any) -> Callable[..., Wire]:
    def lay(after: Callable[[httpx.Request], None] | None = None) -> Wire:
        made = Wire(after)
        settings.API_TRANSPORT = lambda: made
        return made

    return lay


def stripe(base_url: str, path: str, **params: Any) -> dict[str, Any]:
    """A call to the sandbox's local Stripe."""
    answer = httpx.post(
        f"{base_url}/stripe/v1/{path}", data=params, headers={"authorization": f"Bearer {STAND_IN_KEY}"}
    )
    answer.raise_for_status()
    return dict(answer.json())
