"""How much waits for people: payments that agents ask for, and agents that cannot work without credits."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Claim
from dashboard.agents.selectors import claim_list_out_of_credits, claim_list_told
from dashboard.credits.selectors import hand_offs_open
from dashboard.lib.prepared import Prepared


def waiting_in(workspace: int, at: datetime) -> Combinable:
    """Return the number at a moment as an expression, the same for every row: a page that reads claims counts too.

    What waits comes from agents that are held, so where there is no claim there is nothing to count.
    """
    here = Workspace(pk=workspace)
    return _number_of(hand_offs_open(here, at=at)) + _number_of(claim_list_out_of_credits(here))


def inbox_count(workspace: Workspace) -> int:
    """Return how much waits for people, in one query: every page asks it."""
    ((number,),) = _counted(workspace=workspace.pk, at=timezone.now())
    return int(number)


def counted_claim_get(workspace: Workspace, remote_id: str) -> Claim:
    """Return an open claim as `claim_get` does, with how much waits for people as `waiting`; in one query."""
    found = _counted_claim(workspace=workspace.pk, remote_id=remote_id, at=timezone.now())
    if not found:
        raise Http404
    return found[0]


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("workspace").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


_counted = Prepared(
    lambda workspace, at: (
        Workspace.objects.filter(pk=workspace).annotate(waiting=waiting_in(workspace, at)).values_list("waiting")
    )
)
_counted_claim = Prepared(
    lambda workspace, remote_id, at: (
        claim_list_told(Workspace(pk=workspace))
        .annotate(waiting=waiting_in(workspace, at))
        .filter(agent__remote_id=remote_id)[:1]
    )
)
