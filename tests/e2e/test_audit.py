"""Who did what: an owner finds a claim and its refusal in the log, filters, and gets the same rows as a file."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, fits
from tools.running import System


def claim_with_a_wrong_phrase_first(page: Any, fresh_agent: FreshAgent) -> None:
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    phrase = fresh_agent.answer(page.locator("#invitation").inner_text())
    page.get_by_label("Confirmation phrase").fill("WRONG2")
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text("You have 2 more tries").wait_for()
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()


def open_log(page: Any) -> None:
    if page.get_by_role("button", name="Open menu").is_visible():
        page.get_by_role("button", name="Open menu").click()
    page.get_by_role("link", name="Audit log").click()
    page.get_by_role("heading", name="Audit log", exact=True).wait_for()


def entries(page: Any, said: str) -> Any:
    """Return the rows of the log whose action is said so."""
    return page.locator("li.event").filter(has=page.get_by_text(said, exact=True))


def shown_ids(page: Any) -> list[str]:
    marks = page.locator("details[id^=entry-]").all()
    return [mark.get_attribute("id").removeprefix("entry-") for mark in marks]


@pytest.mark.parametrize("size", ["desk"])
def test_owner_finds_the_claim_and_its_refusal_and_exports_what_is_shown(
    size: str, page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    claim_with_a_wrong_phrase_first(page, fresh_agent)
    open_log(page)
    refused = entries(page, "Claim not taken").first
    assert "wrong phrase" in refused.inner_text()
    linked = entries(page, "Linked an agent").first
    linked.get_by_role("link", name="e2e-agent").wait_for()
    linked.locator("summary").click()
    assert re.search(r"Linked\s+before:\s*no\s*→\s*after:\s*yes", linked.inner_text())
    assert fits(page)

    page.get_by_label("Outcome").select_option("refused")
    page.get_by_label("To whom or what").fill("e2e-agent")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile("outcome=refused"))
    ids = shown_ids(page)
    assert ids
    assert entries(page, "Linked an agent").count() == 0
    assert fits(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == ids
    assert {(row["outcome"], row["subject"]) for row in rows} == {("refused", "e2e-agent")}
    assert fresh_agent.token not in text

    page.get_by_role("link", name="Show everything").click()
    entries(page, "Exported the audit log").first.wait_for()


def test_log_can_be_read_filtered_and_exported_without_javascript(
    browser: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Audit log").click()
    page.get_by_label("Did what").select_option("agent.claimed")
    page.get_by_role("button", name="Filter").click()
    ids = shown_ids(page)
    assert ids
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON Lines").click()
    assert len(Path(download.value.path()).read_text().splitlines()) == len(ids)
    context.close()


def test_operator_reads_the_log_of_every_workspace(
    page: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    sign_in(page, "operator")
    page.goto(f"{system.url}/audit/")
    row = entries(page, "Linked an agent").first
    row.locator("summary").click()
    row.get_by_text("Workspace", exact=True).wait_for()
