"""A written history is as good as a lived one, and lives over HTTP are lives."""

import stat
from io import StringIO
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from sandbox import book
from sandbox.models import Agent, BookEntry, Event, EventReference, Feedback, Job, Receipt
from sandbox.models.activity import EventType
from sandbox.traffic import history, lives, sink
from tests.sandbox.fixtures import Caller


@pytest.fixture
def past(stranger: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[history.Life]:
    """Six hundred lines in several batches; few credits, so that packs are bought."""
    settings.SANDBOX_FREE_CREDITS = 15
    monkeypatch.setattr(sink, "BATCH_EVENTS", 200)
    return history.write(600, agents=4, days=60, seed=7)


def test_a_history_has_exactly_the_lines_that_were_asked_for_and_all_are_in_order(past: list[history.Life]) -> None:
    assert Event.objects.count() == 600
    for life in past:
        moments = list(Event.objects.filter(agent=life.agent).order_by("id").values_list("occurred_at", flat=True))
        assert moments
        assert all(before <= after for before, after in pairwise(moments))


def test_a_history_has_all_that_agents_do(past: list[history.Life]) -> None:
    types = set(Event.objects.values_list("type", flat=True))
    assert types >= {
        EventType.JOB_COMPLETED,
        EventType.JOB_PLANNED,
        EventType.ASSET_CREATED,
        EventType.USAGE_CREDIT_CONSUMED,
        EventType.FEEDBACK_CREATED,
        EventType.CREDITS_GRANTED,
    }
    assert Job.objects.filter(status="failed").exists()
    assert Feedback.objects.exists()
    assert Receipt.objects.exists()


def test_the_book_of_a_history_adds_up(past: list[history.Life]) -> None:
    for life in past:
        held = book.balance(life.agent)
        assert (held.free, held.paid, held.reserved) == (life.free, life.paid, 0)
        assert held.free >= 0
        assert held.paid >= 0
    charged = -sum(BookEntry.objects.filter(kind="charge").values_list("credits", flat=True))
    told = -sum(event.details["credits_delta"] for event in Event.objects.filter(type="usage.credit_consumed"))
    assert charged == told > 0


def test_an_agent_of_a_history_reads_it_over_the_api(past: list[history.Life], stranger: Caller) -> None:
    life = max(past, key=lambda one: Event.objects.filter(agent=one.agent).count())
    caller = Caller(stranger.http, life.token)
    events = caller.get("/v1/activity", limit=100).data["events"]
    done = next(event for event in events if event["type"] == "job.completed" and event["status"] == "completed")
    job = caller.get(f"/v1/jobs/{done['links']['job_id']}").data["job"]
    assert [asset["asset_id"] for asset in job["assets"]] == done["links"]["asset_ids"]
    assert done["event_id"] in {
        event["event_id"] for event in caller.get(f"/v1/activity/{job['job_id']}").data["events"]
    }
    assert caller.limits()["payment_backed_remaining_credits"] == life.paid


def test_life_goes_on_after_a_history(past: list[history.Life], stranger: Caller) -> None:
    caller = Caller(stranger.http, past[0].token)
    before = Event.objects.filter(agent=past[0].agent).count()
    caller.create(dry_run=True)
    assert Event.objects.filter(agent=past[0].agent).count() == before + 1
    newest = caller.get("/v1/activity", limit=1).data["events"][0]
    assert newest["type"] == "job.planned"
    assert EventReference.objects.filter(event__event_id=newest["event_id"]).exists()


def test_the_command_writes_tokens_to_a_new_file_of_its_owner(stranger: Caller, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    call_command("sandbox_traffic", "--bulk", "40", "--agents", "2", "--tokens", str(path), stdout=StringIO())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [line.split() for line in path.read_text().splitlines()]
    assert {agent_id for agent_id, _ in lines} == set(Agent.objects.values_list("id", flat=True))
    assert all(Caller(stranger.http, token).get("/v1/whoami").data["authenticated"] for _, token in lines)
    with pytest.raises(CommandError, match="cannot be made"):
        call_command("sandbox_traffic", "--bulk", "1", "--tokens", str(path), stdout=StringIO())


@pytest.mark.parametrize("count", ["0", "-1", "many", "1.5"])
def test_a_count_that_makes_no_sense_is_refused(count: str) -> None:
    with pytest.raises(CommandError, match="whole number"):
        call_command("sandbox_traffic", "--bulk", count)


def test_lives_over_http_leave_traces_and_no_failure(sandbox_http: httpx.Client) -> None:
    played = lives.play(sandbox_http, agents=2, acts=40, rate=1e9, seed=3)
    assert (played.acts, played.failed) == (40, 0)
    assert len(played.tokens) == Agent.objects.count() == 2
    assert Event.objects.exists()


def test_where_nobody_serves_the_command_says_so() -> None:
    with pytest.raises(CommandError, match="Is `make sandbox` on"):
        call_command("sandbox_traffic", "--url", "http://127.0.0.1:9")
