"""`{% load gallery %}`: assets as tiles, by month. A tile is drawn once for all that it shows, then remembered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as date_text
from django.utils.safestring import SafeString, mark_safe

from dashboard.accounts.models import Workspace
from dashboard.assets.gallery_months import month_key
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_srcset, preview_url, preview_widths
from dashboard.assets.ratios import ratio_of
from dashboard.assets.standing import Asking, Standing, asking_of, standing_of
from dashboard.lib.kept import SHELF, Kept

register = template.Library()


class Tile(NamedTuple):
    """All that a tile is made from; `address` is the gallery's filter, which its viewer goes on with."""

    number: int
    workspace_key: str
    address: str
    zone: str
    created_at: datetime
    kind: str
    standing: Standing | None
    mime_type: str
    source: str
    preview_key: str
    preview_largest: int | None
    width: int | None
    height: int | None
    placeholder: str
    agent: str
    credits: int | None
    duration_ms: int | None
    is_animated: bool
    is_pickable: bool
    is_first: bool


# Tiles that stand in a phone's first view: their pictures are asked for at once, all others as they come near.
FIRST = 4


@register.simple_tag
def gallery_tiles(
    assets: Sequence[Asset], *, workspace: Workspace, address: str, counts: Mapping[str, str]
) -> SafeString:
    """Draw a page of a gallery under its months; `counts` says how many assets a month holds, where that is known."""
    tiles = [
        _tile_of(asset, workspace, address, is_pickable=True, is_first=place < FIRST)
        for place, asset in enumerate(assets)
    ]
    # The whole page together, and each tile by itself: where one is new, the others are there.
    key = ("gallery", tuple(tiles), tuple(counts.items()))
    piece = SHELF.get(key) or SHELF.put(key, Kept("".join(_months(zip(tiles, assets, strict=True), counts))))
    return piece.said_at(timezone.now())


@register.simple_tag
def asset_tiles(assets: Iterable[Asset], *, workspace: Workspace) -> SafeString:
    """Draw a few assets, for other pages: no months, nothing to select."""
    tiles = [_drawn(_tile_of(asset, workspace, ""), asset) for asset in assets]
    return mark_safe(render_to_string("assets/_tiles.html", {"tiles": tiles}))  # noqa: S308


@register.filter
def standing(asset: Asset) -> Standing:
    """Return how an asset without a picture stands."""
    return standing_of(asset)


@register.filter
def asking(asset: Asset) -> Asking:
    """Return when an asset that could not be had was asked for, and will be."""
    return asking_of(asset)


@register.filter
def length_text(duration_ms: int) -> str:
    """Say how long something plays: "0:05"."""
    return f"{duration_ms // 60_000}:{duration_ms // 1_000 % 60:02}"


def _tile_of(
    asset: Asset, workspace: Workspace, address: str, *, is_pickable: bool = False, is_first: bool = False
) -> Tile:
    return Tile(
        number=asset.pk,
        workspace_key=workspace.key,
        address=address,
        zone=timezone.get_current_timezone_name(),
        created_at=asset.created_at,
        kind=asset.kind,
        standing=standing_of(asset) if asset.preview != Asset.Preview.READY else None,
        mime_type=asset.mime_type,
        source=asset.source,
        preview_key=asset.preview_key,
        preview_largest=asset.preview_largest,
        width=asset.width,
        height=asset.height,
        placeholder=asset.placeholder,
        agent=asset.agent.display_name,
        credits=asset.credits,
        duration_ms=asset.duration_ms,
        is_animated=asset.is_animated,
        is_pickable=is_pickable,
        is_first=is_first,
    )


def _drawn(tile: Tile, asset: Asset) -> SafeString:
    kept = SHELF.get(tile) or SHELF.put(tile, Kept(_html(tile, asset)))
    return kept.said_at(timezone.now())


def _html(tile: Tile, asset: Asset) -> str:
    sizes = preview_widths(asset)
    # What a browser without srcset gets, and what "save picture" finds: the middle one.
    nominal = sizes[min(1, len(sizes) - 1)][0] if sizes else None
    has_shape = bool(sizes) or asset.preview == Asset.Preview.PENDING
    context = {
        **tile._asdict(),
        "ratio": ratio_of(asset.width, asset.height) if has_shape else ratio_of(4, 3),
        "src": preview_url(tile.workspace_key, asset, nominal) if nominal else "",
        "srcset": preview_srcset(tile.workspace_key, asset),
        "made": date_text(timezone.localtime(asset.created_at), "j M Y"),
    }
    return render_to_string("assets/_tile.html", context)


def _months(drawn_from: Iterable[tuple[Tile, Asset]], counts: Mapping[str, str]) -> Iterator[str]:
    for key, some in groupby(drawn_from, lambda pair: month_key(pair[1])):
        here = list(some)
        label = date_text(timezone.localtime(here[0][0].created_at), "F Y")
        tiles = [_drawn(tile, asset) for tile, asset in here]
        yield render_to_string(
            "assets/_month.html", {"key": key, "label": label, "count": counts.get(key), "tiles": tiles}
        )
