"""When an agent's next turn comes, and what it costs to find out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api_client import ActivityEvent
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.activity.selectors import event_newest_at, event_newest_before
from dashboard.agents.models import Agent, Claim
from dashboard.sync.services import BUSY_SECONDS, IDLE_SECONDS, interval

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest_at", "seconds"),
    [
        (None, IDLE_SECONDS),
        (NOW, BUSY_SECONDS),
        (NOW - timedelta(minutes=5), BUSY_SECONDS),
        (NOW - timedelta(hours=2), 360),
        (NOW - timedelta(days=365), IDLE_SECONDS),
        # A clock that is wrong, or an event dated wrongly, must not keep an idle agent busy for years.
        (NOW + timedelta(seconds=30), BUSY_SECONDS),
        (NOW + timedelta(days=365), IDLE_SECONDS),
        (datetime(9999, 12, 30, tzinfo=UTC), IDLE_SECONDS),
    ],
)
def test_busy_agents_come_soon_and_idle_ones_late(newest_at: datetime | None, seconds: int) -> None:
    assert interval(newest_at, NOW) == timedelta(seconds=seconds)


@pytest.fixture
def held(workspace: Workspace, owner: User) -> Claim:
    agent = Agent.objects.create(remote_id="agt_1", organization_id="org_1")
    return Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())


@pytest.fixture
def worked(held: Claim) -> Callable[[datetime], None]:
    def event(at: datetime) -> None:
        wire: dict[str, Any] = {"event_id": f"evt_{at:%s}", "type": "job.planned", "occurred_at": at.isoformat()}
        events_apply(claim=held, records=[ActivityEvent.model_validate(wire)], at=at)

    return event


def test_newest_event_is_found_without_reading_the_others(held: Claim, worked: Callable[[datetime], None]) -> None:
    worked(NOW)
    worked(NOW - timedelta(days=1))
    with CaptureQueriesContext(connection) as queries:
        assert event_newest_at(held) == NOW
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            plan = str(cursor.fetchall())
        assert "activity_of_agent" in plan
        assert "TEMP B-TREE" not in plan, "a million events would be sorted at every turn"


def test_newest_before_a_moment_is_looked_for_whoever_held_the_agent(
    held: Claim, worked: Callable[[datetime], None], outsider: User
) -> None:
    worked(NOW)
    worked(NOW + timedelta(hours=2))
    Claim.objects.filter(pk=held.pk).update(workspace=outsider.memberships.get().workspace)
    held.refresh_from_db()
    assert event_newest_at(held) is None
    assert event_newest_before(held.agent_id, NOW + timedelta(hours=1)) == NOW
