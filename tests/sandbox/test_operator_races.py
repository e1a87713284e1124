"""Operators and agents at once, on real locks: no limit is slipped past, no change is passed over."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest
from django.db import connection, connections, transaction
from pytest_django import Settings

from sandbox import access, changes
from sandbox.models import Agent
from sandbox.models.operator import ChangeKind
from sandbox.operator import feed
from sandbox.operator.lists import Page
from sandbox.wsgi import application
from tests.sandbox.fixtures import OPERATOR_KEY, PUBLIC_URL, Caller
from tests.sandbox.test_operator import agent_id, steer
from tests.sandbox.test_races import at_once, codes, sign_up


@pytest.fixture
def http(
    transactional_db: None, sandbox_data: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """Committed data, since each thread has a connection of its own."""
    settings.SANDBOX_OPERATOR_KEY = OPERATOR_KEY
    monkeypatch.setattr(access, "_operators", access.Allowance())
    with httpx.Client(transport=httpx.WSGITransport(app=application), base_url=PUBLIC_URL) as client:
        yield client


@pytest.fixture
def one(http: httpx.Client) -> Caller:
    return Caller(http, sign_up(http).data["token"])


def test_a_crowd_does_not_slip_past_a_limit_of_credits(one: Caller, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 100
    steer(Caller(one.http, OPERATOR_KEY), agent_id(one), "guardrails", credits_per_day=3)
    assert codes(at_once(lambda _: one.create())) == Counter({"GUARDRAIL_EXCEEDED": 5, "ok": 3})
    assert one.limits()["remaining_credits"] == 37


def test_revoking_beside_a_crowd_leaves_every_job_settled(one: Caller) -> None:
    me = agent_id(one)
    operator = Caller(one.http, OPERATOR_KEY)

    def act(number: int) -> object:
        return operator.post(f"/operator/v1/agents/{me}/revoke", {}) if number == 3 else one.create()

    outcomes = Counter(
        (answer.envelope["error"] or {"code": "ok"})["code"]
        for answer in at_once(act)  # type: ignore[arg-type]
    )
    assert set(outcomes) <= {"ok", "AUTH_REQUIRED", "CAPABILITY_DENIED", "DAILY_JOB_CAP_REACHED"}
    steer(operator, me, "restore")
    assert one.limits()["reserved_credits"] == 0


def test_a_change_that_is_committed_late_is_not_passed_over(http: httpx.Client) -> None:
    late, early = (Agent.objects.get(pk=agent_id(Caller(http, sign_up(http).data["token"]))) for _ in range(2))
    _, ending = feed.changes_page(Page(100, ""))
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            changes.note(late, ChangeKind.AGENT)
            is_written.set()
            may_commit.wait(10)
        connections.close_all()

    def overtake() -> None:
        changes.note(early, ChangeKind.AGENT)
        connections.close_all()

    def read(cursor: str) -> tuple[list[str], str]:
        rows, after = feed.changes_page(Page(100, cursor))
        connections.close_all()
        return [row["id"] for row in rows], after["next_cursor"]

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(slow)
        assert is_written.wait(10)
        second = pool.submit(overtake)
        # One writer at a time on SQLite; PostgreSQL commits the second before the first, which has the lower number.
        if connection.vendor == "postgresql":
            second.result(10)
        reading = pool.submit(read, ending["next_cursor"])
        wait([reading], timeout=0.3)
        may_commit.set()
        first.result(10)
        second.result(10)
        seen, cursor = reading.result(10)
    assert {*seen, *read(cursor)[0]} == {late.pk, early.pk}
