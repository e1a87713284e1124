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
    """Rows of one page and the cursors of its neighbours (None: there is none)."""

    rows: list[Row]
    newer: str | None
    older: str | None


def page_get(rows: QuerySet[Row], *, by: str, cursor: str, size: int) -> Page[Row]:
    """Return a page of `rows`, newest first by (`by`, id), both descending.

    `cursor` comes from a page before; one that does not parse opens the first page, for links get cut and mangled.
    """
    place = _parse(cursor)
    if place is None:
        found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
        return Page(found[:size], None, _cursor("o", found[size - 1], by) if len(found) > size else None)
    direction, at, pk = place
    if direction == "o":
        older = rows.filter(Q(**{f"{by}__lte": at}) & (Q(**{f"{by}__lt": at}) | Q(pk__lt=pk)))
        found = list(older.order_by(f"-{by}", "-pk")[: size + 1])
        here = found[:size]
        return Page(
            here,
            _cursor("n", here[0], by) if here else None,
            _cursor("o", here[-1], by) if len(found) > size else None,
        )
    newer = rows.filter(Q(**{f"{by}__gte": at}) & (Q(**{f"{by}__gt": at}) | Q(pk__gt=pk)))
    found = list(newer.order_by(by, "pk")[: size + 1])
    if len(found) <= size:
        return page_get(rows, by=by, cursor="", size=size)
    here = found[:size][::-1]
    return Page(here, _cursor("n", here[0], by), _cursor("o", here[-1], by))


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
