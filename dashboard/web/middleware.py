"""What stands around every request: its line in the log, and addresses that nothing of ours could have."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("dashboard.request")
Answer = Callable[[HttpRequest], HttpResponse]


def request_log(get_response: Answer) -> Answer:
    """Write one log line a request: the route, never the address, for an address may hold what a log must not."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id, started = uuid.uuid4().hex[:16], time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = get_response(request)
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "",
                status=response.status_code,
                ms=round((time.monotonic() - started) * 1000),
            )
        response["X-Request-Id"] = request_id
        return response

    return middleware


def nul_refusal(get_response: Answer) -> Answer:
    """Refuse an address that holds a NUL: nobody types one, nothing here is called so, and PostgreSQL takes none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("A NUL in the address.")
        return get_response(request)

    return middleware
