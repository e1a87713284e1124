"""A page too wide to be read must not silence an agent for ever: what can be read is taken, the rest is a known gap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim
from dashboard.freshness.models import KnownGap, Stream, SyncCursor
from dashboard.sync.pipeline import WIDE_TRIES, agent_sync

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)
LENGTH = 1_500


def too_wide(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b'{"ok": true, "data": "' + b"x" * 9_000_000 + b'"}')


def too_slow(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


def too_many(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(429, headers={"retry-after": "60"})


@pytest.fixture
def long_ledger(agent: Any, claim: Claim) -> Callable[..., Callable[[httpx.Request], httpx.Response]]:
    """Return a handler that serves a long ledger, and answers wider questions in its own way."""
    organization_id = Agent.objects.get().organization_id

    def make(beyond: Callable[[httpx.Request], httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
        def handler(request: httpx.Request) -> httpx.Response:
            limit = int(request.url.params.get("limit", 20))
            if request.url.path == "/v1/activity" and limit > 200:
                return beyond(request)
            newest = range(LENGTH - 1, LENGTH - 1 - limit, -1)
            events = [
                {
                    "event_id": f"evt_{number}",
                    "type": "job.planned",
                    "occurred_at": (EPOCH + timedelta(minutes=number)).isoformat(),
                }
                for number in newest
            ]
            answers = {"/v1/activity": {"events": events}, "/v1/quota": {"limits": {}}, "/v1/whoami": {}}
            actor = {"actor_id": agent.remote_id, "organization_id": organization_id}
            envelope = {"ok": True, "trace_id": "trace_1", "actor": actor, "warnings": [], "error": None}
            return httpx.Response(200, json={**envelope, "data": answers[request.url.path]})

        return handler

    return make


@pytest.mark.parametrize("beyond", [too_wide, too_slow])
def test_after_some_tries_the_widest_readable_page_is_taken(
    claim: Claim, long_ledger: Any, hosted_answers: Callable[..., None], beyond: Callable[..., Any]
) -> None:
    hosted_answers(long_ledger(beyond))
    for attempt in range(WIDE_TRIES):
        assert not agent_sync(claim.agent_id, is_forced=True), attempt
        assert not Event.objects.exists(), "a trouble that may pass costs no event"
    assert agent_sync(claim.agent_id, is_forced=True)
    assert Event.objects.count() == 200
    assert KnownGap.objects.get().before_at == EPOCH + timedelta(minutes=LENGTH - 200)


def test_being_told_to_slow_down_makes_no_gap(
    claim: Claim, long_ledger: Any, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(long_ledger(too_many))
    SyncCursor.objects.filter(stream=Stream.AGENT, subject_id=claim.agent_id).update(attempts=50)
    assert not agent_sync(claim.agent_id, is_forced=True)
    assert not KnownGap.objects.exists()
