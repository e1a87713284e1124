"""The text for the agent works when pasted into a shell, and keeps both secrets out of every argument list."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import attempt_start
from dashboard.agents.invitation import Invitation, invitation_for, request_text_for
from dashboard.agents.models import ClaimAttempt

pytestmark = [pytest.mark.django_db(transaction=True)]
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")


@pytest.fixture
def invitation(live_server: Any, settings: Any, workspace: Workspace, owner: User) -> Invitation:
    settings.DASHBOARD_URL = live_server.url
    _, code = attempt_start(workspace=workspace, user=owner)
    return invitation_for(code=code, sponsor=owner.display_name, workspace=workspace.name)


def paste(text: str, environment: dict[str, str]) -> dict[str, Any]:
    """Run the command of the text as an agent's shell would and return the reply."""
    command = text[text.index("curl ") :]
    run = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    reply: dict[str, Any] = json.loads(run.stdout)
    return reply


@needs_curl
def test_pasted_command_answers_with_the_token_of_the_environment(invitation: Invitation, agent: Any) -> None:
    reply = paste(invitation.text, {"IMAGE_SKILL_TOKEN": agent.token})
    assert reply["state"] == "pending"
    assert ClaimAttempt.objects.get().remote_id == agent.remote_id


@needs_curl
@pytest.mark.parametrize("variable", ["IMAGE_SKILL_CONFIG_PATH", "XDG_CONFIG_HOME", "HOME"])
def test_pasted_command_finds_the_saved_token(
    invitation: Invitation, agent: Any, variable: str, tmp_path: Path
) -> None:
    below = {"IMAGE_SKILL_CONFIG_PATH": "", "XDG_CONFIG_HOME": "image-skill", "HOME": ".config/image-skill"}[variable]
    saved = tmp_path / below / "config.json"
    saved.parent.mkdir(parents=True, exist_ok=True)
    saved.write_text(json.dumps({"api_base_url": "http://127.0.0.1", "token": agent.token}, indent=2))
    reply = paste(
        invitation.text_for_saved_token,
        {variable: str(saved if variable == "IMAGE_SKILL_CONFIG_PATH" else tmp_path)},
    )
    assert reply["state"] == "pending"


@needs_curl
def test_missing_token_says_so_and_sends_nothing(invitation: Invitation) -> None:
    command = invitation.text[invitation.text.index("curl ") :]
    run = subprocess.run(["/bin/sh", "-c", command], env={"PATH": os.environ["PATH"]}, capture_output=True, check=False)
    assert run.returncode != 0
    assert b"set IMAGE_SKILL_TOKEN first" in run.stderr
    assert ClaimAttempt.objects.get().token_checks == 0


def test_code_stands_in_the_body_alone(invitation: Invitation) -> None:
    command = invitation.text[invitation.text.index("curl ") :]
    arguments, body = command.splitlines()[0], command.splitlines()[1:]
    assert arguments == "curl --config - <<CLAIM"
    assert [line for line in body if "isclaim_" in line] == [line for line in body if line.startswith("data = ")]


def test_local_address_is_said_to_be_local(invitation: Invitation, settings: Any) -> None:
    assert invitation.is_local
    settings.DASHBOARD_URL = "https://dashboard.example.com"
    assert not invitation_for(code="isclaim_x", sponsor="Olga", workspace="Studio").is_local


@needs_curl
@pytest.mark.parametrize("contact", ["olga@example.com", "o$HOME`id`'x@example.com", '"o\\\\$x"@example.com'])
def test_agent_asks_with_the_command_that_its_sponsor_copies(
    live_server: Any, settings: Any, agent: Any, contact: str
) -> None:
    settings.DASHBOARD_URL = live_server.url
    reply = paste(request_text_for(contact=contact), {"IMAGE_SKILL_TOKEN": agent.token, "HOME": "/nowhere"})
    assert reply["state"] == "pending", reply
    assert ClaimAttempt.objects.get().contact == contact.lower()
