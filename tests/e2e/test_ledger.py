"""The ledger as a person uses it: find, follow a trail, take a filter away, and get the same rows as a file."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.looking import SIZES, sound
from tools.running import System

# Events as a sync leaves them, newer than all that is here.
TELL = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from api_client import ActivityEvent
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Claim
claim = Claim.objects.filter(released_at=None).select_related("agent", "workspace").earliest("pk")
now = timezone.now()
moments = [now + timedelta(milliseconds=number) for number in range(NUMBER)]
lines = [
    {"event_id": f"evt_{at:%H%M%S%f}", "type": "job.planned", "occurred_at": at.isoformat()} for at in moments
]
with transaction.atomic():
    events_apply(claim=claim, records=[ActivityEvent.model_validate(line) for line in lines], at=now)
"""
ASK = """
from dashboard.accounts.models import User
from dashboard.activity.arrivals import newest_known
from dashboard.exports.services import export_request
from dashboard.local.people import PEOPLE
user = User.objects.get(email=next(one.email for one in PEOPLE if one.title == "sponsor"))
workspace = user.memberships.earliest("pk").workspace
export = export_request(
    user=user, workspace=workspace, kind="activity", parameters={"query": "type=job.completed", "format": "jsonl"},
    page_url=f"/w/{workspace.key}/activity/?type=job.completed", about="What: Job ended", upto=newest_known(),
)
print(f"/exports/{export.key}/")
"""


def tell(system: System, number: int) -> None:
    system.python(f"NUMBER = {number}\n{TELL}")


def shown(page: Any) -> list[str]:
    return [str(one.get_attribute("id")) for one in page.locator("details[id^=event-]").all()]


