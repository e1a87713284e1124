"""Reading what agents report, over all organizations, where the service lets us (operator extension).

Two cursors, each behind what is written down: changes of feedback, and what ledgers tell of the service's own queue.
Both lists are in the order in which things were committed, so nothing appears behind a cursor. A page and the cursor
that leads on are saved together; a crash in between reads one page again, which changes nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from api_client import ApiError, LedgerEvent, OperatorClient
from dashboard.activity.models import Event
from dashboard.feedback.intake import intake_lock, reports_apply
from dashboard.feedback.ledger import GITHUB, TYPES, told_apply, told_of_malformed, told_of_mirror, told_of_operator
from dashboard.feedback.models import Intake
from dashboard.freshness.models import ONLY_SUBJECT, Stream
from dashboard.remote import operator_client
from dashboard.sync.services import Run, run_break, run_claim, run_fail, run_finish

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
PAGE = 200
# At most six calls of ten seconds: a run is taken for lost after 75.
PAGES_A_RUN = 3
READ_EVERY = timedelta(seconds=15)
JOIN_BATCH = 500


def feedback_sync(*, is_forced: bool = False) -> bool:
    """Read on behind both cursors if the turn has come; True when something was answered, or there is nobody to ask."""
    run = run_claim(stream=Stream.FEEDBACK, subject_id=ONLY_SUBJECT, is_forced=is_forced)
    if run is None:
        return False
    try:
        mirror_join()
        client = operator_client(deadline_seconds=CALL_SECONDS)
        if client is None:
            return run_finish(run, pause=READ_EVERY, calls=0)
        with client:
            _read_on(run, client)
    except ApiError as error:
        log.info("feedback_sync_failed", code=error.code, trace_id=error.trace_id)
        run_fail(run, error)
    except Exception as error:  # a process edge: the worker goes on with other streams
        log.exception("feedback_sync_broke")
        run_break(run, error)
    else:
        return True
    return False


def mirror_join() -> None:
    """Join the ledger lines that were mirrored before this room was there; later ones come with their reading."""
    if Intake.objects.exclude(joined_at=None).exists():
        return
    last = 0
    while events := list(_lines_after(last)):
        with transaction.atomic():
            intake_lock()
            told_apply(told_of_mirror(events), at=timezone.now())
        last = events[-1].pk
    Intake.objects.filter(pk=intake_row().pk).update(joined_at=timezone.now())


def intake_row() -> Intake:
    return Intake.objects.get_or_create(pk=1)[0]


def events_join(events: list[Event], *, at: datetime) -> None:
    """Join new events of one agent's ledger, inside the transaction that writes them."""
    heard = [event for event in events if event.type in TYPES]
    if heard:
        prefetch_related_objects(heard, "agent")
        intake_lock()
        told_apply(told_of_mirror(heard), at=at)


def _lines_after(pk: int) -> list[Event]:
    lines = Event.objects.filter(type__in=TYPES, pk__gt=pk).select_related("agent")
    return list(lines.order_by("pk")[:JOIN_BATCH])


def _read_on(run: Run, client: OperatorClient) -> None:
    calls = new = malformed = 0
    more = False
    for page_read in (_changes_page, _ledger_page):
        has_more, pages = True, 0
        while has_more and pages < PAGES_A_RUN:
            has_more, fresh, unread = page_read(client)
            pages, calls, new, malformed = pages + 1, calls + 1, new + fresh, malformed + unread
        more |= has_more
    if not more:
        Intake.objects.filter(pk=1).update(complete_at=run.started_at)
    pause = timedelta() if more else READ_EVERY
    run_finish(run, pause=pause, calls=calls, rows_new=new, rows_unreadable=malformed)


Page = tuple[bool, int, int]


def _changes_page(client: OperatorClient) -> Page:
    """Read one page of changed feedback; whether there is more, how many are new, how many could not be read."""
    cursor = intake_row().changes_cursor
    page = client.changes.list(kind="feedback", limit=PAGE, cursor=cursor or None)
    records = [change.feedback for change in page.changes if change.feedback is not None]
    malformed = page.extra.get("malformed_changes") or []

    def apply(at: datetime) -> int:
        # Of a row that breaks the contract its ids are kept: the cursor passes nothing by.
        told_apply(told_of_malformed(malformed, at=at), at=at)
        return reports_apply(records, at=at)

    new = _saved("changes_cursor", cursor, page.next_cursor, apply)
    return page.has_more, new, len(malformed)


def _ledger_page(client: OperatorClient) -> Page:
    cursor = intake_row().ledger_cursor
    page = client.ledger.list(type=GITHUB, limit=PAGE, cursor=cursor or None)
    events = [event for event in page.events if isinstance(event, LedgerEvent)]

    def apply(at: datetime) -> int:
        told_apply(told_of_operator(events), at=at)
        return 0

    new = _saved("ledger_cursor", cursor, page.next_cursor, apply)
    return page.has_more, new, len(page.events) - len(events)


def _saved(column: str, asked: str, following: str | None, apply: Callable[[datetime], int]) -> int:
    """Save a page with the cursor behind it, unless another run has done so meanwhile."""
    with transaction.atomic():
        intake = intake_lock()
        if getattr(intake, column) != asked:
            return 0
        new = apply(timezone.now())
        setattr(intake, column, (following or asked)[:400])
        intake.save(update_fields=[column])
        return new
