"""After a whole life of an agent, none of its secrets is anywhere: answers, database, files, logs (contract 10.9)."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps

from sandbox.models import Feedback
from tests.sandbox.fixtures import Caller
from tests.sandbox.works import edit, image_bytes, upload_body

PROMPT = "canary-prompt of a secret product"
REMOTE = {
    "source_kind": "remote_url",
    "filename": "/home/canary-path/sea.png",
    "remote_origin": "https://canary-user:canary-pass@media.example/canary-path?signature=canary-sign",
}
REMOTE_SECRETS = ("canary-path", "canary-user", "canary-pass", "canary-sign")
CONTACT, CLAIMANT = "canary-contact@example.com", "canary-owner@example.com"


def live(agent: Caller) -> list[str]:
    """Does a bit of everything and returns every later read."""
    made = agent.create(prompt=PROMPT, idempotency_key="canary-key", intent="canary intent").data
    agent.create(prompt=PROMPT + " again", idempotency_key="canary-key")
    agent.create(prompt=PROMPT, dry_run=True)
    failed = agent.create(prompt=f"{PROMPT} [sandbox:provider_failure]").error["recovery"]["job_id"]
    agent.create(prompt=f"{PROMPT} [sandbox:policy]")
    brought = agent.post("/v1/upload", upload_body(image_bytes(), **REMOTE)).data
    edited = edit(agent, brought["asset"]["asset_id"], prompt=PROMPT).data
    agent.post("/v1/agent-claims", {"contact": CLAIMANT})
    feedback = agent.post("/v1/feedback", {"title": "t", "body": "canary-report"}).data["feedback_id"]
    agent.post(
        "/v1/credit-quotes", {"credits": 5, "payment_method": "fake", "idempotency_key": "q", "card": "canary-card"}
    )
    reads = [
        "/v1/whoami",
        "/v1/quota",
        "/v1/activity",
        f"/v1/activity/{feedback}",
        f"/v1/jobs/{made['job_id']}",
        f"/v1/jobs/{failed}",
        f"/v1/assets/{made['asset_ids'][0]}",
        f"/v1/jobs/{brought['job_id']}",
        f"/v1/jobs/{edited['job_id']}",
        f"/v1/activity/{edited['job_id']}",
    ]
    return [str(made), str(brought), str(edited), *(agent.get(path).response.text for path in reads)]


def test_no_secret_is_left_anywhere(
    sign_up: Callable[..., Caller], caplog: pytest.LogCaptureFixture, sandbox_data: Path
) -> None:
    with caplog.at_level(logging.DEBUG):
        agent = sign_up(agent_contact=CONTACT)
        seen = live(agent)
    tables = [str(list(model._default_manager.values())) for model in apps.get_models() if model is not Feedback]
    logs = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("sandbox"))
    for secret in (
        agent.token,
        CONTACT,
        CLAIMANT,
        "canary-prompt",
        "canary-report",
        "canary-card",
        "canary intent",
        *REMOTE_SECRETS,
    ):
        for place in (*seen, *tables, logs):
            assert secret not in place, secret
    for place in seen:
        assert "base64" not in place
        assert str(sandbox_data) not in place
        assert "xai.grok-imagine-image" not in place


def test_a_picture_carries_no_metadata(agent: Caller) -> None:
    (asset,) = agent.create(prompt=PROMPT).data["assets"]
    content = agent.http.get(asset["url"]).content
    assert PROMPT.encode() not in content
    for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
        assert chunk not in content
