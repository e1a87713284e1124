"""Fills a played system up to what a busy workspace shows, signs people in, and writes down as JSON what is looked at.

`main PLAN`, Django set up with production's settings on the demo's data.
"""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import PlatformRole, Role, User, Workspace
from dashboard.agents.models import Claim
from dashboard.assets.models import Asset
from dashboard.assets.naming import assets_write
from tools.bench.prepare import browser, cookies
from tools.bench.purchases import fill_purchases

# Each of the demo's pictures stands so often in the gallery, some days apart: two pages of tiles over some months.
TIMES, DAYS_APART = 12, 9
PURCHASES = 80


def main() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    workspace = Workspace.objects.get()
    sponsor = User.objects.get(memberships__role=Role.OWNER)
    reviewer = next(one for one in User.objects.all() if PlatformRole.PRODUCT_REVIEWER in one.platform_roles)
    _pictures(workspace)
    _purchases(workspace, sponsor, timezone.now())
    seen = (cookies(browser(one.email)) for one in (sponsor, reviewer))
    Path(sys.argv[1]).write_text(json.dumps({"pages": _pages(workspace, *seen)}))


def _pages(workspace: Workspace, sponsor: str, reviewer: str) -> dict[str, tuple[str, str]]:
    """Return the cookies of who opens a page, and its path, by the page's name."""
    agent = Claim.objects.filter(workspace=workspace).earliest("pk").agent
    shown = Asset.objects.filter(workspace=workspace, preview=Asset.Preview.READY).latest("created_at")
    paths = {
        "gallery": reverse("gallery:gallery", args=[workspace.key]),
        "viewer": reverse("gallery:asset_detail", args=[workspace.key, shown.pk]),
        "overview": reverse("web:overview", args=[workspace.key]),
        "agent": reverse("web:agent_detail", args=[workspace.key, agent.remote_id]),
        "ledger": reverse("activity:event_list", args=[workspace.key]),
        "spend": reverse("spend:spend", args=[workspace.key]),
        "receipts": reverse("receipts:receipt_list", args=[workspace.key]),
    }
    return {
        **{name: (sponsor, path) for name, path in paths.items()},
        "feedback": (reviewer, reverse("feedback:queue")),
    }


def _pictures(workspace: Workspace) -> None:
    """Write copies of what the demo made: further rows, of the same small pictures."""
    made = list(Asset.objects.filter(workspace=workspace))
    for number in range(1, TIMES):
        for asset in made:
            asset.pk = None
            asset._state.adding = True  # noqa: SLF001 - how Django says that a row is copied
            asset.remote_id, asset.created_at = f"{asset.remote_id}{number}", _earlier(asset.created_at)
            assets_write(asset.agent_id, [asset])


def _earlier(moment: datetime) -> datetime:
    return moment - timedelta(days=DAYS_APART)


def _purchases(workspace: Workspace, buyer: User, now: datetime) -> None:
    claims = list(Claim.objects.filter(workspace=workspace))
    fill_purchases(claims, buyer, count=PURCHASES, begins_at=now - timedelta(days=90), ends_at=now, waiting=0)
