"""Takes unsaved rows and writes them in large batches, several times faster than saving each through the ORM."""

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Self, TypeAlias

from django.db import connection, models, transaction

from sandbox import ledger
from sandbox.ids import new_id
from sandbox.models import BookEntry, Event, EventReference

# Each batch walks through every index once, so few large ones are much quicker than many small ones.
BATCH_EVENTS = 100_000
Convert: TypeAlias = Callable[[Any], Any]


class Table:
    """Rows of one model that wait to be written, already as the database takes them.

    Instances are taken apart at once: hundreds of thousands that wait would keep the garbage collector busy.
    """

    def __init__(self, model: type[models.Model], columns: tuple[str, ...] = ()) -> None:
        meta = model._meta  # noqa: SLF001 - Django's documented way to a model's columns
        all_fields = {field.name: field for field in meta.concrete_fields}
        # The database numbers what it can, unless the columns are named.
        numbered = {name for name, field in all_fields.items() if isinstance(field, models.AutoField)}
        fields = [all_fields[name] for name in columns or all_fields if columns or name not in numbered]
        quoted = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
        marks = ", ".join(["%s"] * len(fields))
        table = connection.ops.quote_name(meta.db_table)
        self._insert = f"INSERT INTO {table} ({quoted}) VALUES ({marks})"  # noqa: S608 - our own names
        self._values = attrgetter(*(field.attname for field in fields))
        self._converters = [(place, convert) for place, field in enumerate(fields) if (convert := _converter(field))]
        self.rows: list[tuple[Any, ...]] = []

    def add(self, row: models.Model) -> None:
        """An unsaved instance."""
        self.add_values(self._values(row))

    def add_values(self, values: Iterable[Any]) -> None:
        """One value a column; the quick way for tables whose rows are many and small."""
        row = list(values)
        for place, convert in self._converters:
            if row[place] is not None:
                row[place] = convert(row[place])
        self.rows.append(tuple(row))

    def write(self) -> None:
        """Inserts what waits, in order, inside the caller's transaction."""
        with connection.cursor() as cursor:
            cursor.executemany(self._insert, self.rows)
        self.rows = []


class Sink:
    """The tables of a history. `events` counts the ledger's lines that were taken so far."""

    def __init__(self, plain: Iterable[type[models.Model]]) -> None:
        # In this order, since rows may only name rows that are there.
        self._tables = {model: Table(model) for model in plain}
        self._ledger = Table(Event, tuple(field.name for field in Event._meta.concrete_fields))  # noqa: SLF001 - as above
        self._references = Table(EventReference, ("agent", "reference", "event"))
        self._book = Table(BookEntry, ("agent", "purse", "kind", "credits", "job", "reference", "created_at"))
        self.events = 0

    def __enter__(self) -> Self:
        """From here to the end, rows are taken to be consistent, as they are made so."""
        connection.disable_constraint_checking()
        if self._is_alone_on_sqlite():
            with connection.cursor() as cursor:
                # 256 MB, or pages of large indexes are read anew all the time; WAL stays whole without more flushing.
                cursor.execute("PRAGMA cache_size = -262144")
                cursor.execute("PRAGMA synchronous = NORMAL")
        return self

    def __exit__(self, *_error: object) -> None:
        """Back to the settings of this connection; what was not flushed is dropped."""
        connection.enable_constraint_checking()
        # SQLite's settings belong to the connection.
        if self._is_alone_on_sqlite():
            connection.close()

    def _is_alone_on_sqlite(self) -> bool:
        return connection.vendor == "sqlite" and not connection.in_atomic_block

    def add(self, *rows: models.Model) -> None:
        """Rows of the plain tables, in the order in which they happened."""
        for row in rows:
            self._tables[type(row)].add(row)

    def enter(self, *values: Any) -> None:  # noqa: ANN401 - one value a column
        """One entry of the book: agent, purse, kind, credits, job, reference, moment."""
        self._book.add_values(values)

    def tell(self, agent_id: str, events: Iterable[Event]) -> None:
        """The next lines of the ledger."""
        for event in events:
            # Until the batch is written a line is known by its place in it.
            event.id = place = len(self._ledger.rows)
            event.agent_id, event.event_id = agent_id, new_id("evt")
            self._ledger.add(event)
            self._references.rows += [(agent_id, reference, place) for reference in ledger.references_of(event)]
            self.events += 1
        if len(self._ledger.rows) >= BATCH_EVENTS:
            self.flush()

    def flush(self) -> None:
        """Writes everything that waits in one transaction."""
        with transaction.atomic():
            for table in self._tables.values():
                table.write()
            numbers = _next_numbers(len(self._ledger.rows))
            self._ledger.rows = [(numbers[place], *values) for place, *values in self._ledger.rows]
            # In the order of their index, which nearly every reference would otherwise reach at another page.
            self._references.rows = sorted(
                (agent, reference, numbers[place]) for agent, reference, place in self._references.rows
            )
            for table in (self._ledger, self._references, self._book):
                table.write()


def _converter(field: "models.Field[Any, Any]") -> Convert | None:
    """How the database wants the value; None where it takes it as it is."""
    if isinstance(field, models.JSONField):
        return json.dumps
    if isinstance(field, models.DateTimeField):
        # Many rows share one moment.
        return _Remembered(connection.ops.adapt_datetimefield_value)
    if isinstance(field, models.DateField):
        return connection.ops.adapt_datefield_value
    return None


class _Remembered(dict[Any, Any]):
    """The last answers of a function, by argument."""

    def __init__(self, convert: Convert) -> None:
        super().__init__()
        self._convert = convert

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - whatever the database adapter takes
        if value not in self:
            self.clear()
            self[value] = self._convert(value)
        return self[value]


def _next_numbers(count: int) -> range | list[int]:
    """Numbers for new lines of the ledger, nobody else's even while the sandbox is serving."""
    table = Event._meta.db_table  # noqa: SLF001 - as above
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            drawn = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(drawn, [table, count])
            return [number for (number,) in cursor.fetchall()]
        # The transaction holds SQLite's one write lock from its first statement on.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
    first = (row[0] if row else 0) + 1
    return range(first, first + count)
