"""One structured log line a request, with the fields that contract 4.13 allows and no other.

Every value is ours or taken from a closed list: an address is told by its route, never by what a caller wrote.
"""

import json
import logging
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sandbox.endpoint import trace_of
from sandbox.envelope import ACTOR, EnvelopeResponse, Reply, plain_number
from sandbox.errors import ApiError

API_VERSION = "v1"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

logger = logging.getLogger(__name__)


def tell(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """Writes the line; the message is one JSON object."""
    logger.info(json.dumps(fields_of(request, response, seconds), default=plain_number))


def fields_of(request: HttpRequest, response: HttpResponseBase, seconds: float) -> dict[str, Any]:
    """The line's fields. `duration_ms` runs to the head of the answer; `cost_usd` is the provider's estimate."""
    command, reply, error = "", None, None
    if isinstance(response, EnvelopeResponse):
        command, reply, error = response.command, response.reply, response.error
    return {
        "command": command or None,
        "endpoint": _endpoint(request),
        "api_version": API_VERSION,
        "actor_class": request.META.get(ACTOR, "anonymous"),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000),
        "error_class": error.code if error else None,
        "retry_state": _retry_state(reply, error),
        **_work(reply, error),
        "trace_id": trace_of(request),
    }


def _endpoint(request: HttpRequest) -> str:
    method = request.method if request.method in _METHODS else "OTHER"
    route = request.resolver_match.route if request.resolver_match else ""
    return f"{method} /{route}" if route else f"{method} unknown"


def _retry_state(reply: Reply | None, error: ApiError | None) -> str:
    if error is not None:
        return "retryable" if error.kind.is_retryable else "final"
    return "replay" if reply is not None and reply.is_replay else "none"


def _work(reply: Reply | None, error: ApiError | None) -> dict[str, Any]:
    """What a job was, where the answer tells of one."""
    data = reply.data if reply else {}
    recovery = (error.recovery if error else None) or {}
    return {
        "job_id": data.get("job_id") or recovery.get("job_id"),
        "capability": _inner(data, "capability", "id"),
        "cost_usd": _inner(data, "cost", "estimated_usd"),
        "output_count": _inner(data, "request", "output_count"),
    }


def _inner(data: dict[str, Any], name: str, key: str) -> Any:  # noqa: ANN401 - text or number
    value = data.get(name)
    return value.get(key) if isinstance(value, dict) else None
