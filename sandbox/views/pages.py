"""The page at `/` for people, and the answer to every path that is not there."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sandbox.endpoint import trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.rules.catalog import MODELS


def home(request: HttpRequest) -> HttpResponse:
    """HTML for a browser's GET; anything else asks for an API path that does not exist."""
    wants_page = request.method in {"GET", "HEAD"} and "text/html" in request.META.get("HTTP_ACCEPT", "")
    if not wants_page:
        return not_found(request)
    runnable = [model for model in MODELS.values() if model.is_runnable]
    return render(request, "sandbox/home.html", {"public_url": settings.SANDBOX_PUBLIC_URL, "models": runnable})


def not_found(request: HttpRequest) -> HttpResponse:
    """Also what a path of the contract answers that this half of the sandbox does not serve."""
    error = ApiError("NOT_FOUND", "There is no such endpoint.")
    return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)
