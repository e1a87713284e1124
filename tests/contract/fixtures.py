"""Who talks to the sandbox in these tests."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from api_client import Client
from tests.contract.playing import NOON, Agent, Wire, World


@pytest.fixture
def world(sandbox_app: Any) -> Iterator[World]:
    """It begins at noon, so that no test happens on two days."""
    with time_machine.travel(NOON):
        yield World(Wire(sandbox_app))


@pytest.fixture
def visitor(world: World) -> Client:
    """Somebody without a token."""
    return world.connect()


@pytest.fixture
def agent(world: World) -> Agent:
    """A fresh anonymous agent."""
    return world.join()
