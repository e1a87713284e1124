"""What was made last, for pages of other rooms: a few tiles in one prepared query."""

from django.db.models import QuerySet

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset
from dashboard.assets.selectors import asset_list, for_tiles
from dashboard.lib.prepared import Prepared

# As many as fill a strip on the widest screen.
LATEST = 14


def latest_list(workspace: Workspace) -> list[Asset]:
    """Return the newest assets of a workspace that its gallery shows, each with its agent."""
    return _latest(workspace=workspace.pk)


def latest_list_of_agent(workspace: Workspace, agent_id: int) -> list[Asset]:
    """Return the newest assets of one of a workspace's agents, by the agent's number."""
    return _latest_of_agent(workspace=workspace.pk, agent=agent_id)


def _newest(assets: QuerySet[Asset]) -> QuerySet[Asset]:
    return for_tiles(assets.filter(hidden_at=None)).order_by("-created_at", "-pk")[:LATEST]


_latest: Prepared[Asset] = Prepared(lambda workspace: _newest(asset_list(Workspace(pk=workspace))))
_latest_of_agent: Prepared[Asset] = Prepared(
    lambda workspace, agent: _newest(asset_list(Workspace(pk=workspace)).filter(agent=agent))
)
