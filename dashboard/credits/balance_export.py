"""A balance history as rows of a file: readings, the lines between them with who paid, gaps, what is unexplained."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.credits.allocation import Share
from dashboard.credits.balance import Interval
from dashboard.credits.balance_selectors import interval_stream
from dashboard.credits.funding import Funds, events_within, funds_get

COLUMNS = (
    "at",
    "kind",
    "credits",
    "balance",
    "free_credits",
    "paid_credits",
    "event_type",
    "event_id",
    "job_id",
    "from_free",
    "from_purchases",
    "receipts",
    "note",
)
EMPTY = dict.fromkeys(COLUMNS)
Row = dict[str, object]


def export_rows(claim: Claim) -> Iterator[Row]:
    """Yield the history oldest first; `credits` are signed movements, and each balance is the one before plus them."""
    funds = funds_get(claim)
    for number, interval in enumerate(interval_stream(claim)):
        if number == 0:
            yield _reading(interval.start.at, interval.start.free, interval.start.paid)
        if interval.is_still:
            continue
        yield from _lines(claim, interval, funds)
        for gap in interval.gaps:
            since = gap.after.astimezone(UTC).isoformat() if gap.after else "the beginning"
            yield EMPTY | {"at": _at(gap.before), "kind": "gap", "note": f"not readable since {since}"}
        if interval.unexplained:
            told = {"credits": interval.unexplained, "note": " ".join(interval.reasons)}
            yield EMPTY | {"at": _at(interval.end.at), "kind": "unexplained", **told}
        yield _reading(interval.end.at, interval.end.free, interval.end.paid)


def _lines(claim: Claim, interval: Interval, funds: Funds) -> Iterator[Row]:
    events: Iterable[Event] = events_within(claim, interval).order_by("occurred_at", "pk").iterator(chunk_size=500)
    for event, parts in funds.shares_of(interval, events):
        yield EMPTY | {
            "at": _at(event.occurred_at),
            "kind": "movement",
            "credits": event.credits_delta,
            "event_type": event.type,
            "event_id": event.remote_id,
            "job_id": event.job_id,
            **_paid_by(parts, funds),
        }


def _paid_by(parts: list[Share], funds: Funds) -> Row:
    bought = [(part.lot.receipt_pk, part.credits) for part in parts if part.lot]
    if not parts:
        return {}
    return {
        "from_free": sum(part.credits for part in parts if part.lot is None),
        "from_purchases": sum(credits_ for _, credits_ in bought),
        "receipts": " ".join(funds.receipts[pk].remote_id for pk, _ in bought if pk),
    }


def _reading(at: datetime, free: int, paid: int) -> Row:
    told = {"balance": free + paid, "free_credits": free, "paid_credits": paid}
    return EMPTY | {"at": _at(at), "kind": "reading", **told}


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
