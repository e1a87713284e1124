"""How long a failing stream rests: as long as it was asked to, never for ever, whoever looks at the page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_hurry
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.services import backoff

pytestmark = pytest.mark.django_db


def cursor_of(claim: Claim) -> SyncCursor:
    return SyncCursor.objects.get(stream=Stream.AGENT, subject_id=claim.agent_id)


def hurried(claim: Claim) -> bool:
    return cursor_hurry(
        stream=Stream.AGENT, subject_id=claim.agent_id, unless_since=timezone.now() - timedelta(seconds=5)
    )


def refusal(seconds: float) -> Callable[[httpx.Request], httpx.Response]:
    error = {"code": "RATE_LIMITED", "message": "slow", "retryable": True, "recovery": {"retry_after_seconds": seconds}}
    envelope = {"ok": False, "trace_id": "trace_1", "warnings": [], "error": error}
    return lambda _request: httpx.Response(429, json=envelope)


@pytest.mark.parametrize("asked", [1e6, 1e12, 2.0**53])
def test_absurd_pause_is_at_most_a_day(claim: Claim, hosted_answers: Callable[..., None], asked: float) -> None:
    hosted_answers(refusal(asked))
    assert not agent_sync(claim.agent_id, is_forced=True)
    cursor = cursor_of(claim)
    assert cursor.running_since is None
    assert timedelta(hours=23) < cursor.due_at - timezone.now() <= timedelta(days=1)


def test_pause_is_kept_whoever_presses_refresh(
    claim: Claim, owner: User, hosted_answers: Callable[..., None], browser_of: Callable[..., Browser]
) -> None:
    hosted_answers(refusal(600))
    agent_sync(claim.agent_id, is_forced=True)
    rests_until = cursor_of(claim).due_at
    address = reverse("sync:agent_refresh", args=[claim.workspace.key, claim.agent.remote_id])
    assert browser_of(owner).post(address).status_code == 302
    assert cursor_of(claim).due_at == rests_until
    with time_machine.travel(timezone.now() + timedelta(seconds=601)):
        assert hurried(claim)


def test_stream_that_fails_is_hurried_now_and_then_not_at_every_press(
    claim: Claim, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(lambda _request: httpx.Response(502, text="Bad gateway"))
    agent_sync(claim.agent_id, is_forced=True)
    assert not hurried(claim)
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        assert hurried(claim)


def test_pause_ends_with_the_next_success(claim: Claim, hosted_answers: Callable[..., None], settings: Any) -> None:
    hosted_answers(refusal(600))
    agent_sync(claim.agent_id, is_forced=True)
    settings.API_TRANSPORT = None
    assert agent_sync(claim.agent_id, is_forced=True)
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        assert hurried(claim)


@pytest.mark.parametrize("attempts", [0, 1, 5, 50, 10_000])
def test_own_pause_grows_to_a_quarter_of_an_hour(attempts: int) -> None:
    assert timedelta(seconds=7) < backoff(attempts) <= timedelta(minutes=15)
