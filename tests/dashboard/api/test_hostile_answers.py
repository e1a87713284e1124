"""What strangers may send to the one public endpoint: never a crash, never more memory than the answer is worth."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import Client as Browser

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import MAX_TOKEN_CHECKS, attempt_start
from dashboard.agents.models import ClaimAttempt
from dashboard.api.parsers import MAX_BODY

ENDPOINT = "/api/v1/claims/confirmations"
pytestmark = pytest.mark.django_db


def post(body: bytes, *, token: str = "isk_r_real", content_type: str = "application/json") -> Any:
    return Browser().post(ENDPOINT, body, content_type=content_type, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def code(workspace: Workspace, owner: User) -> str:
    return attempt_start(workspace=workspace, user=owner)[1]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'{"code": "' + b"x" * MAX_BODY + b'"}', 413, id="larger than any answer"),
        pytest.param(b'{"code": ' + b"[" * 7000, 400, id="deep"),
        pytest.param(b'{"code": "\\ud800"}', 400, id="lone surrogate"),
        pytest.param(b'{"code": "\xff\xfe"}', 400, id="not UTF-8"),
        pytest.param(b'{"code": ' + b"9" * 6000 + b"}", 400, id="long number"),
        pytest.param(b'{"code": NaN}', 400, id="NaN"),
        pytest.param(b"", 400, id="empty"),
    ],
)
def test_hostile_body_is_refused_in_the_one_shape(body: bytes, status: int) -> None:
    answer = post(body)
    assert (answer.status_code, answer.json()["state"]) == (status, "invalid")
    assert answer.json()["message"]


def test_form_is_no_json() -> None:
    answer = post(b"code=x", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["state"]) == (415, "invalid")


@pytest.mark.parametrize("token", ["isk_r a", "isk_r_\tb", "isk_r_\x7f", "isk_r_\u00a0"])
def test_token_that_no_header_carries_is_wrong_and_costs_no_check(
    code: str, token: str, hosted_answers: Callable[..., None]
) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent on")

    hosted_answers(handler)
    answer = post(f'{{"code": "{code}"}}'.encode(), token=token.encode().decode("latin-1"))
    assert (answer.status_code, answer.json()["state"]) == (401, "wrong_token")
    assert ClaimAttempt.objects.get().token_checks == 0


@pytest.mark.parametrize("actor_id", ["no-prefix", "agt_a/../b", "agt_ä", "agt_" + "x" * 150])
def test_agent_whose_id_fits_no_address_is_not_taken(
    code: str, actor_id: str, hosted_answers: Callable[..., None]
) -> None:
    """Every page with such an agent on it would be broken, the one to unclaim it too."""
    actor = {"actor_type": "agent", "actor_id": actor_id, "organization_id": "org_1", "claim_state": "unclaimed"}
    envelope = {"ok": True, "command": "", "trace_id": "trace_1", "actor": actor, "warnings": [], "error": None}
    answers = {
        "/v1/whoami": {"authenticated": True},
        "/v1/quota": {"limits": {}},
        "/v1/activity": {"events": []},
    }
    hosted_answers(lambda request: httpx.Response(200, json={**envelope, "data": answers[request.url.path]}))
    answer = post(f'{{"code": "{code}"}}'.encode())
    assert (answer.status_code, answer.json()["state"]) == (503, "pending")
    assert ClaimAttempt.objects.get().state == "waiting"


def test_only_questions_that_were_asked_are_counted(code: str, hosted_answers: Callable[..., None]) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectError("refused")

    hosted_answers(handler)
    for _ in range(MAX_TOKEN_CHECKS + 2):
        post(f'{{"code": "{code}"}}'.encode(), token="")
    assert not asked
    assert post(f'{{"code": "{code}"}}'.encode()).json()["state"] == "pending"
    assert ClaimAttempt.objects.get().token_checks == 1
