"""The OpenAPI document."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from sandbox.endpoint import refuse_other_methods, trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.guidance import command
from sandbox.openapi import document


def openapi(request: HttpRequest) -> HttpResponse:
    """The document itself, without an envelope, as its readers expect it."""
    try:
        refuse_other_methods(request, "GET")
    except ApiError as error:
        return fail(command("openapi"), trace_of(request), error)
    return JsonResponse(document.build())
