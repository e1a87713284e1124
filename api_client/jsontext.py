"""Reading JSON that somebody else wrote, without a crash and without a float."""

import json
import re
from decimal import Decimal
from typing import NoReturn

MAX_DEPTH = 64

# Escapes that PostgreSQL and UTF-8 encoders refuse: NUL and surrogates. Searched in the text, so that a page
# without them (nearly every page) is not walked.
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(body: bytes) -> object:
    """The JSON value in the body. Numbers with a point or an exponent become Decimal, never float.

    NUL characters and lone surrogates become U+FFFD. Raises ValueError for anything that is not strict UTF-8 JSON:
    NaN and Infinity, integers beyond Python's digit limit, exponents beyond Decimal's, more than 64 levels.
    """
    text = body.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("too deep") from None
    except ArithmeticError:
        raise ValueError("a number out of range") from None
    if is_deeper_than(value, MAX_DEPTH):
        raise ValueError("too deep")
    return _storable(value) if _UNSTORABLE_ESCAPE.search(text) else value


def is_deeper_than(value: object, levels: int) -> bool:
    """Whether containers nest deeper than that; level by level, since recursion is what a deep value attacks."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [child for parent in layer for child in _containers_of(parent)]
        if not layer:
            return False
    return True


def _containers_of(value: object) -> list[object]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in children if isinstance(child, dict | list)]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _storable(value: object) -> object:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", name): _storable(item) for name, item in value.items()}
    return value
