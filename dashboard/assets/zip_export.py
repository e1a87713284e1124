"""Large zips: made in the background, of what a filter finds or of what was selected."""

from collections.abc import Collection, Mapping

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.assets.gallery import gallery_list
from dashboard.assets.gallery_forms import AssetFilterForm
from dashboard.assets.models import Asset
from dashboard.assets.zips import zip_chunks
from dashboard.exports.kinds import ExportKind, Order, Product, kind_register
from dashboard.exports.models import Export
from dashboard.exports.runs import exports_withdraw
from dashboard.lib.export import Piece

KIND = "assets_zip"
WITHDRAWN = "A picture that may be in it was purged. Made again, it comes without that picture."


def zip_name(workspace: Workspace) -> str:
    return f"assets-{workspace.key}-{timezone.now():%Y%m%dT%H%M%SZ}.zip"


def _produce(order: Order) -> Product:
    workspace = order.workspace
    assert workspace is not None, "a zip is always of one workspace"  # noqa: S101 - the kind has no platform roles
    assets = _meant(workspace, order.parameters)
    pieces = (Piece(data, rows) for data, rows in zip_chunks(assets))
    return Product(zip_name(workspace), "application/zip", pieces, rows_total=assets.order_by().count())


def _meant(workspace: Workspace, parameters: Mapping[str, str]) -> QuerySet[Asset]:
    form = AssetFilterForm(QueryDict(parameters["query"]))
    if not form.is_valid():
        raise ValueError("a filter that was good when it was asked for is not any more")
    found = gallery_list(workspace, form.wanted)
    numbers = _numbers(parameters)
    return found.filter(pk__in=numbers) if numbers else found


def zips_withdraw(workspace_id: int, purged: Collection[int]) -> None:
    """Take back the zips of a workspace that may hold one of these assets, within the caller's transaction."""
    zips = Export.objects.filter(workspace=workspace_id, kind=KIND, state__in=[Export.State.RUNNING, Export.State.DONE])
    held = [one.pk for one in zips if _may_hold(one, purged)]
    exports_withdraw(Export.objects.filter(pk__in=held), WITHDRAWN)


def _may_hold(export: Export, purged: Collection[int]) -> bool:
    """Tell whether a zip may hold one of these; what a filter found when it was made, nobody knows any more."""
    numbers = _numbers(export.parameters)
    if not numbers or not numbers.isdisjoint(purged):
        return True
    # What was never fetched may have the same bytes under another id.
    return Asset.objects.filter(workspace=export.workspace_id, pk__in=numbers, content_hash="").exists()


def _numbers(parameters: Mapping[str, str]) -> set[int]:
    return {int(one) for one in parameters["numbers"].split(",") if one}


ASSETS_ZIP = kind_register(ExportKind(name=KIND, label="Assets as a zip", rows_name="assets", produce=_produce))
