"""Counts, months and arrivals agree with the raw rows over random histories, in every zone, however late rows come."""

import zoneinfo
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.activity.arrivals import MOST_ARRIVALS, arrival_count, newest_known
from dashboard.activity.counts import ledger_count
from dashboard.activity.filter import COUNT_LIMIT, EventFilter, event_find, event_list
from dashboard.activity.models import Event
from dashboard.activity.months import month_list
from dashboard.activity.selectors import event_page
from dashboard.agents.models import Claim
from tests.dashboard.web.pages import words
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
Link = Callable[..., Claim]
Tell = Callable[..., Event]
# Zones ahead, behind, off by half and by three quarters of an hour, and one whose clocks change in these months.
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu")
SPAN = int(timedelta(days=75).total_seconds())
FIRST = datetime(2026, 2, 20, tzinfo=UTC)
# Few seconds and many, so that moments are equal and batches end among equals.
MOMENTS = st.lists(st.sampled_from([0, 1, 1, 900]) | st.integers(0, SPAN), max_size=30)
DAYS = st.none() | st.dates(date(2026, 2, 18), date(2026, 5, 8))
PLAYED = settings(WITH_FIXTURES, max_examples=40)


def tell_all(claim: Claim, seconds: list[int], *, begin: int = 0) -> None:
    lines = [
        {"event_id": f"evt_{begin + number}", "type": "job.planned", "occurred_at": FIRST + timedelta(seconds=second)}
        for number, second in enumerate(seconds)
    ]
    events_apply(claim=claim, records=[ActivityEvent.model_validate(one) for one in lines], at=timezone.now())


def midnight(day: date | None, zone: zoneinfo.ZoneInfo) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=zone)


@given(seconds=MOMENTS, late=MOMENTS, zone=st.sampled_from(ZONES), since=DAYS, until=DAYS, of_agent=st.booleans())
@PLAYED
def test_count_of_any_days_is_that_of_the_rows(
    link: Link, seconds: list[int], late: list[int], zone: str, since: date | None, until: date | None, of_agent: bool
) -> None:
    claim, other, here = link(), link(), zoneinfo.ZoneInfo(zone)
    tell_all(claim, seconds)
    tell_all(other, late)
    agent = claim.agent.remote_id if of_agent else ""
    wanted = EventFilter(agent=agent, since=midnight(since, here), until=midnight(until, here))
    # The histories of earlier examples lie in the same workspace: all the better.
    found = event_find(claim.workspace, wanted)
    count = ledger_count(claim.workspace, wanted, found)
    assert (count.number, count.is_more) == (found.events.count(), False)


@given(seconds=MOMENTS, zone=st.sampled_from(ZONES))
@PLAYED
def test_months_are_those_of_the_zone_and_each_is_where_its_page_begins(
    link: Link, seconds: list[int], zone: str
) -> None:
    claim, here = link(), zoneinfo.ZoneInfo(zone)
    tell_all(claim, seconds)
    rows = Event.objects.filter(workspace=claim.workspace).order_by("-occurred_at", "-pk")
    local = [row.occurred_at.astimezone(here).date().replace(day=1) for row in rows]
    with timezone.override(here):
        months = month_list(claim.workspace)
    assert {month.first: month.events for month in months} == Counter(local)
    assert [month.first for month in months] == sorted(set(local), reverse=True)
    for month in months:
        page = event_page(event_list(claim.workspace, EventFilter()), cursor=month.cursor, size=3)
        assert page.rows[0].pk == rows[local.index(month.first)].pk


@given(seconds=MOMENTS, late=MOMENTS, size=st.integers(1, 6), turn=st.integers(0, 5))
@PLAYED
def test_rows_that_come_while_one_pages_hide_and_double_none_of_those_that_were_there(
    link: Link, seconds: list[int], late: list[int], size: int, turn: int
) -> None:
    claim = link()
    tell_all(claim, seconds)
    events = event_list(claim.workspace, EventFilter(agent=claim.agent.remote_id))
    before = list(events.order_by("-occurred_at", "-pk").values_list("pk", flat=True))
    pages = [event_page(events, cursor="", size=size)]
    while pages[-1].older:
        if len(pages) == turn:
            tell_all(claim, late, begin=1_000)
        pages.append(event_page(events, cursor=pages[-1].older, size=size))
    seen = [row.pk for page in pages for row in page.rows]
    assert len(seen) == len(set(seen))
    assert [pk for pk in seen if pk in before] == before
    back, found = pages[-1], list(pages[-1].rows)
    while back.newer:
        back = event_page(events, cursor=back.newer, size=size)
        found = [row for row in back.rows if row not in found] + found
    assert [row.pk for row in found] == list(events.order_by("-occurred_at", "-pk").values_list("pk", flat=True))


