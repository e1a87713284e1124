"""Lists over all organizations, oldest first, a page at a time (ours, INF)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from sandbox.errors import invalid
from sandbox.models import Agent, Feedback, PaymentAttempt, Reversal
from sandbox.rules import pages

DEFAULT_LIMIT, MAX_LIMIT = 100, 500
Query = Mapping[str, str]
Filters = dict[str, Callable[[str], Q]]
M = TypeVar("M", bound=Model)
Created = TypeVar("Created", Agent, Feedback, PaymentAttempt, Reversal)


@dataclass(frozen=True)
class Page:
    """How many rows at most, and behind which cursor."""

    limit: int
    cursor: str


def read_page(query: Query) -> Page:
    """`limit` is clamped above 500. Raises INVALID_ARGUMENTS."""
    limit = pages.limit(query.get("limit"), default=DEFAULT_LIMIT, maximum=MAX_LIMIT)
    return Page(limit, query.get("cursor", ""))


def filtered(rows: QuerySet[M], query: Query, filters: Filters) -> QuerySet[M]:
    """Applies the filters that were given. Raises INVALID_ARGUMENTS for unknown ones: a typo must not widen a list."""
    for name in sorted(set(query) - {"limit", "cursor"}):
        if name not in filters:
            raise invalid("This list has no such filter.", accepted_values=sorted(filters))
        rows = rows.filter(filters[name](query[name]))
    return rows


def by_creation(rows: QuerySet[Created], page: Page) -> tuple[list[Created], dict[str, Any]]:
    """One page of rows, and the two fields that lead to the next."""
    after = pages.read_moment(page.cursor)
    if after is not None:
        at, key = after
        rows = rows.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=key))
    found = list(rows.order_by("created_at", "pk")[: page.limit + 1])
    shown = found[: page.limit]
    cursor = pages.moment_cursor(shown[-1].created_at, str(shown[-1].pk)) if shown else page.cursor
    return shown, ending(cursor, has_more=len(found) > len(shown))


def ending(cursor: str, *, has_more: bool) -> dict[str, Any]:
    """`next_cursor` leads on even from the last page, to what comes later; null only where nothing was ever there."""
    return {"next_cursor": cursor or None, "has_more": has_more}


def equal(path: str) -> Callable[[str], Q]:
    """Rows whose field is exactly this text."""
    return lambda text: Q(**{path: text})


def of_organization(path: str) -> Callable[[str], Q]:
    """Rows of this organization's agent; looked up first, since a join would go through the whole list."""

    def read(text: str) -> Q:
        return Q(**{path: Agent.objects.filter(organization_id=text).values_list("pk", flat=True).first() or ""})

    return read


def since(path: str) -> Callable[[str], Q]:
    """Rows from this time on."""
    return lambda text: Q(**{f"{path}__gte": pages.moment(text, "since")})


def until(path: str) -> Callable[[str], Q]:
    """Rows before this time."""
    return lambda text: Q(**{f"{path}__lt": pages.moment(text, "until")})


def present(path: str) -> Callable[[str], Q]:
    """`true`: rows that have it; `false`: rows that have not."""

    def read(text: str) -> Q:
        if text not in {"true", "false"}:
            raise invalid("This filter must be true or false.")
        return Q(**{f"{path}__isnull": text == "false"})

    return read
