"""Whatever is sent to whatever path, an envelope comes back (contract 1, 9, 10.1 to 10.4, 11)."""

import json
from typing import Any

import httpx
import pytest
from django.urls import URLPattern
from pytest_django import Settings

from sandbox import views
from sandbox.urls import urlpatterns
from tests.sandbox.fixtures import Answer, Caller

PATHS = [str(pattern.pattern) for pattern in urlpatterns if isinstance(pattern, URLPattern)][1:-1]
GETS = ["/healthz", "/v1/whoami", "/v1/quota", "/v1/models", "/v1/capabilities", "/v1/activity", "/v1/credit-packs"]
WORK = ["/v1/create", "/v1/edit", "/v1/upload"]
BUYS = [f"/v1/credit-purchases{rest}" for rest in ("", "/stripe-checkout-sessions", "/stripe-x402-deposits")]
POSTS = ["/v1/agent-signups", "/v1/agent-claims", *WORK, "/v1/feedback", "/v1/credit-quotes", *BUYS, "/v1/cli"]
PRIVATE_GETS = [
    *("/v1/whoami", "/v1/quota", "/v1/activity", "/v1/activity/evt_1", "/v1/jobs/job_1", "/v1/assets/image_1"),
    *("/v1/credit-purchases/status", "/v1/credit-purchases/status?quote_id=quote_1"),
]
PRIVATE_POSTS = ["/v1/agent-claims", *WORK, "/v1/feedback", "/v1/credit-quotes", *BUYS]


def test_health_is_an_envelope(stranger: Caller) -> None:
    assert stranger.get("/healthz").data == {"status": "ok", "api_version": "v1"}


