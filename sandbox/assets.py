"""Assets: finding the caller's own, and making the row of a new one."""

from collections.abc import Callable
from datetime import datetime

from sandbox.errors import ApiError
from sandbox.ids import new_id
from sandbox.models import Agent, Asset, Job
from sandbox.renderer import Artifact
from sandbox.rules.references import Source

GENERATED, UPLOADED = "generated", "uploaded"


def asset_get(agent: Agent, asset_id: str) -> Asset:
    """One of the agent's own assets; another organization's is not there. Raises ASSET_NOT_FOUND."""
    asset = agent.assets.select_related("job").filter(pk=asset_id).first()
    if asset is None:
        raise ApiError("ASSET_NOT_FOUND", "This agent has no such asset.")
    return asset


def finder(agent: Agent) -> Callable[[str], Source]:
    """Finds what an order starts from, among the agent's own assets. The result raises ASSET_NOT_FOUND."""

    def find(asset_id: str) -> Source:
        asset = asset_get(agent, asset_id)
        return Source(
            id=asset.id,
            file_name=asset.file_name,
            mime_type=asset.mime_type,
            content_length=asset.content_length,
            width=asset.width,
            height=asset.height,
        )

    return find


def new_asset(job: Job, artifact: Artifact, now: datetime, *, position: int = 0, kind: str = GENERATED) -> Asset:
    """The row of these bytes, not saved."""
    return Asset(
        id=new_id(artifact.prefix),
        agent=job.agent,
        job=job,
        position=position,
        kind=kind,
        extension=artifact.extension,
        mime_type=artifact.mime_type,
        content_length=len(artifact.content),
        width=artifact.width,
        height=artifact.height,
        created_at=now,
    )
