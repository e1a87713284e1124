"""A thread in real browsers, wide and small: a sponsor says what is wrong, billing answers, the sponsor sees it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.looking import SIZES, sound
from tests.e2e.test_members import mailed, place
from tools.running import System

HOSTILE = "<img src=x onerror=alert(1)> \N{RIGHT-TO-LEFT OVERRIDE}gnp.exe " + 120 * "a"


@pytest.mark.parametrize("size", ["phone"])
def test_sponsor_tells_billing_answers_and_the_sponsor_sees(
    size: str, page: Any, browser: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    page.set_viewport_size(SIZES[size])
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    sign_in(page, "sponsor")
    tell(page, size)
    thread = page.url

    context = browser.new_context(viewport=SIZES[size])
    desk = context.new_page()
    desk.on("dialog", lambda dialog: dialogs.append(dialog.message))
    sign_in(desk, "platform billing admin")
    answer(desk, size)

    page.get_by_text("It is being settled.").wait_for()
    page.get_by_text("Waiting for you").wait_for()
    sound(page)
    assert mailed(system, "ana@demo.test", rf"({thread})") == thread

    page.get_by_label("Your message").fill("It is there. Thank you!")
    page.get_by_role("button", name="Send and mark as solved").click()
    page.get_by_text("If it is not, write again").wait_for()
    sound(page)
    place(page, "Help", size)
    page.get_by_role("link", name="Credits are missing").first.wait_for()
    sound(page)
    assert dialogs == []
    context.close()


def tell(page: Any, size: str) -> None:
    """Open a thread about an agent; the card number in its first version is taken out before anything is sent."""
    place(page, "Agents", size)
    page.get_by_role("main").get_by_role("link", name="render-bot").click()
    page.get_by_role("link", name="Something is wrong").click()
    sound(page)
    page.get_by_label("Credits are missing").check()
    page.get_by_label("What happened?").fill("I paid with 4242 4242 4242 4242.")
    page.get_by_role("button", name="Tell billing").click()
    page.get_by_text("looks like a card number").wait_for()
    assert page.get_by_label("What happened?").input_value() == "I paid with [removed]."
    assert page.get_by_label("Credits are missing").is_checked()
    sound(page)
    page.get_by_label("What happened?").fill(f"500 credits never came on the {size}.\n{HOSTILE}")
    page.get_by_role("button", name="Tell billing").click()
    page.get_by_text("Waiting for billing").wait_for()
    page.get_by_text("onerror=alert(1)").wait_for()
    sound(page)


def answer(desk: Any, size: str) -> None:
    """Find the thread that waits, take it and answer."""
    place(desk, "Threads", size)
    sound(desk)
    desk.get_by_role("link", name="Credits are missing").first.click()
    desk.get_by_text(f"500 credits never came on the {size}.").wait_for()
    desk.get_by_role("button", name="Assign to me").click()
    desk.get_by_role("button", name="Put it back").wait_for()
    sound(desk)
    desk.get_by_label("Your message").fill("It is being settled.")
    desk.get_by_role("button", name="Answer", exact=True).click()
    desk.get_by_text("Waiting for the sponsor").wait_for()
    sound(desk)