@pytest.mark.parametrize("path", ["/nope", "/v1", "/v1/", "/v1/whoami/", "//v1/whoami", "/v1/%0a", "/favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_paths_are_not_found(sandbox_http: httpx.Client, path: str, method: str) -> None:
    answer = Answer(sandbox_http.request(method, path))
    assert answer.refusal == ("NOT_FOUND", 404, 1)
    assert answer.error["recovery"] is None


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_reading_paths_refuse_other_methods(sandbox_http: httpx.Client, path: str, method: str) -> None:
    response = sandbox_http.request(method, path)
    assert Answer(response).refusal == ("METHOD_NOT_ALLOWED", 405, 2)
    assert response.headers["allow"] == "GET"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_writing_paths_refuse_other_methods(sandbox_http: httpx.Client, path: str, method: str) -> None:
    assert Answer(sandbox_http.request(method, path)).refusal == ("METHOD_NOT_ALLOWED", 405, 2)


@pytest.mark.parametrize("path", POSTS)
def test_a_post_never_redirects(sandbox_http: httpx.Client, path: str) -> None:
    for spelling in (path, f"{path}/"):
        assert sandbox_http.post(spelling, json={}).status_code >= 400


def test_head_is_a_get_without_its_body(sandbox_http: httpx.Client) -> None:
    whole = sandbox_http.get("/v1/credit-packs")
    head = sandbox_http.head("/v1/credit-packs")
    assert head.content == b""
    assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("header", [b"Bearer isk_r_wrong", b"Bearer ", b"Basic abc", b"isk_r_wrong"])
@pytest.mark.parametrize("path", PRIVATE_GETS)
def test_a_bad_token_is_exactly_auth_required(sandbox_http: httpx.Client, path: str, header: bytes) -> None:
    response = sandbox_http.get(path, headers={b"authorization": header})
    assert Answer(response).refusal == ("AUTH_REQUIRED", 401, 3)


@pytest.mark.parametrize("path", PRIVATE_GETS)
def test_no_token_is_auth_required_before_existence_is_told(stranger: Caller, path: str) -> None:
    assert stranger.get(path).refusal == ("AUTH_REQUIRED", 401, 3)


@pytest.mark.parametrize("path", PRIVATE_POSTS)
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"{}", b'{"dry_run": false}', b"\xff"])
def test_authentication_is_decided_before_the_body(sandbox_http: httpx.Client, path: str, body: bytes) -> None:
    for caller in (Caller(sandbox_http), Caller(sandbox_http, "isk_r_wrong")):
        assert caller.post(path, body).refusal == ("AUTH_REQUIRED", 401, 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe",
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999999999999999999999}',
        b'{"a": 1e999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": ["\\u0000"]}',
        b'{"a": {"b\\u0000": 1}}',
    ],
)
@pytest.mark.parametrize("path", POSTS)
def test_a_broken_body_is_refused_in_an_envelope(agent: Caller, path: str, body: bytes) -> None:
    assert agent.post(path, body).refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_too_large_is_refused(agent: Caller, settings: Settings, path: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = json.dumps({"prompt": "x" * 2000}).encode()
    assert agent.post(path, body).refusal == ("PAYLOAD_TOO_LARGE", 413, 2)


def test_ten_megabytes_as_base64_fit(agent: Caller) -> None:
    assert agent.post("/v1/feedback", {"title": "t", "unknown": "A" * 13_981_016}).data["feedback_id"]


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/nope"])
def test_a_foreign_host_is_refused_in_an_envelope(sandbox_http: httpx.Client, path: str) -> None:
    response = sandbox_http.get(path, headers={"host": "evil.example"})
    assert Answer(response).refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("path", ["/v1/activity/%00", "/a/%00.png", "/v1/activity?subject=%00", "/v1/models?query=%00"])
def test_nul_in_an_address_is_refused(agent: Caller, path: str) -> None:
    assert agent.get(path).refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("path", ["/v1/models/a/b", "/v1/models/..%2f..%2fetc", "/v1/models/%20"])
def test_odd_addresses_find_nothing(stranger: Caller, path: str) -> None:
    assert stranger.get(path).refusal == ("MODEL_NOT_FOUND", 404, 1)


@pytest.mark.parametrize(
    ("module", "name", "path"),
    [
        (views.identity, "grants_of", "/v1/whoami"),
        (views.media, "_public_asset", "/a/x.png"),
        (views.pages, "fail", "/nope"),
    ],
)
def test_a_failure_of_ours_is_an_envelope_and_tells_nothing(
    agent: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
    module: Any,
    name: str,
    path: str,
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("inner-detail")

    monkeypatch.setattr(module, name, broken)
    for settings.DEBUG in (False, True):
        answer = agent.get(path)
        assert answer.refusal == ("INTERNAL_ERROR", 500, 7)
        assert answer.error["retryable"] is True
        assert "inner-detail" not in answer.response.text
        assert answer.envelope["trace_id"] in caplog.text


def test_an_error_has_no_actor_and_a_success_has_one(agent: Caller) -> None:
    assert agent.get("/v1/whoami").envelope["actor"]["actor_type"] == "agent"
    assert agent.get("/v1/jobs/none").envelope["actor"] is None


def test_answers_are_not_cached_and_not_sniffed(stranger: Caller) -> None:
    headers = stranger.get("/v1/credit-packs").response.headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "application/json"


def test_success_carries_no_exit_code(stranger: Caller) -> None:
    assert "x-image-skill-exit-code" not in stranger.get("/healthz").response.headers


def test_every_path_that_is_served_is_tried_here() -> None:
    """Pages for payers, Stripe's own, its webhooks and what `trust` reads have tests of their own."""
    tried = {path.removeprefix("/").split("/<")[0] for path in [*GETS, *POSTS, *PRIVATE_GETS]}
    tried |= {path.rpartition("/")[0] for path in tried} | {"v1/payment-methods", "a"}
    elsewhere = (
        "pay/",
        "stripe/",
        "v1/stripe-webhooks",
        "image-skill/",
        "skill.md",
        "cli.md",
        "llms.txt",
        "openapi.json",
    )
    served = {path.split("/<")[0] for path in PATHS if not path.startswith(elsewhere)}
    assert served <= tried


def test_the_page_for_people_is_html_and_only_for_browsers(sandbox_http: httpx.Client) -> None:
    page = sandbox_http.get("/", headers={"accept": "text/html,*/*"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "IMAGE_SKILL_API_BASE_URL=http://127.0.0.1:8001" in page.text
    assert Answer(sandbox_http.get("/")).refusal == ("NOT_FOUND", 404, 1)
    assert Answer(sandbox_http.post("/", headers={"accept": "text/html"})).refusal == ("NOT_FOUND", 404, 1)
