"""The months of a gallery: counted before the first picture is drawn, each a step away."""

from collections import Counter
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.dateformat import format as date_text

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset
from dashboard.assets.selectors import asset_list, month_counts
from dashboard.lib.paging import cursor_before


@dataclass(frozen=True)
class GalleryMonth:
    """A month of the viewer's zone: its name, how many assets it shows, the cursor of the page that begins with it."""

    key: str
    label: str
    assets: int
    cursor: str


def gallery_months(workspace: Workspace) -> list[GalleryMonth]:
    """Return the months of a gallery without a filter, newest first, in three queries."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    hidden = _hidden(workspace)
    found = []
    for month in month_counts(workspace, zone):
        key = month.starts_at.strftime("%Y-%m")
        shown = month.assets - hidden[key]
        if shown > 0:
            label = date_text(month.starts_at, "F Y")
            found.append(GalleryMonth(key, label, shown, cursor_before(month.ends_at)))
    return found


def month_key(asset: Asset) -> str:
    """Return the key of the month in which an asset came, in the viewer's zone."""
    return timezone.localtime(asset.created_at).strftime("%Y-%m")


def _hidden(workspace: Workspace) -> Counter[str]:
    rows = asset_list(workspace).filter(hidden_at__isnull=False).annotate(month=TruncMonth("created_at"))
    counted = rows.order_by().values("month").annotate(hidden=Count("pk")).values_list("month", "hidden")
    return Counter({month.strftime("%Y-%m"): count for month, count in counted})
