"""Every page of every role, in both themes, small and large: no axe violation, no console error, no sideways scroll."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.looking import overflows, violations
from tools.running import System

ENTRANCE = ("account/login/", "account/signup/", "account/login/code/", "account/password/reset/", "nowhere/")
SIGNED_IN = (
    "profile/",
    "account/email/",
    "account/password/change/",
    "account/logout/",
    "local/components/",
    "workspaces/new/",
)
WORKSPACE = (
    "",
    "inbox/",
    "alerts/",
    "alerts/deliveries/",
    "settings/alerts/",
    "settings/alerts/webhook/",
    "balance/",
    "spend/?by=capability",
    "spend/?since=2026-03-02",
    "agents/",
    "agents/claim/",
    "activity/",
    "gallery/",
    "gallery/?kind=video&cost=low",
    "catalogue/",
    "catalogue/capabilities/",
    "catalogue/models/fal.flux-dev/",
    "audit/",
    "credits/",
    "credits/?state=unpaid",
    "credits/buy/",
    "credits/rule/",
    "audit/?since=2026-03-02&until=2026-03-01",
    "search/?q=render",
    "search/?q=nothing-like-it",
    "threads/",
    "settings/",
    "settings/invitations/",
    "settings/ownership/",
    "settings/leave/",
)
OWN = {"product reviewer": "feedback/", "platform billing admin": "billing/", "operator": "health/"}
FURTHER = {
    "platform billing admin": (
        "threads/",
        "threads/?tab=solved&problem=other",
        "alerts/billing/settings/",
        "billing/?stage=done&shown=exceptions",
        "billing/ledger/",
        "billing/exceptions/",
        "billing/webhooks/",
        "billing/stripe/",
    ),
    "product reviewer": ("alerts/review/",),
    "operator": ("audit/", "alerts/operation/", "alerts/operation/deliveries/"),
}


def look(page: Any, address: str) -> None:
    """Open a page in either theme, narrow and wide, and assert that it is sound.

    Colours come with the theme and room with the width, so two visits see all four.
    """
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for theme, width in (("light", 390), ("dark", 1280)):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        found = violations(page)
        assert not found, f"{address} {theme} {width}: {found}"
        assert not overflows(page), f"{address} {width}"
    expected = [line for line in said if "404" not in line]
    assert expected == [], address


@pytest.mark.parametrize("path", ENTRANCE)
def test_entrance_page_is_sound(path: str, page: Any, system: System) -> None:
    look(page, f"{system.url}/{path}")


def test_pages_of_a_sponsor_are_sound(page: Any, system: System, sign_in: Callable[[Any, str], None]) -> None:
    sign_in(page, "sponsor")
    workspace = page.url
    page.goto(f"{workspace}agents/")
    agent = page.get_by_role("main").get_by_role("link", name="render-bot").get_attribute("href")
    for path in WORKSPACE:
        look(page, f"{workspace}{path}")
    look(page, f"{system.url}{agent}")
    look(page, f"{system.url}{agent}unclaim/")
    look(page, f"{system.url}{agent}".replace("/agents/", "/balance/"))
    for path in SIGNED_IN:
        look(page, f"{system.url}/{path}")


@pytest.mark.parametrize("role", ["buyer", "viewer"])
def test_pages_of_a_member_are_sound(role: str, page: Any, system: System, sign_in: Callable[[Any, str], None]) -> None:
    sign_in(page, role)
    workspace = page.url
    look(page, workspace)
    assert page.get_by_role("link", name="Claim an agent").count() == 0
    look(page, f"{workspace}agents/")


@pytest.mark.parametrize("role", OWN)
def test_platform_role_lands_on_its_own_sound_page(
    role: str, page: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    sign_in(page, role)
    assert page.url == f"{system.url}/{OWN[role]}"
    look(page, page.url)
    for path in FURTHER.get(role, ()):
        look(page, f"{system.url}/{path}")


def test_pages_of_an_operator_are_sound(page: Any, system: System, sign_in: Callable[[Any, str], None]) -> None:
    sign_in(page, "operator")
    for path in ("people/", "people/?q=demo.test", "people/?q=northlight", "people/?q=nothing-like-it"):
        look(page, f"{system.url}/{path}")
    page.goto(f"{system.url}/people/?q=northlight")
    page.get_by_role("main").get_by_role("link", name="Northlight Studio").click()
    page.wait_for_url(lambda url: "?" not in url)
    look(page, page.url)


def test_no_request_leaves_this_host(page: Any, system: System, sign_in: Callable[[Any, str], None]) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    sign_in(page, "sponsor")
    page.wait_for_load_state("networkidle")
    assert asked
    assert {address for address in asked if not address.startswith((system.url, "data:"))} == set()
