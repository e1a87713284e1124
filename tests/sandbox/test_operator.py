"""The operator extension: its key, claims with grants, revocation, limits, feedback (docs/hosted-api.md, ours)."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from sandbox import access
from sandbox.models import Agent, FeedbackAnswer
from sandbox.views.operator import urlpatterns
from tests.sandbox.fixtures import OPERATOR_KEY as KEY
from tests.sandbox.fixtures import Caller
from tests.sandbox.works import edit, uploaded

CONTACT = "sponsor@example.com"
PATHS = ["/operator/v1/" + str(entry.pattern).replace("<str:", "").replace(">", "") for entry in urlpatterns]


def agent_id(agent: Caller) -> str:
    return str(agent.get("/v1/whoami").data["actor"]["actor_id"])


def steer(operator: Caller, agent: str, verb: str, **body: Any) -> dict[str, Any]:
    return dict(operator.post(f"/operator/v1/agents/{agent}/{verb}", body).data["agent"])


@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_in_the_settings_nothing_is_there(stranger: Caller, settings: Settings, path: str) -> None:
    settings.SANDBOX_OPERATOR_KEY = ""
    for caller in (stranger, Caller(stranger.http, KEY), Caller(stranger.http, " ")):
        assert caller.get(path).refusal == ("NOT_FOUND", 404, 1)
        assert caller.post(path, {}).refusal == ("NOT_FOUND", 404, 1)


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_key_or_an_agents_token_is_refused_everywhere(operator: Caller, agent: Caller, path: str) -> None:
    for caller in (Caller(operator.http), Caller(operator.http, KEY[:-1]), Caller(operator.http, KEY + "x"), agent):
        assert caller.get(path).refusal == ("AUTH_REQUIRED", 401, 3)
        assert caller.post(path, b"{").refusal == ("AUTH_REQUIRED", 401, 3)


def test_the_operators_key_is_nobodys_token(operator: Caller) -> None:
    assert operator.get("/v1/whoami").refusal == ("AUTH_REQUIRED", 401, 3)


def test_a_key_has_an_allowance_that_refills(
    operator: Caller, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(access, "_operators", access.Allowance(lambda: seconds[0]))
    settings.SANDBOX_OPERATOR_REQUESTS_PER_MINUTE = 2
    for _ in range(2):
        assert operator.get("/operator/v1/agents").data["agents"] == []
    answer = operator.get("/operator/v1/agents")
    assert answer.refusal == ("RATE_LIMITED", 429, 5)
    assert answer.error["recovery"]["retry_after_seconds"] == int(answer.response.headers["retry-after"]) == 31
    assert Caller(operator.http, "wrong").get("/operator/v1/agents").refusal[1] == 401
    seconds[0] = 31.0
    assert operator.get("/operator/v1/agents").data["agents"] == []


def test_agents_of_all_organizations_are_listed_a_page_at_a_time(
    operator: Caller, sign_up: Callable[..., Caller]
) -> None:
    made = [agent_id(sign_up(agent_name=f"agent {number}")) for number in range(5)]
    seen, cursor, more = [], {}, True
    while more:
        page = operator.get("/operator/v1/agents", limit=2, **cursor).data
        seen += [row["agent_id"] for row in page["agents"]]
        cursor, more = {"cursor": page["next_cursor"]}, page["has_more"]
    assert seen == made
    assert operator.get("/operator/v1/agents", **cursor).data == {
        "agents": [],
        "next_cursor": cursor["cursor"],
        "has_more": False,
    }
    late = agent_id(sign_up())
    assert [row["agent_id"] for row in operator.get("/operator/v1/agents", **cursor).data["agents"]] == [late]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "1.é"},
        {"since": "soon"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"colour": "red"},
        {"since": "2026-01-01"},
        {"claim_requested": "perhaps"},
        {"cursor": "99999999999999999999.x"},
    ],
)
def test_a_query_that_makes_no_sense_is_refused(operator: Caller, query: dict[str, str]) -> None:
    assert operator.get("/operator/v1/agents", **query).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_a_claim_goes_from_request_to_confirmation_to_release(operator: Caller, agent: Caller) -> None:
    agent.post("/v1/agent-claims", {"contact": CONTACT})
    search = {"contact": f" {CONTACT.upper()} "}
    (found,) = operator.post("/operator/v1/claim-requests/search", search).data["agents"]
    assert found["agent_id"] == agent_id(agent)
    assert found["claim_request"]["contact"] == "s***@example.com"
    claimed = steer(operator, found["agent_id"], "claim", contact=CONTACT)
    assert (claimed["claim_state"], claimed["claim_request"]) == ("claimed", None)
    assert claimed["claimed_by"] == "s***@example.com"
    assert operator.post("/operator/v1/claim-requests/search", search).data["agents"] == []
    me = agent.get("/v1/whoami")
    assert me.envelope["actor"]["claim_state"] == me.data["claim_state"] == "claimed"
    assert me.data["claim_request_state"] is None
    assert "jobs.more" in me.data["grants"]
    assert agent.get("/v1/quota").data["daily_jobs"]["limit"] == 200
    assert steer(operator, found["agent_id"], "release")["claim_state"] == "unclaimed"
    assert agent.get("/v1/quota").data["daily_jobs"]["limit"] == 4
    assert agent.post("/v1/agent-claims", {"contact": CONTACT}).data["state"] == "attached"


def test_a_claim_is_not_confirmed_for_somebody_the_agent_did_not_ask(operator: Caller, agent: Caller) -> None:
    agent.post("/v1/agent-claims", {"contact": CONTACT})
    path = f"/operator/v1/agents/{agent_id(agent)}/claim"
    assert operator.post(path, {"contact": "thief@example.com"}).refusal == ("CLAIM_CONFLICT", 409, 1)
    assert agent.get("/v1/whoami").data["claim_state"] == "unclaimed"


def test_a_claim_carries_just_the_grants_it_was_confirmed_with(operator: Caller, agent: Caller) -> None:
    me = agent_id(agent)
    shown = steer(operator, me, "claim", grants=["feedback.write", "credits.quote"])["grants"]
    assert shown == agent.get("/v1/whoami").data["grants"] == ["feedback.write", "credits.quote"]
    assert agent.create().refusal == ("CAPABILITY_DENIED", 403, 4)
    since = steer(operator, me, "claim", grants=["image.create.preview"])["claimed_at"]
    assert steer(operator, me, "claim")["claimed_at"] == since
    assert agent.create().data["status"] == "completed"
    refused = operator.post(f"/operator/v1/agents/{me}/claim", {"grants": ["everything"]})
    assert refused.refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_a_revoked_agent_is_shut_out_until_it_is_restored(operator: Caller, sign_up: Callable[..., Caller]) -> None:
    contact = {"agent_contact": "agent@example.com"}
    agent = sign_up(**contact)
    me = agent_id(agent)
    steer(operator, me, "claim", grants=["feedback.write"])
    for _ in range(2):
        assert steer(operator, me, "revoke")["claim_state"] == "revoked"
    assert agent.get("/v1/whoami").refusal == ("AUTH_REQUIRED", 401, 3)
    again = Caller(agent.http).post("/v1/agent-signups", {"agent_name": "a", "runtime": "r", **contact})
    assert again.refusal == ("CAPABILITY_DENIED", 403, 4)
    assert operator.post(f"/operator/v1/agents/{me}/claim", {}).refusal == ("CLAIM_CONFLICT", 409, 1)
    for _ in range(2):
        restored = steer(operator, me, "restore")
        assert (restored["claim_state"], restored["grants"]) == ("claimed", ["feedback.write"])
    assert agent.get("/v1/whoami").data["claim_state"] == "claimed"


def test_limits_hold_before_anything_is_reserved(operator: Caller, agent: Caller) -> None:
    me = agent_id(agent)
    steer(operator, me, "guardrails", credits_per_job=4)
    too_dear = agent.create(model="fal.flux-dev", model_parameters={})
    assert too_dear.refusal == ("GUARDRAIL_EXCEEDED", 402, 5)
    assert too_dear.error["recovery"]["guardrail"] == {"name": "credits_per_job", "limit": 4, "needed": 5}
    assert agent.limits()["remaining_credits"] == 40
    assert agent.event_types() == []
    assert agent.create().data["status"] == "completed"
    steer(operator, me, "guardrails", credits_per_job=1, credits_per_day=1)
    assert agent.get("/v1/quota").data["guardrails"]["credits_per_day"] == 1
    source = uploaded(agent)
    assert edit(agent, source).refusal == ("GUARDRAIL_EXCEEDED", 402, 5)
    assert edit(agent, source, dry_run=True).data["status"] == "planned"


@pytest.mark.parametrize(
    ("name", "later", "then"),
    [
        ("credits_per_day", "2026-12-02T00:00:01Z", "2026-12-03T00:00:01Z"),
        ("credits_per_week", "2026-12-06T23:59:59Z", "2026-12-07T00:00:01Z"),
        ("credits_per_month", "2026-12-31T23:59:59Z", "2027-01-01T00:00:01Z"),
    ],
)
def test_a_limit_of_credits_is_counted_over_its_window(
    operator: Caller, agent: Caller, name: str, later: str, then: str
) -> None:
    me = agent_id(agent)
    with time_machine.travel("2026-12-02T00:00:00Z") as clock:
        steer(operator, me, "guardrails", **{name: 2})
        agent.create(prompt="[sandbox:provider_failure]")
        agent.create(dry_run=True)
        for _ in range(2):
            assert agent.create(idempotency_key=f"key-{_}").data["status"] == "completed"
        assert agent.create(idempotency_key="key-1").data["status"] == "completed"
        clock.move_to(later)
        refused = agent.create()
        assert refused.refusal == ("GUARDRAIL_EXCEEDED", 402, 5)
        assert refused.error["recovery"]["guardrail"]["used"] == 2
        assert refused.error["recovery"]["guardrail"]["resets_at"][:16] == then[:16]
        clock.move_to(then)
        assert agent.create().data["status"] == "completed"


def test_a_limit_of_jobs_lowers_the_cap_and_never_lifts_it(operator: Caller, agent: Caller) -> None:
    me = agent_id(agent)
    steer(operator, me, "guardrails", daily_jobs=1)
    agent.create()
    assert agent.create().refusal == ("DAILY_JOB_CAP_REACHED", 402, 5)
    steer(operator, me, "guardrails", daily_jobs=50)
    assert agent.get("/v1/quota").data["daily_jobs"] | {"resets_at": ""} == {
        "limit": 4,
        "used": 1,
        "remaining": 3,
        "resets_at": "",
    }
    assert steer(operator, me, "guardrails")["guardrails"]["daily_jobs"] is None


@pytest.mark.parametrize("body", [{"daily_job": 1}, {"daily_jobs": -1}, {"credits_per_day": "1"}, {"daily_jobs": True}])
def test_a_limit_that_is_misspelt_is_refused(operator: Caller, agent: Caller, body: dict[str, Any]) -> None:
    path = f"/operator/v1/agents/{agent_id(agent)}/guardrails"
    assert operator.post(path, body).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_feedback_is_read_with_its_text_and_found_by_its_fields(
    operator: Caller, sign_up: Callable[..., Caller]
) -> None:
    one, two = sign_up(), sign_up()
    first = one.post("/v1/feedback", {"title": "Blue", "body": "too blue", "severity": "high"}).data["feedback_id"]
    second = two.post("/v1/feedback", {"title": "Red", "dedupe_key": "red"}).data["feedback_id"]

    def found(**query: str) -> list[str]:
        return [row["feedback_id"] for row in operator.get("/operator/v1/feedback", **query).data["feedback"]]

    assert found() == [first, second]
    assert found(severity="high") == found(agent_id=agent_id(one)) == [first]
    assert found(dedupe_key="red") == [second]
    assert found(answered="true") == []
    item = operator.get(f"/operator/v1/feedback/{first}").data["feedback"]
    assert (item["title"], item["body"], item["answer"]) == ("Blue", "too blue", None)
    assert operator.get("/operator/v1/feedback/sig_none").refusal == ("FEEDBACK_NOT_FOUND", 404, 1)


def test_an_answer_reaches_the_agent_in_the_events_that_are_there(operator: Caller, agent: Caller) -> None:
    feedback = agent.post("/v1/feedback", {"title": "Blue", "body": "too blue"}).data["feedback_id"]
    before = agent.get(f"/v1/activity/{feedback}").data["events"]
    path = f"/operator/v1/feedback/{feedback}/answer"
    operator.post(path, {"text": "Thank you."})
    token = "isk_r_" + "x" * 20
    answer = {"text": f"Fixed, {token}", "decision": "fixed", "url": "https://example.com/1"}
    assert operator.post(path, answer).data["feedback"]["answer"]["decision"] == "fixed"
    after = agent.get(f"/v1/activity/{feedback}").data["events"]
    told = after[0]["details"].pop("answer")
    assert after == before
    assert told | {"answered_at": ""} == answer | {"text": "Fixed, [redacted-token]", "answered_at": ""}
    assert agent.get("/v1/activity").data["events"][0]["details"]["answer"]["decision"] == "fixed"
    assert FeedbackAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "a" * 4001},
        {"text": "a", "decision": "no way"},
        {"text": "a", "url": "javascript:alert(1)"},
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(operator: Caller, agent: Caller, body: dict[str, Any]) -> None:
    feedback = agent.post("/v1/feedback", {"title": "Blue"}).data["feedback_id"]
    assert operator.post(f"/operator/v1/feedback/{feedback}/answer", body).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_the_ledger_of_all_organizations_has_each_line_once_and_says_whose_it_is(
    operator: Caller, sign_up: Callable[..., Caller]
) -> None:
    one, two = sign_up(), sign_up()
    for caller in (one, two, one):
        caller.create()
    seen, cursor = [], {}
    for _ in range(5):
        page = operator.get("/operator/v1/ledger", limit=2, **cursor).data
        seen += page["events"]
        cursor = {"cursor": page["next_cursor"]}
    assert not page["has_more"]
    own = {event["event_id"]: event for caller in (one, two) for event in caller.get("/v1/activity").data["events"]}
    assert len(seen) == len(own) == 9
    for event in seen:
        whose = Agent.objects.get(pk=event.pop("agent_id"))
        assert event.pop("organization_id") == whose.organization_id
        assert event == own[event["event_id"]]
    only = operator.get("/operator/v1/ledger", agent_id=agent_id(two), type="job.completed").data["events"]
    assert [event["agent_id"] for event in only] == [agent_id(two)]
    organization = two.get("/v1/whoami").data["organization"]["organization_id"]
    same = operator.get("/operator/v1/ledger", organization_id=organization).data["events"]
    assert {event["agent_id"] for event in same} == {agent_id(two)}
    assert operator.get("/operator/v1/ledger", organization_id="org_none").data["events"] == []


def test_a_page_costs_as_much_to_read_with_many_rows_as_with_few(
    operator: Caller, sign_up: Callable[..., Caller]
) -> None:
    def fill(agents: int) -> None:
        for number in range(agents):
            agent = sign_up()
            steer(operator, agent_id(agent), "guardrails", daily_jobs=number + 1)
            feedback = agent.post("/v1/feedback", {"title": "Blue"}).data["feedback_id"]
            operator.post(f"/operator/v1/feedback/{feedback}/answer", {"text": "Thank you."})
            agent.create()

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert operator.get(f"/operator/v1/{path}", limit=500).response.status_code == 200
        return len(asked)

    pages = ("agents", "feedback", "ledger", "changes")
    fill(1)
    few = {path: queries(path) for path in pages}
    fill(3)
    assert {path: queries(path) for path in pages} == few
    # On PostgreSQL the pages wait for late commits, in statements of their own.
    assert max(few.values()) <= 15


def test_one_cursor_follows_everything_that_changes(operator: Caller, agent: Caller) -> None:
    def changes(cursor: str | None, limit: int = 100) -> tuple[list[dict[str, Any]], str]:
        page = operator.get("/operator/v1/changes", limit=limit, **({"cursor": cursor} if cursor else {})).data
        return page["changes"], page["next_cursor"]

    me = agent_id(agent)
    rows, cursor = changes(None)
    assert [(row["kind"], row["id"]) for row in rows] == [("agent", me)]
    steer(operator, me, "guardrails", daily_jobs=3)
    steer(operator, me, "claim")
    feedback = agent.post("/v1/feedback", {"title": "Blue"}).data["feedback_id"]
    agent.create()
    rows, later = changes(cursor)
    kinds = [row["kind"] for row in rows]
    assert kinds == ["agent", "feedback", "event", "event", "event", "event"]
    assert rows[0]["item"]["claim_state"] == "claimed"
    assert rows[0]["item"]["guardrails"]["daily_jobs"] == 3
    assert rows[1]["id"] == feedback
    assert {row["agent_id"] for row in rows} == {me}
    assert changes(later) == ([], later)
    small, step = [], cursor
    for _ in range(6):
        page, step = changes(step, limit=2)
        small += page
    assert [row["id"] for row in small if row["kind"] == "event"] == [
        row["id"] for row in rows if row["kind"] == "event"
    ]
    assert step == later


def test_changes_of_one_kind_are_followed_by_themselves(operator: Caller, agent: Caller) -> None:
    agent.post("/v1/feedback", {"title": "Blue"})
    agent.create()
    found: dict[str, list[str]] = {}
    for kind in ("agent", "feedback", "event"):
        page = operator.get("/operator/v1/changes", kind=kind).data
        found[kind] = [row["kind"] for row in page["changes"]]
        later = operator.get("/operator/v1/changes", kind=kind, cursor=page["next_cursor"]).data
        assert later["changes"] == []
    assert found == {"agent": ["agent"], "feedback": ["feedback"], "event": ["event"] * 4}
    assert operator.get("/operator/v1/changes", kind="weather").refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("verb", ["claim", "release", "revoke", "restore", "guardrails"])
def test_an_agent_that_is_not_there_is_not_found(operator: Caller, verb: str) -> None:
    assert operator.post(f"/operator/v1/agents/agt_none/{verb}", {}).refusal == ("AGENT_NOT_FOUND", 404, 1)
