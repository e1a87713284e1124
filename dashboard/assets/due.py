"""Which jobs and assets are to be read now, and whether there is anything to read at all."""

from datetime import datetime
from typing import TypeVar

from django.db.models import Min, QuerySet

from dashboard.agents.models import Claim
from dashboard.assets.models import Asset, Job

Row = TypeVar("Row", Job, Asset)


def due_list(claim: Claim, *, at: datetime, most: int) -> list[Job | Asset]:
    """Return what is to be read with a claim's token; assets when no job is left, for jobs tell what assets are."""
    jobs = list(_due(Job, claim).filter(due_at__lte=at).order_by("due_at", "pk")[:most])
    if jobs:
        return [*jobs]
    return list(_due(Asset, claim).filter(due_at__lte=at).select_related("job").order_by("due_at", "pk")[:most])


def next_due_at(claim: Claim) -> datetime | None:
    """Return when something is to be read next; None: nothing is left to ask."""
    soonest = Min("due_at")
    times = [_due(Job, claim).aggregate(at=soonest)["at"], _due(Asset, claim).aggregate(at=soonest)["at"]]
    return min(filter(None, times), default=None)


def has_due(claim: Claim) -> bool:
    """Tell whether something is to be read, now or later."""
    return _due(Job, claim).exists() or _due(Asset, claim).exists()


def _due(model: type[Row], claim: Claim) -> QuerySet[Row]:
    rows = model._default_manager.filter(agent_id=claim.agent_id, due_at__isnull=False)  # noqa: SLF001 - of a type variable
    # What was named while another workspace held the agent is not read with this one's token.
    return rows.filter(workspace_id=claim.workspace_id)
