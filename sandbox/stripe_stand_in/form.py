"""Stripe's form encoding: `line_items[0][price_data][currency]=usd` to nested dicts and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe_stand_in.errors import StripeFailure, required, wrong

Params = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_]+(\[[A-Za-z0-9_]*\])*")
_MAX_FIELDS, _MAX_DEPTH = 500, 8


def decode(encoded: str) -> Params:
    """Nested parameters; every leaf is text. Raises StripeFailure for what has no meaning."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise StripeFailure("The form could not be read.") from error
    root: Params = {}
    for name, value in pairs:
        if not _NAME.fullmatch(name) or name.count("[") > _MAX_DEPTH or "\0" in value:
            raise StripeFailure("A field has a name or value that cannot be read.")
        _put(root, [part.rstrip("]") for part in name.split("[")], value)
    return {name: _listed(value) for name, value in root.items()}


def _put(node: Params, path: list[str], value: str) -> None:
    *parents, last = path
    for part in parents:
        node = node.setdefault(part or str(len(node)), {})
        if not isinstance(node, dict):
            raise StripeFailure("A field is both a value and a group.")
    node[last or str(len(node))] = value


def _listed(value: object) -> object:
    """A group whose names are 0, 1, 2 ... is a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    is_list = inner and all(name.isdigit() for name in inner)
    return [inner[name] for name in sorted(inner, key=int)] if is_list else inner


def group(params: Params, name: str) -> Params:
    """A nested group, empty when absent."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise wrong(name, f"Invalid object: {name}")
    return value


def text(params: Params, name: str, default: str = "", *, most: int = 5_000) -> str:
    """Text of at most so many characters."""
    value = params.get(name, default)
    if not isinstance(value, str) or len(value) > most:
        raise wrong(name, f"Invalid string: {name}")
    return value


def required_text(params: Params, name: str) -> str:
    """As `text`, and not empty."""
    value = text(params, name)
    if not value:
        raise required(name)
    return value


def whole(params: Params, name: str, *, low: int = 0, high: int = 99_999_999) -> int | None:
    """A whole number within bounds, or None when absent."""
    if name not in params:
        return None
    value = params[name]
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}", value) or not low <= int(value) <= high:
        raise wrong(name, f"Invalid integer: {name}")
    return int(value)


def metadata(params: Params) -> dict[str, str]:
    """Up to 50 pairs of text (names to 40, values to 500 characters)."""
    pairs = group(params, "metadata")
    if len(pairs) > 50 or any(not isinstance(v, str) or len(k) > 40 or len(v) > 500 for k, v in pairs.items()):
        raise wrong("metadata", "Invalid metadata")
    return dict(pairs)
