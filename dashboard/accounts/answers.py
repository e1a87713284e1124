"""Pages that are given again as they are, as long as everything that they were made of is the same.

A page is made of what the database answers, of who looks, and of the clock. It is given again to the same person at
the same address while each of its statements is answered as before: asking costs a fraction of making it anew, and
nothing has to be forgotten when something is written. Ages are said anew each time, and none outlives its colour; what
else the clock decides is late by KEPT_FOR at most. See docs/adr/0013-answers-asked-again.md.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property, partial, wraps
from hashlib import blake2b

from django.contrib.messages import get_messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.utils import timezone

from dashboard.accounts.access import View, viewer
from dashboard.accounts.models import User
from dashboard.accounts.selectors import membership_list
from dashboard.lib.asked import Asked, listening
from dashboard.lib.kept import MARKS, Kept, Shelf, tidied

KEPT_FOR = timedelta(minutes=1)
# Bytes that a process remembers, of pages and of what they were made of.
ROOM = 16 * 2**20
_TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')
# What `{% age %}` draws: its two thresholds in seconds, and the moment within.
_AGE = re.compile(r'data-stale-after="(\d+)" data-late-after="(\d+)">.*?<time [^>]*?datetime="([^"]*)"', re.DOTALL)


@dataclass
class Answer:
    """A page as it was made, what it was made of, and for whom: a digest of all that is known of them.

    Most of what it takes to give it again is left until somebody asks: where others write all the time nobody does.
    """

    html: str
    asked: Asked
    who: bytes
    made_at: datetime

    @cached_property
    def page(self) -> Kept:
        """The page to be given again."""
        return Kept(_TOKEN.sub(rf"\1{MARKS['csrf_token']}", self.html))

    @cached_property
    def until(self) -> datetime:
        """From when on it is another page, whatever the database answers."""
        return min((self.made_at + KEPT_FOR, *_ages_turn(self.html, self.made_at)))

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes: as it was made, and twice to be given again."""
        return 3 * len(self.html) + self.asked.size


ANSWERS: Shelf[Answer] = Shelf(ROOM)


def kept_answer(view: View) -> View:
    """Give a page again while nothing that it was made of has changed: `@member() @require_GET @kept_answer`.

    For pages made by reading, of nothing but the address, the person and the database: none that looks into the
    session, gives out a key of its own, or has somebody pay, where a minute of the clock counts; nor one with a
    textarea, whose blank lines would become fewer. What is no HTML page, writes, or has a message to tell is not kept.
    Names of the catalogue and of tags come from a cache of a minute, and may be two minutes old.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        make = partial(view, request, *args, **kwargs)
        return make() if len(get_messages(request)) else _again(request) or _anew(request, make)

    inner.is_kept_answer = True  # type: ignore[attr-defined]
    return inner


def _again(request: HttpRequest) -> HttpResponse | None:
    answer = ANSWERS.get(_key(request))
    if answer is None or _is_old(answer) or answer.who != _who(viewer(request)):
        return None
    now = timezone.now()
    return _response(request, answer.page, now) if answer.asked.is_answered_alike() and now < answer.until else None


def _anew(request: HttpRequest, make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    who, made_at = _who(viewer(request)), timezone.now()
    with listening() as asked:
        response = make()
    if not (asked.only_reads and isinstance(response, HttpResponse) and _is_plain_page(response)):
        return response
    ANSWERS.forget(_is_old)
    html = tidied(response.text)
    ANSWERS.put(_key(request), Answer(html, asked, who, made_at))
    return HttpResponse(html)


def _key(request: HttpRequest) -> Hashable:
    address = request.scheme, request.get_host(), request.path, request.META.get("QUERY_STRING", "")
    return *address, bool(request.headers.get("X-Fragment")), viewer(request).pk


def _who(user: User) -> bytes:
    """Return a digest of everything that is known of a person and of what they may do where."""
    rows: list[Model] = [user]
    for membership in membership_list(user):
        rows += [membership, membership.workspace]
    values = [getattr(row, field.attname) for row in rows for field in row._meta.concrete_fields]  # noqa: SLF001
    return blake2b(repr(values).encode(), digest_size=16).digest()


def _ages_turn(html: str, now: datetime) -> Iterator[datetime]:
    """Yield when an age on the page will be another word and colour: both are drawn with the page."""
    for stale_after, late_after, at in _AGE.findall(html):
        turns = (datetime.fromisoformat(at) + timedelta(seconds=int(one)) for one in (stale_after, late_after))
        yield from (turn for turn in turns if turn > now)


def _is_old(answer: Answer) -> bool:
    # A clock that was set back may find answers of the future.
    return not answer.made_at <= timezone.now() < answer.made_at + KEPT_FOR


def _is_plain_page(response: HttpResponse) -> bool:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status_code == 200 and is_html and not response.cookies and len(response.headers) == 1


def _response(request: HttpRequest, page: Kept, now: datetime) -> HttpResponse:
    token = cache(lambda: get_token(request))
    return HttpResponse(page.said_at(now, lambda name: token() if name == "csrf_token" else None))
