"""Commands of the public client over JSON: `{"argv": ["models", "list"]}` (contract 2.24; the shape is ours, INF)."""

from urllib.parse import unquote, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import resolve

from sandbox.auth import agent_from
from sandbox.endpoint import refuse_other_methods, trace_of
from sandbox.envelope import ACTOR, Call, fail
from sandbox.errors import ApiError
from sandbox.rules.argv import Read, read_argv

# What the request that is made of a command takes over from the one that brought it.
_HANDED_ON = ("HTTP_AUTHORIZATION", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR")


def cli(request: HttpRequest) -> HttpResponseBase:
    """The very answer of the endpoint that the command reads. A token, where one is sent, must be good."""
    program, trace_id = settings.SANDBOX_PROGRAM, trace_of(request)
    try:
        refuse_other_methods(request, "POST")
        call = Call(request, program, trace_id, agent_from(request))
        read = read_argv(call.body().get("argv"), program)
    except ApiError as error:
        return fail(program, trace_id, error)
    return _answer(request, read)


def _answer(request: HttpRequest, read: Read) -> HttpResponseBase:
    inner = HttpRequest()
    inner.method, inner.path = "GET", read.path
    inner.path_info = unquote(read.path)
    inner.META = {name: request.META[name] for name in _HANDED_ON if name in request.META}
    # One request, one trace.
    inner.META |= {"sandbox.trace_id": trace_of(request), "REQUEST_METHOD": "GET"}
    inner.GET = QueryDict(urlencode(read.query))
    match = resolve(inner.path_info)
    response: HttpResponse = match.func(inner, *match.args, **match.kwargs)
    if ACTOR in inner.META:
        request.META[ACTOR] = inner.META[ACTOR]
    return response
