"""The gallery at its full size: so many pictures of the largest workspace's agents, with their counts by month."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from dashboard.agents.models import Claim
from dashboard.assets.models import Asset, MonthCount
from dashboard.assets.selectors import month_number

BATCH = 2_000
SHAPES = ((1024, 1024, "square"), (1536, 1024, "landscape"), (1024, 1536, "portrait"))
# Every so many is hidden, so that months are not merely what was counted.
HIDDEN = 500


def fill_assets(claims: Sequence[Claim], *, count: int, begins_at: datetime, ends_at: datetime) -> None:
    """Write so many assets of the first claim's workspace, spread over the span."""
    rng = random.Random(5)  # noqa: S311 - a play, not a secret
    mine = [claim for claim in claims if claim.workspace_id == claims[0].workspace_id]
    step = (ends_at - begins_at) / count
    months: Counter[int] = Counter()
    for start in range(0, count, BATCH):
        moments = [begins_at + step * (number + 1) for number in range(start, min(start + BATCH, count))]
        Asset.objects.bulk_create(_asset(rng, rng.choice(mine), at) for at in moments)
        months.update(map(month_number, moments))
    workspace_id = mine[0].workspace_id
    MonthCount.objects.bulk_create(
        MonthCount(workspace_id=workspace_id, month=month, assets=assets) for month, assets in months.items()
    )


def _asset(rng: random.Random, claim: Claim, at: datetime) -> Asset:
    width, height, aspect = rng.choice(SHAPES)
    return Asset(
        workspace_id=claim.workspace_id,
        agent_id=claim.agent_id,
        remote_id=f"asset_{rng.getrandbits(96):024x}",
        created_at=at,
        kind=Asset.Kind.IMAGE,
        mime_type="image/png",
        operation="create",
        width=width,
        height=height,
        aspect=aspect,
        credits=rng.randrange(1, 40),
        preview=Asset.Preview.READY,
        preview_key=f"{rng.getrandbits(128):032x}",
        preview_largest=640,
        hidden_at=at if rng.randrange(HIDDEN) == 0 else None,
    )
