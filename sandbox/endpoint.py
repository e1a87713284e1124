"""Turns a function `(call, ...) -> Reply` into a Django view that answers with an envelope; see also the middleware."""

import functools
from collections.abc import Callable
from typing import Concatenate, Literal, ParamSpec

from django.http import HttpRequest, HttpResponse

from sandbox import guidance, rates
from sandbox.access import Gate
from sandbox.auth import agent_from
from sandbox.envelope import ACTOR, Call, Reply, fail, succeed
from sandbox.errors import ApiError
from sandbox.ids import new_id

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Handler = Callable[Concatenate[Call, P], Reply]
Auth = Literal["required", "optional", "none"]


def endpoint(
    method: str, name: str, *, auth: Auth = "required", gate: Gate | None = None
) -> Callable[[Handler[P]], View[P]]:
    """`name` is the client's command for it, as users see it in the envelope.

    `auth`: "required", "optional" (no token is fine, a bad one is not) or "none" (a token is not even looked at).
    `gate` decides in the place of a token, before anything else is told.
    The order is method, token, then the body: whoever has no valid token learns nothing about what exists.
    """

    def decorate(handler: Handler[P]) -> View[P]:
        def view(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            command = guidance.command(name)
            trace_id = trace_of(request)
            try:
                if gate is not None:
                    gate(request)
                    request.META[ACTOR] = gate.__name__
                refuse_other_methods(request, method)
                call = Call(request, command, trace_id, None if auth == "none" else agent_from(request))
                if auth == "required":
                    _ = call.agent
                if gate is None:
                    rates.admit(request, call.visitor)
                if call.visitor is not None:
                    request.META[ACTOR] = "agent"
                return succeed(call, handler(call, *args, **kwargs))
            except ApiError as error:
                return fail(command, trace_id, error)

        functools.update_wrapper(view, handler)
        return view

    return decorate


def by_method(**views: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """One path with a view for each method; a method without one is refused by the first, after its gate."""
    first = next(iter(views.values()))

    def view(request: HttpRequest, /, **kwargs: str) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else str(request.method)
        response = views.get(method, first)(request, **kwargs)
        if response.status_code == 405:
            response["Allow"] = ", ".join(views)
        return response

    return view


def trace_of(request: HttpRequest) -> str:
    """The id of this request, given at its first mention."""
    return str(request.META.setdefault("sandbox.trace_id", new_id("trace")))


def refuse_other_methods(request: HttpRequest, method: str) -> None:
    """HEAD goes wherever GET goes; anything else is METHOD_NOT_ALLOWED."""
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        raise ApiError("METHOD_NOT_ALLOWED", f"This path answers {method} only.", allow=method)
