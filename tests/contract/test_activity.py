from itertools import pairwise
from typing import Any

import pytest
import time_machine

from api_client import ActivityEvent, InvalidRequest, NotFound, ServiceFailed
from tests.contract.playing import NOON, PROMPT, TWO_CREDITS_EACH, Agent, World, lines


def only(ledger: list[ActivityEvent], kind: str) -> ActivityEvent:
    (event,) = [event for event in ledger if event.type == kind]
    return event


def test_a_fresh_ledger_is_empty(agent: Agent) -> None:
    page = agent.client.activity.list()
    assert (page.events, page.source) == ((), "hosted_activity_ledger")


@time_machine.travel(NOON, tick=False)
def test_a_live_job_is_told_as_assets_debit_and_job(world: World) -> None:
    agent = world.join()
    made = agent.create("k1", **TWO_CREDITS_EACH, output_count=2)
    ledger = agent.ledger()
    assert [event.type for event in ledger] == [
        "job.completed",
        "usage.credit_consumed",
        "asset.created",
        "asset.created",
    ]
    assert {event.occurred_at for event in ledger} == {NOON}
    assert {event.trace_id for event in ledger} == {made.trace_id}
    assert {event.job_id for event in ledger} == {made.job_id}
    assert {event.capability_id for event in ledger} == {made.capability_id}
    assert {event.status for event in ledger} == {"completed"}
    assert {event.estimated_usd_micros for event in ledger} == {22_000}
    assert [event.operation for event in ledger] == ["create", "usage", "create", "create"]
    assert len({event.event_id for event in ledger}) == 4


def test_the_ledger_joins_job_assets_usage_and_quota(agent: Agent) -> None:
    made = agent.create("k1", **TWO_CREDITS_EACH, output_count=2)
    ledger = agent.ledger()
    job, usage = only(ledger, "job.completed"), only(ledger, "usage.credit_consumed")
    assert (job.subject_type, job.subject_id, job.asset_ids) == ("job", made.job_id, made.asset_ids)
    assert usage.subject_type == "usage"
    assert usage.subject_id == usage.links["usage_event_id"] == job.links["usage_event_id"]
    created = [event for event in ledger if event.type == "asset.created"]
    assert {(event.subject_type, event.subject_id) for event in created} == {("asset", name) for name in made.asset_ids}
    assert all(event.asset_ids == (event.subject_id,) for event in created)
    for name in job.asset_ids:
        assert agent.client.assets.get(name).job_id == job.job_id == agent.job_of(made).job_id
    assert usage.credits_delta == -4
    assert [event.credits_delta for event in ledger if event is not usage] == [None] * 3
    assert agent.client.quota.get().remaining_credits == 40 + usage.credits_delta


def test_a_dry_run_is_told_as_planned(agent: Agent) -> None:
    planned = agent.create("k1", dry_run=True)
    (event,) = agent.ledger()
    assert (event.type, event.status, event.job_id, event.asset_ids) == ("job.planned", "planned", planned.job_id, ())
    assert (event.credits_delta, event.details["plan_receipt"]) == (None, planned.plan_receipt)


def test_a_failed_job_is_told_as_completed_with_its_failure(agent: Agent) -> None:
    with pytest.raises(ServiceFailed):
        agent.create("k1", prompt=f"{PROMPT} [sandbox:provider_failure]")
    (event,) = agent.ledger()
    assert (event.type, event.status, event.asset_ids, event.credits_delta) == ("job.completed", "failed", (), None)
    failure = agent.client.jobs.get(str(event.job_id)).failure
    assert failure is not None
    assert event.details["failure"] == {
        "code": failure.code,
        "message": failure.message,
        "retryable": failure.retryable,
    }


def test_feedback_is_told_without_a_word_of_it(agent: Agent) -> None:
    kept = agent.client.feedback.create(title=PROMPT, body=PROMPT)
    (event,) = agent.ledger()
    assert (event.type, event.operation) == ("feedback.created", "feedback")
    assert (event.subject_type, event.subject_id) == ("feedback", kept.feedback_id)
    assert event.links == {"feedback_id": kept.feedback_id}
    assert event.trace_id == kept.trace_id


def test_any_reference_of_a_job_finds_its_events(agent: Agent) -> None:
    agent.client.feedback.create(title="Slow")
    made = agent.create("k1")
    usage_id = only(agent.ledger(), "usage.credit_consumed").subject_id
    found: dict[Any, list[str]] = {
        made.job_id: ["job.completed", "usage.credit_consumed", "asset.created"],
        made.asset_ids[0]: ["job.completed", "asset.created"],
        usage_id: ["job.completed", "usage.credit_consumed", "asset.created"],
        made.trace_id: ["job.completed", "usage.credit_consumed", "asset.created"],
    }
    for reference, types in found.items():
        by_path = lines(agent.client.activity.get(str(reference)))
        assert [event.type for event in by_path] == types
        assert lines(agent.client.activity.list(subject=str(reference))) == by_path


def test_an_event_s_own_id_finds_it_alone(agent: Agent) -> None:
    agent.create("k1")
    for event in agent.ledger():
        assert lines(agent.client.activity.get(event.event_id)) == [event]
        assert lines(agent.client.activity.list(subject=event.event_id)) == [event]


def test_a_subject_that_nothing_names_is_an_empty_list_and_a_reference_is_not_found(agent: Agent) -> None:
    assert agent.client.activity.list(subject="job_none").events == ()
    with pytest.raises(NotFound) as caught:
        agent.client.activity.get("job_none")
    assert (caught.value.code, caught.value.http_status) == ("ACTIVITY_NOT_FOUND", 404)


def test_another_organization_s_references_find_nothing(world: World, agent: Agent) -> None:
    made, other = agent.create("k1"), world.join()
    references = [str(made.job_id), made.asset_ids[0], str(made.trace_id)]
    references += [event.event_id for event in agent.ledger()]
    for reference in references:
        assert other.client.activity.list(subject=reference).events == ()
        with pytest.raises(NotFound):
            other.client.activity.get(reference)


def test_the_newest_come_first_and_a_limit_takes_the_head(agent: Agent) -> None:
    kept = [agent.client.feedback.create(title="Slow").feedback_id for _ in range(25)]
    everything = agent.ledger()
    assert [event.subject_id for event in everything] == kept[::-1]
    assert all(newer.occurred_at >= older.occurred_at for newer, older in pairwise(everything))
    assert lines(agent.client.activity.list()) == everything[:20], "the default is 20"
    assert lines(agent.client.activity.list(limit=1)) == everything[:1]
    assert lines(agent.client.activity.list(limit=10**9)) == everything, "a limit above the maximum is clamped"
    assert lines(agent.client.activity.list(limit=1, subject=kept[0])) == everything[-1:]


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "many", "1e3", "٣"])
def test_a_limit_that_counts_nothing_is_refused(world: World, agent: Agent, limit: str) -> None:
    error = world.refusal("GET", f"/v1/activity?limit={limit}", token=agent.token)
    assert (type(error), error.code, error.http_status) == (InvalidRequest, "INVALID_ARGUMENTS", 400)
