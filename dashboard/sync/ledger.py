"""Reading an agent's ledger without a cursor: widen `limit` until the page overlaps what we know.

The list has `limit` and `subject` alone; its order and its largest `limit` are unpublished (contract sections 2.22
and 6). So a page that holds an event of ours reaches back far enough; a page shorter than asked for, and shorter than
any clamp we must expect, is the whole ledger; and where neither can be reached the stretch is a known gap.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api_client import ActivityEvent, Client

LIMITS = (50, 200, 1000, 5000)
# A service may clamp `limit`, but never below this (contract section 11): a shorter page is the whole ledger.
SMALLEST_CLAMP = 200

KnownIds = Callable[[list[str]], set[str]]


@dataclass(frozen=True)
class LedgerReading:
    """The widest page that was read: its sound records, how many were not, and whether something may be missing.

    `gap_before` is the moment before which events may exist that the service does not show.
    """

    records: tuple[ActivityEvent, ...]
    unreadable: int
    calls: int
    gap_before: datetime | None


def ledger_read(client: Client, known: KnownIds) -> LedgerReading:
    """Read the newest part of the ledger back to what is known; raises ApiError."""
    previous = -1
    for calls, limit in enumerate(LIMITS, start=1):
        events = client.activity.list(limit=limit).events
        records = tuple(event for event in events if isinstance(event, ActivityEvent))
        reached = bool(known([record.event_id for record in records])) or len(events) < min(limit, SMALLEST_CLAMP)
        # A wider question that brings nothing more: this is all that the service shows.
        exhausted = len(events) == previous or limit == LIMITS[-1]
        if reached or exhausted:
            gap_before = None if reached else min((record.occurred_at for record in records), default=None)
            return LedgerReading(records, len(events) - len(records), calls, gap_before)
        previous = len(events)
    raise AssertionError("the last limit ends the loop")
