"""Reading disputes: the nearest deadline first, then what is with the bank, then what is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from dashboard.billing.disputes import ANSWERABLE
from dashboard.billing.models import StripeDispute
from dashboard.lib.paging import Page, page_get
from dashboard.lib.presentation import span_text

PAGE_SIZE = 50
TABS = {"due": "To be answered", "waiting": "With the bank", "over": "Over", "all": "All"}
VIEWS = {
    "due": Q(status__in=ANSWERABLE, submissions=0),
    "waiting": Q(status__in=("under_review", "warning_under_review")) | Q(status__in=ANSWERABLE, submissions__gt=0),
    "over": ~Q(status__in=StripeDispute.OPEN),
    "all": Q(),
}
SOON, VERY_SOON = timedelta(days=7), timedelta(days=2)


@dataclass(frozen=True)
class Clock:
    """How long is left to answer, in words, and how bad that is (a tone); empty where nothing is to be answered."""

    text: str = ""
    tone: str = "neutral"


def dispute_page(view: str, *, cursor: str) -> Page[StripeDispute]:
    """Return a page of disputes: those to be answered by their deadline, the others newest first."""
    rows = dispute_rows().filter(VIEWS[view])
    if view == "due":
        return page_get(rows.exclude(due_at=None), by="due_at", cursor=cursor, size=PAGE_SIZE, oldest_first=True)
    return page_get(rows, by="created_at", cursor=cursor, size=PAGE_SIZE)


def dispute_get(dispute_id: str) -> StripeDispute:
    """Return a dispute by Stripe's id; raises Http404."""
    found = dispute_rows().filter(dispute_id=dispute_id).first()
    if found is None:
        raise Http404
    return found


def dispute_rows() -> QuerySet[StripeDispute]:
    return StripeDispute.objects.select_related(
        "payment__chain__workspace", "payment__chain__purchase__agent", "payment__chain__hosted_payment", "answer"
    )


def clock_of(dispute: StripeDispute, now: datetime | None = None) -> Clock:
    """Return how long a dispute may still be answered."""
    if dispute.status not in ANSWERABLE or dispute.due_at is None:
        return Clock()
    left = dispute.due_at - (now or timezone.now())
    if left <= timedelta():
        return Clock("Too late", "bad")
    tone = "bad" if left <= VERY_SOON else "warn" if left <= SOON else "info"
    return Clock(f"{span_text(int(left.total_seconds()))} left", tone)
