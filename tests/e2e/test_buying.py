"""Money in a real browser: from a pack to four lights and a balance, with the sandbox's Stripe in the other tab."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import FreshAgent, press_and_close
from tests.e2e.looking import SIZES, sound
from tools.running import System

PATIENCE = 90_000


@pytest.fixture
def enter(sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent) -> Callable[[Any], None]:
    """Return a function that signs the sponsor in and opens Buy for an agent that was just linked."""

    def go(page: Any) -> None:
        sign_in(page, "sponsor")
        page.get_by_role("link", name="Claim an agent").first.click()
        page.get_by_role("button", name="Make a claim code").click()
        phrase = fresh_agent.answer(page.locator("#invitation").inner_text())
        code_page = page.get_by_role("link", name="See whether it has answered")
        if code_page.is_visible():
            code_page.click()
        page.get_by_label("Confirmation phrase").fill(phrase)
        page.get_by_role("button", name="Link", exact=True).click()
        page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()
        reload_until(page, "$0.31")
        page.get_by_role("link", name="Add credits").click()
        page.get_by_role("heading", name="Buy credits for e2e-agent").wait_for()

    return go


def reload_until(page: Any, text: str) -> None:
    """Load the page again until it says something, as somebody without JavaScript does."""
    for _ in range(90):
        if page.get_by_role("main").get_by_text(text).count():
            return
        page.wait_for_timeout(1_000)
        page.reload()
    raise AssertionError(f"the page never said {text!r}:\n{page.get_by_role('main').inner_text()}")


def open_payment(page: Any) -> None:
    page.get_by_role("button", name="Ask for the price").click()
    page.get_by_text(re.compile(r"valid until \d\d:\d\d")).first.wait_for()
    page.get_by_role("button", name="Continue to payment").click()


def lit(page: Any) -> int:
    count: int = page.locator('.stepper [data-step="done"]').count()
    return count


@pytest.mark.parametrize("size", ["desk"])
def test_sponsor_buys_a_pack_is_declined_pays_and_sees_all_four_lights_turn(
    size: str, page: Any, enter: Callable[[Any], None]
) -> None:
    page.set_viewport_size(SIZES[size])
    enter(page)
    page.get_by_text("500 credits for $5.00").wait_for()
    sound(page)
    open_payment(page)
    link = page.get_by_role("link", name="Open Stripe Checkout")
    link.wait_for()
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert lit(page) == 0
    sound(page)
    with page.context.expect_page() as opened:
        link.click()
    stripe = opened.value
    stripe.locator('button[value="decline"]').click()
    stripe.get_by_text("Your card was declined").wait_for()
    press_and_close(stripe, stripe.locator('button[value="succeed"]'))

    page.locator(".answer", has_text="Done: 500 credits were added.").wait_for(timeout=PATIENCE)
    assert lit(page) == 4
    # 31 free credits were left of 40, and 500 were bought.
    page.get_by_text("The balance is 531 credits now.").wait_for()
    sound(page)

    page.get_by_role("link", name="See the agent").click()
    page.get_by_role("region", name="Credits and jobs").get_by_text("$5.00").wait_for()
    page.goto(page.url.partition("agents/")[0] + "credits/")
    row = page.get_by_role("row", name=re.compile("500 credits.*e2e-agent.*Credits added.*\\$5\\.00")).first
    assert row.is_visible()
    sound(page)


def test_exact_deposit_is_settled_from_the_sandboxs_wallet(
    page: Any, enter: Callable[[Any], None], system: System
) -> None:
    enter(page)
    page.get_by_label("Credits", exact=True).fill("123")
    page.get_by_text("123 credits for $1.23").wait_for()
    page.get_by_text("USDC deposit (x402)").click()
    open_payment(page)
    page.get_by_text("Waiting for a deposit of exactly 1.230000 USDC.").first.wait_for()
    deposit = page.get_by_role("region", name="The deposit")
    assert "1230000" in deposit.inner_text()
    assert "Another amount, coin or network" in deposit.inner_text()
    assert deposit.get_by_alt_text("QR code").evaluate("image => image.naturalWidth") > 0
    sound(page)
    page.get_by_text("Ids for support").click()
    attempt = page.get_by_text(re.compile("^payatt_")).first.get_attribute("title")
    wallet = page.context.new_page()
    wallet.goto(f"{system.sandbox_url}/pay/{attempt}")
    press_and_close(wallet, wallet.locator('button[value="exact"]'))
    page.locator(".answer", has_text="Done: 123 credits were added.").wait_for(timeout=PATIENCE)
    assert lit(page) == 4


def test_abandoned_checkout_is_found_again_by_the_same_order_and_paid_once(
    page: Any, enter: Callable[[Any], None]
) -> None:
    enter(page)
    shop = page.url
    open_payment(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open Stripe Checkout").click()
    press_and_close(opened.value, opened.value.locator('button[value="cancel"]'))
    first = page.url

    page.goto(shop.partition("credits/")[0])
    page.get_by_role("region", name="Purchases under way").get_by_text("e2e-agent").first.wait_for()
    page.goto(shop)
    page.get_by_role("button", name="Ask for the price").dblclick()
    page.get_by_role("link", name="Open Stripe Checkout").wait_for()
    assert page.url == first
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open Stripe Checkout").click()
    press_and_close(opened.value, opened.value.locator('button[value="succeed"]'))
    page.locator(".answer", has_text="Done: 500 credits were added.").wait_for(timeout=PATIENCE)


def test_buying_works_without_javascript(browser: Any, enter: Callable[[Any], None]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(page)
    page.get_by_text("An exact amount").click()
    page.get_by_label("Credits", exact=True).fill("250")
    open_payment(page)
    follow = page.url
    page.goto(page.get_by_role("link", name="Open Stripe Checkout").get_attribute("href"))
    page.locator('button[value="succeed"]').click()
    page.goto(follow)
    reload_until(page, "Done: 250 credits were added.")
    context.close()
