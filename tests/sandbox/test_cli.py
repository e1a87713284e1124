"""Commands over JSON argv (contract 2.24): the same answers as the endpoints, and nothing that writes."""

from typing import Any

import pytest

from sandbox.rules.argv import COMMANDS
from tests.sandbox.fixtures import Answer, Caller


def cli(caller: Caller, *argv: Any) -> Answer:
    return caller.post("/v1/cli", {"argv": list(argv)})


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["doctor"], "/healthz"),
        (["whoami", "--json"], "/v1/whoami"),
        (["auth", "status"], "/v1/whoami"),
        (["usage", "quota"], "/v1/quota"),
        (
            ["image-skill", "models", "list", "--available", "--operation", "image.edit"],
            "/v1/models?available=true&operation=image.edit",
        ),
        (["models", "list", "--catalog-only", "--provider=fal"], "/v1/models?catalog_only=true&provider=fal"),
        (["models", "show", "nano-banana"], "/v1/models/nano-banana"),
        (["capabilities", "list"], "/v1/capabilities"),
        (["capabilities", "show", "fal.dreamo"], "/v1/capabilities/fal.dreamo"),
        (["credits", "methods"], "/v1/payment-methods"),
        (["credits", "packs"], "/v1/credit-packs"),
        (["activity", "list", "--limit", "1"], "/v1/activity?limit=1"),
    ],
)
def test_a_command_is_answered_as_its_endpoint(agent: Caller, argv: list[str], path: str) -> None:
    agent.create()
    told, read = cli(agent, *argv).envelope, agent.get(path).envelope
    assert told["command"] == read["command"]
    assert told["actor"] == read["actor"]
    assert told["data"] == read["data"]


def test_things_are_read_by_their_id(agent: Caller) -> None:
    made = agent.create().data
    assert cli(agent, "jobs", "show", made["job_id"]).data["status"] == "completed"
    assert cli(agent, "assets", "show", made["asset_ids"][0]).data["asset"] == made["assets"][0]
    assert cli(agent, "activity", "show", made["job_id"]).data["events"]


@pytest.mark.parametrize("reference", ["../quota", "a/b", "100%", "ä", "x?y=1", "\n"])
def test_an_odd_id_leads_nowhere_else(agent: Caller, reference: str) -> None:
    assert cli(agent, "jobs", "show", reference).error["code"] in {"JOB_NOT_FOUND", "NOT_FOUND"}


@pytest.mark.parametrize(
    "argv",
    [
        ["create", "--prompt", "x"],
        ["edit"],
        ["signup"],
        ["credits", "buy"],
        ["feedback", "create"],
        ["--json"],
        ["models"],
    ],
)
def test_what_writes_or_is_unknown_is_not_available(agent: Caller, argv: list[str]) -> None:
    answer = cli(agent, *argv)
    assert answer.refusal == ("PUBLIC_CLI_COMMAND_NOT_AVAILABLE", 400, 2)
    assert len(answer.error["recovery"]["commands"]) == len(COMMANDS)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"argv": []},
        {"argv": "quota"},
        {"argv": [1]},
        {"argv": ["quota"] * 41},
        {"argv": ["x" * 401]},
        {"argv": ["jobs", "show"]},
        {"argv": ["quota", "extra"]},
        {"argv": ["quota", "--token", "isk_r_canary"]},
        {"argv": ["models", "list", "--limit", "1"]},
    ],
)
def test_a_misshapen_command_is_refused_and_not_repeated(agent: Caller, body: dict[str, Any]) -> None:
    answer = agent.post("/v1/cli", body)
    assert answer.refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert "canary" not in answer.response.text


def test_without_a_token_public_reads_alone_are_answered(stranger: Caller) -> None:
    assert cli(stranger, "models", "list").envelope["actor"] is None
    assert cli(stranger, "quota").refusal == ("AUTH_REQUIRED", 401, 3)


def test_a_bad_token_is_told_before_the_body_is_read(stranger: Caller) -> None:
    assert Caller(stranger.http, "isk_r_wrong").post("/v1/cli", b"{").refusal == ("AUTH_REQUIRED", 401, 3)
