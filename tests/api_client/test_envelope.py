from typing import Any

import pytest

from api_client import (
    ApiError,
    AuthRefused,
    Conflict,
    ContractError,
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    RateLimited,
    Refused,
    RetryPolicy,
    ServiceFailed,
    StorageFailed,
)
from tests.api_client.playing import TOKEN, Service, client_of, ok, raw, refused

ONCE = RetryPolicy(attempts=1)


def failure(answer: Any) -> ApiError:
    with client_of(Service(answer), retry=ONCE) as client, pytest.raises(ApiError) as caught:
        client.quota.get()
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 500, 503])
def test_ok_decides_and_the_status_does_not(status: int) -> None:
    with client_of(Service(ok({"token_status": "active"}, status=status)), retry=ONCE) as client:
        assert client.quota.get().token_status == "active"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AUTH_REQUIRED", 401, AuthRefused),
        ("AUTH_REQUIRED", 200, AuthRefused),
        ("AUTH_REQUIRED", 403, AuthRefused),
        ("OTHER", 401, Forbidden),
        ("CAPABILITY_DENIED", 403, Forbidden),
        ("OTHER", 403, Forbidden),
        ("JOB_NOT_FOUND", 404, NotFound),
        ("NOT_FOUND", 404, NotFound),
        ("GONE", 410, NotFound),
        ("CREDIT_QUOTE_CONFLICT", 409, Conflict),
        ("CREDIT_QUOTE_CONFLICT", 400, Conflict),
        ("IDEMPOTENCY_CONFLICT", 409, Conflict),
        ("MODEL_NOT_EXECUTABLE", 409, Conflict),
        ("INVALID_ARGUMENTS", 400, InvalidRequest),
        ("INPUT_POLICY_DENIED", 403, InvalidRequest),
        ("MODEL_PARAMETERS_INVALID", 400, InvalidRequest),
        ("METHOD_NOT_ALLOWED", 405, InvalidRequest),
        ("PAYLOAD_TOO_LARGE", 413, InvalidRequest),
        ("BUDGET_EXCEEDED", 402, InvalidRequest),
        ("BUDGET_REQUIRES_CONFIRMATION", 402, InvalidRequest),
        ("PAYMENT_CREDENTIAL_REJECTED", 400, InvalidRequest),
        ("QUOTA_EXCEEDED", 402, QuotaExceeded),
        ("DAILY_JOB_CAP_REACHED", 402, QuotaExceeded),
        ("DAILY_JOB_CAP_REACHED", 429, QuotaExceeded),
        ("ANYTHING", 402, QuotaExceeded),
        ("RATE_LIMITED", 429, RateLimited),
        ("ARTIFACT_STORAGE_WRITE_FAILED", 500, StorageFailed),
        ("PROVIDER_FAILURE", 502, ServiceFailed),
        ("INTERNAL_ERROR", 500, ServiceFailed),
        ("FEEDBACK_STORAGE_UNAVAILABLE", 503, ServiceFailed),
        ("ANYTHING", 200, Refused),
    ],
)
def test_a_refusal_becomes_its_branch(code: str, status: int, kind: type[ApiError]) -> None:
    error = failure(refused(code, status=status, message="Because."))
    assert type(error) is kind
    assert (error.code, error.message, error.http_status, error.trace_id) == (code, "Because.", status, "trace_no")
    assert str(error) == f"{code}: Because. [trace_no]"
    assert error.for_people
    assert not error.may_have_started


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"status":"ok"}', b'{"ok":"true"}'])
def test_what_is_no_envelope_is_a_contract_error(status: int, body: bytes) -> None:
    error = failure(raw(body, status=status))
    assert type(error) is ContractError
    assert error.code == "HOSTED_API_NON_JSON_RESPONSE"
    assert error.http_status == status
    assert not error.retryable


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_5xx_that_is_no_envelope_is_trouble_worth_another_try(status: int) -> None:
    error = failure(raw(b"<html>Bad gateway</html>", status=status))
    assert type(error) is ServiceFailed
    assert error.code == "HOSTED_API_NON_JSON_RESPONSE"
    assert error.retryable


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_a_success_without_data_is_a_contract_error_with_its_trace(data: Any) -> None:
    error = failure(ok(data))
    assert type(error) is ContractError
    assert error.trace_id == "trace_ok"


