"""The main job in a real browser: from the printed link to a claimed agent with its credits, quota and activity."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, fits
from tools.running import System


@pytest.mark.parametrize("size", ["phone"])
def test_sponsor_claims_a_fresh_agent_sees_it_and_unclaims_it(
    size: str, page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()

    phrase = fresh_agent.answer(page.locator("#invitation").inner_text())
    page.get_by_role("heading", name="e2e-agent asks to be linked").wait_for()
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_label("Warn me when it spends more than").select_option("100")
    page.get_by_role("button", name="Link", exact=True).click()

    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()
    page.get_by_text("Can work.").first.wait_for()
    main = page.get_by_role("main")
    # 40 free credits a day, 9 of them spent on one picture.
    main.get_by_text(re.compile(r"^31\b")).first.wait_for()
    main.get_by_text(jobs_left(after=1)).first.wait_for()
    assert main.get_by_text("9 credits").count() >= 1
    assert fits(page)

    address = page.url
    main.get_by_text("Unclaim", exact=True).click()
    main.get_by_role("link", name="Unclaim this agent").click()
    assert "It keeps working and spending" in main.inner_text()
    page.get_by_role("button", name="Unclaim").click()
    page.get_by_text("e2e-agent is no longer linked").wait_for()
    assert main.locator(f'a[href="{urlsplit(address).path}"]').count() == 0


def test_wrong_phrase_is_said_and_refusing_links_nothing(
    page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    fresh_agent.answer(page.locator("#invitation").inner_text())
    page.get_by_label("Confirmation phrase").fill("WRONG2")
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text("You have 2 more tries").wait_for()
    page.get_by_role("button", name="Refuse").click()
    page.get_by_text("Refused: nothing was linked").wait_for()


def test_new_work_appears_on_the_page_that_is_looked_at(
    page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent, system: System
) -> None:
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    phrase = fresh_agent.answer(page.locator("#invitation").inner_text())
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text(jobs_left(after=1)).first.wait_for()
    fresh_agent.work()
    page.get_by_text(jobs_left(after=2)).first.wait_for(timeout=45_000)


def test_ceremony_works_without_javascript(
    browser: Any, system: System, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    phrase = fresh_agent.answer(page.locator("#invitation").inner_text())
    page.get_by_role("link", name="See whether it has answered").click()
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()
    context.close()


def jobs_left(*, after: int) -> re.Pattern[str]:
    """Four jobs a day, and two hundred once Image Skill has heard of the claim, which takes a few seconds."""
    return re.compile(f"{4 - after} of 4|{200 - after} of 200")
