"""One line a request, with the allowed fields and nothing of what anybody sent (contract 4.13)."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from sandbox import faults
from tests.sandbox.fixtures import Caller
from tests.sandbox.paying import purchase
from tests.sandbox.works import edit, image_bytes, upload_body

FIELDS = {
    "command",
    "endpoint",
    "api_version",
    "actor_class",
    "status",
    "duration_ms",
    "error_class",
    "retry_state",
    "job_id",
    "capability",
    "cost_usd",
    "output_count",
    "trace_id",
}
KEYS = ("canary-operator-key", "canary-control-key")
SECRETS = ("canary", "%63anary", "isk_r_", "base64", "Bearer", "example.com")


class Lines:
    """The lines that were written since the test began."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog

    def all(self) -> list[dict[str, Any]]:
        records = [record for record in self.caplog.records if record.name == "sandbox.telemetry"]
        return [json.loads(record.getMessage()) for record in records]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    caplog.set_level(logging.DEBUG)
    return Lines(caplog)


def test_a_create_is_told_with_its_work_and_its_replay_as_one(agent: Caller, lines: Lines) -> None:
    made = agent.create(idempotency_key="k")
    line = lines.last()
    assert line.pop("duration_ms") >= 0
    assert line == {
        "command": "image-skill create",
        "endpoint": "POST /v1/create",
        "api_version": "v1",
        "actor_class": "agent",
        "status": 200,
        "error_class": None,
        "retry_state": "none",
        "job_id": made.data["job_id"],
        "capability": made.data["capability"]["id"],
        "cost_usd": made.data["cost"]["estimated_usd"],
        "output_count": 1,
        "trace_id": made.envelope["trace_id"],
    }
    agent.create(idempotency_key="k")
    assert lines.last()["retry_state"] == "replay"


def test_an_error_is_told_by_its_class_and_whether_a_retry_helps(agent: Caller, lines: Lines) -> None:
    failed = agent.create(prompt="[sandbox:provider_failure]")
    line = lines.last()
    assert (line["status"], line["error_class"], line["retry_state"]) == (502, "PROVIDER_FAILURE", "retryable")
    assert line["job_id"] == failed.error["recovery"]["job_id"]
    agent.create(prompt="")
    assert (lines.last()["error_class"], lines.last()["retry_state"]) == ("INVALID_ARGUMENTS", "final")


def test_an_address_is_told_by_its_route(stranger: Caller, agent: Caller, lines: Lines) -> None:
    for path, endpoint, actor in [
        ("/canary?q=canary", "GET unknown", "anonymous"),
        ("/v1/models/canary", "GET /v1/models/<path:reference>", "anonymous"),
        ("/a/canary.png", "GET /a/<path:file_name>", "anonymous"),
        ("/v1/jobs/canary", "GET /v1/jobs/<path:job_id>", "agent"),
    ]:
        (agent if actor == "agent" else stranger).get(path)
        assert (lines.last()["endpoint"], lines.last()["actor_class"]) == (endpoint, actor)
    stranger.http.request("CANARY", "/healthz")
    assert lines.last()["endpoint"] == "OTHER /healthz"


def test_a_full_run_writes_one_line_a_request_and_leaks_nothing(
    sign_up: Callable[..., Caller], lines: Lines, settings: Settings, sandbox_data: Path
) -> None:
    settings.SANDBOX_OPERATOR_KEY, settings.SANDBOX_CONTROL_KEY = KEYS
    faults.book.clear()
    agent = sign_up(
        agent_contact="canary@example.com", agent_name="canary-name", runtime="canary", discovery_source="canary"
    )
    answers: list[object] = [agent]
    agent.http.event_hooks["response"].append(answers.append)
    operator, control = (Caller(agent.http, key) for key in KEYS)
    me = agent.get("/v1/whoami").data["actor"]["actor_id"]
    made = agent.create(prompt="canary-prompt", idempotency_key="canary-key", intent="canary").data
    agent.create(prompt="canary-other", idempotency_key="canary-key")
    agent.create(prompt="canary-plan", dry_run=True)
    agent.create(prompt="canary [sandbox:provider_failure]")
    agent.create(prompt="canary", model="canary", references=[{"asset_id": "canary"}])
    picture = image_bytes()
    body = upload_body(picture, filename="canary.png", source_kind="remote_url", remote_origin="https://canary.test")
    source = agent.post("/v1/upload", body).data["asset"]["asset_id"]
    assert edit(agent, source, prompt="canary-edit", idempotency_key="canary-edit-key").data["assets"]
    paid = purchase(agent, key="canary-purchase").pay()
    assert paid.status()["state"] == "succeeded"
    agent.post("/v1/agent-claims", {"contact": "canary-owner@example.com"})
    feedback = agent.post("/v1/feedback", {"title": "canary", "trace_id": "canary"}).data["feedback_id"]
    agent.post("/v1/credit-quotes", {"credits": 5, "payment_method": "canary", "idempotency_key": "canary"})
    agent.post("/v1/credit-quotes", {"card": "canary"})
    for path in ("/v1/quota", "/v1/activity", f"/v1/activity/{feedback}", f"/v1/jobs/{made['job_id']}", "/v1/canary"):
        agent.get(path, canary="canary")
    agent.http.get(made["assets"][0]["url"])
    Caller(agent.http, "isk_r_canary").get("/v1/whoami")
    operator.post("/operator/v1/claim-requests/search", {"contact": "canary-owner@example.com"})
    operator.post(f"/operator/v1/feedback/{feedback}/answer", {"text": "canary"})
    operator.post(f"/operator/v1/agents/{me}/claim", {"contact": "canary-owner@example.com"})
    operator.get("/operator/v1/changes", cursor="canary")
    operator.get("/operator/v1/agents/canary")
    control.post("/control/v1/faults", {"kind": "html", "path": "/canary"})
    agent.http.get("/canary")
    faults.book.clear()
    assert len(lines.all()) == len(answers) > 20
    assert all(set(line) == FIELDS for line in lines.all())
    written = lines.caplog.text
    for secret in (*SECRETS, *KEYS, agent.token, str(sandbox_data)):
        sandbox_lines = [text for text in written.splitlines() if "sandbox" in text]
        assert not [text for text in sandbox_lines if secret.lower() in text.lower()], secret
