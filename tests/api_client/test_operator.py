"""The operator's client: what it asks, with which key, and when it asks again (docs/hosted-api.md, ours)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api_client import (
    AuthRefused,
    Conflict,
    ContractError,
    Guardrails,
    LedgerEvent,
    MalformedEvent,
    OperatorClient,
    TimedOut,
)
from tests.api_client.playing import BASE_URL, KEY, Clock, Service, ok, operator_of, refused

AGENT = {"agent_id": "agt_1", "organization_id": "org_1", "claim_state": "unclaimed"}
WHOSE = {"agent_id": "agt_1", "organization_id": "org_1"}
ITEM = {"feedback_id": "sig_1", **WHOSE, "created_at": "2026-03-01T12:00:00Z", "title": "Slow"}
PAYMENT = {
    "payment_attempt_id": "payatt_1",
    **WHOSE,
    "quote_id": "quote_1",
    "status": "succeeded",
    "credits": 500,
    "amount_cents": 500,
}
EVENT = {"event_id": "evt_1", "type": "job.completed", "occurred_at": "2026-03-01T12:00:00Z", **WHOSE}
Ask = Callable[[OperatorClient], Any]
WRITES: list[tuple[str, Any, dict[str, Any], Ask]] = [
    (
        "agents/agt_1/claim",
        {"contact": "owner@example.com", "grants": []},
        {"agent": AGENT},
        lambda it: it.agents.claim("agt_1", contact=" Owner@Example.com", grants=[]),
    ),
    ("agents/agt_1/claim", {}, {"agent": AGENT}, lambda it: it.agents.claim("agt_1")),
    ("agents/agt_1/release", {}, {"agent": AGENT}, lambda it: it.agents.release("agt_1")),
    ("agents/agt_1/revoke", {}, {"agent": AGENT}, lambda it: it.agents.revoke("agt_1")),
    ("agents/agt_1/restore", {}, {"agent": AGENT}, lambda it: it.agents.restore("agt_1")),
    (
        "agents/agt_1/guardrails",
        {
            "daily_jobs": 3,
            "credits_per_day": None,
            "credits_per_week": None,
            "credits_per_month": None,
            "credits_per_job": 0,
        },
        {"agent": AGENT},
        lambda it: it.agents.guardrails_set("agt_1", Guardrails(daily_jobs=3, credits_per_job=0)),
    ),
    (
        "feedback/sig_1/answer",
        {"text": "Fixed.", "decision": "fixed"},
        {"feedback": ITEM},
        lambda it: it.feedback.answer("sig_1", text="Fixed.", decision="fixed"),
    ),
    ("payments/payatt_1/fulfil", {}, {"payment": PAYMENT}, lambda it: it.payments.fulfil("payatt_1")),
    (
        "payments/payatt_1/refunds",
        {"amount_cents": 200, "idempotency_key": "r1"},
        {"payment": PAYMENT},
        lambda it: it.payments.refund("payatt_1", idempotency_key="r1", amount_cents=200),
    ),
]
READS: list[tuple[str, dict[str, Any], Ask]] = [
    ("agents", {"agents": [AGENT]}, lambda it: it.agents.list()),
    ("agents/agt_1", {"agent": AGENT}, lambda it: it.agents.get("agt_1")),
    ("feedback", {"feedback": [ITEM]}, lambda it: it.feedback.list()),
    ("feedback/sig_1", {"feedback": ITEM}, lambda it: it.feedback.get("sig_1")),
    ("payments", {"payments": [PAYMENT]}, lambda it: it.payments.list()),
    ("payments/payatt_1", {"payment": PAYMENT}, lambda it: it.payments.get("payatt_1")),
    ("reversals", {"reversals": []}, lambda it: it.reversals.list()),
    ("ledger", {"events": [EVENT]}, lambda it: it.ledger.list()),
    ("changes", {"changes": []}, lambda it: it.changes.list()),
]


@pytest.mark.parametrize(("path", "sent", "answer", "ask"), WRITES)
def test_each_write_sends_what_the_extension_takes(path: str, sent: Any, answer: dict[str, Any], ask: Ask) -> None:
    service = Service(ok(answer, actor=None))
    with operator_of(service) as operator:
        ask(operator)
    assert (service.request.method, service.request.url.path) == ("POST", f"/operator/v1/{path}")
    assert service.request.headers["authorization"] == f"Bearer {KEY}"
    assert service.sent == sent


@pytest.mark.parametrize(("path", "sent", "answer", "ask"), WRITES)
def test_a_write_whose_answer_is_lost_is_never_sent_again_by_itself(
    path: str, sent: Any, answer: dict[str, Any], ask: Ask
) -> None:
    service = Service(httpx.ReadTimeout("slow"), ok(answer))
    with operator_of(service) as operator, pytest.raises(TimedOut) as caught:
        ask(operator)
    assert caught.value.may_have_started
    assert len(service.requests) == 1


@pytest.mark.parametrize(("path", "sent", "answer", "ask"), WRITES)
def test_a_write_that_cannot_have_started_is_sent_again(path: str, sent: Any, answer: dict[str, Any], ask: Ask) -> None:
    service = Service(httpx.ConnectError("no"), ok(answer))
    with operator_of(service) as operator:
        ask(operator)
    assert len(service.requests) == 2


@pytest.mark.parametrize(("path", "answer", "ask"), READS)
def test_each_read_is_asked_with_the_key_and_again_after_trouble(path: str, answer: dict[str, Any], ask: Ask) -> None:
    service = Service(httpx.ReadTimeout("slow"), ok(answer, actor=None))
    with operator_of(service) as operator:
        ask(operator)
    assert {(one.method, one.url.path) for one in service.requests} == {("GET", f"/operator/v1/{path}")}
    assert service.requests[1].headers["authorization"] == f"Bearer {KEY}"


def test_a_search_for_claim_requests_names_the_inbox_in_the_body_alone_and_changes_nothing() -> None:
    service = Service(httpx.ReadTimeout("slow"), ok({"agents": [AGENT], "next_cursor": "9.agt_1", "has_more": True}))
    with operator_of(service) as operator:
        page = operator.agents.claim_requests_search(contact=" Owner@Example.com", cursor="1.agt_0")
    assert [agent.agent_id for agent in page.agents] == ["agt_1"]
    assert (page.next_cursor, page.has_more) == ("9.agt_1", True)
    assert str(service.requests[1].url) == f"{BASE_URL}/operator/v1/claim-requests/search?cursor=1.agt_0"
    assert service.requests[1].content == b'{"contact": "owner@example.com"}'


def test_a_search_that_fails_for_good_is_a_read_that_started_nothing() -> None:
    with operator_of(Service(httpx.ReadTimeout("slow"))) as operator, pytest.raises(TimedOut) as caught:
        operator.agents.claim_requests_search(contact="owner@example.com")
    assert not caught.value.may_have_started


def test_filters_travel_as_the_extension_reads_them() -> None:
    service = Service(ok({"agents": []}))
    with operator_of(service) as operator:
        operator.agents.list(
            limit=2, cursor=None, claim_requested=False, claim_state="claimed", since=datetime(2026, 3, 1, tzinfo=UTC)
        )
    assert dict(service.request.url.params) == {
        "limit": "2",
        "claim_requested": "false",
        "claim_state": "claimed",
        "since": "2026-03-01T00:00:00+00:00",
    }


def test_an_agent_comes_with_its_claim_its_limits_and_its_balance() -> None:
    told = {
        **AGENT,
        "claim_request": {"contact": "o***@example.com", "requested_at": "2026-03-01T12:00:00Z"},
        "grants": ["feedback.write"],
        "guardrails": {"daily_jobs": 20, "credits_per_day": None},
        "limits": {"remaining_credits": 40, "payment_backed_remaining_credits": 500},
        "daily_jobs": {"limit": 20, "used": 1, "remaining": 19},
    }
    with operator_of(Service(ok({"agent": told}))) as operator:
        agent = operator.agents.get("agt_1")
    assert (agent.claim_requested_of, agent.grants) == ("o***@example.com", ("feedback.write",))
    assert agent.guardrails == Guardrails(daily_jobs=20)
    assert (agent.remaining_credits, agent.payment_backed_remaining_credits) == (40, 500)
    assert agent.daily_jobs is not None
    assert agent.daily_jobs.remaining == 19
    assert "example.com" not in repr(agent)


def test_changes_are_read_by_their_kind_and_a_kind_of_tomorrow_is_kept() -> None:
    items = {"agent": AGENT, "feedback": ITEM, "payment": PAYMENT, "event": EVENT, "weather": {"sun": True}}
    changes = [
        {"kind": kind, "id": kind, **WHOSE, "changed_at": "2026-03-01T12:00:00Z", "item": item}
        for kind, item in items.items()
    ]
    with operator_of(Service(ok({"changes": changes, "next_cursor": "9.1", "has_more": False}))) as operator:
        page = operator.changes.list(limit=500, cursor="0.1")
    agent, feedback, payment, event, weather = page.changes
    assert agent.agent is not None
    assert feedback.feedback is not None
    assert feedback.feedback.title == "Slow"
    assert payment.payment is not None
    assert payment.payment.receipt is None
    assert isinstance(event.event, LedgerEvent)
    assert weather.extra == {"item": {"sun": True}}


def test_rows_that_cannot_be_read_are_kept_aside_and_do_not_cost_the_page() -> None:
    broken = {"kind": "payment", "id": "payatt_1", **WHOSE, "changed_at": "2026-03-01T12:00:00Z", "item": {}}
    with operator_of(Service(ok({"changes": [broken], "next_cursor": "9.1"}))) as operator:
        page = operator.changes.list()
    assert (page.changes, page.extra["malformed_changes"], page.next_cursor) == ((), [broken], "9.1")
    with operator_of(Service(ok({"events": [{"event_id": "evt_2"}, EVENT]}))) as operator:
        first, second = operator.ledger.list().events
    assert isinstance(first, MalformedEvent)
    assert isinstance(second, LedgerEvent)


def test_a_payment_whose_receipt_cannot_be_read_does_not_pass_for_an_unpaid_one() -> None:
    payment = {**PAYMENT, "receipt": {"receipt_id": "receipt_1"}}
    with operator_of(Service(ok({"payment": payment}))) as operator, pytest.raises(ContractError, match="receipt"):
        operator.payments.get("payatt_1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused("AUTH_REQUIRED", status=401), AuthRefused),
        (refused("CLAIM_CONFLICT", status=409), Conflict),
        (refused("REVERSAL_REFUSED", status=409), Conflict),
    ],
)
def test_refusals_are_those_of_every_other_path(answer: httpx.Response, kind: type[Exception]) -> None:
    with operator_of(Service(answer), Clock()) as operator, pytest.raises(kind) as caught:
        operator.agents.claim("agt_1")
    assert KEY not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize("agent_id", ["", "..", "x" * 201])
def test_an_id_that_would_be_another_path_is_not_sent(agent_id: str) -> None:
    service = Service(ok({"agent": AGENT}))
    with operator_of(service) as operator, pytest.raises(ValueError, match="not an id"):
        operator.agents.revoke(agent_id)
    assert not service.requests


def test_a_key_that_no_header_can_carry_is_refused_unquoted() -> None:
    with pytest.raises(ValueError, match="header") as caught:
        OperatorClient(base_url=BASE_URL, key="canary\nkey")
    assert "canary" not in str(caught.value)
