"""Error pages that are views."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.accounts.access import public


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A form that came without its token: an old tab, blocked cookies, or somebody else's page."""
    return render(request, "403_csrf.html", status=403)
