"""Rails and packs as the service last told them: written in the background, read by every page, never asked by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from api_client import CreditPack, CreditPacks, PaymentMethod, PaymentMethods
from api_client.records.base import Record
from dashboard.credits.models import PriceList
from dashboard.credits.terms import MAX_CREDITS, MIN_CREDITS, Terms, is_dollars

PRICES_READ_EVERY = timedelta(minutes=15)
OLD_AFTER = timedelta(hours=2)
MOST_ROWS = 50


@dataclass(frozen=True)
class Prices:
    """What is on sale; `methods` holds rails that cannot be chosen too, with their `unavailable_reason`."""

    methods: tuple[PaymentMethod, ...]
    offer: CreditPacks
    synced_at: datetime

    @property
    def is_old(self) -> bool:
        return timezone.now() - self.synced_at >= OLD_AFTER

    def method(self, method_id: str) -> PaymentMethod | None:
        return next((method for method in self.methods if method.method_id == method_id), None)

    @property
    def packs(self) -> tuple[CreditPack, ...]:
        return tuple(pack for pack in self.offer.packs if is_dollars(pack.currency))

    @property
    def sells_amounts(self) -> bool:
        return bool(self.offer.custom_supported) and is_dollars(self.offer.currency or "USD")

    @property
    def unit_cents(self) -> int:
        return self.offer.credit_unit_cents or 1

    @property
    def least(self) -> int:
        return self.offer.custom_min_credits or MIN_CREDITS

    @property
    def most(self) -> int:
        return self.offer.custom_max_credits or MAX_CREDITS

    def listed(self, terms: Terms) -> tuple[int, int] | None:
        """Return the credits and cents that the list says for some terms; None where they are not on sale."""
        if terms.pack_id:
            found = (pack for pack in self.packs if pack.pack_id == terms.pack_id)
            return next(((pack.credits, pack.amount_cents) for pack in found), None)
        if terms.credits is None or not self.sells_amounts or not self.least <= terms.credits <= self.most:
            return None
        return terms.credits, terms.credits * self.unit_cents


def prices_get() -> Prices | None:
    """Return the mirrored price list; None before it was read for the first time."""
    row = PriceList.objects.filter(pk=PriceList.ONLY).first()
    if row is None:
        return None
    methods = PaymentMethods.model_validate({"methods": row.methods}).methods
    return Prices(methods, CreditPacks.model_validate(row.packs), row.synced_at)


def prices_apply(*, methods: PaymentMethods, packs: CreditPacks, at: datetime) -> None:
    """Write down rails and packs as told at a moment; only fields that the contract names are kept."""
    offer = {**_named(packs), "packs": [_named(pack) for pack in packs.packs[:MOST_ROWS]]}
    rows = [_named(method) for method in methods.methods[:MOST_ROWS]]
    PriceList.objects.update_or_create(pk=PriceList.ONLY, defaults={"methods": rows, "packs": offer, "synced_at": at})


def _named(record: Record) -> dict[str, object]:
    return record.model_dump(mode="json", include=set(type(record).model_fields), exclude={"packs"})
