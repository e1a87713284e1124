"""Rows as files, line by line: nothing is held but the line being made.

A spreadsheet runs a cell that begins like a formula, and cells hold what agents and strangers wrote: such a text
gets an apostrophe in front, which spreadsheets show as text (OWASP, CSV injection). Whole numbers stay numbers, those
below zero too: columns of credits and cents can be summed. JSON Lines keep texts as they are.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.http import StreamingHttpResponse
from django.utils import timezone

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# So that spreadsheets read UTF-8 as such.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class _Line:
    """A file for csv.writer that keeps nothing: what is written is what `writerow` returns."""

    def write(self, text: str) -> str:
        return text


def cell_text(value: object) -> str:
    """Return a value as one harmless cell; None is empty, lists and mappings are JSON."""
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


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
        yield json.dumps({name: row[name] for name in header}) + "\n"


KINDS = {"csv": (csv_lines, "text/csv"), "jsonl": (json_lines, "application/x-ndjson")}


def file_answer(
    name: str, kind: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> StreamingHttpResponse:
    """Answer with rows as a file of a kind, "csv" or "jsonl", called by `name` and the moment."""
    lines, content_type = KINDS[kind]
    response = StreamingHttpResponse(lines(columns, rows), content_type=f"{content_type}; charset=utf-8")
    file_name = f"{name}-{timezone.now():%Y%m%dT%H%M%SZ}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
