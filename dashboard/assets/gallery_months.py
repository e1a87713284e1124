"""The months of a gallery: counted before the first picture is drawn, each a step away."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import IntegerField, QuerySet, Subquery
from django.utils import timezone
from django.utils.dateformat import format as date_text

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset, MonthCount
from dashboard.assets.selectors import month_counts, month_number, month_start
from dashboard.lib.paging import cursor_before

# What a filter finds is told up to so many, and beyond it as "more than".
COUNT_LIMIT = 1_000
# Of that many, the months beyond are counted so far each, and so many of them: a price that does not grow.
MONTH_LIMIT, MOST_COUNTED = 100, 36


@dataclass(frozen=True)
class GalleryMonth:
    """A month of the viewer's zone: its name, how many assets it shows, the cursor of the page that begins with it.

    With `is_more` it shows at least so many.
    """

    key: str
    label: str
    assets: int
    cursor: str
    is_more: bool = False

    @property
    def said(self) -> str:
        """How many it shows, as people read it: "12", "100+"."""
        return f"{self.assets}{'+' if self.is_more else ''}"


class _Count(Subquery):
    """How many rows a query of its own has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def gallery_months(workspace: Workspace) -> tuple[list[GalleryMonth], int]:
    """Return the months of a gallery without a filter, newest first, and how many it holds, in two queries."""
    counted = month_counts(workspace, _zone())
    months = [_month(month.starts_at, month.ends_at, month.assets) for month in counted]
    return months, sum(month.assets for month in counted)


def months_found(workspace: Workspace, assets: QuerySet[Asset]) -> tuple[list[GalleryMonth], int]:
    """Return the months of what a filter finds, newest first, and how many it finds, in one query.

    Beyond COUNT_LIMIT the number is one more, and two further queries find the MOST_COUNTED months before.
    """
    newest = assets.order_by("-created_at", "-pk").values_list("created_at", flat=True)
    moments = [timezone.localtime(at) for at in newest[: COUNT_LIMIT + 1]]
    counted, zone = Counter(map(month_number, moments[:COUNT_LIMIT])), _zone()
    if len(moments) <= COUNT_LIMIT:
        return [_month_of(one, zone, number) for one, number in counted.items()], len(moments)
    last = min(counted)
    months = [_month_of(one, zone, number, is_more=one == last) for one, number in counted.items()]
    return [*months, *_months_before(workspace, assets, last, zone)], len(moments)


def _months_before(workspace: Workspace, assets: QuerySet[Asset], last: int, zone: ZoneInfo) -> Iterator[GalleryMonth]:
    """Yield the months before one in which a filter finds something, newest first."""
    held = MonthCount.objects.filter(workspace=workspace, month__lte=last + 1).values_list("month", flat=True)
    # A month of UTC lies in two of the zone.
    there = {month_number(end.astimezone(zone)) for month in held for end in _ends(month)}
    months = sorted((month for month in there if month < last), reverse=True)[:MOST_COUNTED]
    for month, number in zip(months, _counts(workspace, assets, months, zone), strict=True):
        if number:
            yield _month_of(month, zone, min(number, MONTH_LIMIT), is_more=number > MONTH_LIMIT)


def _ends(month: int) -> tuple[datetime, datetime]:
    """Return the first and the last moment of a month of UTC."""
    utc = ZoneInfo("UTC")
    return month_start(month, utc), month_start(month + 1, utc) - timedelta(microseconds=1)


def _counts(workspace: Workspace, assets: QuerySet[Asset], months: Sequence[int], zone: ZoneInfo) -> Sequence[int]:
    """Return how many a filter finds in each month, up to one above MONTH_LIMIT, in one query."""
    if not months:
        return ()
    of_month = (
        assets.filter(created_at__gte=month_start(month, zone), created_at__lt=month_start(month + 1, zone))
        for month in months
    )
    counts = [_Count(some.order_by().values("pk")[: MONTH_LIMIT + 1]) for some in of_month]
    found: Sequence[int] = Workspace.objects.filter(pk=workspace.pk).values_list(*counts).get()
    return found


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _month_of(number: int, zone: ZoneInfo, assets: int, *, is_more: bool = False) -> GalleryMonth:
    return _month(month_start(number, zone), month_start(number + 1, zone), assets, is_more=is_more)


def _month(starts_at: datetime, ends_at: datetime, assets: int, *, is_more: bool = False) -> GalleryMonth:
    return GalleryMonth(
        key=starts_at.strftime("%Y-%m"),
        label=date_text(starts_at, "F Y"),
        assets=assets,
        cursor=cursor_before(ends_at),
        is_more=is_more,
    )


def month_key(asset: Asset) -> str:
    """Return the key of the month in which an asset came, in the viewer's zone."""
    return timezone.localtime(asset.created_at).strftime("%Y-%m")
