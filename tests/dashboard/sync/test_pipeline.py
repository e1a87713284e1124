"""One agent's sync: what it reads, what it writes down, and what it does when the hosted API misbehaves."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event, SpendSlot
from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.agents.services import claim_release
from dashboard.alerts.tasks import alert_mails_compose, alerts_sweep
from dashboard.freshness.models import KnownGap, Stream, SyncCursor, SyncRun
from dashboard.notify.services import mail_send_due
from dashboard.sync.broken_lines import MOST_MISSING, MOST_NOTED
from dashboard.sync.pipeline import RunLost, agent_read, agent_sync, reading_apply
from dashboard.sync.services import RUN_LOST_AFTER, due_take, run_claim, runs_rescue

pytestmark = pytest.mark.django_db


def sync(claim: Claim) -> bool:
    return agent_sync(claim.agent_id, is_forced=True)


def cursor_of(claim: Claim) -> SyncCursor:
    return SyncCursor.objects.get(stream=Stream.AGENT, subject_id=claim.agent_id)


def test_sync_brings_identity_balance_and_activity(agent: Any, claim: Claim) -> None:
    agent.create("a lighthouse")
    assert sync(claim)
    mirrored = Agent.objects.get(remote_id=agent.remote_id)
    assert (mirrored.name, mirrored.claim_state) == ("render-bot", "unclaimed")
    assert (mirrored.free_credits, mirrored.paid_credits, mirrored.daily_jobs_remaining) == (31, 0, 3)
    assert mirrored.resets_at is not None
    assert "asset.upload" in mirrored.grants
    types = set(Event.objects.filter(agent=mirrored).values_list("type", flat=True))
    assert types == {"job.completed", "asset.created", "usage.credit_consumed"}
    assert SpendSlot.objects.get(agent=mirrored).credits_spent == 9


def test_sync_twice_changes_nothing(agent: Any, claim: Claim) -> None:
    agent.create("a lighthouse")
    sync(claim)
    before = list(Event.objects.values()), list(SpendSlot.objects.values()), list(QuotaSnapshot.objects.values())
    assert sync(claim)
    assert before == (
        list(Event.objects.values()),
        list(SpendSlot.objects.values()),
        list(QuotaSnapshot.objects.values()),
    )


def test_unchanged_ledger_costs_one_call(agent: Any, claim: Claim) -> None:
    agent.create("a lighthouse")
    sync(claim)
    sync(claim)
    assert SyncRun.objects.latest("pk").calls == 1


def test_reading_asks_the_mirror_once_what_it_knows(agent: Any, claim: Claim) -> None:
    agent.create("a lighthouse")
    with CaptureQueriesContext(connection) as captured:
        assert agent_read(claim).ledger.unknown == 3
    assert len(captured) == 1


def test_new_work_is_read_with_its_balance(agent: Any, claim: Claim) -> None:
    sync(claim)
    agent.create("a lighthouse")
    sync(claim)
    claim.agent.refresh_from_db()
    assert claim.agent.free_credits == 31
    run = SyncRun.objects.latest("pk")
    assert (run.rows_new, run.calls) == (3, 2)


def test_failed_job_is_kept_as_failed_and_costs_nothing(agent: Any, claim: Claim) -> None:
    with pytest.raises(Exception, match="PROVIDER_FAILURE"):
        agent.create("a lighthouse [sandbox:provider_failure]")
    sync(claim)
    assert Event.objects.get(type="job.completed").status == "failed"
    assert SpendSlot.objects.get().credits_spent == 0


def test_rotated_token_stops_reading_and_tells_the_owner_once(
    new_agent: Callable[..., Any], workspace: Workspace, owner: User, make_claim: Callable[..., Claim]
) -> None:
    rotating = new_agent("rotating-bot", contact="rotate@example.invalid")
    claim = make_claim(rotating, workspace, owner)
    sync(claim)
    rotating.sign_up()
    assert not sync(claim)
    assert not sync(claim)
    claim.refresh_from_db()
    assert claim.needs_relink
    assert cursor_of(claim).stopped == "token_refused"
    alerts_sweep()
    alert_mails_compose()
    assert mail_send_due() == 1
    assert mail.outbox[0].to == [owner.email]
    assert "rotating-bot" in mail.outbox[0].body
    assert rotating.token not in mail.outbox[0].body
    assert due_take(Stream.AGENT) == []


def test_relinked_agent_is_read_again(
    new_agent: Callable[..., Any], workspace: Workspace, owner: User, make_claim: Callable[..., Claim]
) -> None:
    rotating = new_agent("rotating-bot", contact="again@example.invalid")
    claim = make_claim(rotating, workspace, owner)
    rotating.sign_up()
    sync(claim)
    claim = make_claim(rotating, workspace, owner)
    assert not claim.needs_relink
    assert sync(claim)


def test_unclaimed_agent_is_not_read(claim: Claim, owner: User) -> None:
    claim_release(claim=claim, user=owner)
    assert not sync(claim)
    assert due_take(Stream.AGENT) == []


def test_token_of_another_agent_is_never_mixed_in(
    agent: Any, claim: Claim, new_agent: Callable[..., Any], workspace: Workspace, owner: User, make_claim: Any
) -> None:
    other = make_claim(new_agent(), workspace, owner)
    Claim.objects.filter(pk=claim.pk).update(token_sealed=other.token_sealed)
    assert not sync(claim)
    assert cursor_of(claim).error_text == "SealBroken"
    assert not Event.objects.exists()


def test_missing_sealing_key_heals_when_it_is_back(agent: Any, claim: Claim, settings: Any) -> None:
    keys = settings.TOKEN_KEYS
    settings.TOKEN_KEYS = {"other": bytes(32)}
    assert not sync(claim)
    cursor = cursor_of(claim)
    assert (cursor.stopped, cursor.error_code, cursor.error_text) == ("", "INTERNAL", "SealBroken")
    claim.refresh_from_db()
    assert not claim.needs_relink
    settings.TOKEN_KEYS = keys
    assert sync(claim)


def unreachable(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def slow(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(unreachable, id="down"),
        pytest.param(slow, id="slow"),
        pytest.param(lambda _request: httpx.Response(502, text="<html>Bad gateway</html>"), id="html"),
        pytest.param(lambda _request: httpx.Response(200, json={"ok": True, "warnings": []}), id="no data"),
        pytest.param(lambda _request: httpx.Response(200, content=b'{"ok": tru'), id="broken"),
        pytest.param(lambda _request: httpx.Response(429, headers={"retry-after": "120"}), id="too many"),
    ],
)
def test_trouble_backs_off_and_loses_nothing(
    agent: Any, claim: Claim, handler: Callable[..., Any], hosted_answers: Callable[..., None], settings: Any
) -> None:
    agent.create("a lighthouse")
    sync(claim)
    synced_at, events = cursor_of(claim).synced_at, Event.objects.count()
    hosted_answers(handler)
    assert not sync(claim)
    cursor = cursor_of(claim)
    assert cursor.error_code
    assert cursor.error_text
    assert cursor.due_at > timezone.now()
    assert (cursor.synced_at, cursor.stopped, cursor.attempts) == (synced_at, "", 1)
    assert Event.objects.count() == events
    settings.API_TRANSPORT = None
    assert sync(claim)
    assert (cursor_of(claim).error_code, cursor_of(claim).attempts) == ("", 0)


def test_asked_for_pause_is_kept(claim: Claim, hosted_answers: Callable[..., None]) -> None:
    hosted_answers(lambda _request: httpx.Response(429, headers={"retry-after": "600"}))
    sync(claim)
    assert cursor_of(claim).due_at >= timezone.now() + timedelta(seconds=590)


def test_ledger_that_cannot_be_overlapped_leaves_a_known_gap(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hosted_answers(ledger_of(agent, [event(number) for number in range(3)], clamp=200))
    assert sync(claim)
    assert not KnownGap.objects.exists()
    # 400 events later the service still shows no more than 200: those between can never be read.
    hosted_answers(ledger_of(agent, [event(number) for number in range(403)], clamp=200))
    assert sync(claim)
    gap = KnownGap.objects.get()
    assert gap.after_at == moment(2)
    assert gap.before_at == moment(203)
    assert Event.objects.count() == 203


def test_ledger_is_widened_until_it_overlaps(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hosted_answers(ledger_of(agent, [event(number) for number in range(3)]))
    sync(claim)
    hosted_answers(ledger_of(agent, [event(number) for number in range(603)]))
    sync(claim)
    assert Event.objects.count() == 603
    assert not KnownGap.objects.exists()
    assert SyncRun.objects.latest("pk").calls == 4


def test_event_of_an_unknown_type_is_kept(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hosted_answers(ledger_of(agent, [{**event(1), "type": "job.dreamt"}]))
    sync(claim)
    assert Event.objects.get().type == "job.dreamt"


def test_broken_row_does_not_cost_the_page(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hosted_answers(ledger_of(agent, [event(1), {"event_id": 7}, event(3)]))
    assert sync(claim)
    assert Event.objects.count() == 2
    assert "1 ledger rows" in SyncRun.objects.latest("pk").error_text


def test_broken_line_is_a_known_gap_of_its_moment_until_it_comes_sound(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    broken = {**event(2), "type": None}
    hosted_answers(ledger_of(agent, [event(1), broken, event(3)]))
    for _ in range(2):
        assert sync(claim)
        gap = KnownGap.objects.get()
    assert (gap.after_at, gap.before_at) == (moment(2), moment(2))
    assert gap.reason.startswith(f"A line of the ledger breaks the contract and was left out ({event(2)['event_id']}):")
    assert "type" in gap.reason
    hosted_answers(ledger_of(agent, [event(1), event(2), event(3)]))
    assert sync(claim)
    assert Event.objects.count() == 3
    assert not KnownGap.objects.exists()


def test_line_that_was_sound_before_it_broke_is_missing_nowhere(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    for told in ([event(1), event(2)], [event(1), {**event(2), "type": None}]):
        hosted_answers(ledger_of(agent, told))
        assert sync(claim)
    assert Event.objects.count() == 2
    assert not KnownGap.objects.exists()


def test_line_that_tells_not_even_when_is_missing_somewhere_in_what_was_read(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    odd: list[Any] = [{"event_id": 7, "occurred_at": "soon"}, "not a line", None]
    hosted_answers(ledger_of(agent, [event(1), *odd, event(3)]))
    for _ in range(2):
        assert sync(claim)
        gaps = KnownGap.objects.all()
    assert len(gaps) == len(odd)
    assert {gap.after_at for gap in gaps} == {moment(1)}
    assert all(gap.before_at > moment(3) for gap in gaps)


def test_ledger_of_broken_lines_alone_notes_no_more_than_say_enough(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hosted_answers(ledger_of(agent, [{"event_id": f"evt_{number}"} for number in range(MOST_NOTED + 5)]))
    assert sync(claim)
    assert KnownGap.objects.count() == MOST_NOTED
    assert {gap.after_at for gap in KnownGap.objects.all()} == {None}


def test_broken_lines_that_are_others_each_time_fill_no_table(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    for number in range(MOST_MISSING // MOST_NOTED + 2):
        lines = [event(1), *({"told_at": f"{number} {line}"} for line in range(MOST_NOTED))]
        hosted_answers(ledger_of(agent, lines))
        assert sync(claim)
    assert KnownGap.objects.count() == MOST_MISSING


def test_hostile_texts_fit_in_their_columns(
    agent: Any, claim: Claim, hosted_answers: Callable[..., None], ledger_of: Callable[..., Any]
) -> None:
    hostile = {**event(1), "summary": "\x00\ud800" + "x" * 9_000, "details": {"amount": 1.5, "deep": "y" * 50_000}}
    hosted_answers(ledger_of(agent, [hostile]))
    assert sync(claim)
    row = Event.objects.get()
    assert len(row.summary) == 500
    assert list(row.details) == ["cut"]


@pytest.mark.django_db(transaction=True)
def test_run_happens_once_however_many_ask(agent: Any, claim: Claim) -> None:
    claimed: list[object] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        claimed.append(run_claim(stream=Stream.AGENT, subject_id=claim.agent_id))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in claimed if one]) == 1


def test_run_of_a_lost_worker_is_freed_and_its_late_answer_changes_nothing(agent: Any, claim: Claim) -> None:
    agent.create("a lighthouse")
    run = run_claim(stream=Stream.AGENT, subject_id=claim.agent_id)
    assert run is not None
    reading = agent_read(claim)
    with time_machine.travel(datetime.now(UTC) + RUN_LOST_AFTER):
        assert runs_rescue() == 1
        assert due_take(Stream.AGENT) == [claim.agent_id]
    with pytest.raises(RunLost):
        reading_apply(run, claim, reading)
    assert not Event.objects.exists()
    assert SyncRun.objects.get().outcome == "lost"


def test_backlog_is_queued_once(claim: Claim) -> None:
    assert due_take(Stream.AGENT) == [claim.agent_id]
    assert due_take(Stream.AGENT) == []


EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


def moment(number: int) -> datetime:
    return EPOCH + timedelta(minutes=number)


def event(number: int) -> dict[str, Any]:
    return {
        "event_id": f"evt_{number}",
        "type": "job.planned",
        "occurred_at": moment(number).isoformat(),
        "summary": f"planned {number}",
    }


@pytest.fixture
def ledger_of() -> Callable[..., Any]:
    """Return a handler that serves a made-up ledger, newest first, to one agent."""

    def make(agent: Any, events: list[dict[str, Any]], clamp: int = 10_000) -> Callable[..., httpx.Response]:
        def handler(request: httpx.Request) -> httpx.Response:
            limit = min(int(request.url.params.get("limit", 20)), clamp)
            answers = {
                "/v1/activity": {"events": events[::-1][:limit], "source": "hosted_activity_ledger"},
                "/v1/quota": {"authenticated": True, "limits": {"remaining_credits": 1}},
                "/v1/whoami": {"authenticated": True},
            }
            actor = {
                "actor_type": "agent",
                "actor_id": agent.remote_id,
                "organization_id": Agent.objects.get(remote_id=agent.remote_id).organization_id,
                "claim_state": "unclaimed",
            }
            envelope = {"ok": True, "command": "", "trace_id": "trace_1", "actor": actor, "warnings": [], "error": None}
            # ASCII, so that a test can send what UTF-8 cannot.
            return httpx.Response(200, content=json.dumps({**envelope, "data": answers[request.url.path]}))

        return handler

    return make
