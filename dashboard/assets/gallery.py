"""Which assets of a workspace are wanted, in which order; each filter alone is read off an index of its own."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.assets.models import Asset, AssetLink, AssetTag
from dashboard.assets.selectors import asset_list, for_tiles
from dashboard.lib.paging import Page, page_get, page_onwards, rows_beyond
from dashboard.lib.prepared import Prepared

PAGE_SIZE = 60


@dataclass(frozen=True)
class AssetFilter:
    """What of a gallery is wanted; an empty field asks for nothing.

    `agent` is its remote id, `q` a tag or the id of an asset or of its job, `size` and `cost` words of Asset,
    `made_from` is the id of an asset that their job worked from, `used_by` the id of a job that worked from them;
    `is_hidden` asks for those that were hidden instead; `since` is included, `until` is not.
    """

    q: str = ""
    agent: str = ""
    kind: str = ""
    source: str = ""
    operation: str = ""
    capability: str = ""
    aspect: str = ""
    size: str = ""
    cost: str = ""
    tag: str = ""
    made_from: str = ""
    used_by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    is_hidden: bool = False

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, field.name) for field in fields(self))


class Among(NamedTuple):
    """An asset, the numbers of those right above and below it in a gallery (newest first; None at an end), its tags."""

    asset: Asset
    newer: int | None
    older: int | None
    tags: list[str]


def gallery_list(workspace: Workspace, wanted: AssetFilter) -> QuerySet[Asset]:
    """Return what a filter finds in a workspace's gallery."""
    exact = {
        "kind": wanted.kind,
        "source": wanted.source,
        "operation": wanted.operation,
        "capability_id": wanted.capability,
        "aspect": wanted.aspect,
        "size": wanted.size,
        "cost": wanted.cost,
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
    }
    assets = asset_list(workspace).filter(**{name: value for name, value in exact.items() if value})
    assets = assets.filter(hidden_at__isnull=not wanted.is_hidden)
    if wanted.agent:
        # One value, not a join: it fixes the agent before the index is read.
        assets = assets.filter(agent_id=Agent.objects.filter(remote_id=wanted.agent).values("pk")[:1])
    if wanted.tag:
        assets = assets.filter(pk__in=_tagged(workspace, wanted.tag))
    if wanted.made_from:
        jobs = AssetLink.objects.filter(workspace=workspace, asset_remote_id=wanted.made_from).values("job")
        assets = assets.filter(pk__in=asset_list(workspace).order_by().filter(job__in=jobs).values("pk"))
    if wanted.used_by:
        links = AssetLink.objects.filter(workspace=workspace, job__workspace=workspace, job__remote_id=wanted.used_by)
        assets = assets.filter(pk__in=links.filter(asset__isnull=False).values("asset"))
    return assets.filter(pk__in=_named(workspace, wanted.q)) if wanted.q else assets


def gallery_page(assets: QuerySet[Asset], *, cursor: str) -> Page[Asset]:
    """Return a page of a gallery, newest first; each asset knows its agent."""
    return page_get(for_tiles(assets), by="created_at", cursor=cursor, size=PAGE_SIZE)


def gallery_page_whole(workspace: Workspace, *, cursor: str) -> Page[Asset]:
    """Return a page of everything that a gallery shows, as `gallery_page` does; forth by a query put together once."""
    page = page_onwards(
        cursor, lambda at, pk: _beyond(workspace=workspace.pk, at=at, pk=pk), by="created_at", size=PAGE_SIZE
    )
    return page or gallery_page(gallery_list(workspace, AssetFilter()), cursor=cursor)


def _tiles_beyond(workspace: int, at: datetime, pk: int) -> QuerySet[Asset]:
    shown = gallery_list(Workspace(pk=workspace), AssetFilter())
    return rows_beyond(for_tiles(shown), by="created_at", at=at, pk=pk)[: PAGE_SIZE + 1]


_beyond: Prepared[Asset] = Prepared(_tiles_beyond)


def among_get(workspace: Workspace, pk: int, assets: QuerySet[Asset]) -> Among:
    """Return an asset with its agent and job, and its place in a gallery, in one query; raises Http404."""
    found = asset_list(workspace).filter(pk=pk).select_related("agent", "job", "workspace")
    newer, older = _next(assets, "gt", "created_at", "pk"), _next(assets, "lt", "-created_at", "-pk")
    # A row for each of its tags, which are few.
    rows = list(found.annotate(newer=newer, older=older, tag=F("tags__name")).order_by("tag"))
    if not rows:
        raise Http404
    return Among(rows[0], rows[0].newer, rows[0].older, [row.tag for row in rows if row.tag])


def _next(assets: QuerySet[Asset], past: str, *order: str) -> Subquery:
    """Return the number of the asset of a gallery that comes right after the outer one in an order."""
    at, number = OuterRef("created_at"), OuterRef("pk")
    reached = Q(**{f"created_at__{past}e": at}) & (Q(**{f"created_at__{past}": at}) | Q(**{f"pk__{past}": number}))
    return Subquery(assets.filter(reached).order_by(*order).values("pk")[:1])


def has_hidden(workspace: Workspace) -> bool:
    """Tell whether anything was taken out of sight."""
    return asset_list(workspace).filter(hidden_at__isnull=False).exists()


def _tagged(workspace: Workspace, name: str) -> QuerySet[AssetTag, int]:
    return AssetTag.objects.filter(workspace=workspace, name=name.casefold()).values_list("asset_id", flat=True)


def _named(workspace: Workspace, text: str) -> QuerySet[Any, Any]:
    """Return the assets of a tag or id, each found by an index of its own: apart from what orders the gallery, so that
    the few are found first and not all walked."""
    mine = asset_list(workspace).order_by()
    by_id = mine.filter(remote_id=text).values_list("pk")
    by_job = mine.filter(job__workspace=workspace, job__remote_id=text).values_list("pk")
    return by_id.union(by_job, _tagged(workspace, text), all=True)
