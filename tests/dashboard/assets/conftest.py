"""An agent that has worked, and the mirror that follows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.agents.models import Claim
from dashboard.assets.media import media_make_next
from dashboard.assets.models import Asset
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.work import work_sync
from tests.dashboard.assets.hosts import FileHost, file_host


@pytest.fixture
def followed() -> Callable[[Claim], bool]:
    """Return a function that reads an agent's ledger and then what it names, as the worker does."""

    def follow(claim: Claim) -> bool:
        return agent_sync(claim.agent_id, is_forced=True) and work_sync(claim.agent_id)

    return follow


@pytest.fixture(autouse=True)
def _media_lies_apart(settings: Any, tmp_path: Path) -> None:
    """Let each test have a storage of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def media(hosted_api: str, settings: Any) -> str:
    """Let files be fetched from the sandbox, which is ours; return its address."""
    settings.MEDIA_ORIGINS = settings.PRIVATE_ORIGINS = [hosted_api]
    return hosted_api


@pytest.fixture
def shown(agent: Any, claim: Claim, followed: Callable[[Claim], bool], media: str) -> Asset:
    """Return a picture of the agent that has its small pictures."""
    agent.create("a lighthouse")
    followed(claim)
    assert media_make_next()
    return Asset.objects.get()


@pytest.fixture
def host(settings: Any) -> Iterator[FileHost]:
    """Let files be fetched from a host that answers as the test says; return it."""
    with file_host() as running:
        settings.MEDIA_ORIGINS = settings.PRIVATE_ORIGINS = [running.address]
        yield running
