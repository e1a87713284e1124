"""What each fault does to an answer; `sandbox.faults` decides to which (ours, INF)."""

import errno
import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from sandbox.endpoint import trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError, invalid
from sandbox.ids import iso
from sandbox.rules import fields

Options = dict[str, Any]
_MEGABYTE = 1024 * 1024
_CHUNKS = 20
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
# A name that no release of the contract knows.
_UNKNOWN_TYPE = "job.teleported"


def read_options(kind: str, value: object) -> Options:
    """The options of one kind with their defaults. Raises INVALID_ARGUMENTS, for unknown ones too."""
    given = {} if value is None else value
    known = KINDS[kind]
    if not isinstance(given, dict) or set(given) - set(known):
        raise invalid("options holds something that this fault does not know.", accepted_fields=sorted(known))
    return {name: _option(given, name, default) for name, default in known.items()}


def _option(given: Options, name: str, default: int | str) -> int | str:
    if isinstance(default, str):
        return fields.text(given, name) or default
    low, high = _BOUNDS[name]
    value = fields.whole(given, name, low=low, high=high)
    return default if value is None else value


# Faults in the place of an answer.


def _rate_limited(request: HttpRequest, options: Options) -> HttpResponse:
    recovery = {"retry_after_seconds": options["seconds"]}
    error = ApiError("RATE_LIMITED", "Too many requests.", recovery=recovery)
    return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)


def _server_error(request: HttpRequest, options: Options) -> HttpResponse:
    response = fail(settings.SANDBOX_PROGRAM, trace_of(request), ApiError("INTERNAL_ERROR", "Something went wrong."))
    response.status_code = options["status"]
    return response


def _html(_request: HttpRequest, options: Options) -> HttpResponse:
    return HttpResponse(_HTML, status=options["status"], content_type="text/html")


def _reset(request: HttpRequest, _options: Options) -> HttpResponseBase:
    """Ends the connection before a byte of the answer, with RST where the server hands its socket out."""
    connection = request.META.get("gunicorn.socket")
    return StreamingHttpResponse((_cut(connection) for _ in range(1)), status=500)


def _cut(connection: object) -> bytes:
    if isinstance(connection, socket.socket):
        # Linger of zero seconds: closing sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    raise ConnectionResetError(errno.ECONNRESET, "asked for")


# Faults on an answer that was made.


