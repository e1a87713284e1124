"""Reading jobs and assets, always within a workspace."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection
from django.db.models import Case, CharField, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Substr
from django.http import Http404

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset, AssetLink, AssetTag, Job, KeepRule, MonthCount
from dashboard.lib.dates import EARLIEST, LATEST
from dashboard.lib.prepared import Prepared

TILE = (
    *("remote_id", "created_at", "kind", "source", "mime_type", "width", "height", "credits", "duration_ms"),
    *(
        "is_animated",
        "preview",
        "preview_problem",
        "preview_key",
        "preview_largest",
        "placeholder",
        "reading",
        "problem",
    ),
    *("workspace", "job", "agent__name", "agent__remote_id"),
)
MOST_TAGS, TAGS_KEPT_SECONDS = 200, 60
# Each step finds the next tag in the index: as quick for a million tagged assets as for ten. It begins as what only
# reads does (`dashboard.lib.asked`), else no page that asks it would be kept.
_TAGS = """
SELECT name FROM (
    WITH RECURSIVE found (name) AS (
        SELECT min(name) FROM {table} WHERE workspace_id = %(workspace)s
        UNION ALL
        SELECT (SELECT min(name) FROM {table} WHERE workspace_id = %(workspace)s AND name > found.name)
        FROM found WHERE found.name IS NOT NULL
    )
    SELECT name FROM found WHERE name IS NOT NULL LIMIT {most}
) AS tags
""".strip()


@dataclass(frozen=True)
class Month:
    """A month in a time zone, from `starts_at` to before `ends_at`, and how many assets it holds."""

    starts_at: datetime
    ends_at: datetime
    assets: int


@dataclass(frozen=True)
class Lineage:
    """What an asset was made from, what its job made beside it, and what was made from it, with how it was used.

    With `is_cut` there are more sources or uses than were read.
    """

    sources: list[AssetLink]
    siblings: list[Asset]
    uses: list[tuple[AssetLink, Asset]]
    is_cut: bool


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


def tag_names(workspace: Workspace) -> tuple[str, ...]:
    """Return the tags that a workspace's assets have, by name, MOST_TAGS at most; at most TAGS_KEPT_SECONDS old."""
    key = f"assets:tag-names:{workspace.pk}"
    found: tuple[str, ...] | None = cache.get(key)
    if found is None:
        with connection.cursor() as cursor:
            table = AssetTag._meta.db_table  # noqa: SLF001 - Django's documented way to a model's table
            cursor.execute(_TAGS.format(table=table, most=MOST_TAGS), {"workspace": workspace.pk})
            found = tuple(str(row[0]) for row in cursor.fetchall())
        cache.set(key, found, TAGS_KEPT_SECONDS)
    return found


def keeps_originals(workspace_id: int) -> bool:
    """Tell whether a workspace keeps copies of the files that come."""
    return KeepRule.objects.filter(workspace=workspace_id, is_on=True).exists()


def same_bytes(workspace_id: int, content_hash: str) -> QuerySet[Asset]:
    """Return a workspace's assets with these bytes; none for what was never fetched."""
    # Said twice, for SQLite reads a partial index only where its condition is spelled out.
    return Asset.objects.filter(~Q(content_hash=""), workspace_id=workspace_id, content_hash=content_hash)


def was_purged(asset: Asset, content_hash: str) -> bool:
    """Tell whether an owner purged an asset, or these bytes under any id of its workspace: they do not come back."""
    places = (Asset.objects.filter(pk=asset.pk), same_bytes(asset.workspace_id, content_hash))
    return any(place.filter(purged_at__isnull=False).exists() for place in places)


def lineage_get(asset: Asset, *, most: int = 50) -> Lineage:
    """Return an asset's next relatives, of at most `most` links, in two queries."""
    links = list(
        AssetLink.objects.filter(workspace_id=asset.workspace_id, job__agent=asset.agent_id)
        .filter(Q(job=asset.job_id) | Q(asset_remote_id=asset.remote_id))
        .select_related("asset")
        .defer("asset__record")
        # What it was made from first; then the latest use.
        .order_by(Case(When(job=asset.job_id, then=0), default=1), "-job", "position")[: most + 1]
    )
    is_cut, links = len(links) > most, links[:most]
    sources = [link for link in links if link.job_id == asset.job_id]
    uses = [link for link in links if link.job_id != asset.job_id]
    made = _made_by({asset.job_id, *(link.job_id for link in uses)})
    siblings = [one for one in made[asset.job_id] if one != asset]
    return Lineage(sources, siblings, [(link, one) for link in uses for one in made[link.job_id]], is_cut)


def descent_list(workspace: Workspace, ids: Collection[str], *, most: int = 200) -> list[tuple[str, str]]:
    """Return (asset id, job id) of the lines of descent that begin or end at one of these ids, `most` at most.

    What jobs worked from comes first: an asset may have been used by thousands.
    """
    links, jobs = AssetLink.objects.filter(workspace=workspace), job_list(workspace).filter(remote_id__in=ids)
    sources, uses = (
        links.filter(those)
        .annotate(rank=Value(rank, IntegerField()))
        .values_list("asset_remote_id", "job__remote_id", "rank")
        for rank, those in enumerate([Q(job__in=jobs), Q(asset_remote_id__in=ids)])
    )
    ordered = sources.union(uses, all=True).order_by("rank", "asset_remote_id", "job__remote_id")
    return [(asset_id, job_id) for asset_id, job_id, _ in ordered[:most]]


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
    for month, assets in _carried_over(workspace, zone, counted).items():
        counted[month - 1] -= assets
        counted[month] += assets
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


def _carried_over(workspace: Workspace, zone: ZoneInfo, months: Collection[int]) -> dict[int, int]:
    """Return how many assets of the month of UTC before each month are the zone's in it; below nought the other way."""
    strips: dict[int, Q] = {}
    signs: dict[int, int] = {}
    for month in {*months, *(month + 1 for month in months)}:
        told, there = month_start(month, ZoneInfo("UTC")), month_start(month, zone)
        if told != there:
            strips[month] = Q(created_at__gte=min(told, there), created_at__lt=max(told, there))
            signs[month] = 1 if there < told else -1
    if not strips:
        return {}
    near = asset_list(workspace).filter(reduce(or_, strips.values()), hidden_at=None)
    found = near.aggregate(**{str(month): Count("pk", filter=strip) for month, strip in strips.items()})
    return {month: sign * found[str(month)] for month, sign in signs.items()}


def month_number(at: datetime) -> int:
    """Return the month that a moment has in its own zone, as MonthCount counts them."""
    return at.year * 12 + at.month - 1


def month_start(month: int, zone: ZoneInfo) -> datetime:
    """Return when a month begins in a zone, held inside the calendar: agents misdate things by millennia."""
    if month <= month_number(EARLIEST):
        return EARLIEST
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=zone) if month <= month_number(LATEST) else LATEST
