"""How much waits for people: payments that agents ask for, and agents that cannot work."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.selectors import claim_list_blocked
from dashboard.credits.selectors import hand_offs_open

# Stand for the workspace and for now in the SQL that is kept: no row has this number, and nothing was ever then.
ANY, ANY_TIME = -1, datetime(1000, 1, 1, tzinfo=UTC)


def waiting_in(workspace: Workspace) -> RawSQL:
    """Return the number as an expression, the same for every row: a page that reads claims anyway counts with them.

    What waits comes from agents that are held, so where there is no claim there is nothing to count.
    """
    return RawSQL(*_counting(workspace), output_field=IntegerField())  # noqa: S611 - Django's own SQL, values apart


def inbox_count(workspace: Workspace) -> int:
    """Return how much waits for people, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(*_counting(workspace))
        return int(cursor.fetchone()[0])


def _counting(workspace: Workspace) -> tuple[str, list[Any]]:
    sql, values = _sql()
    prepared = connection.ops.adapt_datetimefield_value
    meant = {ANY: workspace.pk, prepared(ANY_TIME): prepared(timezone.now())}
    return sql, [meant.get(value, value) for value in values]


@cache
def _sql() -> tuple[str, tuple[Any, ...]]:
    """The SQL and its values, worked out once: every page counts, and Django takes longer to build it than to ask."""
    anybody = Workspace(pk=ANY)
    number = _number_of(hand_offs_open(anybody, at=ANY_TIME)) + _number_of(claim_list_blocked(anybody))
    counted = Workspace.objects.filter(pk=ANY).annotate(waiting=number).values_list("waiting")
    sql, values = counted.query.sql_with_params()
    return sql, values


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("workspace").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
