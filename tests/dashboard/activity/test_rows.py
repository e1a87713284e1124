"""Rows written into the drawing of their kind are the rows that the template draws."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dashboard.activity.rows import Shown, _drawing, _drawn, row_kept
from dashboard.activity.selectors import EventLine
from dashboard.lib.glossary import GLOSSARY
from dashboard.lib.kept import SHELF, Kept

TYPES = st.sampled_from([*GLOSSARY["event_type"], "job.dreamt", "<b>"])
TEXTS = st.one_of(st.text(max_size=40), st.sampled_from(["", " ", "<script>", "\\1", "{0} %s", "&amp;", "blank_"]))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware
EVENTS = st.builds(
    EventLine,
    pk=st.integers(1, 2**63 - 1),
    occurred_at=MOMENTS,
    remote_id=st.just("event_1"),
    type=TYPES,
    status=st.sampled_from(["", "completed", "failed", "planned", "odd"]),
    summary=TEXTS,
    subject_id=st.sampled_from(["", "job_1", "image_1"]),
    job_id=st.sampled_from(["", "job_1"]),
    capability_id=st.sampled_from(["", "image.generate"]),
    trace_id=st.sampled_from(["", "trace_1"]),
    credits_delta=st.none() | st.integers(-5_000, 5_000),
    agent_id=st.integers(1, 9),
    agent__remote_id=st.from_regex(r"\A[a-z]{1,9}_[A-Za-z0-9._-]{1,40}\Z"),
    agent__name=TEXTS,
    is_linked=st.booleans(),
)
SHOWN = st.builds(
    Shown,
    event=EVENTS,
    zone=st.just("UTC"),
    with_agent=st.booleans(),
    workspace_key=st.sampled_from(["acme", "w2", None]),
    depth=st.integers(0, 3),
    is_here=st.booleans(),
)


def said(row: Kept) -> str:
    return row.said_at(datetime(2026, 6, 1, tzinfo=UTC))


@given(SHOWN, EVENTS)
def test_any_event_is_written_as_the_template_draws_it(shown: Shown, other: EventLine) -> None:
    event = shown.event
    # Another of its kind, from whose drawing it could have anything that is not its own.
    alike = other._replace(
        type=event.type, status=event.status, credits_delta=event.credits_delta, is_linked=event.is_linked
    )
    row_kept(shown._replace(event=alike))
    assert said(row_kept(shown)) == said(Kept(_drawn(shown)))


@pytest.fixture
def event() -> EventLine:
    told: dict[str, Any] = dict.fromkeys(EventLine._fields, "")
    told |= {"pk": 7, "occurred_at": datetime(2026, 5, 1, tzinfo=UTC), "type": "asset.created", "summary": "A lake"}
    told |= {"agent__remote_id": "agent_1", "agent__name": "Painter", "is_linked": True, "credits_delta": None}
    return EventLine(**told)


def test_events_of_one_kind_share_a_drawing_and_nothing_else(event: EventLine) -> None:
    SHELF.clear()
    _drawing.cache_clear()
    second = event._replace(pk=8, summary="A hill", agent__remote_id="agent_2", agent__name="Poet")
    rows = [said(row_kept(Shown(one, "UTC", True, "acme"))) for one in (event, second)]
    assert _drawing.cache_info().misses == 1
    assert ["A lake" in row for row in rows] == [True, False]
    assert [re.findall(r'href="([^"#]+)"', row)[:2] for row in rows] == [
        ["/w/acme/activity/7/", "/w/acme/agents/agent_1/"],
        ["/w/acme/activity/8/", "/w/acme/agents/agent_2/"],
    ]


def test_row_is_of_the_viewers_zone(event: EventLine) -> None:
    titles = []
    for zone in ("UTC", "Asia/Kathmandu"):
        with timezone.override(zone):
            titles += re.findall(r'title="([^"]*2026[^"]*)"', said(row_kept(Shown(event, zone, True, "acme"))))
    assert titles == ["1 May 2026, 00:00:00 UTC", "1 May 2026, 05:45:00 +0545"]
