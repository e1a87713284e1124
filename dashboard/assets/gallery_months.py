"""The months of a gallery: counted before the first picture is drawn, each a step away."""

from collections import Counter
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateformat import format as date_text

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset
from dashboard.assets.selectors import Month, month_counts, month_number, month_start
from dashboard.lib.paging import cursor_before

# What a filter finds is told month by month up to so many, and beyond it as "more than".
COUNT_LIMIT = 1_000


@dataclass(frozen=True)
class GalleryMonth:
    """A month of the viewer's zone: its name, how many assets it shows, the cursor of the page that begins with it."""

    key: str
    label: str
    assets: int
    cursor: str


def gallery_months(workspace: Workspace) -> tuple[list[GalleryMonth], int]:
    """Return the months of a gallery without a filter, newest first, and how many it holds, in two queries."""
    months = [_month(month) for month in month_counts(workspace, _zone())]
    return months, sum(month.assets for month in months)


def months_found(assets: QuerySet[Asset]) -> tuple[list[GalleryMonth], int]:
    """Return the months of what a filter finds, newest first, and how many it finds, in one query.

    Beyond COUNT_LIMIT there are no months, and the number is one more: to tell them all would cost more than the page.
    """
    newest = assets.order_by("-created_at", "-pk").values_list("created_at", flat=True)
    moments = [timezone.localtime(at) for at in newest[: COUNT_LIMIT + 1]]
    if len(moments) > COUNT_LIMIT:
        return [], len(moments)
    counted = Counter(map(month_number, moments))
    zone = _zone()
    months = [Month(month_start(one, zone), month_start(one + 1, zone), number) for one, number in counted.items()]
    return [_month(month) for month in months], len(moments)


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _month(month: Month) -> GalleryMonth:
    return GalleryMonth(
        key=month.starts_at.strftime("%Y-%m"),
        label=date_text(month.starts_at, "F Y"),
        assets=month.assets,
        cursor=cursor_before(month.ends_at),
    )


def month_key(asset: Asset) -> str:
    """Return the key of the month in which an asset came, in the viewer's zone."""
    return timezone.localtime(asset.created_at).strftime("%Y-%m")
