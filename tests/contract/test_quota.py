from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings

from api_client import QuotaExceeded, ServiceFailed
from tests.contract.playing import PROMPT, TWO_CREDITS_EACH, Agent, World

EVENING = datetime(2026, 3, 1, 23, 59, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
COMMANDS = {"inspect_methods", "inspect_packs", "quote", "buy", "status", "fallback_quote", "fallback_buy"}


@time_machine.travel(EVENING, tick=False)
def test_a_fresh_agent_has_the_free_credits_of_the_day(world: World) -> None:
    quota = world.join().client.quota.get()
    assert (quota.remaining_credits, quota.payment_backed_remaining_credits) == (40, 0)
    assert (quota.free_credits_per_day, quota.reserved_credits) == (40, 0)
    assert (quota.authenticated, quota.token_status, quota.claim_state) == (True, "active", "unclaimed")
    jobs = quota.daily_jobs
    assert jobs is not None
    assert (jobs.limit, jobs.used, jobs.remaining) == (4, 0, 4)
    assert jobs.resets_at == quota.resets_at == MIDNIGHT
    assert quota.resets_at is not None
    assert quota.resets_at.tzinfo is UTC


def test_live_work_takes_credits_and_a_daily_job(agent: Agent) -> None:
    made = agent.create("k1")
    quota = agent.client.quota.get()
    assert made.consumed_credits == 1
    assert quota.remaining_credits == 39
    assert quota.daily_jobs is not None
    assert (quota.daily_jobs.used, quota.daily_jobs.remaining) == (1, 3)


def test_midnight_brings_the_credits_and_the_jobs_back(world: World) -> None:
    with time_machine.travel(EVENING, tick=False) as clock:
        agent = world.join()
        agent.create("k1", **TWO_CREDITS_EACH, output_count=2)
        assert agent.client.quota.get().remaining_credits == 36
        clock.move_to(MIDNIGHT)
        quota = agent.client.quota.get()
    assert quota.remaining_credits == 40
    assert quota.daily_jobs is not None
    assert (quota.daily_jobs.used, quota.resets_at) == (0, MIDNIGHT + timedelta(days=1))


@time_machine.travel(EVENING, tick=False)
def test_the_daily_cap_says_when_to_come_back(world: World, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 1
    agent = world.join()
    agent.create("k1")
    with pytest.raises(QuotaExceeded) as caught:
        agent.create("k2")
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("DAILY_JOB_CAP_REACHED", 402, False)
    assert error.retry_after_seconds == 31
    assert error.recovery is not None
    assert error.recovery.top_up is not None
    assert error.recovery.top_up["recommendation_reason"] == "daily_job_cap_reached"
    assert agent.client.quota.get().remaining_credits == 39


def test_too_few_credits_say_how_to_get_more(world: World, settings: Settings) -> None:
    settings.SANDBOX_FREE_CREDITS = 3
    agent = world.join()
    with pytest.raises(QuotaExceeded) as caught:
        agent.create("k1", **TWO_CREDITS_EACH, output_count=2)
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("QUOTA_EXCEEDED", 402, False)
    assert (error.may_have_started, error.retry_after_seconds) == (False, None)
    assert "4" in error.message
    assert "3" in error.message
    assert error.recovery is not None
    assert error.recovery.top_up is not None
    assert set(error.recovery.top_up["commands"]) == COMMANDS
    assert error.recovery.suggested_commands[0] == error.recovery.suggested_command
    quota = agent.client.quota.get()
    assert (quota.remaining_credits, quota.daily_jobs and quota.daily_jobs.used) == (3, 0)


@pytest.mark.parametrize(
    ("free", "jobs", "reason"),
    [
        (40, 4, "available"),
        (8, 4, "low_remaining_credits"),
        (0, 4, "credits_depleted"),
        (40, 0, "daily_job_cap_reached"),
    ],
)
def test_the_advice_fits_the_wall(world: World, settings: Settings, free: int, jobs: int, reason: str) -> None:
    settings.SANDBOX_FREE_CREDITS, settings.SANDBOX_DAILY_JOBS = free, jobs
    top_up = world.join().client.quota.get().top_up
    assert top_up is not None
    assert top_up["recommendation_reason"] == reason
    assert set(top_up["commands"]) == COMMANDS
    assert [set(step) for step in top_up["workflow"]["steps"]] == [{"command"}] * 5


def test_what_is_only_planned_or_refused_takes_nothing(agent: Agent) -> None:
    agent.create("plan", dry_run=True)
    with pytest.raises(QuotaExceeded):
        agent.create("dear", model="fal.nano-banana-pro", model_parameters={"resolution": "4K"})
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.reserved_credits, quota.daily_jobs.used) == (40, 0, 0)


def test_a_failed_job_gives_its_credits_back_and_keeps_its_place_of_the_day(agent: Agent) -> None:
    with pytest.raises(ServiceFailed):
        agent.create("k1", prompt=f"{PROMPT} [sandbox:provider_failure]")
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.reserved_credits, quota.daily_jobs.used) == (40, 0, 1)
