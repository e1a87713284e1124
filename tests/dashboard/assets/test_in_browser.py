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
