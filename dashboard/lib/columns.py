"""Columns read as texts, for files: the database writes what Python would take apart and put together again."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField
from django.db.models.sql.compiler import SQLCompiler

_Sql = tuple[str, tuple[str | int, ...]]


class IsoText(Func):
    """A moment as `datetime.isoformat` writes it in UTC: "2026-06-01T00:00:00+00:00", a fraction where there is one."""

    output_field = TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> _Sql:  # noqa: ANN401
        return self.as_sql(compiler, connection, template="(replace(%(expressions)s, ' ', 'T') || '+00:00')", **more)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **more: Any) -> _Sql:  # noqa: ANN401
        text = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
        return self.as_sql(compiler, connection, template=f"(replace({text}, '.000000', '') || '+00:00')", **more)
