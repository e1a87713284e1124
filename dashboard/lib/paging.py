"""Keyset paging: a page costs the same at row 10 and at row 10 million, and rows that arrive do not shift it."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page and the cursors of the pages before and after it (None: there is none)."""

    rows: list[Row]
    newer: str | None
    older: str | None


def page_get(rows: QuerySet[Row], *, by: str, cursor: str, size: int, oldest_first: bool = False) -> Page[Row]:
    """Return a page of `rows`, newest first by (`by`, id), both descending; or the other way round, `oldest_first`.

    `cursor` comes from a page before; one that does not parse opens the first page, for links get cut and mangled.
    With `oldest_first` the page's `newer` still leads towards the first page and `older` onwards.
    """
    place = _parse(cursor)
    if place is None:
        found = list(rows.order_by(*_order(by, is_rising=oldest_first))[: size + 1])
        return Page(found[:size], None, _cursor("o", found[size - 1], by) if len(found) > size else None)
    direction, at, pk = place
    if direction == "o":
        found = list(_beyond(rows, by, at, pk, is_rising=oldest_first)[: size + 1])
        here = found[:size]
        return Page(
            here,
            _cursor("n", here[0], by) if here else None,
            _cursor("o", here[-1], by) if len(found) > size else None,
        )
    found = list(_beyond(rows, by, at, pk, is_rising=not oldest_first)[: size + 1])
    if len(found) <= size:
        return page_get(rows, by=by, cursor="", size=size, oldest_first=oldest_first)
    here = found[:size][::-1]
    return Page(here, _cursor("n", here[0], by), _cursor("o", here[-1], by))


def _order(by: str, *, is_rising: bool) -> tuple[str, str]:
    return (by, "pk") if is_rising else (f"-{by}", "-pk")


def _beyond(rows: QuerySet[Row], by: str, at: datetime, pk: int, *, is_rising: bool) -> QuerySet[Row]:
    """Return the rows past a place, nearest first."""
    past = "gt" if is_rising else "lt"
    reached = Q(**{f"{by}__{past}e": at}) & (Q(**{f"{by}__{past}": at}) | Q(**{f"pk__{past}": pk}))
    return rows.filter(reached).order_by(*_order(by, is_rising=is_rising))


def _cursor(direction: str, row: Model, by: str) -> str:
    place = json.dumps([direction, getattr(row, by).isoformat(), row.pk])
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
    is_sound = direction in ("o", "n") and is_zoned and type(pk) is int and 0 <= pk < 2**63
    return (direction, moment, pk) if is_sound else None
