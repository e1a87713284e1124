"""`{% load gallery %}`: assets as tiles, by month. A tile is drawn once for all that it shows, then remembered."""

from collections.abc import Iterable, Iterator, Mapping
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
from dashboard.lib.kept import Shelf

register = template.Library()


class Tile(NamedTuple):
    """Everything that a tile is made of; `address` is the gallery's filter, which its viewer goes on with."""

    number: int
    workspace_key: str
    address: str
    ratio: int
    kind: str
    preview: str
    problem: str
    mime_type: str
    source: str
    src: str
    srcset: str
    placeholder: str
    colour: str
    agent: str
    credits: int | None
    duration_ms: int | None
    made: str
    is_pickable: bool


# About 2 KB each: some forty pages.
SHELF: Shelf[Tile] = Shelf(2_500)


@register.simple_tag
def gallery_tiles(
    assets: Iterable[Asset], *, workspace: Workspace, address: str, counts: Mapping[str, int]
) -> SafeString:
    """Draw a page of a gallery under its months; `counts` has how many assets a month holds, where that is known."""
    return mark_safe("".join(_months(assets, workspace, address, counts)))  # noqa: S308 - rendered templates


@register.simple_tag
def asset_tiles(assets: Iterable[Asset], *, workspace: Workspace) -> SafeString:
    """Draw a few assets, for other pages: no months, nothing to select."""
    tiles = [tile_of(asset, workspace, "", is_pickable=False) for asset in assets]
    return mark_safe(render_to_string("assets/_tiles.html", {"tiles": [_html(tile) for tile in tiles]}))  # noqa: S308


@register.filter
def length_text(duration_ms: int) -> str:
    """Say how long something plays: "0:05"."""
    return f"{duration_ms // 60_000}:{duration_ms // 1_000 % 60:02}"


def tile_of(asset: Asset, workspace: Workspace, address: str, *, is_pickable: bool) -> Tile:
    sizes = preview_widths(asset)
    # What a browser without srcset gets, and what "save picture" finds: the middle one.
    nominal = sizes[min(1, len(sizes) - 1)][0] if sizes else None
    return Tile(
        number=asset.pk,
        workspace_key=workspace.key,
        address=address,
        ratio=ratio_of(asset.width, asset.height)
        if sizes or asset.preview == Asset.Preview.PENDING
        else ratio_of(4, 3),
        kind=asset.kind,
        preview=asset.preview,
        problem=asset.preview_problem,
        mime_type=asset.mime_type,
        source=asset.source,
        src=preview_url(workspace.key, asset, nominal) if nominal else "",
        srcset=preview_srcset(workspace.key, asset),
        placeholder=asset.placeholder if sizes else "",
        colour=asset.colour,
        agent=asset.agent.display_name,
        credits=asset.credits,
        duration_ms=asset.duration_ms,
        made=date_text(timezone.localtime(asset.created_at), "j M Y"),
        is_pickable=is_pickable,
    )


def _months(assets: Iterable[Asset], workspace: Workspace, address: str, counts: Mapping[str, int]) -> Iterator[str]:
    for key, some in groupby(assets, month_key):
        here = list(some)
        tiles = [_html(tile_of(asset, workspace, address, is_pickable=True)) for asset in here]
        label = date_text(timezone.localtime(here[0].created_at), "F Y")
        context = {"key": key, "label": label, "count": counts.get(key), "tiles": tiles}
        yield render_to_string("assets/_month.html", context)


def _html(tile: Tile) -> SafeString:
    kept = SHELF.get(tile) or SHELF.put(tile, render_to_string("assets/_tile.html", tile._asdict()))
    return kept.said_at(timezone.now())
