"""Keyset pages: walking them forth and back meets every row once, whatever the moments and ids."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.lib.history import history_open
from dashboard.lib.paging import cursor_above, page_get
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


def fill(workspace: Workspace, minutes: list[int]) -> None:
    with history_open(by="test"):
        Event.objects.all().delete()
    agent, _ = Agent.objects.get_or_create(remote_id="agt_1", organization_id="org_1")
    Event.objects.bulk_create(
        Event(
            agent=agent,
            workspace=workspace,
            remote_id=f"evt_{number}",
            type="job.planned",
            occurred_at=EPOCH + timedelta(minutes=minute),
            synced_at=EPOCH,
        )
        for number, minute in enumerate(minutes)
    )


@settings(WITH_FIXTURES, max_examples=40)
@given(minutes=st.lists(st.integers(0, 3), max_size=30), size=st.integers(1, 7))
def test_walking_older_then_newer_meets_every_row_once(workspace: Workspace, minutes: list[int], size: int) -> None:
    fill(workspace, minutes)
    everything = list(Event.objects.order_by("-occurred_at", "-pk"))
    pages = [page_get(Event.objects.all(), by="occurred_at", cursor="", size=size)]
    while pages[-1].older:
        pages.append(page_get(Event.objects.all(), by="occurred_at", cursor=pages[-1].older, size=size))
    assert [row for page in pages for row in page.rows] == everything
    back = pages[-1]
    seen = list(back.rows)
    while back.newer:
        back = page_get(Event.objects.all(), by="occurred_at", cursor=back.newer, size=size)
        seen = [row for row in back.rows if row not in seen] + seen
    assert seen == everything


def test_rows_that_arrive_do_not_shift_the_next_page(workspace: Workspace) -> None:
    fill(workspace, list(range(6)))
    first = page_get(Event.objects.all(), by="occurred_at", cursor="", size=3)
    Event.objects.create(
        agent=Agent.objects.get(),
        workspace=workspace,
        remote_id="evt_new",
        type="job.planned",
        occurred_at=EPOCH + timedelta(hours=1),
        synced_at=EPOCH,
    )
    second = page_get(Event.objects.all(), by="occurred_at", cursor=first.older or "", size=3)
    assert [row.remote_id for row in second.rows] == ["evt_2", "evt_1", "evt_0"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "W10",
        "bnVsbA",
        "WyJvIiwgIjIwMjYiLCAxXQ",
        "WyJvIiwgIjIwMjYtMDYtMDFUMDA6MDA6MDArMDA6MDAiLCAiMSJd",
        "WyJvIiwgIjIwMjYtMDYtMDFUMDA6MDA6MDArMDA6MDAiLCA5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
        # A list where the direction stands.
        "W1sibyJdLCAiMjAyNi0wNi0wMVQwMDowMDowMCswMDowMCIsIDFd",
        # The calendar's ends, which lie outside it in UTC.
        "WyJvIiwgIjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAiLCAxXQ",
        "WyJvIiwgIjk5OTktMTItMzFUMjM6NTk6NTktMTI6MDAiLCAxXQ",
        "ü",
        "[" * 5000,
    ],
)
def test_mangled_cursor_opens_the_first_page(workspace: Workspace, cursor: str) -> None:
    fill(workspace, [1, 2])
    assert len(page_get(Event.objects.all(), by="occurred_at", cursor=cursor, size=5).rows) == 2


@settings(WITH_FIXTURES, max_examples=40)
@given(minutes=st.lists(st.integers(0, 3), min_size=1, max_size=30), size=st.integers(1, 7), data=st.data())
def test_what_stands_above_a_row_comes_once_and_with_nothing_else(
    workspace: Workspace, minutes: list[int], size: int, data: st.DataObject
) -> None:
    fill(workspace, minutes)
    everything = list(Event.objects.order_by("-occurred_at", "-pk"))
    place = data.draw(st.integers(0, len(everything) - 1))
    risen = [everything[place]]
    while True:
        above = cursor_above(risen[0], "occurred_at")
        page = page_get(Event.objects.all(), by="occurred_at", cursor=above, size=size)
        assert page.older or not page.rows
        risen = page.rows + risen
        if page.newer is None:
            break
    assert risen == everything[: place + 1]
