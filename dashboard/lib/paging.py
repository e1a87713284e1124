"""Keyset paging: a page costs the same at row 10 and at row 10 million, and rows that arrive do not shift it."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet

from dashboard.lib.dates import LATEST

FIRST_BATCH = 100
# A model, or a named row of values that has its `pk` and what it is ordered by.
Row = TypeVar("Row")
# A named tuple whose fields are columns, `pk` among them, in the spelling of Django's lookups.
Line = TypeVar("Line", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page and the cursors of the pages before and after it (None: there is none)."""

    rows: list[Row]
    newer: str | None
    older: str | None


def page_get(
    rows: QuerySet[Any, Row],
    *,
    by: str,
    cursor: str,
    size: int,
    oldest_first: bool = False,
    branches: Sequence[Q] = (),
) -> Page[Row]:
    """Return a page of `rows`, newest first by (`by`, id), both descending; or the other way round, `oldest_first`.

    `cursor` comes from a page before; one that does not parse opens the first page, for links get cut and mangled.
    Where less than a page is newer than a row the first page is given whole, but to a cursor of `cursor_above`.
    With `oldest_first` the page's `newer` still leads towards the first page and `older` onwards.
    With `branches` the page is of the rows of any of them, each read off its own index: no index gives several values
    of a column in the order of another, and sorting all of them grows with the table.
    """
    place = _parse(cursor)
    if place is None:
        return page_first(_read(rows.order_by(*_order(by, is_rising=oldest_first)), size + 1, branches), by, size)
    direction, at, pk = place
    if direction == "o":
        return _page_on(_read(_beyond(rows, by, at, pk, is_rising=oldest_first), size + 1, branches), by, size)
    found = _read(_beyond(rows, by, at, pk, is_rising=not oldest_first), size + 1, branches)
    if len(found) <= size and direction == "n":
        return page_get(rows, by=by, cursor="", size=size, oldest_first=oldest_first, branches=branches)
    here = found[:size][::-1]
    newer = cursor_to("n", here[0], by) if len(found) > size else None
    return Page(here, newer, cursor_to("o", here[-1], by) if here else None)


def page_first(found: list[Row], by: str, size: int) -> Page[Row]:
    """Return the first page, of its rows and the one after them, if there is one."""
    return Page(found[:size], None, cursor_to("o", found[size - 1], by) if len(found) > size else None)


def page_onwards(cursor: str, read: Callable[[datetime, int], list[Row]], *, by: str, size: int) -> Page[Row] | None:
    """Return the first page, or one further on, as `read` finds it; None where the cursor leads back.

    `read` returns the first `size` + 1 rows beyond a moment and an id, for queries that are put together once: those of
    `rows_beyond`.
    """
    place = _parse(cursor)
    if place is None:
        return page_first(read(LATEST, 2**63 - 1), by, size)
    direction, at, pk = place
    return _page_on(read(at, pk), by, size) if direction == "o" else None


def _page_on(found: list[Row], by: str, size: int) -> Page[Row]:
    here = found[:size]
    newer = cursor_to("n", here[0], by) if here else None
    return Page(here, newer, cursor_to("o", here[-1], by) if len(found) > size else None)


def rows_beyond(rows: QuerySet[Any, Row], *, by: str, at: datetime, pk: int) -> QuerySet[Any, Row]:
    """Return the rows older than a place, newest first."""
    return _beyond(rows, by, at, pk, is_rising=False)


def page_of_lines(rows: QuerySet[Any, Any], kind: type[Line], *, by: str, cursor: str, size: int) -> Page[Line]:
    """Return a page as `page_get` does, of plain values: making models of fifty rows costs more than their SQL."""
    page = page_get(rows.values_list(*_columns(kind), named=True), by=by, cursor=cursor, size=size)
    return Page([kind._make(row) for row in page.rows], page.newer, page.older)  # type: ignore[attr-defined]


def _columns(kind: type[Line]) -> tuple[str, ...]:
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    return names


def _order(by: str, *, is_rising: bool) -> tuple[str, str]:
    return (by, "pk") if is_rising else (f"-{by}", "-pk")


def _read(ordered: QuerySet[Any, Row], size: int, branches: Sequence[Q]) -> list[Row]:
    if branches:
        model = ordered.model._default_manager  # noqa: SLF001 - Django's documented way to a model's manager
        heads = [ordered.filter(branch).values("pk")[:size] for branch in branches]
        # Each head stands in a query of its own: SQLite takes no LIMIT inside a union.
        first, *others = [model.filter(pk__in=head).values("pk") for head in heads]
        ordered = ordered.filter(pk__in=first.union(*others, all=True))
    return list(ordered[:size])


def _beyond(rows: QuerySet[Any, Row], by: str, at: datetime, pk: int, *, is_rising: bool) -> QuerySet[Any, Row]:
    """Return the rows past a place, nearest first."""
    past = "gt" if is_rising else "lt"
    reached = Q(**{f"{by}__{past}e": at}) & (Q(**{f"{by}__{past}": at}) | Q(**{f"pk__{past}": pk}))
    return rows.filter(reached).order_by(*_order(by, is_rising=is_rising))


def rows_stream(
    rows: QuerySet[Any, Row], *, by: str, batch: int, place: Callable[[Row], tuple[datetime, int]] | None = None
) -> Iterator[Row]:
    """Yield rows, newest first, in batches: no cursor stays open and memory does not grow with their number.

    The first batch is small, for somebody may wait for its first row. `place` tells the moment and the id of a row that
    has no attributes of these names.
    """
    place = place or attrgetter(by, "pk")
    at, pk, size = LATEST, 2**63 - 1, min(batch, FIRST_BATCH)
    while found := list(rows_beyond(rows, by=by, at=at, pk=pk)[:size]):
        yield from found
        if len(found) < size:
            return
        (at, pk), size = place(found[-1]), batch


def cursor_to(direction: str, row: Any, by: str) -> str:  # noqa: ANN401 - a model or a named row
    """Return the cursor of the page next to a row: "o" holds what is older than it, "n" what is newer."""
    return _cursor(direction, getattr(row, by), row.pk)


def cursor_above(row: Any, by: str) -> str:  # noqa: ANN401 - a model or a named row
    """Return the cursor of what is newer than a row and of nothing else, to be put above a page that begins with it."""
    return cursor_to("a", row, by)


def cursor_from(row: Any, by: str) -> str:  # noqa: ANN401 - a model or a named row
    """Return the cursor of the page that begins with a row, whatever comes to stand above it."""
    return _cursor("o", getattr(row, by), row.pk + 1)


def cursor_before(moment: datetime) -> str:
    """Return the cursor of the page that begins with the last row before a moment."""
    return _cursor("o", moment, 0)


def _cursor(direction: str, at: datetime, pk: int) -> str:
    place = json.dumps([direction, at.isoformat(), pk])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _parse(cursor: str) -> tuple[str, datetime, int] | None:
    try:
        place: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        direction, at, pk = place
        moment = datetime.fromisoformat(at)
        is_zoned = moment.tzinfo is not None
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError):
        return None
    is_sound = direction in ("o", "n", "a") and is_zoned and type(pk) is int and 0 <= pk < 2**63
    return (direction, moment, pk) if is_sound else None
