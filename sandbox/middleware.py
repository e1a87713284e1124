"""Gives each request its trace id, checks the host, catches what nobody expected, sets the headers of every answer."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sandbox import telemetry
from sandbox.endpoint import trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError, invalid

logger = logging.getLogger(__name__)


class EnvelopeMiddleware:
    """The outermost layer; everything that Django itself would answer in HTML is answered here in an envelope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        response = self._answer(request)
        telemetry.tell(request, response, time.monotonic() - started)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            request.get_host()
            _refuse_nul(request)
        except SuspiciousOperation as error:
            response: HttpResponseBase = self.process_exception(request, error)
        else:
            response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse):
            # Stated, since the server would otherwise send the answer in chunks.
            response.headers.setdefault("Content-Length", str(len(response.content)))
            if request.method == "HEAD":
                response.content = b""
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        """The process edge: a malformed request is the caller's mistake, anything else is ours and is logged."""
        trace_id = trace_of(request)
        if isinstance(exception, SuspiciousOperation):
            return fail(settings.SANDBOX_PROGRAM, trace_id, invalid("The request is malformed."))
        logger.error("unexpected failure, %s", trace_id, exc_info=exception)
        error = ApiError("INTERNAL_ERROR", "Something went wrong on our side.")
        return fail(settings.SANDBOX_PROGRAM, trace_id, error)


def _refuse_nul(request: HttpRequest) -> None:
    """No id holds NUL, and PostgreSQL refuses it even in a comparison."""
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise SuspiciousOperation("NUL in the address")
