"""People in a real browser: invited by mail, given a role, handed the ownership, leaving; on a desk and on a phone."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.looking import SIZES, sound
from tools.running import System

PASSWORD = "correct horse battery"


def mailed(system: System, address: str, pattern: str) -> str:
    """Wait for a mail to this address and return what the pattern finds in the latest."""
    for _ in range(300):
        for path in sorted((system.folder / "mail").glob("*"), key=lambda one: one.stat().st_mtime, reverse=True):
            text = path.read_text().replace("=\n", "").replace("=3D", "=")
            found = re.search(pattern, text)
            if f"To: {address}" in text and found:
                return found[1]
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address}")


def place(page: Any, name: str, size: str) -> None:
    """Open a place of the navigation, which is behind a button on a phone."""
    if size == "phone":
        page.get_by_role("button", name="Open menu").or_(page.get_by_role("button", name="Menu")).first.click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()


def join(page: Any, system: System, address: str) -> None:
    """Open the mailed link, sign up with the invited address and accept."""
    page.goto(mailed(system, address, r"(http://localhost:\d+/invitation/[\w-]+/)"))
    assert page.url.endswith("/account/login/?next=/invitation/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.get_by_label("Code").fill(mailed(system, address, r"(?m)^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$"))
    page.locator("form button[type=submit]").first.click()
    page.get_by_role("heading", name="Join Northlight Studio?").wait_for()
    sound(page)
    page.get_by_role("button", name="Join").click()
    page.get_by_text("You are in Northlight Studio.").wait_for()


@pytest.mark.parametrize("size", ["desk"])
def test_invitation_role_handover_and_leaving(
    size: str, page: Any, browser: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    address = f"{size}@example.net"
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    home = page.url
    place(page, "Settings", size)
    sound(page)
    page.get_by_role("link", name="Invite somebody").click()
    sound(page)
    page.get_by_label("Email address").fill(address)
    page.get_by_label(re.compile("^Viewer")).check()
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text(f"An invitation goes to {address}.").wait_for()
    sound(page)

    context = browser.new_context(viewport=SIZES[size])
    guest = context.new_page()
    join(guest, system, address)
    settings = f"{home}settings/"
    guest.goto(settings)
    sound(guest)
    assert guest.get_by_role("link", name="Invite somebody").count() == 0

    page.goto(settings)
    page.get_by_role("link", name=f"Change role of {address}").click()
    sound(page)
    page.get_by_label(re.compile("^Buyer")).check()
    page.get_by_role("button", name="Change role").click()
    page.get_by_text(f"{address}: Buyer.").wait_for()

    page.get_by_role("link", name="Leave this workspace").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_text("Hand the ownership over first").wait_for()
    sound(page)
    page.get_by_role("link", name="Hand over the ownership").click()
    sound(page)
    page.get_by_label("The next owner").select_option(label=address)
    page.get_by_role("button", name="Offer the ownership").click()
    page.get_by_text("Until they accept, nothing changes.").wait_for()

    accept(guest, settings)
    give_back(guest, settings, page)
    guest.goto(f"{settings}leave/")
    guest.get_by_role("button", name="Leave").click()
    guest.get_by_text("You left Northlight Studio.").wait_for()
    assert guest.goto(settings).status == 404
    context.close()


def accept(guest: Any, settings: str) -> None:
    """Take the ownership: the sign-up alone is not fresh enough, so the password is asked."""
    guest.goto(settings)
    sound(guest)
    guest.get_by_role("button", name="Accept the ownership").click()
    guest.get_by_role("heading", name="Confirm it is you").wait_for()
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Confirm").click()
    guest.get_by_text("Northlight Studio is yours.").wait_for()


def give_back(guest: Any, settings: str, page: Any) -> None:
    guest.get_by_role("link", name="Hand over the ownership").click()
    guest.get_by_label("The next owner").select_option(label="Ana Sponsor")
    guest.get_by_role("button", name="Offer the ownership").click()
    page.goto(settings)
    page.get_by_role("button", name="Accept the ownership").click()
    page.get_by_text("Northlight Studio is yours.").wait_for()


@pytest.mark.parametrize("size", ["desk"])
def test_operator_gives_a_workspace_another_owner(size: str, page: Any, sign_in: Callable[[Any, str], None]) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "operator")
    place(page, "People", size)
    page.get_by_label("Part of an address or name").fill("demo.test")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    sound(page)
    page.get_by_role("link", name="Northlight Studio").first.click()
    sound(page)
    page.get_by_label("Address of the next owner").fill("ana@demo.test")
    page.get_by_label("Reason").fill("asked for by mail")
    page.get_by_role("button", name="Make them the owner").click()
    page.get_by_text("ana@demo.test owns Northlight Studio now.").wait_for()
