"""Assets as the mirror leaves them, made directly: what pages do with them is the matter here, not how they came."""

from datetime import datetime
from itertools import count
from typing import Any

from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.assets.models import Asset, AssetLink, Job, MonthCount
from dashboard.assets.selectors import month_number

_numbers = count(1)
READY = {"preview": "ready", "preview_key": "k" * 34, "preview_largest": 640, "width": 1_200, "height": 800}


def agent_made(workspace: Workspace, owner: User, name: str = "render-bot") -> Agent:
    number = next(_numbers)
    agent = Agent.objects.create(remote_id=f"agt_{number:08}", organization_id=f"org_{number:08}", name=name)
    Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())
    return agent


def job_made(workspace: Workspace, agent: Agent, **more: Any) -> Job:
    about = {"remote_id": f"job_{next(_numbers):08}", "named_at": timezone.now(), "status": "completed", **more}
    return Job.objects.create(workspace=workspace, agent=agent, **about)


def asset_made(workspace: Workspace, agent: Agent, at: datetime | None = None, **more: Any) -> Asset:
    """Write an asset and count it into its month, as the mirror does."""
    at = at or timezone.now()
    about = {"remote_id": f"asset_{next(_numbers):08}", "kind": "image", "aspect": "landscape", **READY, **more}
    asset = Asset.objects.create(workspace=workspace, agent=agent, created_at=at, **about)
    month, _ = MonthCount.objects.get_or_create(workspace=workspace, month=month_number(at))
    MonthCount.objects.filter(pk=month.pk).update(assets=month.assets + 1)
    return asset


def link_made(
    job: Job, asset: Asset | None, kind: str = "input", *, remote_id: str = "", position: int = 0
) -> AssetLink:
    remote = asset.remote_id if asset else remote_id
    about = {"asset_remote_id": remote, "kind": kind, "position": position}
    return AssetLink.objects.create(workspace=job.workspace, job=job, asset=asset, **about)
