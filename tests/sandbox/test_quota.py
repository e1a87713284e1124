"""What an agent may still do today, and how the book explains it (contract 2.5, 3.5)."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from sandbox import book
from sandbox.models import Agent, BookEntry
from sandbox.models.money import EntryKind, Purse
from tests.sandbox.fixtures import Caller

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)


def grant_paid(amount: int) -> None:
    """What a purchase will do; buying itself is not served yet."""
    BookEntry.objects.create(
        agent=Agent.objects.get(), purse=Purse.PAID, kind=EntryKind.GRANT, credits=amount, created_at=timezone.now()
    )


def entries() -> list[tuple[str, str, int]]:
    return list(BookEntry.objects.order_by("pk").values_list("kind", "purse", "credits"))


def test_a_fresh_agent_has_the_days_credits_and_jobs(agent: Caller) -> None:
    data = agent.get("/v1/quota").data
    assert data["authenticated"] is True
    assert data["token_status"] == "active"
    assert data["limits"] == {
        "remaining_credits": 40,
        "payment_backed_remaining_credits": 0,
        "free_credits_per_day": 40,
        "reserved_credits": 0,
    }
    assert (data["daily_jobs"]["limit"], data["daily_jobs"]["used"], data["daily_jobs"]["remaining"]) == (4, 0, 4)
    assert set(data["top_up"]["commands"]) >= {"quote", "buy", "status"}
    assert entries() == [("free_grant", "free", 40)]


def test_reading_the_quota_writes_nothing_more(agent: Caller) -> None:
    for _ in range(3):
        agent.get("/v1/quota")
    assert entries() == [("free_grant", "free", 40)]


def test_the_window_is_the_utc_day(agent: Caller) -> None:
    with time_machine.travel(datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC), tick=False):
        data = agent.get("/v1/quota").data
    assert data["reset_window"] == {
        "kind": "utc_day",
        "started_at": "2027-02-28T00:00:00.000Z",
        "resets_at": "2027-03-01T00:00:00.000Z",
    }
    assert data["daily_jobs"]["resets_at"] == "2027-03-01T00:00:00.000Z"


def test_free_credits_are_set_back_to_the_allotment_at_midnight(stranger: Caller) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        body = {"agent_name": "a", "runtime": "r", "return_token": True}
        agent = Caller(stranger.http, stranger.post("/v1/agent-signups", body).data["token"])
        agent.create(model_parameters={})
        agent.create(model="fal.dreamo", model_parameters={"image_size": "square"})
        assert agent.limits()["remaining_credits"] == 32
        clock.move_to(datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC))
        assert agent.limits()["remaining_credits"] == 40
        assert agent.get("/v1/quota").data["daily_jobs"]["used"] == 0
    assert entries()[-1] == ("reset", "free", 8)


def test_an_unused_day_needs_no_entry_and_a_clock_that_went_back_changes_nothing(agent: Caller) -> None:
    with time_machine.travel(datetime(2099, 1, 2, tzinfo=UTC), tick=False) as clock:
        assert agent.limits()["remaining_credits"] == 40
        clock.move_to(datetime(2099, 1, 1, tzinfo=UTC))
        assert agent.limits()["remaining_credits"] == 40
    assert entries() == [("free_grant", "free", 40)]


def test_a_smaller_allotment_is_taken_at_the_next_reset(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_FREE_CREDITS = 10
    with time_machine.travel(datetime(2099, 1, 2, tzinfo=UTC), tick=False):
        assert agent.limits()["remaining_credits"] == 10


def test_free_credits_go_first_and_paid_ones_follow(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 100
    grant_paid(10)
    agent.create(model="xai.grok-imagine-image", output_count=4, model_parameters={})
    agent.create(model="xai.grok-imagine-image", output_count=4, model_parameters={})
    agent.create(model="xai.grok-imagine-image", output_count=4, model_parameters={})
    limits = agent.limits()
    assert (limits["remaining_credits"], limits["payment_backed_remaining_credits"]) == (0, 2)
    assert [entry for entry in entries() if entry[0] == "charge"][-2:] == [
        ("charge", "free", -8),
        ("charge", "paid", -8),
    ]
    assert agent.create(model="xai.grok-imagine-image", model_parameters={}).refusal == ("QUOTA_EXCEEDED", 402, 5)


def test_too_few_credits_are_refused_with_a_way_out(agent: Caller) -> None:
    answer = agent.create(model="fal.nano-banana-pro", model_parameters={"resolution": "4K"})
    assert answer.refusal == ("QUOTA_EXCEEDED", 402, 5)
    recovery = answer.error["recovery"]
    assert recovery["top_up"]["recommendation_reason"] == "credits_depleted"
    assert recovery["suggested_command"] in recovery["suggested_commands"]
    assert entries() == [("free_grant", "free", 40)]


def test_the_daily_cap_counts_live_jobs_and_paid_credits_do_not_lift_it(agent: Caller) -> None:
    grant_paid(500)
    for _ in range(4):
        agent.create()
    answer = agent.create()
    assert answer.refusal == ("DAILY_JOB_CAP_REACHED", 402, 5)
    assert 0 < answer.error["recovery"]["retry_after_seconds"] <= 86_400
    assert answer.error["recovery"]["top_up"]["recommendation_reason"] == "daily_job_cap_reached"
    assert agent.get("/v1/quota").data["daily_jobs"] | {"resets_at": ""} == {
        "limit": 4,
        "used": 4,
        "remaining": 0,
        "resets_at": "",
    }


def test_refusals_replays_and_dry_runs_do_not_count(agent: Caller) -> None:
    agent.create(idempotency_key="once")
    agent.create(idempotency_key="once")
    agent.create(dry_run=True)
    agent.create(model="fal.unheard-of")
    agent.create(model_parameters={"unknown": 1})
    agent.create(prompt="[sandbox:policy]")
    assert agent.get("/v1/quota").data["daily_jobs"]["used"] == 1


def test_a_failed_live_job_counts(agent: Caller) -> None:
    agent.create(prompt="[sandbox:provider_failure]")
    assert agent.get("/v1/quota").data["daily_jobs"]["used"] == 1


def test_a_negative_paid_balance_is_shown_and_blocks_nothing_free(agent: Caller) -> None:
    grant_paid(-30)
    assert agent.limits()["payment_backed_remaining_credits"] == -30
    assert agent.create().data["quota"]["consumed_credits"] == 1


@pytest.mark.parametrize("allotment", [0, 5])
def test_the_allotment_is_a_setting(stranger: Caller, settings: Settings, allotment: int) -> None:
    settings.SANDBOX_FREE_CREDITS = allotment
    body = {"agent_name": "a", "runtime": "r", "return_token": True}
    agent = Caller(stranger.http, stranger.post("/v1/agent-signups", body).data["token"])
    assert agent.limits()["remaining_credits"] == allotment
    reason = "low_remaining_credits" if allotment else "credits_depleted"
    assert agent.get("/v1/quota").data["top_up"]["recommendation_reason"] == reason


def test_the_limits_are_the_sum_of_the_book(agent: Caller) -> None:
    grant_paid(7)
    agent.create()
    agent.create(prompt="[sandbox:provider_failure]")
    total = sum(entry[2] for entry in entries())
    limits = agent.limits()
    assert limits["remaining_credits"] + limits["payment_backed_remaining_credits"] == total == 46
    assert book.balance(Agent.objects.get()).reserved == 0
