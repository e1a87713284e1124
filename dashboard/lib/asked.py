"""What was asked of the database while something was made, so that it can be asked again: the same answers make the
same thing. While nothing at all was committed, they are the same without asking.

    with listening() as asked:
        page = view(request)
    ...
    asked.only_reads and asked.is_answered_alike()
"""

import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection, connections

from dashboard.lib.versions import version_seen

# One for each thread that gives pages is enough.
MOST_SEEN = 16


class Question(NamedTuple):
    """A statement with its parameters, and all rows that came in answer."""

    sql: str
    params: Any
    rows: list[tuple[Any, ...]]

    @property
    def values(self) -> list[Any]:
        return [*self.rows, tuple(self.params or ())]


class Asked:
    """The statements of one thing, in their order.

    `only_reads` is true as long as each was a SELECT that was read as rows: whatever else was asked cannot be asked
    again to see what it would do.
    """

    def __init__(self) -> None:
        self.only_reads = True
        self._questions: list[Question] = []
        # States of the database in which all are answered so, each seen before they were asked: what is committed
        # while they are makes another. Never changed in place: threads share it.
        self._seen: tuple[Hashable | None, ...] = (version_seen(),)

    @property
    def size(self) -> int:
        """About how many bytes the statements and their answers take."""
        rows = [row for one in self._questions for row in one.values]
        sqls = (one.sql for one in self._questions)
        return sum(map(sys.getsizeof, chain(sqls, rows, chain.from_iterable(rows))))

    def is_answered_alike(self) -> bool:
        """Tell whether the database gives the same answers now; what differs first ends the asking."""
        version = version_seen()
        if version and version in self._seen:
            return True
        with connection.cursor() as cursor:
            for sql, params, rows in self._questions:
                cursor.execute(sql, params)
                if cursor.fetchall() != rows:
                    return False
        self._seen = (version, *self._seen[: MOST_SEEN - 1])
        return True

    def note(self, sql: str, params: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - as the driver takes it
        """Return where the rows of this statement belong."""
        # PostgreSQL's halves of a union stand in brackets.
        if not sql.lstrip("(").startswith("SELECT") or " FOR UPDATE" in sql:
            self.only_reads = False
        question = Question(sql, params, [])
        self._questions.append(question)
        return question.rows


@contextmanager
def listening() -> Iterator[Asked]:
    """Note what this thread asks of the database inside; a transaction that begins is more than reading."""
    here, asked = connections[connection.alias], Asked()

    def cursor_of(make: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*args: Any, **kwargs: Any) -> _Heard:  # noqa: ANN401 - as the driver takes it
            made = make(*args, **kwargs)
            # One kind of cursor may be made of the other.
            return made if isinstance(made, _Heard) and made.asked is asked else _Heard(made, asked)

        return heard

    def set_autocommit(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Django calls it
        asked.only_reads = False
        own["set_autocommit"](*args, **kwargs)

    own = {name: getattr(here, name) for name in ("cursor", "chunked_cursor", "set_autocommit")}
    before = {name: vars(here)[name] for name in own if name in vars(here)}
    vars(here).update(
        cursor=cursor_of(own["cursor"]),
        chunked_cursor=cursor_of(own["chunked_cursor"]),
        set_autocommit=set_autocommit,
    )
    try:
        yield asked
    finally:
        for name in own:
            del vars(here)[name]
        vars(here).update(before)


class _Heard:
    """A cursor whose statements and rows are noted as they pass."""

    # What tells nothing of the database's content, and changes none.
    HARMLESS = frozenset({"close", "description", "itersize", "arraysize", "scrollable"})

    def __init__(self, cursor: Any, asked: Asked) -> None:  # noqa: ANN401 - of any driver
        self._cursor, self.asked = cursor, asked
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> "_Heard":
        self._cursor.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._cursor.__exit__(*error)

    def execute(self, sql: str, params: Any = None) -> object:  # noqa: ANN401 - as the driver takes it
        self._rows = self.asked.note(sql, params)
        return self._cursor.execute(sql, params)

    def fetchone(self) -> Any:  # noqa: ANN401 - as the driver gives it
        row = self._cursor.fetchone()
        if row is not None:
            self._rows.append(row)
        return row

    def fetchmany(self, *size: int) -> Any:  # noqa: ANN401 - as the driver gives it
        rows = self._cursor.fetchmany(*size)
        self._rows += rows
        return rows

    def fetchall(self) -> Any:  # noqa: ANN401 - as the driver gives it
        rows = self._cursor.fetchall()
        self._rows += rows
        return rows

    def __iter__(self) -> Iterator[Any]:
        for row in self._cursor:
            self._rows.append(row)
            yield row

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a cursor has
        if name not in self.HARMLESS:
            self.asked.only_reads = False
        return getattr(self._cursor, name)
