"""What may follow what in a purchase, and when to ask again. Pure: rows and answers in, a decision out."""

from datetime import datetime, timedelta

from api_client import PurchaseStatus
from dashboard.credits.models import Purchase

State = Purchase.State

# A state is only ever left for one that ranks higher: a payment may still succeed after it was given up.
RANK = {
    State.QUOTING: 0,
    State.QUOTED: 1,
    State.OPENING: 2,
    State.OPEN: 3,
    State.PROCESSING: 4,
    State.EXPIRED: 5,
    State.FAILED: 5,
    State.CANCELED: 5,
    State.REFUSED: 5,
    State.PAID: 6,
    State.SUCCEEDED: 7,
}
UNPAID_ENDS = frozenset({State.EXPIRED, State.FAILED, State.CANCELED, State.REFUSED})
# `created`, `action_required` and `succeeded` are published (contract 2.12), the others what a service may say (INF).
REMOTE_STATES = {
    "created": State.QUOTED,
    "action_required": State.OPEN,
    "requires_action": State.OPEN,
    "processing": State.PROCESSING,
    "pending": State.PROCESSING,
    "paid": State.PAID,
    "succeeded": State.PAID,
    "expired": State.EXPIRED,
    "failed": State.FAILED,
    "canceled": State.CANCELED,
    "cancelled": State.CANCELED,
}

POLL_SECONDS = 10
POLL_BOUNDS = (3, 300)
SLOWEST = timedelta(minutes=15)
# A payment is asked for at a thirtieth of its age: a minute after half an hour, a quarter of an hour after a day.
AGE_DIVISOR = 30
EXPIRY_UNTOLD = timedelta(days=3)
AFTER_EXPIRY = timedelta(days=1)
# What was paid is followed until its credits come: after a month without them once a day.
PAID_SELDOM_AFTER, SELDOM = timedelta(days=30), timedelta(days=1)
QUOTE_UNTOLD = timedelta(minutes=30)


def state_told(status: PurchaseStatus, *, has_receipt: bool) -> Purchase.State | None:
    """Return what an answer means; None for a word that nobody published. Without a receipt nothing is done yet."""
    return State.SUCCEEDED if has_receipt else REMOTE_STATES.get(status.state.lower())


def state_after(now: str, told: Purchase.State | None, *, is_other_attempt: bool) -> Purchase.State:
    """Return the state after an answer. Backwards goes only an unpaid end, and only for another attempt to pay."""
    state = State(now)
    if told is None:
        return state
    begins_again = is_other_attempt and state in UNPAID_ENDS and RANK[told] >= RANK[State.OPEN]
    return told if begins_again or RANK[told] > RANK[state] else state


def quote_is_over(purchase: Purchase, now: datetime) -> bool:
    """Tell whether a price is held no more; where the service gave no end, after half an hour."""
    return (purchase.quote_expires_at or purchase.opened_at + QUOTE_UNTOLD) <= now


def poll_seconds(asked: object) -> int:
    """Return the pause that the service asks for between two status reads, within bounds; seconds."""
    try:
        seconds = int(str(asked))
    except ValueError:
        return POLL_SECONDS
    return min(max(seconds, POLL_BOUNDS[0]), POLL_BOUNDS[1])


def pause_after(purchase: Purchase, now: datetime) -> timedelta | None:
    """Return how long to wait before the next call about a purchase; None when there is nothing left to ask."""
    if not purchase.is_under_way:
        return None
    if purchase.state == State.PAID:
        if is_paid_long(purchase, now):
            return SELDOM
    elif now >= _followed_until(purchase):
        return None
    if purchase.state == State.QUOTED:
        ends = purchase.quote_expires_at or purchase.opened_at + QUOTE_UNTOLD
        return max(ends - now, timedelta()) + timedelta(seconds=1)
    slowed = (now - purchase.opened_at) / AGE_DIVISOR
    return min(max(timedelta(seconds=purchase.poll_seconds), slowed), SLOWEST)


def is_paid_long(purchase: Purchase, now: datetime) -> bool:
    """Tell whether somebody paid so long ago, without credits since, that it is asked about once a day alone."""
    return now - (purchase.paid_at or purchase.opened_at) >= PAID_SELDOM_AFTER


def _followed_until(purchase: Purchase) -> datetime:
    return (purchase.expires_at or purchase.opened_at + EXPIRY_UNTOLD) + AFTER_EXPIRY
