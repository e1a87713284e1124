"""Error pages that are views."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from dashboard.accounts.access import public


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A form that came without its token: an old tab, blocked cookies, or somebody else's page."""
    return render(request, "403_csrf.html", status=403)


@public
def server_error(_request: HttpRequest) -> HttpResponse:
    """What broke. A database that is away is no fault of the page: come back in a few seconds."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})
    return HttpResponse(render_to_string("500.html"), status=500)
