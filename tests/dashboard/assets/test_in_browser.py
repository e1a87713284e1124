"""The gallery in a real browser: pages come by themselves, ranges are picked, relatives are walked, files leave."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client as Browser
from django.utils import timezone
from playwright.sync_api import expect

from dashboard.accounts.models import User, Workspace
from dashboard.assets.gallery import PAGE_SIZE
from dashboard.assets.models import Asset, AssetTag
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made, link_made
from tests.e2e.looking import SIZES, fits, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Tiles without pictures: what is tried here is the grid, and no small picture is stored.
TILE = {"preview": "tile", "kind": "3d", "url": ""}


@pytest.fixture
def enter(page: Any, live_server: Any, browser_of: Callable[..., Browser]) -> Callable[[User, str], None]:
    """Return a function that opens an address as somebody who is signed in."""

    def go(user: User, path: str) -> None:
        session = browser_of(user).cookies[django_settings.SESSION_COOKIE_NAME].value
        cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.set_viewport_size(SIZES["desk"])
        page.goto(f"{live_server.url}{path}")

    return go


def press_until(page: Any, key: str, is_so: str) -> None:
    """Press a key until it was heard: one that is pressed while the wheel still turns is not."""
    for _ in range(100):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        if page.evaluate(is_so):
            return
    raise AssertionError(f"{key} was not heard")


def test_range_is_picked_over_pages_that_came_by_themselves(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    made = [asset_made(workspace, bot, now - timedelta(minutes=one), **TILE) for one in range(PAGE_SIZE + 12)]
    enter(owner, f"/w/{workspace.key}/gallery/")
    assert fits(page)
    assert violations(page) == []
    boxes = page.get_by_role("checkbox", name=re.compile("^Select this"))
    boxes.first.click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.locator("[data-shot]").last.scroll_into_view_if_needed()
    expect(page.locator("[data-shot]")).to_have_count(len(made))
    boxes.nth(PAGE_SIZE + 2).click(modifiers=["Shift"])
    expect(page.get_by_text(f"{PAGE_SIZE + 3} selected")).to_be_visible()

    page.locator("[data-shot]").first.get_by_role("link").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.get_by_text(f"{PAGE_SIZE + 2} selected")).to_be_visible()

    selected = page.get_by_role("form", name="Selected assets")
    selected.locator("summary").click()
    selected.get_by_label("Tag", exact=True).fill("Hero")
    selected.get_by_role("button", name="Add").click()
    page.get_by_text(f"{PAGE_SIZE + 2} assets got the tag.").wait_for()
    tagged = set(AssetTag.objects.values_list("asset", flat=True))
    assert tagged == {one.pk for one in made[: PAGE_SIZE + 3]} - {made[1].pk}


NUMBERS = "() => [...document.querySelectorAll('[data-shot]')].map((one) => Number(one.dataset.shot))"


def test_from_a_month_one_scrolls_up_to_what_is_newer(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    newer = [asset_made(workspace, bot, now - timedelta(minutes=one), **TILE) for one in range(2 * PAGE_SIZE + 5)]
    old = [asset_made(workspace, bot, now - timedelta(days=70, minutes=one), **TILE) for one in range(3)]
    enter(owner, f"/w/{workspace.key}/gallery/")
    page.get_by_role("navigation", name="Months").get_by_role("link").last.click()
    expect(page.locator("[data-shot]")).to_have_count(len(old))
    heading = page.get_by_role("heading", name="Gallery")
    expect(heading).to_be_in_viewport()
    first = page.locator(f"[data-shot='{old[0].pk}']")
    stood = first.bounding_box()["y"]
    page.mouse.move(400, 500)
    page.mouse.wheel(0, -1)
    expect(page.locator("[data-shot]")).to_have_count(len(old) + PAGE_SIZE)
    # What was looked at stays where it was.
    assert first.bounding_box()["y"] == pytest.approx(stood, abs=2)
    for _ in range(40):
        page.mouse.wheel(0, -800)
        page.wait_for_timeout(50)
    # All that is newer has come, in its order; what was left far below is emptied, until one comes back to it.
    expect(page.locator("[data-shot]")).to_have_count(len(newer))
    assert page.evaluate(NUMBERS) == [one.pk for one in newer]
    expect(heading).to_be_in_viewport()
    expect(page.get_by_role("heading", name=f"{now:%B %Y}")).to_have_count(1)
    expect(page.get_by_role("navigation", name="Months").get_by_role("link").first).to_have_attribute(
        "aria-current", "true"
    )
    press_until(page, "End", "scrollY > 0")
    expect(first).to_be_in_viewport()


def test_pictures_that_were_pushed_off_the_newest_page_stay_in_sight(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    made = [asset_made(workspace, bot, now - timedelta(minutes=one), **TILE) for one in range(5 * PAGE_SIZE)]
    enter(owner, f"/w/{workspace.key}/gallery/")
    first = page.locator("[data-gallery-page]").first
    page.mouse.move(400, 500)
    for _ in range(60):
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(50)
    expect(first).to_have_attribute("data-emptied", "1")
    for minute in range(1, 4):
        asset_made(workspace, bot, now + timedelta(minutes=minute), **TILE)
    press_until(page, "Home", "scrollY === 0")
    expect(page.locator(f"[data-shot='{made[0].pk}']")).to_be_in_viewport()
    # Its last row may lead the page below, which need not have come back.
    assert page.evaluate(NUMBERS)[:40] == [one.pk for one in made[:40]]


# Of each row of a month its numbers, and how far it stays away from the edge.
ROWS = """() => {
  const rows = new Map();
  for (const shot of document.querySelectorAll("[data-shot]")) {
    const top = Math.round(shot.getBoundingClientRect().top);
    rows.set(top, [...(rows.get(top) ?? []), shot]);
  }
  const edge = document.querySelector(".shots").getBoundingClientRect().right;
  return [...rows.values()].map((row) => Math.round(edge - row.at(-1).getBoundingClientRect().right));
}"""


def test_rows_of_a_month_run_on_from_page_to_page(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    # Of several shapes, so that no page ends with a full row at both widths.
    shapes = [{**TILE, "preview": "pending", "width": 700 + one % 7 * 150, "height": 900} for one in range(270)]
    made = [asset_made(workspace, bot, now - timedelta(seconds=one), **shape) for one, shape in enumerate(shapes)]
    enter(owner, f"/w/{workspace.key}/gallery/")
    page.mouse.move(400, 500)
    for _ in range(90):
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(40)
    expect(page.locator(f"[data-shot='{made[-1].pk}']")).to_be_in_viewport()
    assert any(page.evaluate("() => [...document.querySelectorAll('[data-emptied]')].map(() => 1)"))
    *rows, _ = page.evaluate(ROWS)
    assert set(rows) == {0}
    assert page.evaluate(NUMBERS) == [one.pk for one in made][-len(page.evaluate(NUMBERS)) :]
    height = page.evaluate("() => document.documentElement.scrollHeight")
    for _ in range(90):
        page.mouse.wheel(0, -800)
        page.wait_for_timeout(40)
    *rows, _ = page.evaluate(ROWS)
    assert set(rows) == {0}
    numbers = page.evaluate(NUMBERS)
    assert numbers == [one.pk for one in made[: len(numbers)]]
    assert page.evaluate("() => document.documentElement.scrollHeight") == height
    page.set_viewport_size(SIZES["desk"] | {"width": 900})
    page.wait_for_timeout(200)
    *rows, _ = page.evaluate(ROWS)
    assert set(rows) == {0}
    assert page.evaluate(NUMBERS) == numbers


def test_place_is_kept_over_a_reload_and_what_was_hidden(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    made = [asset_made(workspace, bot, now - timedelta(minutes=one), **TILE) for one in range(3 * PAGE_SIZE)]
    enter(owner, f"/w/{workspace.key}/gallery/?kind=3d")
    looked_at = page.locator(f"[data-shot='{made[2 * PAGE_SIZE + 20].pk}']")
    page.mouse.move(400, 500)
    while not looked_at.count():
        page.mouse.wheel(0, 800)
        page.wait_for_timeout(50)
    looked_at.scroll_into_view_if_needed()
    page.wait_for_url(re.compile(r"kind=3d&page="))
    stood = looked_at.bounding_box()["y"]
    page.reload()
    expect(looked_at).to_be_in_viewport()
    assert looked_at.bounding_box()["y"] == pytest.approx(stood, abs=2)

    page.wait_for_function("() => document.querySelector('[name=at]').value === history.state.shot")
    first = page.evaluate("() => Number(history.state.shot)")
    looked_at.get_by_role("checkbox").check()
    page.get_by_role("button", name="Hide").click()
    page.get_by_text("1 asset is out of sight").wait_for()
    expect(page).to_have_url(re.compile(r"kind=3d&page="))
    expect(looked_at).to_have_count(0)
    assert page.evaluate(NUMBERS)[0] == first

    page.keyboard.press("Home")
    page.mouse.wheel(0, -1)
    while page.evaluate("() => scrollY") or page.locator(f"[data-shot='{made[0].pk}']").count() == 0:
        page.mouse.wheel(0, -800)
        page.wait_for_timeout(50)
    expect(page).to_have_url(re.compile(r"/gallery/\?kind=3d$"))


def test_acts_come_with_the_first_pick_and_go_with_what_was_hidden(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot = agent_made(workspace, owner)
    for _ in range(3):
        asset_made(workspace, bot, **TILE)
    enter(owner, f"/w/{workspace.key}/gallery/")
    first = page.get_by_role("checkbox", name=re.compile("^Select this")).first
    download = page.get_by_role("button", name="Download")
    expect(download).to_be_hidden()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    first.press("Enter")
    first.check()
    expect(download).to_be_visible()
    assert "POST" not in sent, "Enter pressed an act that nobody sees"
    page.set_viewport_size(SIZES["phone"])
    assert fits(page)
    assert violations(page) == []
    selected = page.get_by_role("form", name="Selected assets")
    selected.locator("summary").click()
    selected.get_by_label("Tag", exact=True).fill("Hero")
    selected.get_by_label("Tag", exact=True).press("Enter")
    page.get_by_text("1 asset got the tag.").wait_for()
    selected.get_by_role("button", name="Hide").click()
    expect(page.locator("[data-shot]")).to_have_count(2)
    expect(download).to_be_hidden()
    expect(page.get_by_text("1 selected")).to_be_hidden()
    assert Asset.objects.exclude(hidden_at=None).get().tags.get().name == "hero"


def test_filter_viewer_and_lineage_are_walked(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User
) -> None:
    bot, now = agent_made(workspace, owner), timezone.now()
    source = asset_made(workspace, bot, now - timedelta(hours=2), **TILE)
    job = job_made(workspace, bot)
    link_made(job, source)
    result = asset_made(workspace, bot, now - timedelta(hours=1), **{**TILE, "job": job})
    asset_made(workspace, bot, now, **{**TILE, "kind": "audio"})
    enter(owner, f"/w/{workspace.key}/gallery/")
    page.get_by_text("Filters").click()
    page.get_by_label("Type").select_option("3d")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?kind=3d$"))
    expect(page.locator("[data-shot]")).to_have_count(2)
    page.locator("[data-shot] a").first.click()
    expect(page).to_have_url(re.compile(rf"/gallery/{result.pk}/\?kind=3d$"))
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"/gallery/{source.pk}/\?kind=3d$"))
    page.get_by_role("link", name=re.compile("^Made by editing it")).click()
    expect(page).to_have_url(re.compile(rf"/gallery/{result.pk}/$"))
    page.set_viewport_size(SIZES["phone"])
    assert fits(page)


def test_zip_leaves_with_what_is_known(
    page: Any, enter: Callable[..., None], workspace: Workspace, owner: User, tmp_path: Path
) -> None:
    bot = agent_made(workspace, owner)
    made = [asset_made(workspace, bot, **TILE) for _ in range(2)]
    enter(owner, f"/w/{workspace.key}/gallery/")
    page.get_by_label("All 2").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    path = tmp_path / "assets.zip"
    download.value.save_as(path)
    rows = json.loads(zipfile.ZipFile(io.BytesIO(path.read_bytes())).read("manifest.json"))
    assert {row["asset_id"] for row in rows} == {one.remote_id for one in made}
    assert Asset.objects.filter(hidden_at=None).count() == 2
