"""What happens between a run's reading and its writing: unclaim, another claim, a renewed token."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connection

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim
from dashboard.agents.services import claim_release
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.sync.pipeline import RunLost, agent_read, agent_sync, reading_apply
from dashboard.sync.services import Run, due_take, run_claim, run_stop_released

pytestmark = pytest.mark.django_db


def begun(claim: Claim) -> Run:
    run = run_claim(stream=Stream.AGENT, subject_id=claim.agent_id, is_forced=True)
    assert run is not None
    return run


def cursor_of(claim: Claim) -> SyncCursor:
    return SyncCursor.objects.get(stream=Stream.AGENT, subject_id=claim.agent_id)


def test_what_was_read_before_an_unclaim_is_not_written_after_it(agent: Any, claim: Claim, owner: User) -> None:
    agent.create("a lighthouse")
    run, reading = begun(claim), agent_read(claim)
    claim_release(claim=claim, user=owner)
    with pytest.raises(RunLost):
        reading_apply(run, claim, reading)
    assert not Event.objects.exists()
    assert Agent.objects.get().quota_at is None
    assert cursor_of(claim).stopped == "released"


def test_what_was_read_for_one_workspace_is_not_written_once_another_holds_the_agent(
    agent: Any, claim: Claim, owner: User, outsider: User, make_claim: Callable[..., Claim]
) -> None:
    agent.create("a lighthouse")
    run, reading = begun(claim), agent_read(claim)
    claim_release(claim=claim, user=owner)
    theirs = make_claim(agent, outsider.memberships.get().workspace, outsider)
    with pytest.raises(RunLost):
        reading_apply(run, claim, reading)
    assert due_take(Stream.AGENT) == [theirs.agent_id], "the new holder's first reading waits for nobody"
    assert agent_sync(theirs.agent_id)
    assert {event.workspace_id for event in Event.objects.all()} == {theirs.workspace_id}


def test_run_that_finds_nobody_holding_the_agent_does_not_stop_the_next_holder(
    agent: Any, claim: Claim, owner: User, make_claim: Callable[..., Claim], workspace: Workspace
) -> None:
    run = begun(claim)
    claim_release(claim=claim, user=owner)
    make_claim(agent, workspace, owner)
    run_stop_released(run)
    assert cursor_of(claim).stopped == ""
    assert agent_sync(claim.agent_id)


def test_refusal_of_a_replaced_token_does_not_break_the_renewed_link(
    new_agent: Callable[..., Any],
    workspace: Workspace,
    owner: User,
    make_claim: Callable[..., Claim],
    hosted_answers: Callable[..., None],
    settings: Any,
) -> None:
    rotating = new_agent("rotating-bot", contact="race@example.invalid")
    claim = make_claim(rotating, workspace, owner)

    def renew_and_refuse(_request: httpx.Request) -> httpx.Response:
        """The agent rotates its token and is claimed again while the old token's question is on its way."""
        settings.API_TRANSPORT = None
        rotating.sign_up()
        make_claim(rotating, workspace, owner)
        refusal = {"code": "AUTH_REQUIRED", "message": "bad token", "retryable": False}
        return httpx.Response(401, json={"ok": False, "trace_id": "trace_1", "warnings": [], "error": refusal})

    hosted_answers(renew_and_refuse)
    assert not agent_sync(claim.agent_id, is_forced=True)
    claim.refresh_from_db()
    assert not claim.needs_relink
    assert cursor_of(claim).stopped == ""
    assert agent_sync(claim.agent_id)


@pytest.mark.django_db(transaction=True)
def test_unclaim_beside_a_running_apply_leaves_one_of_two_whole_outcomes(agent: Any, claim: Claim, owner: User) -> None:
    agent.create("a lighthouse")
    run, reading = begun(claim), agent_read(claim)
    barrier, outcomes = threading.Barrier(2), []

    def together(name: str, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
            outcomes.append(name)
        except RunLost:
            outcomes.append("lost")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=together, args=("applied", lambda: reading_apply(run, claim, reading))),
        threading.Thread(target=together, args=("released", lambda: claim_release(claim=claim, user=owner))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "released" in outcomes
    assert Event.objects.exists() == ("applied" in outcomes)
    assert cursor_of(claim).stopped == "released"
    assert due_take(Stream.AGENT) == []
