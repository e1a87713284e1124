"""What the script modules do, in a real browser: pages are made up here, the modules come from static/ as they are."""

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tools.browser import find_chromium, launch_options

ROOT = Path(__file__).resolve().parents[3]
ORIGIN = "http://localhost"
CHROMIUM = find_chromium()
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on this machine"),
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return launch_options(str(CHROMIUM))


class Site:
    """A site of made-up answers: path -> fragment or function; everything under /static/ is ours."""

    def __init__(self) -> None:
        self.answers: dict[str, str | Callable[[Route], None]] = {}
        self.asked: list[str] = []

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/static/"):
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            route.fulfill(body=(ROOT / path.lstrip("/")).read_bytes(), content_type=kind)
            return
        self.asked.append(path)
        given = self.answers.get(path, "")
        if callable(given):
            given(route)
        else:
            route.fulfill(body=given, content_type="text/html; charset=utf-8")


@pytest.fixture
def site(context: BrowserContext) -> Iterator[Site]:
    one = Site()
    context.route("**/*", one.answer)
    yield one
    context.unroute("**/*")


def show(page: Page, site: Site, body: str) -> list[str]:
    """Open a page with this body under the strict policy; return the list that its complaints will join."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    head = (
        '<!DOCTYPE html><meta charset="utf-8"><title>t</title><link rel="icon" href="/static/favicon.svg">'
        '<link rel="stylesheet" href="/static/css/app.css"><script type="module" src="/static/js/app.js"></script>'
    )

    def whole(route: Route) -> None:
        headers = {"content-security-policy": POLICY, "content-type": "text/html; charset=utf-8"}
        route.fulfill(body=f"{head}{body}<div role=status data-announcer></div>", headers=headers)

    site.answers["/"] = whole
    page.goto(f"{ORIGIN}/")
    return complaints


def polled(text: str, *, goes_on: bool = True) -> str:
    again = 'data-poll-url="/part" data-poll-seconds="1"' if goes_on else ""
    return (
        f'<section id="part" {again} data-poll-says="{text}"><button id="go">{text}</button><input id="in"></section>'
    )


MENU = """<button id="other">Other</button>
<details class="menu">
  <summary>Menu</summary><div class="menu__panel"><a href="/a">A</a><a href="/b">B</a></div>
