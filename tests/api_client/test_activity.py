import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api_client import ActivityEvent, ContractError, MalformedEvent
from api_client.records.activity import MAX_MALFORMED
from tests.api_client.playing import Service, client_of, ok, raw

EVENT = {
    "event_id": "evt_1",
    "type": "usage.credit_consumed",
    "occurred_at": "2026-06-01T10:00:00Z",
    "summary": "Consumed 11 credits",
    "operation": "usage",
    "subject": {"type": "usage", "id": "usage_1"},
    "links": {"job_id": "job_1", "asset_ids": ["image_1"], "usage_event_id": "usage_1"},
    "status": "completed",
    "trace_id": "trace_9",
    "cost": {"estimated_usd": 0.066},
    "details": {"credits_delta": -11, "capability": {"id": "is.image.generate.x.v1"}},
}

LEAST = {"event_id": "evt_1", "type": "x.y", "occurred_at": "2026-06-01T10:00:00Z"}


def read(*events: Any) -> tuple[ActivityEvent | MalformedEvent, ...]:
    with client_of(Service(ok({"events": list(events), "source": "hosted_activity_ledger"}))) as client:
        return client.activity.list().events


def test_an_event_reads_whole() -> None:
    (event,) = read(EVENT)
    assert isinstance(event, ActivityEvent)
    assert (event.event_id, event.type, event.summary) == ("evt_1", "usage.credit_consumed", "Consumed 11 credits")
    assert event.occurred_at == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert (event.subject_type, event.subject_id, event.operation, event.status) == (
        "usage",
        "usage_1",
        "usage",
        "completed",
    )
    assert (event.job_id, event.asset_ids, event.trace_id) == ("job_1", ("image_1",), "trace_9")
    assert (event.credits_delta, event.estimated_usd_micros) == (-11, 66_000)
    assert event.capability_id == "is.image.generate.x.v1"
    assert event.links == EVENT["links"]
    assert event.details == EVENT["details"]
    assert event.drift == ()


def test_the_raw_event_is_what_was_sent() -> None:
    sent = {**EVENT, "raw": "a field of theirs", "flavour": "unknown"}
    (event,) = read(sent)
    assert json.loads(json.dumps(event.raw, default=float)) == sent
    assert event.extra["flavour"] == "unknown"


def test_a_summary_holds_no_token_and_no_contact() -> None:
    (event,) = read({**EVENT, "summary": "Signed in with isk_r_abcdefghijklmnop as ann@example.com"})
    assert isinstance(event, ActivityEvent)
    assert event.summary == "Signed in with [token] as [contact]"


def test_the_least_event_is_an_id_a_type_and_a_time() -> None:
    (event,) = read({**LEAST, "links": None})
    assert isinstance(event, ActivityEvent)
    assert (event.summary, event.links, event.asset_ids, event.credits_delta) == ("", {}, (), None)
    assert event.drift == ()


def test_a_type_outside_the_registry_is_kept() -> None:
    (event,) = read({**EVENT, "type": "moon.landed"})
    assert isinstance(event, ActivityEvent)
    assert event.type == "moon.landed"


@pytest.mark.parametrize(
    ("field", "value", "attribute", "default"),
    [
        ("summary", 5, "summary", ""),
        ("links", "job_1", "links", {}),
        ("details", [1], "details", {}),
        ("details", {"credits_delta": "-11"}, "credits_delta", None),
        ("details", {"credits_delta": -11.5}, "credits_delta", None),
        ("cost", {"estimated_usd": "a lot"}, "estimated_usd_micros", None),
        ("cost", {"estimated_usd": True}, "estimated_usd_micros", None),
        ("links", {"asset_ids": "image_1"}, "asset_ids", ()),
        ("subject", "usage_1", "subject_id", None),
    ],
)
def test_a_mistyped_detail_costs_only_itself(field: str, value: Any, attribute: str, default: Any) -> None:
    (event,) = read({**EVENT, field: value})
    assert isinstance(event, ActivityEvent)
    assert getattr(event, attribute) == default
    assert event.event_id == "evt_1"


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({**LEAST, "event_id": None}, "event_id (missing)"),
        ({**LEAST, "event_id": "e" * 201}, "event_id (string_too_long)"),
        ({**LEAST, "type": 3}, "type (string_type)"),
        ({**LEAST, "occurred_at": "yesterday"}, "occurred_at (value_error)"),
        ({**LEAST, "occurred_at": "2026-06-01T10:00:00"}, "occurred_at (value_error)"),
        ("not an object", "not an object"),
        (None, "not an object"),
        ([1], "not an object"),
    ],
)
def test_one_bad_event_does_not_lose_the_page(broken: Any, problem: str) -> None:
    before, bad, after = read(EVENT, broken, {**EVENT, "event_id": "evt_2"})
    assert isinstance(before, ActivityEvent)
    assert isinstance(after, ActivityEvent)
    assert isinstance(bad, MalformedEvent)
    assert bad.problem == problem
    assert bad.raw == (broken if isinstance(broken, dict) else {"value": broken})


