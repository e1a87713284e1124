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


def test_ledger_is_filtered_without_javascript(browser: Any, sign_in: Callable[[Any, str], None]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sponsor")
    page.goto(f"{page.url}activity/")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Credits").select_option("spent")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile(r"\?cost=spent$"))
    assert page.locator(".timeline__title").all_inner_texts()
    assert {text.strip() for text in page.locator(".timeline__title").all_inner_texts()} == {"Spent credits"}
    context.close()
