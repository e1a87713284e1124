"""Pages that are given again as they are, as long as everything that they were made of is the same.

A page is made of what the database answers, of who looks, and of the clock. It is given again to the same person at
the same address while each of its statements is answered as before: asking costs a fraction of making it anew, and
nothing has to be forgotten when something is written. Ages are said anew each time; what else the clock decides is
late by KEPT_FOR at most. See docs/adr/0013-answers-asked-again.md.
"""

import re
from collections.abc import Callable, Hashable
from datetime import timedelta
from functools import cache, partial, wraps
from typing import NamedTuple

from django.contrib.messages import get_messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.utils import timezone

from dashboard.accounts.access import View, viewer
from dashboard.accounts.models import User
from dashboard.accounts.selectors import membership_list
from dashboard.lib.asked import Asked, listening
from dashboard.lib.kept import MARKS, Kept, Shelf

KEPT_FOR = timedelta(minutes=1)
# Bytes that a process remembers; a page of the gallery takes about 0.3 million.
ROOM = 16 * 2**20
_TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")[^"]*')


class Answer(NamedTuple):
    """A page, and what it was made of."""

    page: Kept
    asked: Asked
    who: list[object]
    made_at: float
    size: int


ANSWERS: Shelf[Answer] = Shelf(ROOM)


def kept_answer(view: View) -> View:
    """Give a page again while nothing that it was made of has changed: `@member() @require_GET @kept_answer`.

    For pages made by reading, of nothing but the address, the person and the database: none that looks into the
    session, gives out a key of its own, or has somebody pay, where a minute of the clock counts. What is no HTML page,
    writes, or has a message to tell is not kept.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        make = partial(view, request, *args, **kwargs)
        return make() if len(get_messages(request)) else _again(request) or _anew(request, make)

    inner.is_kept_answer = True  # type: ignore[attr-defined]
    return inner


def _again(request: HttpRequest) -> HttpResponse | None:
    answer = ANSWERS.get(_key(request))
    if answer is None or answer.who != _who(viewer(request)) or not _is_young(answer):
        return None
    return _response(request, answer.page) if answer.asked.is_answered_alike() else None


def _anew(request: HttpRequest, make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    who, made_at = _who(viewer(request)), timezone.now().timestamp()
    with listening() as asked:
        response = make()
    if not (asked.is_reading_alone and isinstance(response, HttpResponse) and _is_plain_page(response)):
        return response
    page = Kept(_TOKEN.sub(MARKS["csrf_token"], response.text))
    ANSWERS.put(_key(request), Answer(page, asked, who, made_at, page.size + asked.size))
    return _response(request, page)


def _key(request: HttpRequest) -> Hashable:
    return request.build_absolute_uri(), "X-Fragment" in request.headers, viewer(request).pk


def _who(user: User) -> list[object]:
    """Everything that is known of a person and of what they may do where."""
    rows: list[Model] = [user]
    for membership in membership_list(user):
        rows += [membership, membership.workspace]
    return [getattr(row, field.attname) for row in rows for field in row._meta.concrete_fields]  # noqa: SLF001


def _is_young(answer: Answer) -> bool:
    # Neither older nor, by a clock that was set back, of the future.
    return 0 <= timezone.now().timestamp() - answer.made_at < KEPT_FOR.total_seconds()


def _is_plain_page(response: HttpResponse) -> bool:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status_code == 200 and is_html and not response.cookies and len(response.headers) == 1


def _response(request: HttpRequest, page: Kept) -> HttpResponse:
    token = cache(lambda: get_token(request))
    return HttpResponse(page.said_at(timezone.now(), lambda name: token() if name == "csrf_token" else None))