def test_a_bad_event_keeps_its_id_where_it_has_one() -> None:
    (bad,) = read({**EVENT, "occurred_at": None})
    assert isinstance(bad, MalformedEvent)
    assert bad.event_id == "evt_1"


def test_a_bad_event_is_kept_only_up_to_a_bound() -> None:
    (bad,) = read({"event_id": "evt_1", "details": {"text": "x" * 100_000}})
    assert isinstance(bad, MalformedEvent)
    assert list(bad.raw) == ["cut"]
    assert len(bad.raw["cut"]) == MAX_MALFORMED
    assert bad.raw["cut"].startswith('{"event_id": "evt_1"')


def test_a_long_summary_is_cut_and_whole_in_raw() -> None:
    (event,) = read({**EVENT, "summary": "s" * 5_000})
    assert isinstance(event, ActivityEvent)
    assert len(event.summary) == 2_000
    assert len(event.raw["summary"]) == 5_000


def test_the_order_of_the_service_is_kept() -> None:
    events = read(*({**EVENT, "event_id": f"evt_{number}"} for number in (3, 1, 2)))
    assert [event.event_id for event in events] == ["evt_3", "evt_1", "evt_2"]


def test_limit_and_subject_are_sent() -> None:
    service = Service(ok({"events": [], "source": "hosted_activity_ledger"}))
    with client_of(service) as client:
        page = client.activity.list(limit=50, subject="job_1")
    assert dict(service.request.url.params) == {"limit": "50", "subject": "job_1"}
    assert page.source == "hosted_activity_ledger"
    assert page.events == ()


def test_a_limit_below_one_is_never_sent() -> None:
    service = Service(ok({"events": []}))
    with client_of(service) as client, pytest.raises(ValueError, match="limit"):
        client.activity.list(limit=0)
    assert service.requests == []


@pytest.mark.parametrize("data", [{}, {"events": None}, {"events": {"0": EVENT}}, {"events": "none"}])
def test_a_page_without_a_list_of_events_is_a_contract_error(data: dict[str, Any]) -> None:
    with client_of(Service(ok(data))) as client, pytest.raises(ContractError, match="events"):
        client.activity.list()


@pytest.mark.parametrize("data", [{"events": [EVENT]}, {"event": EVENT}])
def test_one_reference_answers_with_a_page_too(data: dict[str, Any]) -> None:
    service = Service(ok(data))
    with client_of(service) as client:
        page = client.activity.get("trace_9")
    assert service.request.url.path == "/v1/activity/trace_9"
    assert [event.event_id for event in page.events] == ["evt_1"]


def test_what_a_database_refuses_is_replaced_at_the_edge() -> None:
    body = b'{"ok":true,"data":{"events":[{"event_id":"evt_1","type":"x","occurred_at":"2026-06-01T10:00:00Z",'
    body += b'"summary":"a\\ud800b\\u0000c","details":{"k\\udc00":["\\u0000"]}}]}}'
    with client_of(Service(raw(body))) as client:
        (event,) = client.activity.list().events
    assert isinstance(event, ActivityEvent)
    assert event.summary == "a\ufffdb\ufffdc"
    assert event.details == {"k\ufffd": ["\ufffd"]}


def test_texts_of_agents_stay_out_of_reprs() -> None:
    (event,) = read({**EVENT, "details": {"note": "canary"}, "unknown": "canary"})
    assert "evt_1" in repr(event)
    assert "canary" not in repr(event)
