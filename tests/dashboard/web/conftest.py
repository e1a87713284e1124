"""Rows as a sync leaves them, made directly: what pages do with them is the matter here, not how they came."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.activity.references import references_apply
from dashboard.agents.models import Agent, Claim
from dashboard.freshness.models import Stream, SyncCursor

_numbers = count(1)
QUOTA = {"free_credits": 31, "paid_credits": 500, "daily_jobs_limit": 4, "daily_jobs_remaining": 3}


@pytest.fixture
def link(workspace: Workspace, owner: User) -> Callable[..., Claim]:
    """Return a function that makes a linked agent, read a minute ago; its options change the rows."""

    def make(name: str = "render-bot", *, cursor: dict[str, Any] | None = None, **agent: Any) -> Claim:
        now, number = timezone.now(), next(_numbers)
        row = Agent.objects.create(
            remote_id=f"agt_{number:08}",
            organization_id=f"org_{number:08}",
            name=name,
            **{"quota_at": now, "resets_at": now + timedelta(hours=3), **QUOTA, **agent},
        )
        read_at = {"due_at": now, "synced_at": now - timedelta(minutes=1), **(cursor or {})}
        SyncCursor.objects.create(stream=Stream.AGENT, subject_id=row.pk, **read_at)
        return Claim.objects.create(workspace=workspace, agent=row, claimed_by=owner, claimed_at=now)

    return make


@pytest.fixture
def tell() -> Callable[..., Event]:
    """Return a function that writes an event of a linked agent into the mirror's ledger."""

    def write(claim: Claim, event_type: str, **fields: Any) -> Event:
        now = timezone.now()
        event = Event.objects.create(
            agent=claim.agent,
            workspace=claim.workspace,
            type=event_type,
            **{"remote_id": f"evt_{next(_numbers):08}", "occurred_at": now, "synced_at": now, **fields},
        )
        references_apply([event])
        return event

    return write
