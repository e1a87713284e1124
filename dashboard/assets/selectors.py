"""Reading jobs and assets, always within a workspace."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, IntegerField, Q, QuerySet, When
from django.db.models.functions import Cast, Substr
from django.http import Http404

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset, AssetLink, Job, MonthCount
from dashboard.lib.dates import EARLIEST, LATEST
from dashboard.lib.prepared import Prepared

TILE = (
    *("remote_id", "created_at", "kind", "source", "mime_type", "width", "height", "credits", "duration_ms"),
    *("preview", "preview_problem", "preview_key", "preview_largest", "placeholder"),
    *("workspace", "job", "agent__name", "agent__remote_id"),
)


@dataclass(frozen=True)
class Month:
    """A month in a time zone, from `starts_at` to before `ends_at`, and how many assets it holds."""

    starts_at: datetime
    ends_at: datetime
    assets: int


@dataclass(frozen=True)
class Lineage:
    """What an asset was made from, what its job made beside it, and what was made from it, with how it was used."""

    sources: list[AssetLink]
    siblings: list[Asset]
    uses: list[tuple[AssetLink, Asset]]


def asset_list(workspace: Workspace) -> QuerySet[Asset]:
    """Return a workspace's assets; order and page them by `created_at` (dashboard.lib.paging)."""
    return Asset.objects.filter(workspace=workspace)


def for_tiles(assets: QuerySet[Asset]) -> QuerySet[Asset]:
    """Return assets with their agents and only what tiles show: the service's records are not read and taken apart."""
    return assets.select_related("agent").only(*TILE)


def job_list(workspace: Workspace) -> QuerySet[Job]:
    """Return a workspace's jobs; order and page them by `named_at`."""
    return Job.objects.filter(workspace=workspace)


def asset_get(workspace: Workspace, pk: int) -> Asset:
    """Return an asset with its agent and job; raises Http404 alike for "not yours" and "not there"."""
    asset = asset_list(workspace).filter(pk=pk).select_related("agent", "job", "workspace").first()
    if asset is None:
        raise Http404
    return asset


def lineage_get(asset: Asset, *, most: int = 50) -> Lineage:
    """Return an asset's next relatives, of at most `most` links, in two queries."""
    links = list(
        AssetLink.objects.filter(workspace_id=asset.workspace_id)
        .filter(Q(job=asset.job_id) | Q(asset_remote_id=asset.remote_id))
        .select_related("asset")
        .defer("asset__record")
        # What it was made from first; then the latest use.
        .order_by(Case(When(job=asset.job_id, then=0), default=1), "-job", "position")[:most]
    )
    sources = [link for link in links if link.job_id == asset.job_id]
    uses = [link for link in links if link.job_id != asset.job_id]
    made = _made_by({asset.job_id, *(link.job_id for link in uses)})
    siblings = [one for one in made[asset.job_id] if one != asset]
    return Lineage(sources, siblings, [(link, one) for link in uses for one in made[link.job_id]])


def _made_by(jobs: Iterable[int | None]) -> dict[int | None, list[Asset]]:
    """Return what jobs made, by job, in one query."""
    found: dict[int | None, list[Asset]] = defaultdict(list)
    for asset in Asset.objects.filter(job__in=[job for job in jobs if job]).defer("record").order_by("pk"):
        found[asset.job_id].append(asset)
    return found


def month_counts(workspace: Workspace, zone: ZoneInfo) -> list[Month]:
    """Return the months with assets that the gallery shows, newest first, in two queries whatever their number.

    Counts are kept by month of UTC. Between its border and the zone's lie some hours: what is there is looked up and
    moved to where it belongs.
    """
    counted = _shown_by_month(workspace)
    if not counted:
        return []
    for at, told in _near_borders(workspace, zone, counted):
        there = at.astimezone(zone)
        counted[told] -= 1
        counted[month_number(there)] += 1
    return [
        Month(month_start(month, zone), month_start(month + 1, zone), counted[month])
        for month in sorted(counted, reverse=True)
        if counted[month] > 0
    ]


def _shown_by_month(workspace: Workspace) -> Counter[int]:
    """Return the assets of each month of UTC less those that were hidden, in one query."""
    shown: Counter[int] = Counter()
    for number, assets in _counted(workspace=workspace.pk):
        shown[number] += assets
    return shown


def _by_month(workspace: int) -> QuerySet[MonthCount, tuple[int, int]]:
    # As text a moment of UTC begins with its year and month on both databases: SQLite has no quicker way to either.
    text = Cast("created_at", CharField())
    year, month = Cast(Substr(text, 1, 4), IntegerField()), Cast(Substr(text, 6, 2), IntegerField())
    hidden = Asset.objects.filter(workspace=workspace, hidden_at__isnull=False).order_by()
    here = year * 12 + month - 1
    less = hidden.annotate(here=here).values("here").annotate(less=Count("pk") * -1)
    counts = MonthCount.objects.filter(workspace=workspace).values_list("month", "assets")
    return counts.union(less.values_list("here", "less"), all=True)


_counted: Prepared[tuple[int, int]] = Prepared(_by_month)


def _near_borders(workspace: Workspace, zone: ZoneInfo, months: Iterable[int]) -> list[tuple[datetime, int]]:
    """Return the moments of assets whose month differs between UTC and the zone, with their month of UTC."""
    strips = []
    for border in {border for month in months for border in (month, month + 1)}:
        ends = sorted([month_start(border, ZoneInfo("UTC")), month_start(border, zone)])
        if ends[0] != ends[1]:
            strips.append(Q(created_at__gte=ends[0], created_at__lt=ends[1]))
    if not strips:
        return []
    shown = asset_list(workspace).filter(hidden_at=None)
    moments = shown.filter(reduce(or_, strips)).values_list("created_at", flat=True)
    return [(at, month_number(at.astimezone(UTC))) for at in moments]


def month_number(at: datetime) -> int:
    """Return the month that a moment has in its own zone, as MonthCount counts them."""
    return at.year * 12 + at.month - 1


def month_start(month: int, zone: ZoneInfo) -> datetime:
    """Return when a month begins in a zone, held inside the calendar: agents misdate things by millennia."""
    if month <= month_number(EARLIEST):
        return EARLIEST
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=zone) if month <= month_number(LATEST) else LATEST
