"""What is read of the service's side: everything that changes, through the operator extension; else linked ledgers."""

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Max, Q
from django.utils import timezone

from api_client import ChangePage, LedgerEvent
from dashboard.activity.models import Event
from dashboard.billing.access import StripeTrouble
from dashboard.billing.feeds import Line, Page
from dashboard.billing.hosted import JOB_ENDED, MONEY_TYPES, is_wanted, line_from, lines_write, payments_apply
from dashboard.billing.models import Feed, LedgerLine
from dashboard.billing.stripe_feeds import THE_BEGINNING
from dashboard.remote import has_operator, operator_client

CALL_SECONDS = 15.0
CHANGES_PAGE, EVENTS_PAGE = 500, 1_000
# A row of the mirror may be committed after one with a higher number: young ones are read again.
SETTLES_WITHIN = timedelta(minutes=5)


def changes_fetch(feed: Feed, started: datetime) -> Page:
    """Fetch a page of everything that changed at the service behind the cursor."""
    client = operator_client(deadline_seconds=CALL_SECONDS)
    if client is None:
        raise StripeTrouble("NO_EXTENSION", "The operator extension is not set up.", is_passing=False)
    with client:
        page = client.changes.list(limit=CHANGES_PAGE, cursor=feed.cursor or None)
    is_last = not page.has_more
    since = THE_BEGINNING if is_last else None
    return Page(partial(_changes_write, page, started), page.next_cursor or feed.cursor, is_last, since)


def linked_fetch(feed: Feed, _started: datetime) -> Page:
    """Read the mirror of linked agents' ledgers behind the cursor, a row's number."""
    money = Q(type__in=MONEY_TYPES) | Q(type=JOB_ENDED, status="failed")
    behind = Event.objects.filter(pk__gt=int(feed.cursor or 0))
    last = behind.order_by("pk").values_list("pk", flat=True)[EVENTS_PAGE - 1 : EVENTS_PAGE]
    ends = next(iter(last), None)
    page = behind.filter(pk__lte=ends) if ends else behind
    settled = page.filter(synced_at__lt=timezone.now() - SETTLES_WITHIN).aggregate(highest=Max("pk"))["highest"]
    rows = list(page.filter(money).select_related("agent").order_by("pk"))
    cursor = str(settled or feed.cursor or 0)
    # Young rows are read again and again until they are settled, so a page of them alone ends the turn.
    is_last = ends is None or settled is None
    return Page(partial(_linked_write, rows), cursor, is_last, THE_BEGINNING if is_last else None)


def _changes_write(page: ChangePage, at: datetime) -> None:
    payments = [change.payment for change in page.changes if change.payment]
    events = [change.event for change in page.changes if isinstance(change.event, LedgerEvent)]
    if payments:
        payments_apply(payments, at=at)
    lines_write(_line(event) for event in events if is_wanted(event.type, event.status or ""))


def _line(event: LedgerEvent) -> LedgerLine:
    return line_from(event, agent_remote_id=event.agent_id, event_id=event.event_id)


def _linked_write(rows: list[Event]) -> None:
    lines_write(line_from(row, agent_remote_id=row.agent.remote_id, event_id=row.remote_id) for row in rows)


def _is_alone() -> bool:
    """Tell whether linked ledgers are all that there is to read."""
    return not has_operator()


CHANGES = Line("hosted_changes", timedelta(seconds=15), has_operator, changes_fetch)
LINKED = Line("linked_ledger", timedelta(seconds=15), _is_alone, linked_fetch)