</details>"""


def test_a_menu_closes_on_escape_and_gives_focus_back(page: Page, site: Site) -> None:
    complaints = show(page, site, MENU)
    page.click("summary")
    page.keyboard.press("ArrowDown")
    expect(page.locator("a[href='/a']")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("a[href='/b']")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("summary")).to_be_focused()
    expect(page.locator("a[href='/a']")).to_be_hidden()
    assert complaints == []


def test_a_menu_closes_when_attention_leaves_it(page: Page, site: Site) -> None:
    show(page, site, MENU)
    page.click("summary")
    page.click("#other")
    expect(page.locator("a[href='/a']")).to_be_hidden()


@pytest.mark.parametrize("key", ["Control+k", "/"])
def test_a_key_leads_to_the_search_box(page: Page, site: Site, key: str) -> None:
    show(page, site, '<search><input type="search" data-search><kbd>Ctrl K</kbd></search>')
    page.keyboard.press(key)
    expect(page.locator("input")).to_be_focused()
    expect(page.locator("input")).to_have_value("")


def test_a_slash_typed_in_a_field_stays_there(page: Page, site: Site) -> None:
    show(page, site, '<input id="name"><search><input type="search" data-search></search>')
    page.focus("#name")
    page.keyboard.press("/")
    expect(page.locator("#name")).to_have_value("/")


def test_copying_takes_the_whole_id_and_says_so(page: Page, context: BrowserContext, site: Site) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = '<button data-copy=""><svg><use href="/static/icons.svg#copy"></use></svg></button>'
    show(page, site, f'<bdi>agt_<span style="font-size: 0">wh</span>ole</bdi>{button}')
    page.click("button")
    expect(page.locator("[data-announcer]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "agt_whole"
    expect(page.locator("use")).to_have_attribute("href", "/static/icons.svg#check")


def test_a_refused_clipboard_leaves_the_text_selected(page: Page, site: Site) -> None:
    show(page, site, '<pre id="code">7K3M</pre><button data-copy-from="#code"><svg><use href="#"></use></svg></button>')
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')) }")
    page.click("button")
    expect(page.locator("[data-announcer]")).to_contain_text("Selected")
    assert page.evaluate("getSelection().toString()") == "7K3M"


def test_a_form_is_sent_once(page: Page, site: Site) -> None:
    site.answers["/buy"] = lambda route: route.fulfill(status=204)  # the page stays, as it does while one waits
    show(page, site, '<form method="post" action="/buy"><button>Buy</button></form>')
    page.click("button")
    expect(page.locator("button")).to_have_attribute("aria-busy", "true")
    page.evaluate("document.querySelector('form').requestSubmit()")
    page.wait_for_timeout(200)
    assert site.asked.count("/buy") == 1


THEME = (
    '<form method="post" action="/theme" data-theme-form><button name="theme" value="dark" aria-pressed="false">Dark'
    "</button></form>"
)


def test_a_theme_shows_at_once_and_is_sent(page: Page, site: Site) -> None:
    site.answers["/theme"] = "ok"
    show(page, site, THEME)
    page.click("button")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("button")).to_have_attribute("aria-pressed", "true")
    assert "/theme" in site.asked


def test_a_theme_that_was_not_kept_is_taken_back(page: Page, site: Site) -> None:
    site.answers["/theme"] = lambda route: route.fulfill(status=500, body="")
    show(page, site, THEME)
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.click("button")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_polled_part_is_replaced_until_it_asks_no_more(page: Page, site: Site) -> None:
    page.clock.install()
    show(page, site, polled("Waiting"))
    page.focus("#go")
    site.answers["/part"] = polled("Paid", goes_on=False)
    expect(page.locator("#go")).to_have_text("Paid")
    expect(page.locator("#go")).to_be_focused()
    expect(page.locator("[data-announcer]")).to_have_text("Paid")
    asked = site.asked.count("/part")
    page.clock.run_for(3_000)
    assert site.asked.count("/part") == asked


def test_a_polled_part_waits_while_somebody_types_in_it(page: Page, site: Site) -> None:
    page.clock.install()
    show(page, site, polled("Waiting"))
    page.fill("#in", "half a sen")
    site.answers["/part"] = polled("Paid")
    with page.expect_request("**/part"):
        page.clock.run_for(3_000)
    expect(page.locator("#in")).to_have_value("half a sen")
    page.focus("#go")
    expect(page.locator("#go")).to_have_text("Paid")


def test_a_polled_part_that_is_refused_stops_asking(page: Page, site: Site) -> None:
    page.clock.install()
    site.answers["/part"] = lambda route: route.fulfill(status=403, body="")
    show(page, site, polled("Waiting"))
    expect(page.locator("#part")).to_have_attribute("data-poll-lost", "")
    page.clock.run_for(3_000)
    assert site.asked.count("/part") == 1


def test_a_part_that_was_folded_open_stays_open(page: Page, site: Site) -> None:
    page.clock.install()
    fold = '<details id="raw"><summary>Raw</summary>{}</details>'
    show(page, site, polled("Waiting").replace("</section>", fold.format("old") + "</section>"))
    page.click("#raw summary")
    site.answers["/part"] = polled("Paid").replace("</section>", fold.format("new") + "</section>")
    expect(page.locator("#raw")).to_contain_text("new")
    expect(page.locator("#raw")).to_have_attribute("open", "")


def test_what_is_looked_at_is_read_at_once_again_and_when_asked(page: Page, site: Site) -> None:
    page.clock.install()
    form = '<form method="post" action="/read" data-refresh-seconds="15"><button>Refresh</button></form>'
    slow = polled("Old").replace('data-poll-seconds="1"', 'data-poll-seconds="60"')
    with page.expect_request("**/read"):
        complaints = show(page, site, form + slow)
    with page.expect_request("**/read"):
        page.clock.run_for(16_000)
    site.answers["/part"] = polled("New", goes_on=False)
    with page.expect_request("**/read"):
        page.click("form button")
    expect(page.locator("[data-announcer]")).to_have_text("Reading again")
    page.clock.run_for(2_500)
    expect(page.locator("#part")).to_contain_text("New")
    assert (site.asked.count("/"), complaints) == (1, [])


def test_age_goes_on_while_a_page_stays_open(page: Page, site: Site) -> None:
    page.clock.install()
    stamp = page.evaluate("new Date().toISOString()")
    body = (
        '<span class="age tone-neutral" data-stale-after="600" data-late-after="7200">'
        f'<time datetime="{stamp}" data-relative>just now</time><span class="age__word">(fresh)</span></span>'
    )
    show(page, site, body)
    page.clock.fast_forward("11:00")
    expect(page.locator("time")).to_have_text("11 min ago")
    expect(page.locator(".age")).to_have_class("age tone-warn")
    expect(page.locator(".age__word")).to_have_text("(stale)")
    page.clock.fast_forward("03:00:00")
    expect(page.locator(".age")).to_have_class("age tone-bad")
