"""Which purchase paid for which spending: our allocation, not the service's. Pure, in whole credits.

Free credits are spent first, then the oldest purchase. Bought credits stand in one queue, in the order they came, less
what refunds and disputes took from each. How far the queue is used up at a reading is what was ever granted less the
paid credits that the service tells: so any stretch of history is allocated from its two readings and a list of
purchases, however many jobs came before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.credits.balance import Anchor


@dataclass(frozen=True)
class Lot:
    """Credits of one purchase in the queue; `receipt_pk` None: bought before this workspace could see it."""

    receipt_pk: int | None
    credits: int


@dataclass(frozen=True)
class Share:
    """So many credits of a spending, out of a lot; `lot` None: free credits."""

    lot: Lot | None
    credits: int


@dataclass(frozen=True)
class Funding:
    """How an interval's spending was funded: the first `free` credits of it are free ones, then the queue pays from
    its place `start` on."""

    free: int
    start: int


def funding_of(*, start: Anchor, end: Anchor, spent: int, granted_before: int, granted_after: int) -> Funding:
    """Return the funding of an interval in which `spent` credits were spent; `granted_*` is the whole queue's length.

    What neither purse lost since the reading before was on hold then: with no free credits at either reading it came
    from the queue, just before the place where the interval begins.
    """
    place = max(granted_before - start.paid, 0)
    paid = min(max(granted_after - end.paid - place, 0), spent)
    rest = spent - paid
    held = min(rest, place) if start.free <= 0 and end.free <= 0 else 0
    return Funding(free=rest - held, start=place - held)


def shares(funding: Funding, queue: Sequence[Lot], *, offset: int, credits: int) -> list[Share]:  # noqa: A002 - the contract's noun
    """Return who paid for a spending of `credits` that comes after `offset` credits spent in the same interval.

    What the queue does not reach is left out: then purchases are missing here, and the shares sum to less.
    """
    free = max(min(funding.free - offset, credits), 0)
    place = funding.start + max(offset + free - funding.free, 0)
    found = [Share(None, free)] if free else []
    return found + taken(queue, start=place, stop=place + credits - free)


def taken(queue: Sequence[Lot], *, start: int, stop: int) -> list[Share]:
    """Return what a stretch of the queue consists of, lot by lot."""
    found, begin = [], 0
    for lot in queue:
        part = min(begin + lot.credits, stop) - max(begin, start)
        if part > 0:
            found.append(Share(lot, part))
        begin += lot.credits
    return found
