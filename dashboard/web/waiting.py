"""How much waits for people: payments that agents ask for, and agents that cannot work."""

from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from dashboard.accounts.models import Workspace
from dashboard.agents.selectors import claim_list, claim_list_blocked
from dashboard.credits.selectors import hand_offs_open


def waiting_in(workspace: Workspace) -> CombinedExpression:
    """Return the number as an expression, the same for every row: a page that reads claims anyway counts with them.

    What waits comes from agents that are held, so where there is no claim there is nothing to count.
    """
    return _number_of(hand_offs_open(workspace)) + _number_of(claim_list_blocked(workspace))


def inbox_count(workspace: Workspace) -> int:
    """Return how much waits for people, in one query."""
    counted = claim_list(workspace).annotate(waiting=waiting_in(workspace)).values_list("waiting", flat=True)
    return next(iter(counted[:1]), 0)


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("workspace").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
