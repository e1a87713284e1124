"""What is read from Stripe by itself: its list of events, and once its whole past, list by list.

Events tell what is new, also what no webhook brought (Stripe keeps them for 30 days). The lists are walked from the
newest to the oldest, once, for what is older; what changes meanwhile is in the events.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dashboard.billing import apply, facts
from dashboard.billing.access import has_stripe, is_live, stripe_client
from dashboard.billing.feeds import Line, Page
from dashboard.billing.models import Feed
from dashboard.billing.webhooks import events_store

PAGE = 100
EVENTS_KEPT = timedelta(days=29)
# Stripe lists an event a little after its moment: each reading begins before the end of the last one.
OVERLAP = timedelta(minutes=5)
THE_BEGINNING = datetime(2011, 1, 1, tzinfo=UTC)
Rows = list[Mapping[str, Any]]


def events_fetch(feed: Feed, started: datetime) -> Page:
    """Fetch a page of events, newest first, down to where the last whole reading began.

    The cursor holds where this reading is and where it ends: `since|until|after`, in Unix seconds and an event's id.
    """
    since, until, after = _events_place(feed.cursor, started)
    behind = {"starting_after": after} if after else {}
    v1: Any = stripe_client().v1
    answer = v1.events.list({"limit": PAGE, "created": {"gte": since}, **behind}).to_dict()
    rows: Rows = answer["data"]
    if answer["has_more"] and rows:
        return Page(partial(events_store, rows), f"{since}|{until}|{rows[-1]['id']}", is_last=False)
    done = f"{until - int(OVERLAP.total_seconds())}||"
    complete = feed.complete_since or datetime.fromtimestamp(since, UTC)
    return Page(partial(events_store, rows), done, is_last=True, complete_since=complete)


def _events_place(cursor: str, started: datetime) -> tuple[int, int, str]:
    since, until, after = [*cursor.split("|"), "", "", ""][:3]
    oldest = int((started - EVENTS_KEPT).timestamp())
    return max(int(since or 0), oldest), int(until or started.timestamp()), after


def _list_fetch(name: str, write: Callable[[Rows, datetime], None], expand: str, feed: Feed, started: datetime) -> Page:
    """Fetch a page of a list that is walked once; a whole one is not read again."""
    if feed.complete_since:
        return Page(lambda: None, feed.cursor, is_last=True)
    v1: Any = stripe_client().v1
    lists = {"checkout_sessions": v1.checkout.sessions} | {
        one: getattr(v1, one) for one in ("payment_intents", "refunds", "disputes", "payouts")
    }
    params: dict[str, Any] = {"limit": PAGE}
    params |= {"starting_after": feed.cursor} if feed.cursor else {}
    params |= {"expand": [expand]} if expand else {}
    answer = lists[name].list(params).to_dict()
    rows: Rows = answer["data"]
    cursor, is_last = rows[-1]["id"] if rows else feed.cursor, not answer["has_more"]
    return Page(partial(write, rows, started), cursor, is_last, THE_BEGINNING if is_last else None)


def _sessions_write(rows: Rows, at: datetime) -> None:
    for row in rows:
        apply.payment_apply(facts.payment_seen(session=row, intent=None), at=at)


def _intents_write(rows: Rows, at: datetime) -> None:
    for row in rows:
        apply.payment_apply(facts.payment_seen(session=None, intent=row), at=at)


def _refunds_write(rows: Rows, at: datetime) -> None:
    for row in rows:
        apply.refund_apply(facts.refund_seen(row, livemode=is_live()), at=at)


def _disputes_write(rows: Rows, at: datetime) -> None:
    for row in rows:
        apply.dispute_apply(facts.dispute_seen(row), at=at)


def _payouts_write(rows: Rows, at: datetime) -> None:
    for row in rows:
        apply.payout_apply(facts.payout_seen(row), at=at)


def _walk(name: str, write: Callable[[Rows, datetime], None], expand: str = "") -> Line:
    return Line(f"stripe_{name}", timedelta(hours=1), has_stripe, partial(_list_fetch, name, write, expand))


EVENTS = Line("stripe_events", timedelta(seconds=60), has_stripe, events_fetch)
WALKS = (
    _walk("checkout_sessions", _sessions_write),
    _walk("payment_intents", _intents_write, "data.latest_charge.balance_transaction"),
    _walk("refunds", _refunds_write),
    _walk("disputes", _disputes_write),
    _walk("payouts", _payouts_write),
)
