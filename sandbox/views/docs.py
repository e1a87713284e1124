"""What the client's `trust` asks a service for: three documents, and a package's metadata (contract 8)."""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from sandbox.endpoint import refuse_other_methods, trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.rules.argv import COMMANDS
from sandbox.rules.catalog import MODELS
from sandbox.views.pages import not_found

_TYPES = {"skill.md": "text/markdown", "llms.txt": "text/plain", "cli.md": "text/markdown"}
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9A-Za-z.-]{1,40})?")


def document(request: HttpRequest, name: str) -> HttpResponse:
    """About this sandbox, for agents and for people."""
    try:
        refuse_other_methods(request, "GET")
    except ApiError as error:
        return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)
    runnable = [model for model in MODELS.values() if model.is_runnable]
    facts = {
        "program": settings.SANDBOX_PROGRAM,
        "public_url": settings.SANDBOX_PUBLIC_URL,
        "models": runnable,
        "commands": [" ".join(words) for words in COMMANDS],
        "free_credits": settings.SANDBOX_FREE_CREDITS,
        "daily_jobs": settings.SANDBOX_DAILY_JOBS,
    }
    return HttpResponse(render_to_string(f"sandbox/docs/{name}", facts), content_type=f"{_TYPES[name]}; charset=utf-8")


def package(request: HttpRequest, version: str) -> HttpResponse:
    """A registry's answer for one version of the client, in the registry's own shape: there is no envelope around it.

    The sandbox publishes no package, so it confirms the version and vouches for no file.
    """
    if not _VERSION.fullmatch(version):
        return not_found(request)
    try:
        refuse_other_methods(request, "GET")
    except ApiError as error:
        return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)
    return JsonResponse(
        {
            "name": settings.SANDBOX_PROGRAM,
            "version": version,
            "dist": {"integrity": None, "tarball": None, "attestations": {"url": None}},
            "gitHead": None,
            "repository": {"type": "git", "url": None},
        }
    )
