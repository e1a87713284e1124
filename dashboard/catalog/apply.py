"""The service's catalogue -> rows; the same answer applied twice changes nothing but its age."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db import transaction

from api_client import Capability as CapabilityRecord
from api_client import ModelRow
from dashboard.catalog.models import Capability, CatalogModel
from dashboard.lib.bounded import bounded_json

# Far above any catalogue: an answer that goes on for ever must not fill the table.
MOST_ROWS = 2_000
MAX_JSON = 16_384

Listed = TypeVar("Listed", CatalogModel, Capability)


def catalog_apply(*, models: Iterable[ModelRow], capabilities: Iterable[CapabilityRecord], at: datetime) -> int:
    """Write down the catalogue as told at a moment; what it lists no more is kept, marked. Returns how many rows."""
    told_models = {row.id: _model_from(row, at) for row in models}
    told_capabilities = {row.id: _capability_from(row, at) for row in capabilities}
    with transaction.atomic():
        return _list(CatalogModel, told_models.values(), at) + _list(Capability, told_capabilities.values(), at)


def _list(kind: type[Listed], rows: Iterable[Listed], at: datetime) -> int:
    first = list(rows)[:MOST_ROWS]
    # Not a single one is an answer gone wrong: what we have stays as it is.
    if not first:
        return 0
    columns = [field.name for field in kind._meta.fields if field.name not in ("id", "remote_id")]  # noqa: SLF001
    kind.objects.bulk_create(first, update_conflicts=True, unique_fields=["remote_id"], update_fields=columns)
    kind.objects.filter(synced_at__lt=at, is_listed=True).update(is_listed=False)
    return len(first)


def _model_from(row: ModelRow, at: datetime) -> CatalogModel:
    return CatalogModel(
        remote_id=row.id,
        name=(row.display_name or "")[:200],
        provider=row.provider_id or "",
        modality=row.modality or "",
        operations=list(row.operations),
        status=row.status or "",
        execution_status=row.model_execution_status or "",
        unavailable_reason=(row.availability_reason or "")[:500],
        is_default=bool(row.default),
        capability_id=row.capability_id or "",
        credits_required=row.credits_required,
        cost_micros=row.estimated_usd_micros_per_image,
        is_cost_known=row.cost_known,
        max_outputs=row.max_outputs_per_request,
        max_resolution=row.max_resolution or "",
        grants=list(row.grants_required),
        told=bounded_json(row.extra, most=MAX_JSON),
        synced_at=at,
    )


def _capability_from(row: CapabilityRecord, at: datetime) -> Capability:
    return Capability(
        remote_id=row.id,
        name=(row.display_name or "")[:200],
        operation=row.operation or "",
        status=row.status or "",
        grants=list(row.grants_required),
        told=bounded_json(row.extra, most=MAX_JSON),
        synced_at=at,
    )
