"""A sponsor who can buy: a linked agent whose balance and prices were just read, and a wire to listen on."""

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
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.credits.paying import STARTER, Wire, prices_read
from tests.dashboard.web.conftest import link  # noqa: F401 - a fixture of both


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


@pytest.fixture
def wire(settings: Any) -> Callable[..., Wire]:
    def lay(after: Callable[[httpx.Request], None] | None = None) -> Wire:
        made = Wire(after)
        settings.API_TRANSPORT = lambda: made
        return made

    return lay
