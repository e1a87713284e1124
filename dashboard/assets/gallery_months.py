"""The months of a gallery: counted before the first picture is drawn, each a step away."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as date_text

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset
from dashboard.assets.selectors import month_counts
from dashboard.lib.paging import cursor_before


@dataclass(frozen=True)
class GalleryMonth:
    """A month of the viewer's zone: its name, how many assets it shows, the cursor of the page that begins with it."""

    key: str
    label: str
    assets: int
    cursor: str


def gallery_months(workspace: Workspace) -> list[GalleryMonth]:
    """Return the months of a gallery without a filter, newest first, in two queries."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    return [
        GalleryMonth(
            key=month.starts_at.strftime("%Y-%m"),
            label=date_text(month.starts_at, "F Y"),
            assets=month.assets,
            cursor=cursor_before(month.ends_at),
        )
        for month in month_counts(workspace, zone)
    ]


def month_key(asset: Asset) -> str:
    """Return the key of the month in which an asset came, in the viewer's zone."""
    return timezone.localtime(asset.created_at).strftime("%Y-%m")
