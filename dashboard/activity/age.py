"""How old a workspace's ledger is, as one stamp; in one statement, however many agents it has."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Claim
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import STALE_AFTER
from dashboard.lib.prepared import Prepared

Read = tuple[int, int, datetime | None, datetime | None]


class LedgerAge(NamedTuple):
    """`as_of`: the oldest reading of the linked agents that are read in time, or if none is, of all; None: never.

    `late` are the others beside some that are in time, the oldest of them read at `late_since` (None: never).
    """

    as_of: datetime | None
    late: int
    late_since: datetime | None


def ledger_age(workspace: Workspace) -> LedgerAge | None:
    """Return the age of what is known of the linked agents; None where none is linked, and nothing can be newer."""
    for agents, in_time, oldest_in_time, oldest in _read(workspace=workspace.pk, border=timezone.now() - STALE_AFTER):
        return LedgerAge(oldest_in_time or oldest, agents - in_time if in_time else 0, oldest)
    return None


def _readings(workspace: int, border: datetime) -> QuerySet[SyncCursor, Read]:
    linked = Claim.objects.filter(workspace=workspace, released_at=None).values("agent")
    cursors = SyncCursor.objects.filter(stream=Stream.AGENT, subject_id__in=linked).order_by().values("stream")
    in_time = Q(synced_at__gt=border)
    told = cursors.annotate(
        agents=Count("pk"),
        in_time=Count("pk", filter=in_time),
        oldest_in_time=Min("synced_at", filter=in_time),
        oldest=Min("synced_at"),
    )
    return told.values_list("agents", "in_time", "oldest_in_time", "oldest")


_read: Prepared[Read] = Prepared(_readings)
