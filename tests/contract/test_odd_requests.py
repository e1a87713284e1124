"""What a broken or hostile caller sends: each time an envelope that the client opens, never HTML, never a crash."""

from typing import Any

import pytest

from api_client import AuthRefused, InvalidRequest, NotFound
from tests.contract.playing import PROMPT, QUICK, Agent, World

POSTS = ["/v1/agent-signups", "/v1/agent-claims", "/v1/credit-quotes", "/v1/create", "/v1/feedback"]
GETS = ["/healthz", "/v1/whoami", "/v1/quota", "/v1/payment-methods", "/v1/credit-packs", "/v1/models", "/v1/models/x"]
GETS += ["/v1/capabilities", "/v1/capabilities/x", "/v1/jobs/x", "/v1/assets/x", "/v1/activity", "/v1/activity/x"]
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b'{"prompt": "',
    "a list": b"[]",
    "a word": b'"prompt"',
    "null": b"null",
    "not UTF-8": b'{"prompt": "\xff\xfe"}',
    "a lone surrogate": b'{"prompt": "\\ud800"}',
    "a NUL": b'{"prompt": "a\\u0000b"}',
    "NaN": b'{"prompt": "x", "max_usd": NaN}',
    "an endless number": b'{"prompt": "x", "max_usd": 1e999999999}',
    "digits without end": b'{"prompt": "x", "output_count": ' + b"9" * 5_000 + b"}",
    "a well": b'{"prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a form": b"prompt=x",
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_no_json_object_is_refused(world: World, agent: Agent, path: str, name: str) -> None:
    error = world.refusal("POST", path, BROKEN[name], token=agent.token)
    assert (type(error), error.code, error.http_status) == (InvalidRequest, "INVALID_ARGUMENTS", 400)
    assert error.trace_id is not None
    assert not error.may_have_started


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_of_a_visitor_is_a_missing_token(world: World, name: str) -> None:
    assert isinstance(world.refusal("POST", "/v1/create", BROKEN[name]), AuthRefused)


@pytest.mark.parametrize(
    ("method", "path"),
    [*(("GET", path) for path in POSTS), *(("POST", path) for path in GETS)]
    + [(method, "/v1/quota") for method in ("PUT", "PATCH", "DELETE", "OPTIONS")],
)
def test_another_method_is_refused_with_the_right_one(world: World, agent: Agent, method: str, path: str) -> None:
    response = world.send(method, path, token=agent.token)
    error = world.opened(response)
    assert isinstance(error, InvalidRequest)
    assert (error.code, error.http_status) == ("METHOD_NOT_ALLOWED", 405)
    assert response.headers["allow"] == ("POST" if path in POSTS else "GET")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/v1", "/v1/quota/", "/v2/quota", "/.env", "/v1/%00", "//v1/quota", "/admin/login"])
def test_a_path_that_is_not_there_is_an_envelope(world: World, agent: Agent, method: str, path: str) -> None:
    error = world.refusal(method, path, token=agent.token)
    if "%00" in path:
        assert isinstance(error, InvalidRequest)
    else:
        assert (type(error), error.code, error.http_status) == (NotFound, "NOT_FOUND", 404)


def test_a_body_over_the_limit_is_refused_unread(world: World, agent: Agent) -> None:
    error = world.refusal("POST", "/v1/create", {"prompt": "x" * (17 * 1024 * 1024)}, token=agent.token)
    assert (type(error), error.code, error.http_status) == (InvalidRequest, "PAYLOAD_TOO_LARGE", 413)
    assert str(16 * 1024 * 1024) in error.message


@pytest.mark.parametrize("field", [{"prompt": 5}, {"model": []}, {"dry_run": "yes"}, {"output_count": True}])
def test_a_field_of_another_type_is_refused_by_its_name(world: World, agent: Agent, field: dict[str, Any]) -> None:
    body = {"prompt": PROMPT, **QUICK, **field}
    error = world.refusal("POST", "/v1/create", body, token=agent.token)
    assert (type(error), error.code) == (InvalidRequest, "INVALID_ARGUMENTS")
    assert next(iter(field)) in error.message


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8001@evil.example", ""])
def test_a_foreign_host_is_refused_in_an_envelope(world: World, host: str) -> None:
    error = world.opened(world.send("GET", "/healthz", host=host))
    assert isinstance(error, InvalidRequest)


@pytest.mark.parametrize("path", [*POSTS, *GETS])
def test_every_refusal_carries_the_exit_code_of_its_kind(world: World, path: str) -> None:
    assert world.send("DELETE", path).headers["x-image-skill-exit-code"] == "2"
