"""Gives each request its trace id, checks the host, and sets the headers that every answer carries."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from sandbox.endpoint import trace_of
from sandbox.envelope import fail
from sandbox.errors import invalid


class EnvelopeMiddleware:
    """The outermost layer; everything that Django itself would refuse in HTML is refused here in an envelope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        trace_id = trace_of(request)
        try:
            request.get_host()
            _refuse_nul(request)
        except SuspiciousOperation:
            response: HttpResponseBase = fail(settings.SANDBOX_PROGRAM, trace_id, invalid("The request is malformed."))
        else:
            response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
            if request.method == "HEAD":
                response.content = b""
        return response


def _refuse_nul(request: HttpRequest) -> None:
    """No id holds NUL, and PostgreSQL refuses it even in a comparison."""
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise SuspiciousOperation("NUL in the address")
