"""The document names every path that is served, and whatever is made from it gets an envelope and never a 500.

`SANDBOX_FUZZ_REQUESTS` is how many requests are made: some hundred by default, 5000 for the long run.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import requests
import schemathesis
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from pytest_django import Settings
from schemathesis import GenerationMode

from sandbox import errors
from sandbox.openapi import document
from tests.sandbox.fixtures import PUBLIC_URL, Caller

OPERATOR_KEY = "operator-key-of-the-fuzzer-0123456789abcdef"
_KNOWN = {"method", "url", "headers", "files", "data", "params", "auth", "cookies", "json"}
REQUESTS = int(os.environ.get("SANDBOX_FUZZ_REQUESTS", "300"))
# Pages and files for people and for the payment provider; they speak HTML, bytes or Stripe's own language.
NOT_OURS = re.compile(
    r"^/($|a/|pay/|stripe/|control/|v1/stripe-webhooks|openapi\.json|skill\.md|llms\.txt|cli\.md|image-skill/)"
)


def served_paths() -> set[str]:
    """Every path of the URL configuration, its parameters written as `{}`; the catch-all is not one."""
    return {re.sub(r"<[^>]+>", "{}", f"/{path}") for path in _patterns(get_resolver("sandbox.urls").url_patterns)}


def _patterns(entries: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for entry in entries[:-1] if not prefix else entries:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern)


def test_every_path_that_is_served_is_in_the_document(stranger: Caller) -> None:
    described = {re.sub(r"\{\w+\}", "{}", path) for path in stranger.http.get("/openapi.json").json()["paths"]}
    assert {path for path in served_paths() if not NOT_OURS.match(path)} == described


def test_every_path_of_the_table_is_served() -> None:
    assert [operation.path for operation in document.OPERATIONS if not document.is_served(operation.path)] == []


def test_the_document_answers_reads_only(stranger: Caller) -> None:
    assert stranger.post("/openapi.json", {}).refusal == ("METHOD_NOT_ALLOWED", 405, 2)


def requests_made_of(described: dict[str, Any]) -> st.SearchStrategy[schemathesis.Case]:
    """Well-formed and broken requests of every operation, each operation as often as any other."""
    schema = schemathesis.openapi.from_dict(described)
    operations = [found.ok() for found in schema.get_all_operations()]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.sampled_from(operations).flatmap(
        lambda operation: st.sampled_from(modes).flatmap(lambda mode: operation.as_strategy(generation_mode=mode))
    )


def send(case: schemathesis.Case, token: str) -> Any:
    """The case as bytes over Django's own test client, which hands odd bytes in addresses on as a server does."""
    stated = case.as_transport_kwargs(base_url=PUBLIC_URL)
    known = {name: value for name, value in stated.items() if name in _KNOWN}
    prepared = requests.Request(**known).prepare()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = prepared.body or b""
    content = body.encode() if isinstance(body, str) else body
    return Client(raise_request_exception=False).generic(
        str(prepared.method),
        str(prepared.url).removeprefix(PUBLIC_URL),
        content,
        content_type=prepared.headers.get("content-type", ""),
        headers=headers,
    )


def test_no_request_gets_a_500_or_an_answer_without_an_envelope(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_OPERATOR_KEY = OPERATOR_KEY
    described = agent.http.get("/openapi.json").json()
    envelope = validator_for(described["components"]["schemas"]["Envelope"])
    tokens = ["", agent.token, "isk_r_wrong", OPERATOR_KEY]
    seen: dict[str, int] = {}

    @seed(20261120)
    @hypothesis.settings(
        max_examples=REQUESTS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests_made_of(described), token=st.sampled_from(tokens))
    def ask(case: schemathesis.Case, token: str) -> None:
        response = send(case, token)
        answer = response.json()
        # OpenAPI 3.0 says `nullable` where JSON Schema says null; what is null is left out for the check.
        envelope.validate({name: value for name, value in answer.items() if value is not None} | _stand_ins(answer))
        code = answer["error"]["code"] if answer["error"] else ""
        assert code != "INTERNAL_ERROR", case.as_curl_command()
        if code:
            kind = errors.KINDS[code]
            assert response.status_code == kind.status
            assert response.headers["x-image-skill-exit-code"] == str(kind.exit_code)
        else:
            assert response.status_code == 200
        seen[code] = seen.get(code, 0) + 1

    ask()
    # The requests reach behind the door: some are done, some lack a token, some are misshapen, some name nothing.
    assert set(seen) >= {"", "AUTH_REQUIRED", "INVALID_ARGUMENTS"}
    assert any(code.endswith("NOT_FOUND") for code in seen)


def _stand_ins(answer: dict[str, Any]) -> dict[str, Any]:
    person = dict.fromkeys(("actor_type", "actor_id", "organization_id", "claim_state"), "")
    failure = {"code": "", "message": "", "retryable": False, "recovery": {}}
    empty = {"actor": person, "data": {}, "error": failure}
    nested = {"error": answer["error"] | {"recovery": answer["error"]["recovery"] or {}}} if answer["error"] else {}
    return {name: value for name, value in empty.items() if answer[name] is None} | nested
