"""Large zips: made in the background, of what a filter finds or of what was selected."""

from collections.abc import Mapping

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.assets.gallery import gallery_list
from dashboard.assets.gallery_forms import AssetFilterForm
from dashboard.assets.models import Asset
from dashboard.assets.zips import zip_chunks
from dashboard.exports.kinds import ExportKind, Order, Product, kind_register
from dashboard.lib.export import Piece

KIND = "assets_zip"


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
    numbers = [int(one) for one in parameters["numbers"].split(",") if one]
    return found.filter(pk__in=numbers) if numbers else found


ASSETS_ZIP = kind_register(ExportKind(name=KIND, label="Assets as a zip", rows_name="assets", produce=_produce))
