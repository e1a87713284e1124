"""An agent that has worked, and the mirror that follows."""

from collections.abc import Callable

import pytest

from dashboard.agents.models import Claim
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.work import work_sync


@pytest.fixture
def followed() -> Callable[[Claim], bool]:
    """Return a function that reads an agent's ledger and then what it names, as the worker does."""

    def follow(claim: Claim) -> bool:
        return agent_sync(claim.agent_id, is_forced=True) and work_sync(claim.agent_id)

    return follow
