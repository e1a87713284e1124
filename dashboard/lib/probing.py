"""Rows found by a long list of texts: each text by its own step in an index, whatever statistics say.

By statistics from before an import PostgreSQL believes that a new agent has few rows, and reads all of them for every
page that comes in. `__in` costs besides: the driver looks for each value's place in the statement's text.
"""

import json
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Lookup, Model, Q
from django.db.models.expressions import RawSQL
from django.db.models.sql.compiler import SQLCompiler

# What stands behind OFFSET is planned by itself, and for an owner of average size, not for the very one. Where a table
# is believed to be empty any index would do but for the order, and of an equal column none is needed. SQLite takes the
# tables of a CROSS JOIN in their order.
_SQL = {
    "postgresql": "SELECT found.{take} FROM unnest(%s::text[]) AS wanted (value) CROSS JOIN LATERAL"
    " (SELECT {take} FROM {table} WHERE {owners} AND {column} BETWEEN wanted.value AND wanted.value"
    " ORDER BY {column} OFFSET 0) AS found",
    "sqlite": "SELECT found.{take} FROM json_each(%s) AS wanted CROSS JOIN {table} AS found"
    " WHERE {owners} AND found.{column} = wanted.value",
}


@Field.register_lookup
class OneOf(Lookup):
    """`pk__one_of`: what `pk__in` finds, of a subquery that PostgreSQL asks once, and first.

    What it believes to be a single row, as all of a table whose rows were gone when it was last counted, it compares
    with the answer to `IN`, asked again for each.
    """

    lookup_name = "one_of"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return self._said("{} IN {}", compiler, connection)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return self._said("{} = ANY(ARRAY{})", compiler, connection)

    def _said(self, words: str, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return words.format(left, right), (*left_values, *right_values)


def probed(model: type[Model], column: str, texts: Collection[str], *, take: str = "id", **owned: int) -> Q:
    """Return the condition that a key is `take` of a row of `model` whose `column` is one of `texts`, of one owner.

    `owned` are the owner's columns and numbers; with `column` they begin an index. Columns are names of ours. Of no
    texts nothing is asked; there is no NUL in them (SQLite would cut it off), as in nothing that the client reads.
    """
    if not texts:
        return Q(pk__in=[])
    owners, table = " AND ".join(f"{owner} = (SELECT %s)" for owner in owned), model._meta.db_table  # noqa: SLF001
    sql = _SQL[connection.vendor].format(take=take, table=table, owners=owners, column=column)
    values = list(texts) if connection.vendor == "postgresql" else json.dumps(list(texts))
    return Q(pk__one_of=RawSQL(sql, [values, *owned.values()]))  # noqa: S611 - what is asked for travels beside the text