@pytest.mark.parametrize("error", [None, [], "no", {}, {"code": None}, {"code": ""}, {"code": 5}])
def test_a_refusal_without_a_code_is_a_contract_error_with_its_trace(error: Any) -> None:
    answer = raw({"ok": False, "trace_id": "trace_1", "error": error}, status=400)
    assert type(failure(answer)) is ContractError
    assert failure(raw({"ok": False, "trace_id": "trace_1", "error": error}, status=400)).trace_id == "trace_1"


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(400, False), (409, False), (429, True), (500, True), (503, True)]
)
def test_a_refusal_that_does_not_say_is_retryable_by_its_status(status: int, *, is_retryable: bool) -> None:
    assert failure(refused("X", status=status, retryable="maybe")).retryable is is_retryable


def test_a_service_that_says_is_believed() -> None:
    assert failure(refused("X", status=500, retryable=False)).retryable is False
    assert failure(refused("X", status=400, retryable=True)).retryable is True


@pytest.mark.parametrize("recovery", [None, [], "advice", 7])
def test_advice_that_is_no_object_is_no_advice(recovery: Any) -> None:
    assert failure(refused("X", recovery=recovery)).recovery is None


def test_advice_keeps_what_it_can_read_and_the_rest_aside() -> None:
    error = failure(refused("X", recovery={"docs_url": 5, "required_flag": "--x", "after_auth": {"command": "c"}}))
    assert error.recovery is not None
    assert error.recovery.required_flag == "--x"
    assert error.recovery.docs_url is None
    assert error.recovery.extra == {"after_auth": {"command": "c"}, "docs_url": 5}


@pytest.mark.parametrize("trace_id", [None, 5, "", "t\nfake log line", "t" * 129, "trace 1"])
def test_a_trace_id_that_could_forge_a_log_line_is_none(trace_id: Any) -> None:
    with client_of(Service(ok({}, trace_id=trace_id))) as client:
        assert client.quota.get().trace_id is None


def test_messages_of_theirs_are_one_bounded_line_without_secrets() -> None:
    message = f"bad\r\nline \x1b[31m {TOKEN} of ada@example.invalid " + "x" * 9_000
    error = failure(refused("X", message=message, recovery={"suggested_command": f"use {TOKEN}"}))
    assert len(error.message) <= 2_000
    assert error.message.isprintable()
    assert error.message.startswith("bad  line  [31m [token] of [contact] x")
    assert error.recovery is not None
    assert error.recovery.suggested_command == "use [token]"


def test_a_code_cannot_forge_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    error = failure(refused("X\nWARNING all is well " + "x" * 200))
    assert error.code.startswith("X WARNING all is well x")
    assert len(error.code) == 100
    assert len(caplog.records[-1].getMessage().splitlines()) == 1


@pytest.mark.parametrize("message", [None, 5, {"a": 1}])
def test_a_message_of_another_type_is_no_message(message: Any) -> None:
    assert failure(refused("X", message=message)).message == ""


def test_warnings_reach_the_record() -> None:
    with client_of(Service(ok({}, warnings=["One.", 2, f"Two {TOKEN}"]))) as client:
        assert client.quota.get().service_warnings == ("One.", "Two [token]")


@pytest.mark.parametrize("warnings", [None, "One.", {}, 3])
def test_missing_warnings_cost_nothing(warnings: Any) -> None:
    with client_of(Service(ok({}, warnings=warnings))) as client:
        assert client.quota.get().service_warnings == ()
