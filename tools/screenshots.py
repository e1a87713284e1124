"""``make screenshots``: the pages as people see them, into docs/screenshots, from a demo of their own.

Each page in both themes at 390, 1280 and 1920 px; look at them before they are committed.
"""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools.browser import chromium, launch_options
from tools.running import ROOT, System, running_system

FOLDER = ROOT / "docs" / "screenshots"
THEMES = ("light", "dark")
# As the scheduler would, before and after somebody's jobs came again: some alerts last, one is over.
ALERTS = """
from dashboard.agents.models import Agent
from dashboard.alerts.tasks import alerts_sweep
alerts_sweep()
Agent.objects.filter(daily_jobs_remaining=0).update(daily_jobs_remaining=4)
alerts_sweep()
"""
WIDTHS = {390: 844, 1280: 900, 1920: 1080}


class Camera:
    """One person's browser; takes a page in every theme and width."""

    def __init__(self, browser: Any, system: System, role: str | None) -> None:  # noqa: ANN401 - Playwright's Browser
        self.page = browser.new_page()
        if role:
            self.page.goto(system.sign_in_link(role))
            self.page.get_by_role("button", name="Sign in").click()
            self.page.wait_for_url(lambda url: "/local/" not in url)
        self.home: str = self.page.url

    def take(self, name: str, address: str = "") -> None:
        """Take the page at an address, or the one that is open."""
        if address:
            self.page.goto(address)
        self.page.wait_for_load_state("networkidle")
        for theme in THEMES:
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width, height in WIDTHS.items():
                self.page.set_viewport_size({"width": width, "height": height})
                self.page.wait_for_load_state("networkidle")
                self.page.screenshot(path=FOLDER / f"{name}-{theme}-{width}.png")


def sponsor_pages(camera: Camera, system: System) -> None:
    home = camera.home
    system.await_pictures()
    camera.take("overview", home)
    camera.take("agents", f"{home}agents/")
    link = camera.page.get_by_role("main").get_by_role("link", name="render-bot").get_attribute("href")
    camera.take("agent", f"{system.url}{link}")
    camera.take("guardrails", f"{system.url}{link}guardrails/")
    camera.take("activity", f"{home}activity/")
    camera.take("spend", f"{home}spend/")
    system.python(ALERTS)
    camera.take("alerts", f"{home}alerts/")
    camera.take("alert-settings", f"{home}settings/alerts/")
    camera.page.goto(f"{home}agents/claim/")
    camera.page.get_by_role("button", name="Make a claim code").click()
    camera.take("claim")
    camera.take("gallery", f"{home}gallery/")
    camera.page.locator(".shot__link:has(.shot__img)").first.click()
    camera.take("asset")
    camera.page.goto(f"{home}activity/?type=asset.created&operation=edit")
    camera.page.locator(".event__link").first.click()
    camera.take("event")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder) / "var") as system,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(**launch_options(chromium()))
        Camera(browser, system, None).take("sign-in", f"{system.url}/account/login/")
        sponsor_pages(Camera(browser, system, "sponsor"), system)
        Camera(browser, system, "product reviewer").take("feedback", f"{system.url}/feedback/")
        Camera(browser, system, "platform billing admin").take("billing", f"{system.url}/billing/")
        Camera(browser, system, "operator").take("health", f"{system.url}/health/")
        browser.close()


if __name__ == "__main__":
    main()
