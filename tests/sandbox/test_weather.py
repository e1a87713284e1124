"""Latency, failures, refusals and rate limits by setting: off by default, and honest when on (ours, INF)."""

import time

import pytest
from pytest_django import Settings

from sandbox import provider, rates
from sandbox.access import Allowance
from tests.sandbox.fixtures import Caller


def test_it_is_calm_by_default(agent: Caller, settings: Settings) -> None:
    names = ("LATENCY_MS", "FAILURE_PERCENT", "MODERATION_PERCENT", "REQUESTS_PER_MINUTE")
    assert [getattr(settings, f"SANDBOX_{name}") for name in names] == [0, 0, 0, 0]


def test_latency_is_slept_before_the_picture(
    agent: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(provider.time, "sleep", slept.append)
    settings.SANDBOX_LATENCY_MS = 1500
    assert agent.create().data["status"] == "completed"
    assert slept == [1.5]
    assert time.sleep is provider.time.sleep


def test_every_job_may_fail(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_FAILURE_PERCENT = 100
    assert agent.create().refusal == ("PROVIDER_FAILURE", 502, 7)
    assert agent.limits()["remaining_credits"] == 40


def test_moderation_refuses_a_share_of_prompts_and_never_changes_its_mind(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_MODERATION_PERCENT = 40
    prompts = [f"valley {number}" for number in range(40)]
    verdicts = [agent.create(prompt=prompt, dry_run=True).envelope["ok"] for prompt in prompts]
    assert verdicts == [agent.create(prompt=prompt, dry_run=True).envelope["ok"] for prompt in prompts]
    assert 8 < verdicts.count(False) < 30
    settings.SANDBOX_MODERATION_PERCENT = 100
    assert agent.create().refusal == ("INPUT_POLICY_DENIED", 400, 6)
    assert agent.event_types().count("job.planned") == 2 * verdicts.count(True)


def test_a_caller_above_its_allowance_waits(
    agent: Caller, stranger: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_callers", Allowance())
    settings.SANDBOX_REQUESTS_PER_MINUTE = 2
    assert [agent.get("/v1/whoami").response.status_code for _ in range(3)] == [200, 200, 429]
    answer = agent.get("/v1/whoami")
    assert answer.refusal == ("RATE_LIMITED", 429, 5)
    assert answer.error["retryable"] is True
    assert 1 <= int(answer.response.headers["retry-after"]) == answer.error["recovery"]["retry_after_seconds"] <= 31
    assert stranger.get("/v1/models").data["models"], "another caller is not held back"


@pytest.mark.parametrize(("mark", "status"), [("[sandbox:canceled]", "canceled"), ("[sandbox:running]", "running")])
def test_a_prompt_may_ask_for_other_ends(agent: Caller, mark: str, status: str) -> None:
    data = agent.create(prompt=mark, idempotency_key="k1").data
    assert (data["status"], data["assets"], data["quota"]["consumed_credits"]) == (status, [], 0)
    assert agent.get(f"/v1/jobs/{data['job_id']}").data["state"] == status
    held = {"canceled": (40, 0), "running": (39, 1)}[status]
    assert (agent.limits()["remaining_credits"], agent.limits()["reserved_credits"]) == held
    told = [(event["type"], event["status"]) for event in agent.get("/v1/activity").data["events"]]
    assert told == ([("job.completed", "canceled")] if status == "canceled" else [])
