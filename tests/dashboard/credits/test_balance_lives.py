"""What remains unexplained is what the service never publishes, to the credit: I1, over random lives of agents."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.credits.balance import Interval
from dashboard.credits.balance_selectors import balance_page, interval_stream
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_open
from dashboard.remote import token_seal
from dashboard.sync.pipeline import agent_sync

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
Step = list[Any]

STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.5, 1.9, 3, 20, 400, 950, 30_000, 90_000])),
    st.tuples(st.just("work"), st.sampled_from(["", "", "[sandbox:running]", "[sandbox:provider_failure]"])),
    st.tuples(st.just("buy"), st.integers(1, 60)),
    st.tuples(st.just("refund"), st.integers(1, 3)),
    st.tuples(st.just("dispute")),
    st.tuples(st.just("read"), st.booleans()),
    st.tuples(st.just("read"), st.just(False)),
)
# The first reading is the first anchor, the last one knows the whole ledger.
LIVES = st.lists(STEPS, max_size=24).map(lambda steps: [["read", False], *steps, ["wait", 400], ["read", False]])


@pytest.fixture(scope="module")
def live() -> Iterator[Callable[[list[Step]], dict[str, Any]]]:
    """Return a function that lets an agent live at a real sandbox and returns what was said and what was not."""
    command = [sys.executable, "-m", "tests.dashboard.credits.lives"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, text=True, env={"PATH": "/usr/bin:/bin"}, **pipes) as process:
        assert process.stdin
        assert process.stdout
        read, write = process.stdout, process.stdin

        def play(steps: list[Step]) -> dict[str, Any]:
            write.write(json.dumps(steps) + "\n")
            write.flush()
            line = read.readline()
            assert line, f"the player broke at {steps}"
            told: dict[str, Any] = json.loads(line)
            return told

        yield play
        write.close()


def linked(whoami: dict[str, Any], workspace: Workspace, user: User, at: datetime) -> Claim:
    actor = whoami["actor"]
    agent = Agent.objects.create(remote_id=actor["actor_id"], organization_id=actor["organization_id"])
    claim = Claim(workspace=workspace, agent=agent, claimed_by=user, claimed_at=at)
    claim.token_sealed = token_seal("isk_r_lives", identity=claim.seal_identity)
    claim.save()
    cursor_open(stream=Stream.AGENT, subject_id=agent.pk, label="lives")
    return claim


def replay(told: dict[str, Any], workspace: Workspace, user: User, answer_with: Callable[..., None]) -> Claim:
    """Sync once at each moment of the life at which it was read."""
    claim = linked(told["whoami"], workspace, user, datetime.fromisoformat(told["readings"][0]["at"]))
    for reading in told["readings"]:
        said = {"/v1/whoami": told["whoami"], "/v1/quota": reading["quota"], "/v1/activity": reading["activity"]}
        answer_with(lambda request, said=said: httpx.Response(200, json=said[request.url.path]))
        with time_machine.travel(datetime.fromisoformat(reading["at"]), tick=False):
            assert agent_sync(claim.agent_id, is_forced=True)
    claim.agent.refresh_from_db()
    return claim


def silent(told: dict[str, Any], interval: Interval) -> int:
    """Return what the sandbox's book moved within an interval without a line in the ledger."""
    moments = [(datetime.fromisoformat(at), credits_) for at, credits_ in told["unpublished"]]
    return sum(credits_ for at, credits_ in moments if interval.start.at < at <= interval.end.at)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=LIVES)
def test_unexplained_credits_are_exactly_the_unpublished_ones(
    live: Any, hosted_answers: Any, workspace: Workspace, owner: User, steps: list[Step]
) -> None:
    told = live(steps)
    claim = replay(told, workspace, owner, hosted_answers)
    intervals = list(interval_stream(claim))
    assert [one.unexplained for one in intervals] == [silent(told, one) for one in intervals]
    # The chain is whole: from the first reading to the last, no stretch is missing and none is told twice.
    for one, following in pairwise(intervals):
        assert one.end == following.start
    if intervals:
        last = told["readings"][-1]["quota"]["data"]["limits"]
        known = intervals[0].start.credits + sum(one.explained + one.unexplained for one in intervals)
        assert known == last["remaining_credits"] + last["payment_backed_remaining_credits"]


def test_pages_tell_the_same_intervals_as_the_export(
    live: Any, hosted_answers: Any, workspace: Workspace, owner: User
) -> None:
    told = live([["read", False], ["wait", 40], *[["work", ""], ["wait", 40], ["read", False], ["wait", 40]] * 7])
    claim = replay(told, workspace, owner, hosted_answers)
    cursor, found = "", []
    while True:
        page = balance_page(claim, cursor=cursor, size=2)
        found += page.intervals
        if page.older is None:
            break
        cursor = page.older
    assert found == [one for one in interval_stream(claim) if not one.is_still][::-1]
    assert page.first is not None
    assert page.first.credits == 40
    assert len(found) == 7


def test_line_read_late_explains_after_the_fact(
    live: Any, hosted_answers: Any, workspace: Workspace, owner: User
) -> None:
    """The balance fell at once; the ledger, read late, said why only at the reading after."""
    life = [["read", False], ["wait", 400], ["work", ""], ["wait", 400], ["read", True]]
    told = live([*life, ["wait", 400], ["read", False]])
    late = {**told, "readings": told["readings"][:2]}
    claim = replay(late, workspace, owner, hosted_answers)
    assert [one.unexplained for one in balance_page(claim, cursor="").intervals] == [-1]
    for reading in told["readings"][2:]:
        said = {"/v1/quota": reading["quota"], "/v1/activity": reading["activity"]}
        hosted_answers(lambda request, said=said: httpx.Response(200, json=said[request.url.path]))
        with time_machine.travel(datetime.fromisoformat(reading["at"]) + timedelta(seconds=1), tick=False):
            assert agent_sync(claim.agent_id, is_forced=True)
    claim.agent.refresh_from_db()
    assert [one.unexplained for one in balance_page(claim, cursor="").intervals] == [0]
