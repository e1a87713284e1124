"""Many rows written at once, as quickly as the database takes them: COPY on PostgreSQL, one statement on SQLite."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection
from django.db.models import DateTimeField, Field, JSONField, Model

Row = tuple[Any, ...]
AnyModel = TypeVar("AnyModel", bound=Model)


def models_write(model: type[AnyModel], models: Iterable[AnyModel], *, count: int) -> list[AnyModel]:
    """Insert so many new models and give them their ids, as `bulk_create` does at several times the cost; return them.

    Each is taken when its row is wanted: PostgreSQL works on one while the next is made, so their maker must ask the
    database nothing. No `pre_save` of a field runs. Inside the caller's transaction; raises ValueError where there
    are not so many.
    """
    fields, table = model._meta.concrete_fields, model._meta.db_table  # noqa: SLF001 - Django's documented way to them
    written: list[AnyModel] = []
    if not count:
        return written
    numbered = zip(models, _numbers(table, count), strict=True)
    rows_write(table, [str(field.column) for field in fields], _rows(numbered, fields, written))
    return written


def rows_write(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows of plain values as the driver takes them; `table` and `columns` are names of ours."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608
        cursor.executemany(insert, list(rows))


def _numbers(table: str, count: int) -> Iterable[int]:
    """Return ids that nobody else gets: of the sequence, or, where one writes at a time, those after the last."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                # Its name is asked for once, not for each number.
                "SELECT nextval((SELECT pg_get_serial_sequence(%s, 'id'))) FROM generate_series(1, %s)",
                [table, count],
            )
            return [number for (number,) in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last: int = cursor.fetchone()[0]
        return range(last + 1, last + 1 + count)


def _rows(
    numbered: Iterable[tuple[AnyModel, int]], fields: "Sequence[Field[Any, Any]]", written: list[AnyModel]
) -> Iterator[Row]:
    """Number models and put them into `written`; yield the values of each as the driver takes them."""
    values = attrgetter(*(field.attname for field in fields))
    writers = [(place, write) for place, field in enumerate(fields) if (write := _writer(field))]
    alias = connection.alias
    for model, number in numbered:
        model.pk = number
        model._state.adding, model._state.db = False, alias  # noqa: SLF001 - as bulk_create leaves it
        written.append(model)
        row = list(values(model))
        for place, write in writers:
            row[place] = write(row[place])
        yield tuple(row)


def _writer(field: "Field[Any, Any]") -> Callable[[Any], Any] | None:
    """Return what makes a field's value one that the driver takes; None where it takes it as it is."""
    if isinstance(field, JSONField):
        encode = (field.encoder or json.JSONEncoder)().encode
        # Nothing is no JSON, as Django has it too.
        return (lambda value: None if value is None else encode(value)) if field.null else encode
    if isinstance(field, DateTimeField):
        # Rows that came together have one moment of that in common: it is made a text once.
        return lru_cache(maxsize=1)(connection.ops.adapt_datetimefield_value)
    return None
