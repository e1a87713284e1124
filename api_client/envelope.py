"""Opens the envelope of an answer (contract 1.1 to 1.4): `ok` decides, not the HTTP status.

Nothing here raises: a failure is returned as a value, because the frames of this module hold the raw body (which may
hold a token) and a traceback would carry them along.
"""

import re
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from api_client import jsontext
from api_client.errors import (
    CONTRACT_MISMATCH,
    NOT_AN_ENVELOPE,
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
    ServiceFailed,
    StorageFailed,
)
from api_client.records.base import MAX_TEXT, Answer, JsonObject, Record, problems_of
from api_client.records.recovery import Recovery
from api_client.secret import one_line

R = TypeVar("R", bound=Record)

_TRACE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_BY_CODE: dict[str, type[Refused]] = {
    "ARTIFACT_STORAGE_WRITE_FAILED": StorageFailed,
    "AUTH_REQUIRED": AuthRefused,
    "BUDGET_EXCEEDED": InvalidRequest,  # ours (INF): the caller's own limit was too low, not the balance
    "BUDGET_REQUIRES_CONFIRMATION": InvalidRequest,
    "CAPABILITY_DENIED": Forbidden,
    "CREDIT_QUOTE_CONFLICT": Conflict,
    "DAILY_JOB_CAP_REACHED": QuotaExceeded,  # ours (INF)
    "IDEMPOTENCY_CONFLICT": Conflict,  # ours (INF)
    "INPUT_POLICY_DENIED": InvalidRequest,
    "INVALID_ARGUMENTS": InvalidRequest,
    "PROVIDER_FAILURE": ServiceFailed,
    "QUOTA_EXCEEDED": QuotaExceeded,  # ours (INF)
}
_BY_STATUS: dict[int, type[Refused]] = {
    401: Forbidden,
    402: QuotaExceeded,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    429: RateLimited,
}
# Said by the provider's side of a job that had begun, whatever the status.
_AFTER_THE_START = frozenset({"ARTIFACT_STORAGE_WRITE_FAILED", "PROVIDER_FAILURE"})


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP. `is_write` says whether the call could change anything."""

    status: int
    body: bytes = field(repr=False)
    is_write: bool
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A success: `data` as sent, and what stands around it."""

    data: JsonObject = field(repr=False)
    actor: JsonObject | None = field(repr=False)
    warnings: tuple[str, ...] = field(repr=False)
    trace_id: str | None
    http_status: int
    is_write: bool


def open_envelope(reply: Reply) -> Envelope | ApiError:
    """The success inside the reply, or the error that it is."""
    try:
        answer = jsontext.parse(reply.body)
    except ValueError:
        return not_an_envelope(reply, "the answer is not JSON")
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        return not_an_envelope(reply, "the answer is not an envelope")
    trace_id = _trace_id(answer.get("trace_id"))
    if not answer["ok"]:
        return _refusal(reply, answer.get("error"), trace_id)
    if not isinstance(answer.get("data"), dict):
        return _mismatch("the answer has no data", status=reply.status, trace_id=trace_id, is_write=reply.is_write)
    return Envelope(
        data=answer["data"],
        actor=answer["actor"] if isinstance(answer.get("actor"), dict) else None,
        warnings=_warnings(answer.get("warnings")),
        trace_id=trace_id,
        http_status=reply.status,
        is_write=reply.is_write,
    )


def read_record(kind: type[R], envelope: Envelope, *, at: str | None = None) -> R | ContractError:
    """The record in `data`, or in `data[at]`; a ContractError that names the needed fields which are not there."""
    wire = envelope.data if at is None else envelope.data.get(at)
    if at is None and issubclass(kind, Answer):
        wire = _with_envelope(envelope, kind)
    try:
        return kind.model_validate(wire)
    except ValidationError as error:
        where = f"data.{at}" if at else "data"
        problem = f"{where} lacks or mistypes what is needed: {problems_of(error)}"
    return _mismatch(problem, status=envelope.http_status, trace_id=envelope.trace_id, is_write=envelope.is_write)


def not_an_envelope(reply: Reply, problem: str, *, trace_id: str | None = None) -> ApiError:
    """A body that cannot be opened: trouble of the service or of what stands before it, or no hosted API at all.

    A 401, 403 or 404 without an envelope comes from a proxy, and must not be taken for a refused token or a lost job.
    """
    kind: type[ApiError] = ContractError
    if reply.status == 429:
        kind = RateLimited
    elif reply.status >= 500:
        kind = ServiceFailed
    elif 300 <= reply.status < 400:
        problem = "the answer is a redirect, which is never followed"
    return kind(
        f"{problem} (HTTP {reply.status})",
        code=NOT_AN_ENVELOPE,
        retryable=kind is not ContractError,
        may_have_started=_may_have_started(reply),
        trace_id=trace_id,
        http_status=reply.status,
        retry_after_seconds=reply.retry_after_seconds,
    )


def _refusal(reply: Reply, error: object, trace_id: str | None) -> ApiError:
    if not isinstance(error, dict) or not isinstance(error.get("code"), str) or not error["code"]:
        return not_an_envelope(reply, "the answer says ok:false without an error code", trace_id=trace_id)
    code = one_line(error["code"], limit=100)
    retryable = error.get("retryable")
    recovery = _recovery(error.get("recovery"))
    kind = _kind(code, reply.status)
    waits = (reply.retry_after_seconds, recovery.retry_after_seconds if recovery else None)
    return kind(
        _text(error.get("message")),
        code=code,
        retryable=retryable if isinstance(retryable, bool) else kind in {RateLimited, ServiceFailed},
        may_have_started=_may_have_started(reply) or (reply.is_write and code in _AFTER_THE_START),
        recovery=recovery,
        trace_id=trace_id,
        http_status=reply.status,
        retry_after_seconds=max((wait for wait in waits if wait is not None), default=None),
    )


def _kind(code: str, status: int) -> type[Refused]:
    found = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if found:
        return found
    if status >= 500:
        return ServiceFailed
    return InvalidRequest if status >= 400 else Refused


def _may_have_started(reply: Reply) -> bool:
    """Whether a write may have taken effect: not where the service refused it, or had no room for it."""
    refused = 400 <= reply.status < 500 or reply.status == 503
    return reply.is_write and not refused


def _recovery(raw: object) -> Recovery | None:
    return Recovery.model_validate(raw) if isinstance(raw, dict) else None


def _with_envelope(envelope: Envelope, kind: type[Record]) -> JsonObject:
    around: JsonObject = {"trace_id": envelope.trace_id}
    if "actor" in kind.model_fields:
        around["actor"] = envelope.actor
    said = {name: value for name, value in envelope.data.items() if value is not None or name not in around}
    return {**around, **said, "service_warnings": envelope.warnings}


def _mismatch(problem: str, *, status: int, trace_id: str | None, is_write: bool) -> ContractError:
    return ContractError(
        problem, code=CONTRACT_MISMATCH, may_have_started=is_write, trace_id=trace_id, http_status=status
    )


def _trace_id(raw: object) -> str | None:
    # It reaches log lines, pages and support mails as it is, so its characters are checked.
    return raw if isinstance(raw, str) and _TRACE_ID.fullmatch(raw) else None


def _text(raw: object) -> str:
    return one_line(raw, limit=MAX_TEXT) if isinstance(raw, str) else ""


def _warnings(raw: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in raw[:50] if isinstance(item, str)) if isinstance(raw, list) else ()
