"""Rails and packs as the service last told them: written in the background, read by every page, never asked by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from api_client import CreditPack, CreditPacks, PaymentMethod, PaymentMethods
from api_client.records.base import Record
from dashboard.credits.models import PriceList

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

    def pack(self, pack_id: str) -> CreditPack | None:
        return next((pack for pack in self.offer.packs if pack.pack_id == pack_id), None)


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
