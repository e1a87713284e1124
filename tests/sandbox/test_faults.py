"""Faults: each kind does what it says, to the requests it was asked for, and only while the control key is set."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from sandbox import faults, mischief
from sandbox.faults import Rule
from tests.sandbox.fixtures import Answer, Caller

KEY = "control-key-of-these-tests"


@pytest.fixture
def control(stranger: Caller, settings: Settings) -> Iterator[Caller]:
    settings.SANDBOX_CONTROL_KEY = KEY
    faults.book.clear()
    yield Caller(stranger.http, KEY)
    faults.book.clear()


@pytest.fixture
def misbehave(control: Caller) -> Callable[..., dict[str, Any]]:
    def add(kind: str, **rule: Any) -> dict[str, Any]:
        return dict(control.post("/control/v1/faults", {"kind": kind, **rule}).data["fault"])

    return add


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ["/control/v1/faults", "/control/v1/faults/fault_1"])
def test_without_a_key_in_the_settings_nothing_is_there(
    sandbox_http: httpx.Client, settings: Settings, method: str, path: str
) -> None:
    settings.SANDBOX_CONTROL_KEY = ""
    answer = Answer(sandbox_http.request(method, path, headers={"authorization": f"Bearer {KEY}"}))
    assert answer.refusal == ("NOT_FOUND", 404, 1)


def test_rules_do_nothing_without_a_key_in_the_settings(
    misbehave: Callable[..., Any], stranger: Caller, settings: Settings
) -> None:
    misbehave("html")
    settings.SANDBOX_CONTROL_KEY = ""
    assert stranger.get("/healthz").data["status"] == "ok"


def test_a_wrong_key_is_refused(control: Caller, stranger: Caller, agent: Caller) -> None:
    for caller in (stranger, agent, Caller(stranger.http, KEY + "x")):
        assert caller.get("/control/v1/faults").refusal == ("AUTH_REQUIRED", 401, 3)
        assert caller.post("/control/v1/faults", {"kind": "html"}).refusal == ("AUTH_REQUIRED", 401, 3)
    refused = control.http.put("/control/v1/faults", headers=control.headers)
    assert Answer(refused).refusal == ("METHOD_NOT_ALLOWED", 405, 2)
    assert refused.headers["allow"] == "GET, POST, DELETE"


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "html", "colour": "red"},
        {"kind": "html", "share": 2},
        {"kind": "html", "nth": 0},
        {"kind": "html", "options": {"seconds": 1}},
        {"kind": "html", "options": {"status": 99}},
        {"kind": "html", "options": []},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(control: Caller, rule: dict[str, Any]) -> None:
    assert control.post("/control/v1/faults", rule).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert control.get("/control/v1/faults").data["faults"] == []


def test_rules_are_listed_with_their_counts_and_taken_away(
    misbehave: Callable[..., Any], control: Caller, stranger: Caller
) -> None:
    rule, _ = misbehave("html", path="/healthz", nth=2), misbehave("html", path="/none")
    for _ in range(3):
        stranger.http.get("/healthz")
    first, second = control.get("/control/v1/faults").data["faults"]
    assert (first["id"], first["seen"], first["hits"], second["seen"]) == (rule["id"], 3, 1, 0)

    def remove(path: str) -> Answer:
        return Answer(control.http.delete(f"/control/v1/faults{path}", headers=control.headers))

    assert remove(f"/{rule['id']}").data["removed"] == 1
    assert remove(f"/{rule['id']}").refusal == ("NOT_FOUND", 404, 1)
    assert remove("").data["removed"] == 1
    assert control.get("/control/v1/faults").data["faults"] == []


def test_too_many_requests_come_with_the_time_to_wait(misbehave: Callable[..., Any], stranger: Caller) -> None:
    misbehave("rate_limited", options={"seconds": 7})
    answer = stranger.get("/healthz")
    assert answer.refusal == ("RATE_LIMITED", 429, 5)
    assert answer.response.headers["retry-after"] == "7"
    assert answer.error["recovery"] == {"retry_after_seconds": 7}


def test_a_server_error_is_an_envelope_and_html_is_not(misbehave: Callable[..., Any], stranger: Caller) -> None:
    misbehave("server_error", path="/healthz", options={"status": 504})
    misbehave("html", path="/v1/models")
    assert stranger.get("/healthz").refusal == ("INTERNAL_ERROR", 504, 7)
    page = stranger.http.get("/v1/models")
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html")
    assert page.text.startswith("<!doctype html>")


def test_only_the_answer_is_lost_where_it_says_so(misbehave: Callable[..., Any], agent: Caller) -> None:
    misbehave("server_error", path="/v1/create", times=1, after=True)
    assert agent.create(idempotency_key="k").refusal == ("INTERNAL_ERROR", 503, 7)
    assert agent.limits()["remaining_credits"] == 39
    assert agent.create(idempotency_key="k").envelope["warnings"]
    assert agent.limits()["remaining_credits"] == 39


def test_nothing_is_done_where_the_fault_comes_first(misbehave: Callable[..., Any], agent: Caller) -> None:
    misbehave("rate_limited", path="/v1/create", method="post")
    agent.create()
    assert agent.limits()["remaining_credits"] == 40


def test_a_rule_may_be_about_one_agent(misbehave: Callable[..., Any], sign_up: Callable[..., Caller]) -> None:
    one, two = sign_up(), sign_up()
    misbehave("html", agent_id=one.get("/v1/whoami").data["actor"]["actor_id"])
    assert one.http.get("/v1/quota", headers=one.headers).status_code == 502
    assert two.get("/v1/quota").data["authenticated"]
    assert Caller(two.http, "isk_r_wrong").get("/v1/quota").refusal[1] == 401


def test_a_connection_ends_without_an_answer(misbehave: Callable[..., Any], stranger: Caller) -> None:
    misbehave("reset", path="/healthz")
    with pytest.raises(ConnectionResetError):
        stranger.http.get("/healthz")


def test_json_may_end_early_or_never_seem_to(misbehave: Callable[..., Any], stranger: Caller) -> None:
    misbehave("truncated_json", path="/healthz")
    misbehave("oversized_json", path="/v1/credit-packs", options={"megabytes": 2})
    short = stranger.http.get("/healthz")
    assert int(short.headers["content-length"]) == len(short.content)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        short.json()
    long = stranger.http.get("/v1/credit-packs")
    assert len(long.content) > 2 * 1024 * 1024
    assert long.json()["data"]["currency"] == "USD"


def test_fields_may_be_missing_or_of_another_type(misbehave: Callable[..., Any], agent: Caller) -> None:
    misbehave("missing_field", path="/v1/quota", options={"field": "data.limits.remaining_credits"})
    misbehave("retyped_field", path="/v1/quota", options={"field": "data.daily_jobs"})
    misbehave("retyped_field", path="/v1/quota", options={"field": "data.limits.reserved_credits"})
    misbehave("retyped_field", path="/v1/quota", options={"field": "data.top_up.urgency_reasons.0"})
    misbehave("missing_field", path="/v1/quota", options={"field": "data.nothing.here"})
    data = agent.get("/v1/quota").data
    assert "remaining_credits" not in data["limits"]
    assert data["daily_jobs"] == ["not an object"]
    assert data["limits"]["reserved_credits"] == "many"
    assert data["top_up"]["urgency_reasons"] == [7]


def test_the_ledger_may_come_wrong_in_four_ways(misbehave: Callable[..., Any], agent: Caller, control: Caller) -> None:
    agent.create()
    right = agent.get("/v1/activity").data["events"]

    def wrong(kind: str) -> list[dict[str, Any]]:
        rule = misbehave(kind, path="/v1/activity")
        rows = agent.get("/v1/activity").data["events"]
        control.http.delete(f"/control/v1/faults/{rule['id']}", headers=control.headers)
        return list(rows)

    assert wrong("duplicate_rows") == [right[0], *right]
    assert wrong("missing_rows") == right[1:]
    assert wrong("reordered_rows") == right[::-1]
    odd = wrong("unknown_activity_type")
    assert odd[1:] == right[1:]
    assert odd[0]["type"] not in {row["type"] for row in right}
    assert wrong("reordered_rows") != right == agent.get("/v1/activity").data["events"]


def test_an_operators_line_of_changes_may_come_wrong_too(
    misbehave: Callable[..., Any], operator: Caller, agent: Caller
) -> None:
    agent.post("/v1/feedback", {"title": "Blue"})
    right = operator.get("/operator/v1/changes").data["changes"]
    misbehave("duplicate_rows", path="/operator/*")
    assert operator.get("/operator/v1/changes").data["changes"] == [right[0], *right]


def test_the_clock_may_be_wrong(misbehave: Callable[..., Any], agent: Caller) -> None:
    right = agent.get("/v1/whoami").data["token_created_at"]
    misbehave("clock_skew", options={"offset_seconds": -86_400})
    wrong = agent.get("/v1/whoami").data["token_created_at"]
    assert wrong < right
    assert wrong[10:] == right[10:]


def test_head_and_body_may_be_slow(
    misbehave: Callable[..., Any], agent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(mischief.time, "sleep", slept.append)
    right = agent.get("/v1/credit-packs").data
    misbehave("slow_head", path="/v1/credit-packs", options={"milliseconds": 300})
    assert agent.get("/v1/credit-packs").data == right
    assert slept == [0.3]
    misbehave("slow_body", path="/v1/credit-packs", options={"milliseconds": 200})
    slow = agent.get("/v1/credit-packs")
    assert slow.data == right
    assert int(slow.response.headers["content-length"]) == len(slow.response.content)
    assert sum(slept) == pytest.approx(0.8)


def test_a_picture_may_be_cut_as_well(misbehave: Callable[..., Any], agent: Caller) -> None:
    (asset,) = agent.create().data["assets"]
    misbehave("truncated_json", path="/a/*")
    misbehave("missing_field", path="/a/*")
    assert len(agent.http.get(asset["url"]).content) == asset["content_length"] // 2


@pytest.mark.parametrize(
    ("terms", "hits"),
    [
        ({"share": 1.0}, 10),
        ({"share": 0.3}, 3),
        ({"share": 0.0}, 0),
        ({"nth": 4}, 1),
        ({"nth": 11}, 0),
        ({"share": 0.5, "times": 2}, 2),
    ],
)
def test_a_share_is_met_exactly(terms: dict[str, Any], hits: int) -> None:
    whole = {"share": 1.0, "nth": None, "times": None} | terms
    rule = Rule(id="fault_1", kind="html", path="*", method="", agent_id="", after=False, options={}, **whole)
    assert sum(rule.strikes() for _ in range(10)) == rule.hits == hits