def _slow_head(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    time.sleep(options["milliseconds"] / 1000)
    return response


def _slow_body(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    content = _content(response)
    step = max(1, -(-len(content) // _CHUNKS))

    def dripping() -> Iterator[bytes]:
        for start in range(0, len(content), step):
            time.sleep(options["milliseconds"] / 1000 / _CHUNKS)
            yield content[start : start + step]

    slow = StreamingHttpResponse(dripping(), status=response.status_code, headers=dict(response.items()))
    slow.headers["Content-Length"] = str(len(content))
    return slow


def _truncated(response: HttpResponseBase, _options: Options) -> HttpResponseBase:
    content = _content(response)
    return _replaced(response, content[: len(content) // 2])


def _oversized(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    def grown(envelope: Options) -> None:
        envelope["padding"] = "x" * (options["megabytes"] * _MEGABYTE)

    return _rewritten(response, grown)


def _missing_field(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    return _rewritten(response, lambda envelope: _at(envelope, options["field"], lambda holder, key: holder.pop(key)))


def _retyped_field(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    def retype(holder: Any, key: Any) -> None:  # noqa: ANN401 - dict or list with its key
        holder[key] = _other_type(holder[key])

    return _rewritten(response, lambda envelope: _at(envelope, options["field"], retype))


def _unknown_type(response: HttpResponseBase, _options: Options) -> HttpResponseBase:
    def renamed(rows: list[Any]) -> list[Any]:
        return [rows[0] | {"type": _UNKNOWN_TYPE}, *rows[1:]]

    return _on_rows(response, renamed)


def _duplicate_rows(response: HttpResponseBase, _options: Options) -> HttpResponseBase:
    return _on_rows(response, lambda rows: [rows[0], *rows])


def _missing_rows(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    return _on_rows(response, lambda rows: [row for at, row in enumerate(rows) if at != options["index"]])


def _reordered_rows(response: HttpResponseBase, _options: Options) -> HttpResponseBase:
    return _on_rows(response, lambda rows: rows[::-1])


def _clock_skew(response: HttpResponseBase, options: Options) -> HttpResponseBase:
    shift = timedelta(seconds=options["offset_seconds"])

    def shifted(match: re.Match[str]) -> str:
        return str(iso(datetime.fromisoformat(match[0]) + shift))

    if not _is_json(response):
        return response
    return _replaced(response, _MOMENT.sub(shifted, _content(response).decode()).encode())


def _content(response: HttpResponseBase) -> bytes:
    if isinstance(response, HttpResponse):
        return response.content
    content = b"".join(response)
    response.close()
    return content


def _is_json(response: HttpResponseBase) -> bool:
    return response.headers.get("Content-Type", "").startswith("application/json")


def _replaced(response: HttpResponseBase, content: bytes) -> HttpResponse:
    """The same status and headers with other bytes, in their right length."""
    headers = {name: value for name, value in response.items() if name != "Content-Length"}
    return HttpResponse(content, status=response.status_code, headers=headers)


def _rewritten(response: HttpResponseBase, change: Callable[[Options], object]) -> HttpResponseBase:
    if not _is_json(response):
        return response
    try:
        envelope = json.loads(_content(response))
    except ValueError:
        # Another rule broke it before.
        return response
    change(envelope)
    return _replaced(response, json.dumps(envelope).encode())


def _on_rows(response: HttpResponseBase, change: Callable[[list[Any]], list[Any]]) -> HttpResponseBase:
    """Changes the rows of an answer about the ledger, where it has any; operators follow it as `changes`."""

    def rows_changed(envelope: Options) -> None:
        data = envelope.get("data") or {}
        for name in ("events", "changes"):
            if data.get(name):
                data[name] = change(data[name])

    return _rewritten(response, rows_changed)


def _at(envelope: Options, dotted: str, act: Callable[[Any, Any], object]) -> None:
    """Acts on `data.limits.remaining_credits`, say; a number is a place in a list. Nothing there: nothing done."""
    holder: Any = envelope
    *way, last = [int(step) if step.isdecimal() else step for step in dotted.split(".")]
    try:
        for step in way:
            holder = holder[step]
        act(holder, last)
    except (KeyError, IndexError, TypeError):
        return


def _other_type(value: object) -> object:
    """Something that this field never is."""
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, int | float):
        return "many"
    if isinstance(value, str):
        return 7
    if isinstance(value, list):
        return {"0": "not a list"}
    return ["not an object"]


INSTEAD: dict[str, Callable[[HttpRequest, Options], HttpResponseBase]] = {
    "rate_limited": _rate_limited,
    "server_error": _server_error,
    "html": _html,
    "reset": _reset,
}
ON_ANSWER: dict[str, Callable[[HttpResponseBase, Options], HttpResponseBase]] = {
    "slow_head": _slow_head,
    "slow_body": _slow_body,
    "truncated_json": _truncated,
    "oversized_json": _oversized,
    "missing_field": _missing_field,
    "retyped_field": _retyped_field,
    "unknown_activity_type": _unknown_type,
    "duplicate_rows": _duplicate_rows,
    "missing_rows": _missing_rows,
    "reordered_rows": _reordered_rows,
    "clock_skew": _clock_skew,
}
# Each kind with its options and their defaults.
KINDS: dict[str, dict[str, int | str]] = {kind: {} for kind in (*INSTEAD, *ON_ANSWER)} | {
    "rate_limited": {"seconds": 1},
    "server_error": {"status": 503},
    "html": {"status": 502},
    "slow_head": {"milliseconds": 1000},
    "slow_body": {"milliseconds": 1000},
    "oversized_json": {"megabytes": 20},
    "missing_field": {"field": "data"},
    "retyped_field": {"field": "data"},
    "missing_rows": {"index": 0},
    "clock_skew": {"offset_seconds": 3600},
}
_BOUNDS = {
    "seconds": (0, 86_400),
    "status": (200, 599),
    "milliseconds": (0, 600_000),
    "megabytes": (1, 200),
    "index": (0, 1000),
    "offset_seconds": (-1_000_000_000, 1_000_000_000),
}