@pytest.mark.parametrize("size", ["desk"])
def test_sponsor_finds_follows_and_exports(
    size: str, page: Any, sign_in: Callable[[Any, str], None], system: System
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    home = page.url
    page.goto(f"{home}activity/")
    everything = shown(page)
    sound(page)

    page.get_by_label("Find events").fill("type:job.completed agent:render-bot")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(re.compile(r"type=job\.completed"))
    found = shown(page)
    assert found
    assert len(found) < len(everything)
    sound(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(found)
    assert {(row["type"], row["agent"]) for row in rows} == {("job.completed", "render-bot")}

    page.locator(".event__more > summary").first.click()
    page.locator(".event__more[open] .ident").first.wait_for()
    assert "evt_" in page.locator(".event__more[open]").inner_text()
    sound(page)

    page.get_by_role("link", name="Finished a job").first.click()
    page.get_by_role("heading", name="What belongs together").wait_for()
    trail = page.locator(".trail")
    assert trail.get_by_text("This event").count() == 1
    trail.get_by_role("link", name="Spent credits").first.click()
    page.get_by_role("heading", name="Spent credits", exact=True).wait_for()
    sound(page)
    page.get_by_role("link", name="Everything with it").first.click()
    page.wait_for_url(re.compile("reference="))
    assert 0 < len(shown(page)) < len(everything)
    page.locator(".chips").get_by_role("link", name="Id of anything").click()
    page.wait_for_url(re.compile(r"activity/\??$"))
    assert len(shown(page)) >= len(everything)


def test_trail_of_an_edit_begins_with_the_job_that_made_its_source(
    page: Any, sign_in: Callable[[Any, str], None], system: System
) -> None:
    system.await_pictures()
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/?type=asset.created&operation=edit")
    page.locator(".event__link").first.click()
    trail = page.locator(".trail")
    trail.wait_for()
    titles = trail.locator(".timeline__title")
    told = ["Finished a job", "Spent credits", "Made an asset"]
    assert titles.all_inner_texts() == [*told, *told[:-1], "Made an asset This event"]
    lefts = [title.bounding_box()["x"] for title in titles.all()]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 4
    sound(page)


def test_new_event_is_taken_in_where_one_reads_and_a_month_is_jumped_to(
    page: Any, sign_in: Callable[[Any, str], None], system: System
) -> None:
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/")
    before = shown(page)
    page.evaluate("scrollTo(0, 300)")
    tell(system, 1)
    pill = page.locator("[data-arrivals]")
    pill.wait_for(timeout=30_000)
    assert pill.inner_text().strip() == "1 new event"
    place = page.locator(f"#{before[5]}").bounding_box()["y"]
    pill.click()
    page.locator(".event--new").wait_for()
    after = shown(page)
    assert after[1:] == before[: len(after) - 1]
    assert abs(page.locator(f"#{before[5]}").bounding_box()["y"] - place) <= 1
    assert page.locator("[data-arrivals]").count() == 0
    sound(page)

    page.locator("summary", has_text="Month").click()
    month = page.locator(".months").get_by_role("link").first
    month.wait_for()
    sound(page)
    month.click()
    page.wait_for_url(re.compile("page="))
    assert shown(page)[0] == after[0]


def test_pages_are_turned_and_more_than_a_page_of_new_events_leaves_the_reader_in_place(
    page: Any, sign_in: Callable[[Any, str], None], system: System
) -> None:
    tell(system, 60)
    sign_in(page, "sponsor")
    ledger = f"{page.url}activity/"
    page.goto(ledger)
    newest = shown(page)
    pages = page.get_by_role("navigation", name="Activity")
    pages.get_by_role("link", name="Older").click()
    page.wait_for_url(re.compile("page="))
    older = shown(page)
    assert older
    assert not set(older) & set(newest)
    sound(page)
    pages.get_by_role("link", name="Newer").click()
    page.locator(f"#{newest[0]}").wait_for(state="attached")
    assert shown(page) == newest

    page.goto(ledger)
    reading = page.locator("#ledger .timeline__item", has=page.locator(f"#{newest[-3]}"))
    reading.scroll_into_view_if_needed()
    tell(system, 70)
    pill = page.locator("[data-arrivals]")
    pill.wait_for(timeout=30_000)
    assert pill.inner_text().strip() == "70 new events"
    place = reading.bounding_box()["y"]
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.rstrip("?") == ledger else None)
    # Pressed without a move of the page (Playwright would scroll to it), and again where it was replaced meanwhile.
    pill.evaluate("link => { const next = link.cloneNode(true); link.click(); link.replaceWith(next); next.click() }")
    page.locator(".event--new").first.wait_for()
    assert len(asked) == 1
    assert abs(reading.bounding_box()["y"] - place) <= 1
    taken = shown(page)
    assert taken[70:] == newest
    assert page.locator(".event--new").count() == 70
    days = page.locator("#ledger .timeline__day").all_inner_texts()
    assert len(days) == len(set(days))
    pages.get_by_role("link", name="Older").click()
    page.wait_for_url(re.compile("page="))
    assert shown(page) == older
    sound(page)


def test_new_events_that_cannot_be_read_up_to_the_list_lead_to_the_newest_page(
    page: Any, sign_in: Callable[[Any, str], None], system: System
) -> None:
    sign_in(page, "sponsor")
    ledger = f"{page.url}activity/"
    page.goto(ledger)
    before = shown(page)
    tell(system, 70)
    pill = page.locator("[data-arrivals]")
    pill.wait_for(timeout=30_000)
    page.route(re.compile("page="), lambda route: route.abort())
    with page.expect_navigation():
        pill.click()
    assert not set(shown(page)) & set(before)
    assert page.locator("[data-arrivals]").count() == 0


def test_long_export_is_followed_and_fetched(page: Any, sign_in: Callable[[Any, str], None], system: System) -> None:
    """The demo is short: a file is asked for as the button of a long ledger asks, and the real worker makes it."""
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/?type=job.completed")
    count = len(shown(page))
    page.goto(f"{system.url}{system.python(ASK)}")
    page.get_by_role("heading", name=f"Ready: {count} events").wait_for(timeout=30_000)
    sound(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(rows) == count
    page.get_by_role("link", name="Exports").first.click()
    page.get_by_role("link", name="Activity of").wait_for()
    sound(page)


def test_amounts_are_asked_for_in_the_box_and_changed_in_the_form(
    page: Any, sign_in: Callable[[Any, str], None]
) -> None:
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/")
    page.get_by_label("Find events").fill("cost:spent cost:>1")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(re.compile(r"cost=spent&least=2"))
    assert shown(page)
    assert all(amount_of(row) <= -2 for row in page.locator(".event__delta").all_inner_texts())
    page.get_by_text("Filters", exact=True).click()
    sound(page)
    page.get_by_label("Credits from").fill("999999")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_text("No event fits this filter").wait_for()
    page.get_by_text("999,999").wait_for()


def amount_of(row: str) -> int:
    """Return the number of a row that moved credits."""
    return int(row.split(maxsplit=1)[0].replace(",", "").replace("\N{MINUS SIGN}", "-"))


def test_ledger_is_filtered_without_javascript(browser: Any, sign_in: Callable[[Any, str], None]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_role("combobox", name="Credits").select_option("spent")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile(r"\?cost=spent$"))
    assert page.locator(".timeline__title").all_inner_texts()
    assert {text.strip() for text in page.locator(".timeline__title").all_inner_texts()} == {"Spent credits"}
    context.close()
