"""Rows as files, line by line: nothing is held but the line being made.

A spreadsheet runs a cell that begins like a formula, and cells hold what agents and strangers wrote: such a text
gets an apostrophe in front, which spreadsheets show as text (OWASP, CSV injection). Whole numbers stay numbers, those
below zero too: columns of credits and cents can be summed. JSON Lines keep texts as they are.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from django.http import StreamingHttpResponse
from django.utils import timezone

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Made once: for every other wording than its own `json.dumps` makes an encoder a call.
_json_text = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
# How texts begin that may be a formula's: a look at one character for each of a row's cells.
_SUSPECT = frozenset(FORMULA_STARTS)
# So that spreadsheets read UTF-8 as such.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Line:
    """A file for csv.writer that keeps nothing: what is written is what `writerow` returns."""

    def write(self, text: str) -> str:
        return text


class JsonText(str):
    """JSON as the database keeps it: a cell as it stands, taken apart only for a file that is JSON itself."""

    __slots__ = ()


def cell_text(value: object) -> str:
    """Return a value as one harmless cell; None is empty, lists and mappings are JSON."""
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    text = value if isinstance(value, str) else _json_text(value)
    return f"'{text}" if text[:1] in _SUSPECT else text


def csv_lines(header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield a CSV file's lines, the header first (RFC 4180)."""
    # A class that returns what it was given makes `writerow` return the line: csv documents that it passes it on.
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([cell_text(row[name]) for name in header]))


def json_lines(header: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield one JSON object a line, in ASCII: no text can hold what some reader takes for a line's end."""
    for row in rows:
        told = ((name, row[name]) for name in header)
        yield json.dumps({name: json.loads(one) if type(one) is JsonText else one for name, one in told}) + "\n"


KINDS = {"csv": (csv_lines, "text/csv"), "jsonl": (json_lines, "application/x-ndjson")}
# Somebody may wait for the first.
FIRST_LINES, PIECE_LINES = 50, 500


class Piece(NamedTuple):
    """Part of a file, and how many rows end in it."""

    data: bytes
    rows: int


def file_pieces(kind: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[Piece]:
    """Yield rows as a file of a kind: FIRST_LINES lines, then PIECE_LINES at a time."""
    lines = KINDS[kind][0](columns, rows)
    if kind == "csv":
        yield Piece(next(lines).encode(), 0)
    size = FIRST_LINES
    while some := list(islice(lines, size)):
        yield Piece("".join(some).encode(), len(some))
        size = PIECE_LINES


def file_type(kind: str) -> str:
    """Return a kind's content type; every file of ours is UTF-8."""
    return f"{KINDS[kind][1]}; charset=utf-8"


def file_name(name: str, kind: str) -> str:
    """Return what a file is called that is made now."""
    return f"{name}-{timezone.now():%Y%m%dT%H%M%SZ}.{kind}"


def file_answer(
    name: str, kind: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> StreamingHttpResponse:
    """Answer with rows as a file of a kind, "csv" or "jsonl", called by `name` and the moment."""
    response = StreamingHttpResponse(KINDS[kind][0](columns, rows), content_type=file_type(kind))
    response["Content-Disposition"] = f'attachment; filename="{file_name(name, kind)}"'
    return response
