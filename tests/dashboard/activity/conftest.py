"""A ledger of two agents with events of every kind, as a sync leaves it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from api_client import ActivityEvent
from api_client.records.activity import read_event
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim

START = datetime(2026, 3, 28, 20, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def link(workspace: Workspace, owner: User) -> Callable[..., Claim]:
    """Return a function that makes an agent and links it."""

    def make(name: str = "render-bot", *, to: Workspace = workspace, by: User = owner) -> Claim:
        number = next(_numbers)
        agent = Agent.objects.create(remote_id=f"agt_{number:08}", organization_id=f"org_{number:08}", name=name)
        return Claim.objects.create(workspace=to, agent=agent, claimed_by=by, claimed_at=timezone.now())

    return make


@pytest.fixture
def tell() -> Callable[..., Event]:
    """Return a function that lets an agent's ledger tell one event, an hour after START times its `hour`."""

    def write(claim: Claim, event_type: str, *, hour: int = 0, **wire: Any) -> Event:
        moment = (START + timedelta(hours=hour)).isoformat()
        told = {"event_id": f"evt_{next(_numbers):08}", "type": event_type, "occurred_at": moment, **wire}
        record = read_event(told, ActivityEvent)
        assert isinstance(record, ActivityEvent)
        (event,) = events_apply(claim=claim, records=[record], at=timezone.now())
        return event

    return write
