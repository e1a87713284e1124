"""Four lights a purchase: paid, settled, granted, balance moved. Each is lit once, by the best source that tells."""

from datetime import datetime
from typing import Literal

from dashboard.credits.models import Purchase, Source
from dashboard.lib.dates import showable

Light = Literal["paid", "settled", "granted", "balance_moved"]

# Who knows it at first hand: a later word of theirs replaces what somebody else said before.
OWN_SOURCE: dict[Light, Source] = {
    "paid": Source.STRIPE,
    "settled": Source.STATUS,
    "granted": Source.LEDGER,
    "balance_moved": Source.QUOTA,
}


def light(purchase: Purchase, name: Light, *, at: datetime, source: Source) -> None:
    """Light a light at a moment (UTC); one that is lit stays as it is, unless its own source speaks for the first time.

    Changes the purchase in memory alone.
    """
    lit_by = getattr(purchase, f"{name}_source")
    if lit_by and (source != OWN_SOURCE[name] or lit_by == source):
        return
    setattr(purchase, f"{name}_at", showable(at))
    setattr(purchase, f"{name}_source", source)
