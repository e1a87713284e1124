"""Joins the sides of a payment by the ids that they share, and keeps what lists are filtered by.

A side is found again by itself, then by the attempt, the session, the intent or the receipt; an id that another chain
has is never taken from it. Two chains become one when a side turns up that has ids of both.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from django.db import IntegrityError, transaction
from django.db.models import Q

from dashboard.billing.models import Chain, HostedPayment, StripePayment
from dashboard.billing.models.chain import CHAIN_IDS, STRONG_IDS
from dashboard.billing.stages import chains_refresh
from dashboard.credits.models import Purchase

Side = Literal["stripe_payment", "hosted_payment", "purchase"]
Row = StripePayment | HostedPayment | Purchase
SIDES: tuple[Side, ...] = ("stripe_payment", "hosted_payment", "purchase")


def chains_link(side: Side, rows: Sequence[Row]) -> list[Chain]:
    """Put rows of one side into their chains, new ones where there is none; returns the chains.

    A payment of another shop in the same Stripe account belongs to no chain. Safe at once: who comes second to an id
    looks again. Purchases are locked before chains, as whoever saves a purchase does.
    """
    wanted = _wanted(side, rows)
    if side != "purchase":
        held = Chain.objects.filter(wanted, purchase__isnull=False).values("purchase")
        list(Purchase.objects.select_for_update().filter(pk__in=held).order_by("pk"))
    try:
        with transaction.atomic():
            chains = _link(side, rows, wanted)
    except IntegrityError:
        with transaction.atomic():
            chains = _link(side, rows, wanted)
    chains_refresh(chains)
    return chains


def _link(side: Side, rows: Sequence[Row], wanted: Q) -> list[Chain]:
    table = _Table(Chain.objects.select_for_update().filter(wanted).order_by("pk"))
    linked = [chain for row in rows if (chain := _place(table, side, row))]
    for chain in linked:
        chain.save()
    return linked


class _Table:
    """The chains that a batch may belong to, by each id that names one alone."""

    def __init__(self, chains: Iterable[Chain]) -> None:
        self.by_id: dict[tuple[str, object], Chain] = {}
        for chain in chains:
            self.note(chain)

    def note(self, chain: Chain) -> None:
        for name in STRONG_IDS:
            if value := getattr(chain, name):
                self.by_id[name, value] = chain
        for side in SIDES:
            if pk := getattr(chain, f"{side}_id"):
                self.by_id[side, pk] = chain

    def of(self, side: Side, row: Row) -> list[Chain]:
        """Return the chains of a row, its own first; never one that has another row at this side."""
        ids = _ids_of(row)
        places: list[tuple[str, object]] = [(side, row.pk), *((name, ids.get(name)) for name in STRONG_IDS)]
        found = {chain.pk: chain for place in places if (chain := self.by_id.get(place))}
        return [chain for chain in found.values() if getattr(chain, f"{side}_id") in (None, row.pk)]

    def is_free(self, name: str, value: str, chain: Chain) -> bool:
        """Tell whether an id may be written on a chain: names of one payment alone stand on one chain alone."""
        return name not in STRONG_IDS or self.by_id.get((name, value), chain) is chain


def _place(table: _Table, side: Side, row: Row) -> Chain | None:
    found = table.of(side, row)
    if not found and isinstance(row, StripePayment) and not row.is_the_services:
        return None
    chain = found[0] if found else Chain(opened_at=_opened_at(row))
    for double in found[1:]:
        _absorb(chain, double)
    setattr(chain, side, row)
    for name, value in _ids_of(row).items():
        if value and not getattr(chain, name) and table.is_free(name, value, chain):
            setattr(chain, name, value)
    table.note(chain)
    return chain


def _absorb(chain: Chain, double: Chain) -> None:
    """Make one chain of two, unless they have different rows at one side: those are two payments."""
    if any(getattr(chain, f"{side}_id") and getattr(double, f"{side}_id") for side in SIDES):
        return
    double.lines.update(chain=chain)
    double.findings.update(chain=chain)
    double.delete()
    for name in (*(f"{side}_id" for side in SIDES), *CHAIN_IDS):
        setattr(chain, name, getattr(chain, name) or getattr(double, name))


def _wanted(side: Side, rows: Sequence[Row]) -> Q:
    wanted = Q(**{f"{side}__in": [row.pk for row in rows]})
    for name in STRONG_IDS:
        values = [value for row in rows if (value := _ids_of(row).get(name))]
        if values:
            # The empty one is excluded by name, so that the constraint's partial index can be used.
            wanted |= Q(**{f"{name}__in": values}) & ~Q(**{name: ""})
    return wanted


def _ids_of(row: Row) -> dict[str, str]:
    """Return the ids of the chain that a row tells: each side calls them by the same names."""
    return {name: value for name in CHAIN_IDS if (value := getattr(row, name, ""))}


def _opened_at(row: Row) -> datetime:
    return row.opened_at if isinstance(row, Purchase) else row.created_at
