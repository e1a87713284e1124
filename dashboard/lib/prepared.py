"""Queries that are put together once: for a page's few rows Django takes longer to build the SQL than to have it run.

`Prepared(build)` calls `build` once, with a stand-in for each value, and keeps the SQL. Each call puts its values where
their stand-ins were and reads the rows as Django does: models with what they select and annotate, values, named tuples.
Only values may differ from call to call: what `build` makes of them must have the same shape for all of them.

PostgreSQL may keep one plan of such a statement, whatever its values (docs/adr/0014). What is the same in each call is
written into the SQL, so that this plan knows, say, that few purchases are open. A query whose best plan hangs on its
values is not `planned_once`.
"""

import copy
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet

Row = TypeVar("Row")
Plain = int | str | datetime | UUID
# No row has these numbers, and nothing was ever then.
_FIRST_NUMBER, _FIRST_MOMENT = -(10**15), datetime(1000, 1, 1, tzinfo=UTC)


class PlannedOnce(str):
    """SQL that PostgreSQL need not plan again for other values."""

    __slots__ = ()


class Prepared(Generic[Row]):
    """A query of one shape; called with its values by name it returns the rows."""

    def __init__(self, build: Callable[..., QuerySet[Any, Row]], *, planned_once: bool = True) -> None:
        self._build, self._sql_kind = build, PlannedOnce if planned_once else str
        self._kept: dict[str, _Kept] = {}

    def __call__(self, **values: Plain) -> list[Row]:
        kept = self._kept.get(connection.vendor)
        if kept is None:
            kept = self._kept[connection.vendor] = _Kept(self._build, values, self._sql_kind)
        return list(kept.rows(values))


class _Kept:
    """A query, its SQL, and which of the SQL's parameters stand for which value."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], values: dict[str, Plain], kind: type[str]) -> None:
        stand_ins = {name: _stand_in(number, value) for number, (name, value) in enumerate(values.items())}
        self.queryset = build(**stand_ins)
        self.compiler = self.queryset.query.get_compiler(self.queryset.db)
        self.sql, params = self.compiler.as_sql()
        # How a database's values become Python's: the same each time, and for every connection to it.
        self.converters = self.compiler.get_converters(
            [one for one, *_ in self.compiler.select[: self.compiler.col_count]]
        )
        if build(**stand_ins).query.sql_with_params() != (self.sql, params):
            raise ValueError("The query differs from time to time by more than its values.")
        names = {_as_database_takes(value): name for name, value in stand_ins.items()}
        self.params = [(names.get(param) if _is_plain(param) else None, param) for param in params]
        missing = stand_ins.keys() - {name for name, _ in self.params}
        if missing:
            raise ValueError(f"The query does not hold these values as they are: {', '.join(sorted(missing))}.")
        if connection.vendor == "postgresql":
            self._constants_write()
        self.sql = kind(self.sql)

    def _constants_write(self) -> None:
        """Write the parameters that stand for no value into the SQL."""
        # Of the driver as it is loaded: whoever has another database need not load this one's.
        literal = cast("Any", connection).Database.sql.Literal
        params, self.params = iter(self.params), []

        def written(placeholder: re.Match[str]) -> str:
            if placeholder[0] == "%%":
                return "%%"
            name, param = next(params)
            if name is None and _is_plain(param):
                return str(literal(param).as_string()).replace("%", "%%")
            self.params.append((name, param))
            return "%s"

        self.sql = re.sub("%%|%s", written, self.sql)

    def rows(self, values: dict[str, Plain]) -> Any:  # noqa: ANN401 - of whatever the query is of
        """Return what Django iterates over for such a query, with the SQL that is kept in place of one made anew."""
        adapted = {name: _as_database_takes(value) for name, value in values.items()}
        answer = self.sql, tuple(param if name is None else adapted[name] for name, param in self.params)
        compiler = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *_args, **_kwargs: answer
        compiler.get_converters = lambda _columns: self.converters
        iterable: Callable[[Any], Any] = self.queryset._iterable_class  # noqa: SLF001 - how Django reads rows
        return iterable(_With(self.queryset, query=_With(self.queryset.query, get_compiler=lambda *_a, **_k: compiler)))


class _With:
    """An object with some of its attributes replaced."""

    def __init__(self, inner: object, **replaced: object) -> None:
        self.__dict__.update(replaced, _inner=inner)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the object has
        return getattr(self._inner, name)


def _stand_in(number: int, value: Plain) -> Plain:
    if isinstance(value, datetime):
        return _FIRST_MOMENT + timedelta(days=number)
    if isinstance(value, UUID):
        return uuid4()
    return f"stand-in-{number}-{secrets.token_hex(8)}" if isinstance(value, str) else _FIRST_NUMBER - number


def _as_database_takes(value: Plain) -> object:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _is_plain(param: object) -> bool:
    return isinstance(param, Plain)
