"""What the database writes of an event as text is, in the file, what the event says."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dashboard.activity.export import COLUMNS, export_rows
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.lib.export import BYTE_ORDER_MARK, csv_lines, json_lines

pytestmark = pytest.mark.django_db
Tell = Callable[..., Event]
MOMENTS = (
    datetime(2, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, 0, 300, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(9998, 12, 31, 23, 59, 59, 120_000, tzinfo=UTC),
)
LINKS = {"job_id": "job_ü\n\"1'", "asset_ids": ["=1+1", "a,b"]}


def csv_rows() -> list[dict[str, str]]:
    lines = csv_lines(COLUMNS, export_rows(Event.objects.all()))
    return list(csv.DictReader(io.StringIO("".join(lines).removeprefix(BYTE_ORDER_MARK), newline="")))


def jsonl_rows() -> list[dict[str, object]]:
    return [json.loads(line) for line in json_lines(COLUMNS, export_rows(Event.objects.all()))]


@pytest.fixture
def claim(link: Callable[..., Claim]) -> Claim:
    return link("@render\nbot")


def test_moments_are_written_in_one_way_whenever_they_were(claim: Claim, tell: Tell) -> None:
    for moment in MOMENTS:
        tell(claim, "job.completed", occurred_at=moment.isoformat())
    wanted = [moment.isoformat() for moment in sorted(MOMENTS, reverse=True)]
    assert [row["at"] for row in csv_rows()] == wanted
    assert [row["at"] for row in jsonl_rows()] == wanted


def test_links_are_json_in_a_cell_and_an_object_in_json_lines(claim: Claim, tell: Tell) -> None:
    tell(claim, "job.completed", links=LINKS)
    assert json.loads(csv_rows()[0]["links"]) == LINKS
    assert jsonl_rows()[0]["links"] == LINKS


def test_formula_is_guarded_in_cells_and_left_alone_in_json_lines(claim: Claim, tell: Tell) -> None:
    tell(claim, "job.completed", summary="=cmd|' /C calc'!A0", credits_delta=-5)
    (cells,), (values,) = csv_rows(), jsonl_rows()
    assert (cells["summary"], cells["agent"], cells["credits"]) == ("'=cmd|' /C calc'!A0", "'@render bot", "-5")
    assert (values["summary"], values["agent"], values["credits"]) == ("=cmd|' /C calc'!A0", "@render bot", -5)
