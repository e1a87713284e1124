from typing import Any

import pytest

from api_client import InvalidRequest
from sandbox.models import Feedback as FeedbackRow
from tests.contract.playing import PROMPT, Agent, World

WELL_SAID: dict[str, Any] = {
    "title": "Resize fails",
    "body": "Asking for 2k gives the 1k picture, with no warning at all.",
    "expected": "2048 px",
    "actual": "1024 px",
    "command": "image-skill create",
    "evidence": ["trace:trace_1"],
}


def test_a_well_said_report_is_kept_without_a_warning(agent: Agent) -> None:
    kept = agent.client.feedback.create(**WELL_SAID, surface=("cli", "docs"), severity="high")
    assert kept.feedback_id.startswith("sig_")
    assert kept.service_warnings == ()
    assert kept.extra["quality"]["signal"] == "actionable"
    row = FeedbackRow.objects.get(pk=kept.feedback_id)
    assert (row.title, row.body, row.agent_id) == (WELL_SAID["title"], WELL_SAID["body"], agent.id)
    assert (row.fields["surface"], row.fields["severity"], row.fields["type"]) == (
        ["cli", "docs"],
        "high",
        "user_feedback",
    )
    assert row.trace_id == kept.trace_id


@pytest.mark.parametrize("report", [{"title": "Slow"}, {"body": "Slow"}])
def test_a_weak_report_is_kept_with_advice(agent: Agent, report: dict[str, Any]) -> None:
    kept = agent.client.feedback.create(**report)
    assert kept.extra["quality"]["signal"] == "weak"
    assert "Say what you expected." in kept.service_warnings[0]
    assert agent.client.feedback.create(**report, allow_weak_signal=True).service_warnings == ()


def test_saying_it_twice_is_two_reports(agent: Agent) -> None:
    first, second = (agent.client.feedback.create(**WELL_SAID, dedupe_key="resize") for _ in range(2))
    assert first.feedback_id != second.feedback_id
    assert len(agent.ledger()) == 2


def test_a_word_that_is_no_word_is_kept_as_the_default_and_said(agent: Agent) -> None:
    kept = agent.client.feedback.create(**WELL_SAID, severity="quite bad, really")
    assert "severity" in kept.service_warnings[0]
    assert FeedbackRow.objects.get(pk=kept.feedback_id).fields["severity"] == "medium"


def test_a_token_in_a_report_is_not_kept(agent: Agent) -> None:
    kept = agent.client.feedback.create(**WELL_SAID, friction=f"my token is {agent.token.reveal()}")
    assert "token" in kept.service_warnings[0]
    assert agent.token.reveal() not in str(FeedbackRow.objects.get(pk=kept.feedback_id).fields)


def test_feedback_takes_no_credits_and_no_daily_job(agent: Agent) -> None:
    before = agent.client.quota.get()
    agent.client.feedback.create(**WELL_SAID)
    after = agent.client.quota.get()
    assert (after.remaining_credits, after.daily_jobs) == (before.remaining_credits, before.daily_jobs)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": " ", "body": None},
        {"title": "x" * 301},
        {"body": "x" * 10_001},
        {"evidence": ["x"] * 51},
        {"surface": [" "]},
        {"body": "NUL \0"},
    ],
)
def test_what_cannot_be_kept_is_refused(agent: Agent, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        agent.client.feedback.create(**{**WELL_SAID, **changes})
    assert (caught.value.code, caught.value.http_status) == ("INVALID_ARGUMENTS", 400)
    assert not FeedbackRow.objects.exists()


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": 5}, {"title": PROMPT, "allow_weak_signal": "yes"}])
def test_what_the_client_never_sends_is_refused_all_the_same(world: World, agent: Agent, body: dict[str, Any]) -> None:
    error = world.refusal("POST", "/v1/feedback", body, token=agent.token)
    assert (type(error), error.code) == (InvalidRequest, "INVALID_ARGUMENTS")
