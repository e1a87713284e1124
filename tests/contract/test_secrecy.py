"""No prompt, contact or token in any later read (contract 4.12), nor in a log line of either side.

`playing.Wire` looks at every answer of every test; here it is made sure that it has something to look for.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from api_client import NotFound, Record, ServiceFailed
from tests.contract.playing import CONTACT, PROMPT, Agent, World


def live(world: World) -> Agent:
    """One of everything that takes a secret in."""
    agent = world.join(agent_contact=CONTACT, agent_name="Fox")
    agent.client.identity.claim_request(contact=CONTACT)
    agent.create("k1")
    agent.create("k1")
    agent.create("plan", dry_run=True)
    with pytest.raises(ServiceFailed):
        agent.create("k2", prompt=f"{PROMPT} [sandbox:provider_failure]")
    agent.client.feedback.create(title=PROMPT, body=f"{PROMPT} {agent.token.reveal()} {CONTACT}", evidence=[PROMPT])
    return agent


def read_back(agent: Agent) -> Iterator[Record]:
    """Everything that can be read with the agent's token."""
    yield from (agent.client.identity.whoami(), agent.client.quota.get())
    for event in agent.ledger():
        yield agent.client.activity.get(event.event_id)
        if event.job_id:
            yield agent.client.jobs.get(event.job_id)
        for asset_id in event.asset_ids:
            yield agent.client.assets.get(asset_id)


def test_no_later_read_holds_what_was_said(world: World) -> None:
    agent = live(world)
    secrets = ("canaryprompt", "canarycontact", agent.token.reveal())
    records = list(read_back(agent))
    assert len(records) > 10
    for record in records:
        whole = f"{record.model_dump()} {record!r} {record.extra}"
        assert not [secret for secret in secrets if secret in whole]


def test_the_wire_would_have_caught_it(world: World) -> None:
    with pytest.raises(AssertionError, match="answers with"):
        world.connect().identity.sign_up(agent_name="canaryprompt", runtime="pytest", return_token=False)


def test_no_log_line_of_either_side_holds_what_was_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    agent = live(world)
    list(read_back(agent))
    agent.client.activity.list(subject=CONTACT)
    with pytest.raises(NotFound):
        agent.client.activity.get(CONTACT)
    assert len(caplog.records) > 20
    assert "canary" not in caplog.text
    assert agent.token.reveal() not in caplog.text


def test_only_the_feedback_itself_is_kept_and_nothing_else_of_what_was_said(world: World, sandbox_data: Path) -> None:
    agent = live(world)
    kept = {
        model.__name__: str(list(model._default_manager.values()))
        for model in apps.get_app_config("sandbox").get_models()
    }
    assert "canaryprompt" in kept.pop("Feedback")
    assert not [name for name, rows in kept.items() if "canary" in rows or agent.token.reveal() in rows]
    files: list[Any] = [path for path in sandbox_data.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary" in path.read_bytes()]
