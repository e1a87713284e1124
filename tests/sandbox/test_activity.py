"""The ledger: order, limit, subject over every kind of reference (contract 2.22, 3.11, 11)."""

from collections.abc import Callable

import pytest

from sandbox import ledger
from sandbox.models import Event
from sandbox.models.activity import EventType
from tests.sandbox.fixtures import Caller


def test_newest_first(agent: Caller) -> None:
    for title in ("one", "two", "three"):
        agent.post("/v1/feedback", {"title": title})
    events = agent.get("/v1/activity").data["events"]
    known = list(Event.objects.order_by("-pk").values_list("event_id", flat=True))
    assert [event["event_id"] for event in events] == known
    assert agent.get("/v1/activity").data["source"] == "hosted_activity_ledger"


def test_the_default_limit_is_20_and_above_the_maximum_is_clamped(agent: Caller) -> None:
    for _ in range(25):
        agent.post("/v1/feedback", {"title": "t"})
    assert len(agent.get("/v1/activity").data["events"]) == 20
    for limit in ("25", "200", "500", "501", "99999999999999999999", "9" * 5000, "0000000030"):
        assert len(agent.get("/v1/activity", limit=limit).data["events"]) == 25
    assert len(agent.get("/v1/activity", limit=1).data["events"]) == 1


def test_the_maximum_is_at_least_200() -> None:
    assert ledger.MAX_LIMIT >= 200


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "2e1", "ten", " 5", "+5", "0x10", "٣", "NaN", "000"])
def test_a_limit_below_one_or_not_whole_is_refused(agent: Caller, limit: str) -> None:
    assert agent.get("/v1/activity", limit=limit).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_the_subject_may_be_any_reference(agent: Caller) -> None:
    made = agent.create(model="openai.gpt-image-2", output_count=2, model_parameters={"quality": "low"}).data
    agent.create()
    kept = agent.post("/v1/feedback", {"title": "t"}).data["feedback_id"]
    events = agent.get("/v1/activity", limit=200).data["events"]
    usage = next(event["links"]["usage_event_id"] for event in events if event["links"].get("job_id") == made["job_id"])
    expected = {
        made["job_id"]: 4,
        made["trace_id"]: 4,
        usage: 4,
        made["asset_ids"][0]: 2,
        kept: 1,
        events[0]["event_id"]: 1,
        "job_unknown": 0,
    }
    for reference, count in expected.items():
        assert len(agent.get("/v1/activity", subject=reference).data["events"]) == count, reference
    one = agent.get(f"/v1/activity/{events[2]['event_id']}").data["events"]
    assert one == [events[2]]
    assert len(agent.get(f"/v1/activity/{made['asset_ids'][1]}").data["events"]) == 2


def test_an_unknown_reference_is_not_found(agent: Caller) -> None:
    assert agent.get("/v1/activity/evt_unknown").refusal == ("ACTIVITY_NOT_FOUND", 404, 1)


def test_another_organizations_events_are_not_there(sign_up: Callable[..., Caller]) -> None:
    owner, outsider = sign_up(), sign_up()
    made = owner.create().data
    event = owner.get("/v1/activity").data["events"][0]
    assert outsider.get("/v1/activity").data["events"] == []
    for reference in (made["job_id"], made["trace_id"], made["asset_ids"][0], event["event_id"]):
        assert outsider.get("/v1/activity", subject=reference).data["events"] == []
        assert outsider.get(f"/v1/activity/{reference}").refusal == ("ACTIVITY_NOT_FOUND", 404, 1)


def test_only_published_types_exist() -> None:
    assert len(EventType.values) == 14
    assert {name.split(".")[0] for name in EventType.values} == {
        "job",
        "asset",
        "usage",
        "feedback",
        "payment",
        "credits",
    }


def test_sign_ups_claims_and_quotes_leave_no_event(agent: Caller) -> None:
    agent.post("/v1/agent-claims", {"contact": "owner@example.com"})
    agent.post("/v1/credit-quotes", {"credits": 5, "payment_method": "stripe_checkout", "idempotency_key": "q"})
    assert agent.event_types() == []
