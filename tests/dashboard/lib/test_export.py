"""Exported rows hold what was there, run no formula in a spreadsheet, and are made line by line."""

import csv
import io
import json
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lib.export import (
    BYTE_ORDER_MARK,
    FIRST_LINES,
    FORMULA_STARTS,
    cell_text,
    csv_lines,
    file_pieces,
    json_lines,
)

HEADER = ("what", "more")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = TEXTS | st.none() | st.integers() | st.lists(TEXTS) | st.dictionaries(TEXTS, TEXTS | st.booleans())
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "what": VALUES,
            "more": st.sampled_from(FORMULA_STARTS).flatmap(lambda start: TEXTS.map(lambda text: start + text)),
        }
    )
)


def read(lines: Iterator[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines).removeprefix(BYTE_ORDER_MARK), newline="")))


@given(ROWS)
def test_no_cell_begins_like_a_formula_and_every_row_is_there(rows: list[dict[str, object]]) -> None:
    header, *found = read(csv_lines(HEADER, rows))
    assert header == list(HEADER)
    assert found == [[cell_text(row["what"]), cell_text(row["more"])] for row in rows]
    texts = [cell for cells in found for cell in cells if not cell.removeprefix("-").isdecimal()]
    assert not any(cell.startswith(FORMULA_STARTS) for cell in texts)
    assert [cells[1] for cells in found] == [f"'{row['more']}" for row in rows]


@given(ROWS)
def test_json_lines_give_every_value_back(rows: list[dict[str, object]]) -> None:
    lines = "".join(json_lines(HEADER, rows))
    assert [json.loads(line) for line in lines.splitlines()] == rows


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formula_is_shown_as_text(start: str) -> None:
    assert cell_text(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_whole_number_below_zero_stays_one_that_can_be_summed() -> None:
    assert cell_text(-3) == "-3"
    assert cell_text("-3") == "'-3"


@pytest.mark.parametrize("write", [csv_lines, json_lines])
def test_lines_are_made_one_by_one(write: object) -> None:
    asked: list[int] = []

    def rows() -> Iterator[dict[str, object]]:
        for number in range(1_000_000):
            asked.append(number)
            yield {"what": number, "more": ""}

    assert len(list(islice(write(HEADER, rows()), 3))) == 3  # type: ignore[operator]
    assert len(asked) <= 3


def test_first_rows_of_a_file_do_not_wait_for_many_others() -> None:
    rows = [{"what": number, "more": ""} for number in range(2_000)]
    head, first, *others = file_pieces("csv", HEADER, rows)
    assert (head.rows, first.rows) == (0, FIRST_LINES)
    assert FIRST_LINES + sum(piece.rows for piece in others) == len(rows)
    assert len(b"".join([head.data, first.data, *(piece.data for piece in others)]).splitlines()) == len(rows) + 1
