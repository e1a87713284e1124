"""Reading an agent's ledger without a cursor: widen `limit` until the page overlaps what we know.

The list has `limit` and `subject` alone; its order and its largest `limit` are unpublished (contract sections 2.22
and 6). So a page that holds an event of ours reaches back far enough; a page shorter than asked for, and shorter than
any clamp we must expect, is the whole ledger; and where neither can be reached the stretch is a known gap.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from api_client import ActivityEvent, Client, ContractError, MalformedEvent, TimedOut

LIMITS = (50, 200, 1000, 5000)
# A service may clamp `limit`, but never below this (contract section 11): a shorter page is the whole ledger.
SMALLEST_CLAMP = 200

KnownIds = Callable[[list[str]], set[str]]


@dataclass(frozen=True)
class LedgerReading:
    """The widest page that was read: its sound records, its broken ones, how many are new, what may be missing.

    `gap_before` is the moment before which events may exist that the service does not show.
    """

    records: tuple[ActivityEvent, ...]
    broken: tuple[MalformedEvent, ...]
    unknown: int
    calls: int
    gap_before: datetime | None

    @property
    def length(self) -> int:
        return len(self.records) + len(self.broken)


def ledger_read(client: Client, known: KnownIds, *, is_last_try: bool = False) -> LedgerReading:
    """Read the newest part of the ledger back to what is known; raises ApiError.

    On the `is_last_try` a page that is too wide to be read is given up for the narrower one before it, with a gap: a
    ledger that outgrew what we can read at once would be read never again.
    """
    reading: LedgerReading | None = None
    for calls, limit in enumerate(LIMITS, start=1):
        try:
            events = client.activity.list(limit=limit).events
        except (ContractError, TimedOut):
            if not is_last_try or reading is None:
                raise
            return replace(reading, calls=calls)
        records = tuple(event for event in events if isinstance(event, ActivityEvent))
        broken = tuple(event for event in events if isinstance(event, MalformedEvent))
        overlap = known([record.event_id for record in records])
        whole = LedgerReading(records, broken, len(records) - len(overlap), calls, None)
        if overlap or len(events) < min(limit, SMALLEST_CLAMP):
            return whole
        wider = replace(whole, gap_before=min((record.occurred_at for record in records), default=None))
        # A wider question that brings nothing more: this is all that the service shows.
        if limit == LIMITS[-1] or (reading is not None and wider.length == reading.length):
            return wider
        reading = wider
    raise AssertionError("the last limit ends the loop")
