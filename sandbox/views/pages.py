"""The page at `/` for people, and the answer to every path that is not there."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from sandbox.endpoint import trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.rules.catalog import MODELS
from sandbox.rules.order import MARKS


def home(request: HttpRequest) -> HttpResponse:
    """HTML for a browser's GET; anything else asks for an API path that does not exist."""
    wants_page = request.method in {"GET", "HEAD"} and "text/html" in request.META.get("HTTP_ACCEPT", "")
    if not wants_page:
        return not_found(request)
    facts = {
        "public_url": settings.SANDBOX_PUBLIC_URL,
        "program": settings.SANDBOX_PROGRAM,
        "models": [model for model in MODELS.values() if model.is_runnable],
        "free_credits": settings.SANDBOX_FREE_CREDITS,
        "daily_jobs": settings.SANDBOX_DAILY_JOBS,
        "marks": MARKS,
    }
    return render(request, "sandbox/home.html", facts)


def not_found(request: HttpRequest) -> HttpResponse:
    """An envelope, for a browser too."""
    error = ApiError("NOT_FOUND", "There is no such endpoint.")
    return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)
