"""Lines of news and how they are read: one worker at a time, a page at a time, from where the last one ended.

A page is fetched with no transaction open, then applied together with the new place, so that a lost worker repeats
one page and passes none over. Failures that may pass are tried again later, each time later.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from api_client import ApiError
from dashboard.billing.access import StripeTrouble, stripe_told
from dashboard.billing.models import Feed
from dashboard.lib.backoff import backoff

log = structlog.get_logger(__name__)

LOST_AFTER = timedelta(minutes=5)
# A reading that still has more to read goes on at its next turn, so that the others have theirs.
PAGES_AT_MOST = 50
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=15), timedelta(minutes=15)


@dataclass(frozen=True)
class Page:
    """What a page came to: `apply` writes its rows; then the feed stands at `cursor`.

    `is_last` says that nothing is known to lie beyond. `complete_since` is set by a page that ends a first reading.
    """

    apply: Callable[[], object]
    cursor: str
    is_last: bool
    complete_since: datetime | None = None


@dataclass(frozen=True)
class Line:
    """A line of news: how often it is read, whether there is anything to read it from, and how a page is fetched."""

    name: str
    every: timedelta
    is_there: Callable[[], bool]
    fetch: Callable[[Feed, datetime], Page]


def feed_read(line: Line, *, is_forced: bool = False) -> bool:
    """Read a line to its end, or as far as one turn goes; True when it was read, False when it was not its turn."""
    feed = _claim(line, is_forced=is_forced) if line.is_there() else None
    if feed is None:
        return False
    started = timezone.now()
    try:
        with stripe_told():
            is_at_end = _read(line, feed, started)
    except StripeTrouble as trouble:
        return _fail(feed, trouble.code, trouble.for_people)
    except ApiError as error:
        return _fail(feed, error.code, error.for_people)
    except Exception as error:  # a process edge: one line's fault must not stop the others
        log.exception("billing_feed_broke", feed=feed.name)
        return _fail(feed, "INTERNAL", type(error).__name__)
    pause = line.every if is_at_end else timedelta()
    done = {"synced_at": started} if is_at_end else {}
    return _release(
        feed, due_at=timezone.now() + pause, failures=0, failed_at=None, error_code="", error_text="", **done
    )


def feeds_resting() -> set[str]:
    """Return the lines whose turn has not come: most of the time all of them, found in one query."""
    return set(Feed.objects.filter(due_at__gt=timezone.now()).values_list("name", flat=True))


def _claim(line: Line, *, is_forced: bool) -> Feed | None:
    now, token = timezone.now(), uuid.uuid4()
    Feed.objects.get_or_create(name=line.name, defaults={"due_at": now})
    free = Q(running_since=None) | Q(running_since__lte=now - LOST_AFTER)
    turn = Feed.objects.filter(free, name=line.name)
    turn = turn if is_forced else turn.filter(due_at__lte=now)
    if not turn.update(running_since=now, run_token=token):
        return None
    return Feed.objects.get(name=line.name)


def _read(line: Line, feed: Feed, started: datetime) -> bool:
    """Read pages until the end or the turn's; True at the end."""
    for _ in range(PAGES_AT_MOST):
        page = line.fetch(feed, started)
        with transaction.atomic():
            mine = Feed.objects.select_for_update().filter(name=feed.name, run_token=feed.run_token)
            held = mine.first()
            if held is None:
                raise StripeTrouble("TURN_LOST", "Another worker reads this now.", is_passing=True)
            page.apply()
            feed.cursor = page.cursor
            feed.complete_since = page.complete_since or feed.complete_since
            mine.update(cursor=feed.cursor, complete_since=feed.complete_since, running_since=timezone.now())
        if page.is_last:
            return True
    return False


def _fail(feed: Feed, code: str, text: str) -> bool:
    log.info("billing_feed_failed", feed=feed.name, code=code)
    pause = backoff(feed.failures + 1, first=BACKOFF_FIRST, most=BACKOFF_MOST)
    now = timezone.now()
    told = {"error_code": code[:64], "error_text": text[:254], "failed_at": now}
    _release(feed, due_at=now + pause, failures=F("failures") + 1, **told)
    return False


def _release(feed: Feed, **changes: object) -> bool:
    mine = Feed.objects.filter(name=feed.name, run_token=feed.run_token)
    return bool(mine.update(running_since=None, run_token=None, **changes))
