"""One asset large in a real browser: zoomed, swiped, played and wound; a month stepped to."""

import hashlib
import io
import re
import wave
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import av
import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.utils import timezone
from playwright.sync_api import expect

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.assets.models import Asset
from dashboard.assets.storage import original_path, preview_store
from tests.dashboard.assets.files import encoded, picture
from tests.dashboard.assets.gallery_rows import READY, agent_made, asset_made
from tests.dashboard.assets.hosts import FileHost
from tests.e2e.looking import SIZES, fits, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECONDS = 4
WIND = """(player, at) => new Promise((done) => {
  player.addEventListener("seeked", () => done(player.currentTime));
  player.currentTime = at;
})"""
SWIPE = """(stage, [kind, x, y]) => {
  const touch = new Touch({ identifier: 1, target: stage, clientX: x, clientY: y });
  const touches = kind === "touchstart" ? [touch] : [];
  stage.dispatchEvent(new TouchEvent(kind, { touches, changedTouches: [touch], bubbles: true }));
}"""


@pytest.fixture
def bot(workspace: Workspace, owner: User) -> Agent:
    return agent_made(workspace, owner)


@pytest.fixture
def visit(
    page: Any, live_server: Any, owner: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> Callable[[str], None]:
    """Return a function that opens an address of the gallery as its owner."""
    session = browser_of(owner).cookies[django_settings.SESSION_COOKIE_NAME].value
    cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    page.context.add_cookies([cookie])
    return lambda path: page.goto(f"{live_server.url}/w/{workspace.key}/gallery/{path}")


def kept(asset: Asset, content: bytes) -> Asset:
    """Keep these bytes as the asset's own file."""
    digest = hashlib.sha256(content).hexdigest()
    default_storage.save(original_path(asset.workspace.key, digest), ContentFile(content))
    asset.content_hash, asset.content_bytes, asset.is_kept = digest, len(content), True
    asset.save()
    return asset


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as to:
        to.setnchannels(1)
        to.setsampwidth(2)
        to.setframerate(8_000)
        to.writeframes(bytes(2 * 8_000 * SECONDS))
    return file.getvalue()


def film() -> bytes:
    """Return a WebM, which every Chromium plays."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_image(picture(64, 48))
        for _ in range(10 * SECONDS):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize(("kind", "mime_type", "made"), [("audio", "audio/wav", sound), ("video", "video/webm", film)])
@pytest.mark.parametrize("is_kept", [True, False])
def test_file_is_played_and_wound_whether_it_is_kept_or_not(
    is_kept: bool,
    kind: str,
    mime_type: str,
    made: Callable[[], bytes],
    page: Any,
    visit: Any,
    workspace: Workspace,
    bot: Agent,
    host: FileHost,
) -> None:
    host.body = made()
    about = {"preview": "tile", "mime_type": mime_type, "kind": kind, "width": None, "height": None}
    asset = asset_made(workspace, bot, url=f"{host.address}/file", **about)
    if is_kept:
        kept(asset, host.body)
    visit(f"{asset.pk}/")
    assert violations(page) == []
    player = page.locator(kind)
    player.evaluate("player => { player.muted = true; return player.play(); }")
    wound = player.evaluate(WIND, SECONDS - 1)
    assert wound == pytest.approx(SECONDS - 1, abs=0.5)
    assert player.evaluate("player => player.error") is None
    assert bool(host.asked) is not is_kept


def test_picture_is_zoomed_and_swiped(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    now = timezone.now()
    newer, older = asset_made(workspace, bot, now), asset_made(workspace, bot, now - timedelta(hours=1))
    for width in (320, 640):
        preview_store(workspace.key, READY["preview_key"], width, encoded("webp", picture(width, width * 2 // 3)))
    visit(f"{newer.pk}/")
    frame = page.get_by_role("group", name="The picture; Enter zooms")
    frame.click()
    expect(frame).to_have_attribute("data-zoomed", "")
    page.keyboard.press("Escape")
    expect(frame).not_to_have_attribute("data-zoomed", "")
    frame.focus()
    page.keyboard.press("Enter")
    expect(frame).to_have_attribute("data-zoomed", "")
    page.keyboard.press("Escape")

    page.set_viewport_size(SIZES["phone"])
    assert fits(page)
    stage = page.locator("[data-stage]")
    # A scroll that drifts, and a picture that the browser has enlarged, lead nowhere.
    stage.evaluate(SWIPE, ["touchstart", 300, 400])
    stage.evaluate(SWIPE, ["touchend", 200, 300])
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    page.wait_for_function("() => visualViewport.scale > 1.9")
    stage.evaluate(SWIPE, ["touchstart", 300, 400])
    stage.evaluate(SWIPE, ["touchend", 100, 400])
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
    page.wait_for_function("() => visualViewport.scale < 1.05")
    expect(page).to_have_url(re.compile(rf"/gallery/{newer.pk}/$"))
    stage.evaluate(SWIPE, ["touchstart", 300, 400])
    stage.evaluate(SWIPE, ["touchend", 100, 420])
    page.wait_for_url(f"**/gallery/{older.pk}/")


SHOWN = "picture => picture.currentSrc.match(/media\\/\\d+\\/(\\d+)/)[1]"


def test_picture_is_there_small_and_then_sharp(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    asset = asset_made(workspace, bot)
    preview_store(workspace.key, READY["preview_key"], 320, encoded("webp", picture(320, 213)))
    visit(f"{asset.pk}/")
    shown = page.locator("img.stage__media")
    expect(shown).to_have_js_property("complete", value=True)
    page.wait_for_load_state("networkidle")
    # The larger one is away: the small one stays.
    assert shown.evaluate(SHOWN) == "320"

    preview_store(workspace.key, READY["preview_key"], 640, encoded("webp", picture(640, 427)))
    before = shown.bounding_box()
    page.reload()
    page.wait_for_function("() => document.querySelector('img.stage__media').currentSrc.includes('/640/')")
    assert shown.bounding_box() == before


def test_zoom_fetches_the_largest_picture(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    asset = asset_made(workspace, bot, preview_largest=1280)
    for width in (320, 640, 1200):
        preview_store(workspace.key, READY["preview_key"], width, encoded("webp", picture(width, width * 2 // 3)))
    page.set_viewport_size(SIZES["phone"])
    visit(f"{asset.pk}/")
    page.wait_for_function("() => document.querySelector('img.stage__media').currentSrc.includes('/640/')")
    with page.expect_request("**/1280/*.webp"):
        page.get_by_role("group", name="The picture; Enter zooms").click()


def zoomable(page: Any, visit: Any, workspace: Workspace, asset: Asset) -> Any:
    for width in (320, 640, 1280):
        preview_store(workspace.key, READY["preview_key"], width, encoded("webp", picture(width, width * 2 // 3)))
    visit(f"{asset.pk}/")
    page.wait_for_load_state("networkidle")
    return page.get_by_role("group", name="Enter zooms")


BIG = {"preview_largest": 1280, "width": 3_000, "height": 2_000, "mime_type": "image/png"}
WIDTH = "() => document.querySelector('img.stage__media').naturalWidth"


def test_zoom_shows_the_pixels_of_the_original(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    asset = kept(asset_made(workspace, bot, **BIG), encoded("png", picture(3_000, 2_000)))
    frame = zoomable(page, visit, workspace, asset)
    frame.click()
    page.wait_for_function(f"{WIDTH} === 3000")
    assert page.locator("img.stage__media").bounding_box()["width"] == 3_000
    expect(page.locator("[data-zoom-end]")).to_be_hidden()
    assert violations(page) == []
    page.keyboard.press("Escape")
    frame.click()
    expect(frame).to_have_attribute("data-zoomed", "")
    assert page.evaluate(WIDTH) == 3_000


def test_small_animation_plays_when_it_is_zoomed(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    frames = [picture(600, 400), picture(600, 400, "L").convert("RGB")]
    about = {"width": 600, "height": 400, "mime_type": "image/gif", "is_animated": True}
    moving = encoded("gif", frames[0], save_all=True, append_images=frames[1:], duration=100, loop=0)
    asset = kept(asset_made(workspace, bot, **about), moving)
    frame = zoomable(page, visit, workspace, asset)
    expect(frame.get_by_text("Animated")).to_be_visible()
    frame.click()
    page.wait_for_function("() => document.querySelector('img.stage__media').currentSrc.endsWith('/original/')")
    expect(page.locator("[data-zoom-end]")).to_be_hidden()
    assert violations(page) == []


# The point in the middle of the frame, in fractions of the picture.
LOOKED_AT = """frame => [
  (frame.scrollLeft + frame.clientWidth / 2) / frame.scrollWidth,
  (frame.scrollTop + frame.clientHeight / 2) / frame.scrollHeight,
]"""


def test_zoom_goes_to_what_was_clicked_and_a_mouse_drags_it(
    page: Any, visit: Any, workspace: Workspace, bot: Agent
) -> None:
    asset = kept(asset_made(workspace, bot, **BIG), encoded("png", picture(3_000, 2_000)))
    page.set_viewport_size(SIZES["desk"])
    frame = zoomable(page, visit, workspace, asset)
    box = page.locator("img.stage__media").bounding_box()
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"])
    page.wait_for_function(f"{WIDTH} === 3000")
    page.wait_for_function(f"({LOOKED_AT})(document.querySelector('[data-zoom]'))[0] > 0.69")
    assert frame.evaluate(LOOKED_AT) == pytest.approx([0.7, 0.6], abs=0.02)

    held = frame.bounding_box()
    page.mouse.move(held["x"] + 300, held["y"] + 300)
    page.mouse.down()
    page.mouse.move(held["x"] + 600, held["y"] + 400, steps=4)
    page.mouse.up()
    expect(frame).to_have_attribute("data-zoomed", "")
    assert frame.evaluate(LOOKED_AT) == pytest.approx([0.6, 0.55], abs=0.02)
    page.mouse.click(held["x"] + 300, held["y"] + 300)
    expect(frame).not_to_have_attribute("data-zoomed", "")

    frame.press("Enter")
    page.wait_for_function(f"({LOOKED_AT})(document.querySelector('[data-zoom]'))[0] < 0.52")
    assert frame.evaluate(LOOKED_AT) == pytest.approx([0.5, 0.5], abs=0.02)


@pytest.mark.parametrize(
    ("more", "said"),
    [({"url": "https://media.example/gone.png"}, "could not be had"), ({"url": ""}, "cannot be shown here")],
)
def test_zoom_says_where_it_ends(
    more: dict[str, str], said: str, page: Any, visit: Any, workspace: Workspace, bot: Agent
) -> None:
    frame = zoomable(page, visit, workspace, asset_made(workspace, bot, **BIG, **more))
    end = page.locator("[data-zoom-end]")
    expect(end).to_be_hidden()
    frame.click()
    expect(end).to_be_visible()
    expect(end).to_contain_text(f"The zoom ends at 1,280 of 3,000 pixels across: the original {said}.")
    page.keyboard.press("Escape")
    expect(end).to_be_hidden()


def test_large_picture_keeps_its_own_shape_where_the_small_one_is_away(
    page: Any, visit: Any, workspace: Workspace, bot: Agent
) -> None:
    asset = asset_made(workspace, bot)
    preview_store(workspace.key, READY["preview_key"], 640, encoded("webp", picture(640, 427)))
    visit(f"{asset.pk}/")
    page.wait_for_function("() => document.querySelector('img.stage__media').currentSrc.includes('/640/')")
    box = page.locator("img.stage__media").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(640 / 427, rel=0.01)


def test_picture_is_sharp_without_a_script(
    page: Any, visit: Any, workspace: Workspace, bot: Agent, browser: Any
) -> None:
    asset = asset_made(workspace, bot)
    for width in (320, 640):
        preview_store(workspace.key, READY["preview_key"], width, encoded("webp", picture(width, width * 2 // 3)))
    visit(f"{asset.pk}/")
    with browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state()) as plain:
        scriptless = plain.new_page()
        scriptless.goto(page.url)
        shown = scriptless.locator("img.stage__media:visible")
        expect(shown).to_have_count(1)
        assert "/640/" in (shown.get_attribute("srcset") or "")


def test_month_is_stepped_to(page: Any, visit: Any, workspace: Workspace, bot: Agent) -> None:
    now = timezone.now()
    tile = {"preview": "tile", "kind": "3d"}
    asset_made(workspace, bot, now, **tile)
    old = asset_made(workspace, bot, now - timedelta(days=70), **tile)
    visit("")
    months = page.get_by_role("navigation", name="Months").get_by_role("link")
    expect(months).to_have_count(2)
    months.last.click()
    expect(page.locator("[data-shot]")).to_have_count(1)
    expect(page.locator(f"[data-shot='{old.pk}']")).to_be_visible()
