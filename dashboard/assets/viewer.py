"""One asset with all that is known of it: who made it, with what, from what, for how much, and who paid."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.agents.selectors import claim_list
from dashboard.assets.gallery import among_get
from dashboard.assets.lineage import Drawing, drawing_of
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_srcset, preview_url, preview_widths
from dashboard.assets.ratios import ratio_of
from dashboard.assets.selectors import lineage_get
from dashboard.assets.spool import has_original
from dashboard.catalog.models import CatalogModel
from dashboard.catalog.selectors import models_known
from dashboard.credits.funding import Payer
from dashboard.credits.payers import MOST_CHARGES, charge_list, charge_payers
from dashboard.credits.waiting import waiting_in

# Pictures by their first bytes (dashboard/assets/decoder.py), which every browser draws.
RASTERS = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"})
# A browser takes four bytes for each: a larger picture is for downloading.
MOST_ZOOMED_PIXELS = 100_000_000


@dataclass(frozen=True)
class Zoom:
    """How far a zoom goes on where the small pictures end: at `width` pixels, or at standing still.

    It goes to the file at `src`, empty for none.
    """

    width: int
    src: str


@dataclass(frozen=True)
class AssetView:
    """What the viewer shows.

    `lines` are the ledger's lines of its job that took credits; `payers` is our allocation of them all
    (dashboard/credits/allocation.py), None where it cannot be said; `linked_at`: since when its agent has a page here,
    None where it has none. `waiting`: how much waits for people, None where it was not counted. `zoom` is None where a
    small picture has all its pixels and nothing moves.
    """

    asset: Asset
    newer: int | None
    older: int | None
    src: str
    srcset: str
    drawing: Drawing | None
    tags: list[str]
    model: CatalogModel | None
    lines: list[Event]
    payers: list[Payer] | None
    linked_at: datetime | None
    waiting: int | None
    zoom: Zoom | None

    @property
    def ratio(self) -> int:
        """The step of its shape, a class of the stylesheet."""
        return ratio_of(self.asset.width, self.asset.height)

    @property
    def taken(self) -> int:
        """What the lines took all together, as a movement: credits below 0."""
        return sum(line.credits_delta or 0 for line in self.lines)

    @property
    def is_from_before(self) -> bool:
        """Its job was charged before its agent was linked here as it is now."""
        return bool(self.linked_at and self.lines and self.lines[0].occurred_at < self.linked_at)

    @property
    def is_taken_told(self) -> bool:
        """Each line tells its credits, and no further one can be missing."""
        return len(self.lines) < MOST_CHARGES and all(line.credits_delta is not None for line in self.lines)

    @property
    def smallest(self) -> str:
        """The `srcset` of the smallest picture alone, which the gallery has shown already."""
        return self.srcset.partition(", ")[0]


def viewer_get(workspace: Workspace, pk: int, *, among: QuerySet[Asset]) -> AssetView:
    """Return an asset's page; `among` is the gallery that it was opened from. Raises Http404."""
    asset, newer, older, tags = among_get(workspace, pk, among)
    sizes = preview_widths(asset)
    counted = claim_list(workspace).annotate(waiting=waiting_in(workspace.pk, timezone.now()))
    claim = counted.filter(agent=asset.agent_id).first()
    lines = charge_list(workspace, asset.job.remote_id) if asset.job else []
    return AssetView(
        asset=asset,
        newer=newer,
        older=older,
        src=preview_url(workspace.key, asset, sizes[-1][0]) if sizes else "",
        srcset=preview_srcset(workspace.key, asset),
        drawing=drawing_of(workspace, asset, lineage_get(asset)),
        tags=tags,
        model=models_known().made_with(asset.model_told, asset.capability_id),
        lines=lines,
        payers=charge_payers(claim, lines),
        linked_at=claim.claimed_at if claim else None,
        waiting=claim.waiting if claim else None,
        zoom=_zoom(workspace, asset, sizes[-1][1]) if sizes else None,
    )


def _zoom(workspace: Workspace, asset: Asset, width: int) -> Zoom | None:
    """Return how far a zoom goes: to the file itself where we found it to be a picture that a browser can hold.

    It is served checked, by the type that its bytes have, and sandboxed: as an image alone it is ever drawn.
    """
    if not asset.width or not asset.height or (asset.width <= width and not asset.is_animated):
        return None
    is_shown = asset.mime_type in RASTERS and asset.width * asset.height <= MOST_ZOOMED_PIXELS and has_original(asset)
    return Zoom(width, reverse("gallery:asset_original", args=[workspace.key, asset.pk]) if is_shown else "")
