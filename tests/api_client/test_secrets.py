"""Tokens and contacts are seen nowhere: not in reprs, logs, errors, tracebacks with locals, or pickles."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api_client import ApiError, Client, ContractError, RetryPolicy, Secret, ServiceFailed, redact
from api_client.auth import BearerAuth
from tests.api_client.playing import BASE_URL, TOKEN, Service, client_of, ok, raw, refused

CONTACT = "sponsor.canary@example.invalid"
PROMPT = "prompt-canary"


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret(TOKEN)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{[secret]}", "%s" % secret]  # noqa: UP031
    assert not any(TOKEN in text for text in shown)
    assert secret.reveal() == TOKEN


def test_a_secret_has_no_dictionary_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(Secret(TOKEN))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps({"token": Secret(TOKEN)}, protocol=protocol)


def test_a_secret_cannot_become_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"token": Secret(TOKEN)})


def test_a_copied_secret_is_the_same_one() -> None:
    secret = Secret(TOKEN)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("\ud800") == Secret("\ud800")
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Secret("")


@pytest.mark.parametrize("token", ["isk_r_a\nb", "isk_r_a b", "isk_r_\u00e9", "isk_r_\x00", "isk_r_\ud800"])
def test_a_token_that_no_header_carries_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(ValueError, match="header cannot carry") as caught:
        Client(base_url=BASE_URL, token=token)
    assert token not in "".join(traceback.format_exception(caught.value))


def test_the_auth_shows_no_token() -> None:
    assert TOKEN not in repr(BearerAuth(Secret(TOKEN)))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Bearer {TOKEN}.", "Bearer [token]"),
        (f"({TOKEN})", "([token])"),
        ("isk_live_a-b.c~d+e/f= and", "[token] and"),
        (f"<{CONTACT}>", "<[contact]>"),
        ("a@b c@d.e", "[contact] [contact]"),
        ("nothing here @ all", "nothing here @ all"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_redaction_takes_tokens_and_contacts_and_leaves_the_rest(text: str, clean: str) -> None:
    assert redact(text) == clean


def seen_of(error: BaseException) -> str:
    """All that a log, an error page with locals or an error collector could show of an exception."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None:
        chain.append(current)
        current = current.__cause__ or current.__context__
    texts = []
    for link in chain:
        texts += [repr(link), str(link), repr(vars(link)), repr(link.args)]
        texts += traceback.TracebackException.from_exception(link, capture_locals=True).format()
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if "api_client" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
                texts += [repr(vars(local)) for local in frame.f_locals.values() if hasattr(local, "__dict__")]
    return "\n".join(texts)


def sign_up(client: Client) -> object:
    return client.identity.sign_up(agent_name="Ada", runtime="codex", agent_contact=CONTACT)


def claim(client: Client) -> object:
    return client.identity.claim_request(contact=CONTACT)


def search(client: Client) -> object:
    return client.activity.list(subject="subject-canary")


def whoami(client: Client) -> object:
    return client.identity.whoami()


BROKEN: dict[str, Callable[[], Any]] = {
    "reset": lambda: httpx.ReadError(f"reset {TOKEN}"),
    "refused connection": lambda: httpx.ConnectError("refused"),
    "echoing error": lambda: refused("X", message=f"{TOKEN} {CONTACT} subject-canary"[:80], status=400),
    "html": lambda: raw(f"<html>{TOKEN} {CONTACT}</html>".encode()),
    "broken data": lambda: ok({"token": [TOKEN], "actor": {"actor_id": 5, "x": TOKEN}, "contact": CONTACT}),
    "5xx": lambda: raw(f"{TOKEN}".encode(), status=503),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("ask", [sign_up, claim, whoami])
def test_no_failure_shows_a_secret(
    fault: str, ask: Callable[[Client], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        client_of(Service(BROKEN[fault](), BROKEN[fault]()), retry=RetryPolicy(attempts=2)) as client,
        pytest.raises(ApiError) as caught,
    ):
        ask(client)
    seen = seen_of(caught.value) + caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert TOKEN not in seen
    assert CONTACT not in seen
    assert "canary0123456789" not in seen


def test_no_error_carries_the_request_that_carries_the_token() -> None:
    with client_of(Service(httpx.ReadError("reset"))) as client, pytest.raises(ApiError) as caught:
        whoami(client)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_success_logs_one_line_without_values(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(Service(ok({"events": []}))) as client:
        search(client)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.name == "api_client"
    assert record.getMessage() == "GET /v1/activity?subject= status=200 code=ok trace=trace_ok ms=0 attempt=1"


def test_every_attempt_logs_its_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(Service(httpx.ConnectError("no"), ok({"token_status": "active"}))) as client:
        client.quota.get()
    failed, succeeded = caplog.records
    assert failed.levelno == logging.WARNING
    assert failed.getMessage() == ("GET /v1/quota status=None code=HOSTED_API_REQUEST_FAILED trace=None ms=0 attempt=1")
    assert succeeded.getMessage().endswith("attempt=2")


def test_a_token_in_a_path_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(Service(ok({"events": []}))) as client:
        client.activity.get(TOKEN)
    assert TOKEN not in caplog.text
    assert "/v1/activity/[token]" in caplog.text


@pytest.mark.parametrize(
    ("reference", "shown"),
    [("ada@example.com", "[contact]"), ("isk_r_a b\nx", "[token] b x"), ("a/b", "a/b"), ("é", "é")],
)
def test_a_path_is_logged_decoded_so_that_no_encoding_hides_a_secret(
    caplog: pytest.LogCaptureFixture, reference: str, shown: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(Service(ok({"events": []}))) as client:
        client.activity.get(reference)
    (record,) = caplog.records
    assert f"/v1/activity/{shown} status=" in record.getMessage()


def test_no_prompt_reaches_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(Service(raw(b"<html>"))) as client, pytest.raises(ContractError) as caught:
        client.work.create(prompt=PROMPT, idempotency_key="k")
    assert PROMPT not in caplog.text
    assert PROMPT not in str(caught.value)
    assert PROMPT not in repr(vars(caught.value))


def test_an_error_survives_pickling_with_all_it_says() -> None:
    answer = refused("X", status=503, retryable=True, recovery={"retry_after_seconds": 1_000, "docs_url": "d"})
    with client_of(Service(answer)) as client, pytest.raises(ServiceFailed) as caught:
        client.quota.get()
    thawed = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert type(thawed) is ServiceFailed
    assert vars(thawed) == vars(caught.value)
    assert str(thawed) == str(caught.value)
