"""Rows found by a long list of texts: each text by its own step in an index, whatever statistics say.

By statistics from before an import PostgreSQL believes that a new agent has few rows, and reads all of them for every
page that comes in. `__in` costs besides: the driver looks for each value's place in the statement's text. That is so
only of a table in which no other index begins with the owner; of equal ones PostgreSQL may take the wrong one.
"""

import json
from collections.abc import Collection

from django.db import connection
from django.db.models import Model
from django.db.models.expressions import RawSQL

# What stands behind OFFSET is planned by itself, and for an owner of average size, not for the very one. SQLite takes
# the tables of a CROSS JOIN in their order.
_SQL = {
    "postgresql": "SELECT found.{take} FROM unnest(%s::text[]) AS wanted (value) CROSS JOIN LATERAL"
    " (SELECT {take} FROM {table} WHERE {owners} AND {column} = wanted.value OFFSET 0) AS found",
    "sqlite": "SELECT found.{take} FROM json_each(%s) AS wanted CROSS JOIN {table} AS found"
    " WHERE {owners} AND found.{column} = wanted.value",
}


def probed(
    model: type[Model], column: str, texts: Collection[str], *, take: str = "id", **owned: int
) -> RawSQL | list[int]:
    """Return what `pk__in` takes: `take` of the rows whose `column` is one of `texts`, of one owner.

    `owned` are the owner's columns and numbers; with `column` they begin an index. Columns are names of ours. Of no
    texts nothing is asked; there is no NUL in them (SQLite would cut it off), as in nothing that the client reads.
    """
    if not texts:
        return []
    owners, table = " AND ".join(f"{owner} = (SELECT %s)" for owner in owned), model._meta.db_table  # noqa: SLF001
    sql = _SQL[connection.vendor].format(take=take, table=table, owners=owners, column=column)
    values = list(texts) if connection.vendor == "postgresql" else json.dumps(list(texts))
    return RawSQL(sql, [values, *owned.values()])  # noqa: S611 - what is asked for travels beside the text
