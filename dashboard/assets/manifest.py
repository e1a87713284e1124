"""What a zip of assets holds, line by line: ids, hashes, cost, descent, and what could not be had."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dashboard.assets.models import Asset, AssetLink
from dashboard.catalog.models import CatalogModel
from dashboard.catalog.selectors import models_find

COLUMNS = (
    *("asset_id", "file", "problem", "sha256", "bytes", "mime_type", "kind", "source", "width", "height"),
    *("created_at", "agent_id", "agent", "job_id", "operation", "capability_id", "model_id", "model", "credits"),
    "made_from",
)


def manifest_rows(assets: Sequence[Asset]) -> list[dict[str, object]]:
    """Return the lines of some assets in two queries; file, problem, hash and length are for whoever fetches them.

    `made_from` lists the ids and roles of what its job worked from; `credits` is its share of its job's charge.
    """
    models = models_find(
        told=[asset.model_told for asset in assets], capability_ids=[asset.capability_id for asset in assets]
    )
    sources = _sources(assets)
    rows: list[dict[str, object]] = []
    for asset in assets:
        model = models.made_with(asset.model_told, asset.capability_id)
        rows.append(
            {
                **dict.fromkeys(COLUMNS, ""),
                "asset_id": asset.remote_id,
                "mime_type": asset.mime_type,
                "kind": asset.kind,
                "source": asset.source,
                "width": asset.width,
                "height": asset.height,
                "created_at": asset.created_at.isoformat(),
                "agent_id": asset.agent.remote_id,
                "agent": asset.agent.display_name,
                "job_id": asset.job.remote_id if asset.job else "",
                "operation": asset.operation,
                "capability_id": asset.capability_id,
                "model_id": model.remote_id if model else asset.model_told,
                "model": _model_name(asset, model),
                "credits": asset.credits,
                "made_from": sources.get(asset.job_id or 0, []),
            }
        )
    return rows


def _model_name(asset: Asset, model: CatalogModel | None) -> str:
    if model:
        return model.display_name
    return asset.model_told or ("" if asset.is_uploaded else "unknown")


def _sources(assets: Iterable[Asset]) -> Mapping[int, list[dict[str, str]]]:
    jobs = {asset.job_id for asset in assets if asset.job_id}
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for link in AssetLink.objects.filter(job__in=jobs).order_by("job", "position"):
        found[link.job_id].append({"asset_id": link.asset_remote_id, "kind": link.kind, "role": link.role})
    return found
