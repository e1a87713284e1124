"""Reads one field of a JSON body: absent and null are the same, anything of another type is refused."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.errors import invalid

Body = Mapping[str, Any]
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_SLUG = re.compile(r"[a-z0-9._-]{1,64}")


def text(body: Body, name: str, *, limit: int = 200) -> str:
    """Trimmed text of at most `limit` characters, or ""."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise invalid(f"{name} must be text of at most {limit} characters.")
    return value.strip()


def required_text(body: Body, name: str, *, limit: int = 200) -> str:
    """As `text`, and not empty."""
    value = text(body, name, limit=limit)
    if not value:
        raise invalid(f"{name} is required.")
    return value


def flag(body: Body, name: str) -> bool:
    """True or false; false when absent."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return bool(value)


def whole(body: Body, name: str, *, low: int, high: int) -> int | None:
    """A whole number within bounds, both included."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(f"{name} must be a whole number from {low} to {high}.")
    return value


def amount(body: Body, name: str) -> Decimal | None:
    """Dollars, not negative."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise invalid(f"{name} must be a number of dollars, 0 or more.")
    return Decimal(value)


def key(body: Body) -> str:
    """The idempotency key, or "" when absent: up to 200 visible ASCII characters."""
    value = body.get("idempotency_key")
    if value is None:
        return ""
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise invalid("idempotency_key must be 1 to 200 visible ASCII characters.")
    return value


def slug(value: object) -> str | None:
    """The value where it is a plain word that may be shown again, else None. Free text stays unseen."""
    return value if isinstance(value, str) and _SLUG.fullmatch(value) else None
