"""Reading the mirrored catalogue: it is the same for everybody, so nothing here asks for a workspace."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Q
from django.http import Http404

from dashboard.catalog.models import Capability, CatalogModel
from dashboard.freshness.models import ONLY_SUBJECT, Stream, SyncCursor
from dashboard.freshness.selectors import cursor_map

CATALOG_READ_EVERY = timedelta(minutes=15)
NAMES_KEY, NAMES_KEPT_SECONDS = "catalog:capability-names", 60
MODELS_KEY = "catalog:models-known"


class Models(NamedTuple):
    """Models by their ids, and by the capability that no other one names."""

    by_id: dict[str, CatalogModel]
    by_capability: dict[str, CatalogModel]

    def made_with(self, told: str, capability_id: str) -> CatalogModel | None:
        """Return the model that a job was told to have run, else the one behind its capability; None: not known."""
        return self.by_id.get(told) if told else self.by_capability.get(capability_id)


def catalog_cursor() -> SyncCursor | None:
    """Return the stream that reads the catalogue: how old it is, how it fails, an outage; None before it was opened."""
    return cursor_map(stream=Stream.CATALOG, subject_ids=[ONLY_SUBJECT]).get(ONLY_SUBJECT)


def models_listed() -> list[CatalogModel]:
    """Return the models that are listed: those that run first, then by kind, price and name."""
    found = CatalogModel.objects.filter(is_listed=True).defer("told")
    return sorted(found, key=lambda one: (not one.is_runnable, not one.is_default, one.credits_required or 0, one.name))


def model_get(remote_id: str) -> CatalogModel:
    """Return a model, listed or not any more; raises Http404."""
    model = CatalogModel.objects.filter(remote_id=remote_id).first()
    if model is None:
        raise Http404
    return model


def capability_list() -> list[Capability]:
    """Return the capabilities that are listed, by operation and id."""
    return list(Capability.objects.filter(is_listed=True).order_by("operation", "remote_id"))


def capability_find(remote_id: str) -> Capability | None:
    return Capability.objects.filter(remote_id=remote_id).first() if remote_id else None


def capability_names() -> dict[str, str]:
    """Return what the model behind each capability is called, by name; at most NAMES_KEPT_SECONDS old, for filters."""
    found: dict[str, str] | None = cache.get(NAMES_KEY)
    if found is None:
        rows = CatalogModel.objects.exclude(capability_id="").order_by("name", "remote_id").defer("told")
        found = {model.capability_id: model.display_name for model in rows}
        cache.set(NAMES_KEY, found, NAMES_KEPT_SECONDS)
    return found


def models_of(capability_ids: Iterable[str]) -> dict[str, CatalogModel]:
    """Return which model stands behind a capability, as far as the catalogue has ever told, in one query.

    A capability that several models name is nobody's: which of them ran is not told.
    """
    return models_find(told=(), capability_ids=capability_ids).by_capability


def models_find(*, told: Iterable[str], capability_ids: Iterable[str]) -> Models:
    """Return the models of these ids and those behind these capabilities, in one query."""
    ids, capabilities = ({one for one in wanted if one} for wanted in (told, capability_ids))
    if not ids and not capabilities:
        return Models({}, {})
    rows = CatalogModel.objects.filter(Q(remote_id__in=ids) | Q(capability_id__in=capabilities)).defer("told")
    return _models(rows, capabilities)


def models_known() -> Models:
    """Return all models; at most NAMES_KEPT_SECONDS old."""
    found: Models | None = cache.get(MODELS_KEY)
    if found is None:
        rows = list(CatalogModel.objects.defer("told"))
        found = _models(rows, {row.capability_id for row in rows if row.capability_id})
        cache.set(MODELS_KEY, found, NAMES_KEPT_SECONDS)
    return found


def _models(rows: Iterable[CatalogModel], capabilities: set[str]) -> Models:
    by_id, behind = {}, defaultdict(list)
    for row in rows:
        by_id[row.remote_id] = row
        if row.capability_id in capabilities:
            behind[row.capability_id].append(row)
    return Models(by_id, {capability: found[0] for capability, found in behind.items() if len(found) == 1})