def test_count_that_no_rollup_knows_stops_at_its_limit(link: Link, workspace: Workspace) -> None:
    claim = link()
    tell_all(claim, list(range(COUNT_LIMIT + 1)))
    wanted = EventFilter(type="job.planned")
    count = ledger_count(workspace, wanted, event_find(workspace, wanted))
    assert (count.number, count.is_more) == (COUNT_LIMIT, True)


def test_arrivals_are_those_of_the_filter_that_came_since_however_old(
    link: Link, tell: Tell, workspace: Workspace, outsider: User
) -> None:
    claim, theirs = link(), link(to=outsider.memberships.get().workspace, by=outsider)
    tell(claim, "job.planned")
    known = newest_known()
    events, planned = (event_list(workspace, EventFilter(type=one)) for one in ("", "job.planned"))
    assert arrival_count(events, after=known) == 0
    tell(theirs, "job.planned")
    tell(claim, "job.planned", hour=-500)
    tell(claim, "job.completed", hour=5)
    assert (arrival_count(events, after=known), arrival_count(planned, after=known)) == (2, 1)
    for number in range(MOST_ARRIVALS):
        tell(claim, "job.planned", hour=number)
    assert arrival_count(events, after=known) == MOST_ARRIVALS + 1


def test_page_asks_for_what_came_and_offers_it(
    link: Link, tell: Tell, workspace: Workspace, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    browser, claim = browser_of(viewer), link()
    tell(claim, "job.planned")
    address = f"/w/{workspace.key}/activity/"
    page = browser.get(address, {"type": "job.planned", "page": "x"}).content.decode()
    asked = f"arrivals/?type=job.planned&amp;after={newest_known()}"
    assert asked in page
    polled = f"{address}{asked.replace('&amp;', '&')}"
    assert "Look for new events" in browser.get(polled).content.decode()
    tell(claim, "job.completed")
    tell(claim, "job.planned")
    answer = browser.get(polled).content.decode()
    assert "1 new event<" in answer
    assert f'href="{address}?type=job.planned"' in answer
    rows = browser.get(address, {"type": "job.planned"}, headers={"X-Fragment": "1"})
    assert "<html" not in rows.content.decode()
    assert "2 events" in words(rows, of="section")


@pytest.mark.parametrize("asked", [{}, {"after": "-1"}, {"after": "x"}, {"after": "1", "since": "soon"}])
def test_mangled_question_for_arrivals_is_not_there(
    asked: dict[str, str], workspace: Workspace, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    assert browser_of(viewer).get(f"/w/{workspace.key}/activity/arrivals/", asked).status_code == 404


def test_month_leads_to_its_page_with_the_filter_but_not_its_days(
    link: Link, tell: Tell, workspace: Workspace, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    claim, browser = link(), browser_of(viewer)
    march, june = tell(claim, "job.planned"), tell(claim, "job.planned", hour=24 * 70)
    answer = browser.get(f"/w/{workspace.key}/activity/months/", {"type": "job.planned", "since": "2026-06-01"})
    assert "June 2026 1 March 2026 1" in words(answer)
    links = [one.partition('"')[0] for one in answer.content.decode().split('href="')]
    to_march = next(one for one in reversed(links) if "page=" in one).replace("&amp;", "&")
    assert "type=job.planned" in to_march
    assert "since" not in to_march
    page = browser.get(to_march).content.decode()
    assert f"event-{march.pk}" in page
    assert f"event-{june.pk}" not in page


def test_empty_ledger_has_no_months(workspace: Workspace, viewer: User, browser_of: Callable[..., Browser]) -> None:
    said: Any = words(browser_of(viewer).get(f"/w/{workspace.key}/activity/months/"))
    assert "Months with events will appear here" in said
