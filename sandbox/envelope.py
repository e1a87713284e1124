"""The envelope around every answer (contract 1.1), and reading what a caller sent."""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError

from sandbox.auth import auth_required
from sandbox.errors import ApiError, invalid
from sandbox.models import Agent

# Where a request keeps who is behind it, for the log line.
ACTOR = "sandbox.actor_class"
EXIT_CODE_HEADER = "x-image-skill-exit-code"
MAX_DEPTH = 32
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\x00]")


@dataclass(frozen=True)
class Reply:
    """What a view answers with: `data` as the contract words it, and warnings in plain English.

    `is_replay` says that an earlier request with the same key did the work.
    """

    data: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    is_replay: bool = False


class EnvelopeResponse(JsonResponse):
    """An envelope on its way out, still knowing what it was made of."""

    def __init__(
        self, content: dict[str, Any], *, reply: Reply | None = None, error: ApiError | None = None, status: int = 200
    ) -> None:
        super().__init__(content, status=status, json_dumps_params={"default": plain_number})
        self.command = str(content["command"])
        self.reply = reply
        self.error = error


@dataclass(frozen=True)
class Call:
    """One request on its way through a view: who calls, under which trace."""

    request: HttpRequest
    command: str
    trace_id: str
    visitor: Agent | None

    @property
    def agent(self) -> Agent:
        """The authenticated agent; raises AUTH_REQUIRED where the caller sent no token."""
        if self.visitor is None:
            raise auth_required("A restricted agent token is required.")
        return self.visitor

    def body(self) -> dict[str, Any]:
        """The body as a JSON object; fractions are Decimal. Raises INVALID_ARGUMENTS, PAYLOAD_TOO_LARGE."""
        try:
            raw = self.request.body
        except RequestDataTooBig as error:
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            raise ApiError("PAYLOAD_TOO_LARGE", f"The body may have at most {limit} bytes.") from error
        except UnreadablePostError as error:
            raise invalid("The body could not be read.") from error
        return parse_object(raw)


def actor_of(agent: Agent) -> dict[str, str]:
    """The `actor` of envelopes and identity answers (contract 1.1)."""
    return {
        "actor_type": "agent",
        "actor_id": agent.id,
        "organization_id": agent.organization_id,
        "claim_state": agent.claim_state,
    }


def parse_object(raw: bytes) -> dict[str, Any]:
    """Strict JSON: UTF-8, an object, at most 32 deep, no NaN, no NUL and no lone surrogate in any string."""
    try:
        value = json.loads(raw.decode(), parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise invalid("The body must be valid JSON in UTF-8.") from error
    if not isinstance(value, dict):
        raise invalid("The body must be a JSON object.")
    _refuse_odd_values(value)
    return value


def _refuse_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _refuse_odd_values(top: dict[str, Any]) -> None:
    """Walks level by level, since a deep body must not use up the stack."""
    level: list[Any] = [top]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str) and _SURROGATE_OR_NUL.search(value):
                raise invalid("Text may not hold NUL or lone surrogates.")
            # A huge exponent costs nothing to write and very much to calculate with.
            if isinstance(value, Decimal) and not -400 <= value.adjusted() <= 400:
                raise invalid("A number is too large or too small.")
            if isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise invalid(f"The body may be at most {MAX_DEPTH} levels deep.")


def succeed(call: Call, reply: Reply) -> HttpResponse:
    """200 with the envelope."""
    return EnvelopeResponse(
        {
            "ok": True,
            "command": call.command,
            "trace_id": call.trace_id,
            "actor": actor_of(call.visitor) if call.visitor else None,
            "data": reply.data,
            "warnings": reply.warnings,
            "error": None,
        },
        reply=reply,
    )


def fail(command: str, trace_id: str, error: ApiError) -> HttpResponse:
    """The error's own status with the envelope and the exit code header."""
    response = EnvelopeResponse(
        {
            "ok": False,
            "command": command,
            "trace_id": trace_id,
            "actor": None,
            "data": None,
            "warnings": [],
            "error": {
                "code": error.code,
                "message": error.message,
                "retryable": error.kind.is_retryable,
                "recovery": error.recovery,
            },
        },
        error=error,
        status=error.kind.status,
    )
    response[EXIT_CODE_HEADER] = str(error.kind.exit_code)
    if error.allow:
        response["Allow"] = error.allow
    if error.kind.status == 429 and error.recovery:
        response["Retry-After"] = str(error.recovery["retry_after_seconds"])
    return response


def plain_number(value: object) -> float:
    """Decimals leave as JSON numbers; all arithmetic on them is done by then."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place on the wire")
