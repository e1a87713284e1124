"""Reading the audit log: of one workspace, or for operators of everything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from dashboard.audit.models import AuditEntry
from dashboard.lib.paging import Page, page_get, rows_stream

PAGE_SIZE = 50
# A page that shows a total says "more than" beyond this: counting further would cost more than the page itself.
COUNT_LIMIT = 10_000
EXPORT_BATCH = 500


@dataclass(frozen=True)
class AuditFilter:
    """What of the log is wanted; an empty field asks for nothing. `since` is included, `until` is not."""

    person: str = ""
    action: str = ""
    subject: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def said(self) -> dict[str, str]:
        """Return the fields in use, as the log itself keeps them."""
        used = {name: value for name, value in vars(self).items() if value}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in used.items()}


def entry_list(wanted: AuditFilter, *, workspace_id: int | None) -> QuerySet[AuditEntry]:
    """Return what a filter finds in a workspace; `workspace_id` None: everywhere, for operators alone."""
    entries = AuditEntry.objects.all() if workspace_id is None else AuditEntry.objects.filter(workspace_id=workspace_id)
    if wanted.person:
        entries = entries.filter(actor_label__icontains=wanted.person)
    if wanted.subject:
        entries = entries.filter(Q(subject_id=wanted.subject) | Q(subject_label__icontains=wanted.subject))
    exact = {
        "action": wanted.action,
        "outcome": wanted.outcome,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    return entries.filter(**{name: value for name, value in exact.items() if value})


def entry_page(entries: QuerySet[AuditEntry], *, cursor: str) -> Page[AuditEntry]:
    return page_get(entries, by="at", cursor=cursor, size=PAGE_SIZE)


def entry_count(entries: QuerySet[AuditEntry]) -> int:
    """Return how many there are, counted no further than one above COUNT_LIMIT."""
    return entries.order_by()[: COUNT_LIMIT + 1].count()


def entry_stream(entries: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Yield entries, newest first."""
    return rows_stream(entries, by="at", batch=EXPORT_BATCH)
