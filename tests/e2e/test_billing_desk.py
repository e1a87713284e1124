"""The billing desk in a real browser: a refund, a dispute, a thread and the month, as one admin's day."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, sound
from tests.e2e.test_members import place
from tests.e2e.test_receipts import CREDITS, buy, downloaded
from tests.e2e.test_support import answer, tell
from tools.running import System

# Ages every sign-in of the billing admin by an hour.
AGED = """
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    session = SessionStore(row.session_key)
    told = session.get("account_authentication_methods", [])
    if session.get("_auth_user_backend") and told:
        session["account_authentication_methods"] = [{**one, "at": one["at"] - 3600} for one in told]
        session.save()
"""


@pytest.mark.parametrize("size", ["desk"])
def test_admin_refunds_a_part_answers_a_dispute_and_a_thread_and_reads_the_month(
    size: str,
    page: Any,
    browser: Any,
    system: System,
    sign_in: Callable[[Any, str], None],
    fresh_agent: FreshAgent,
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "platform billing admin")
    refund_part(page, system, sign_in, bought(page, system, fresh_agent))
    other = FreshAgent(system.sandbox_url)
    answer_dispute(page, system, sign_in, bought(page, system, other))

    context = browser.new_context(viewport=SIZES[size])
    sponsor = context.new_page()
    sign_in(sponsor, "sponsor")
    tell(sponsor, size)
    answer(page, size)
    keep_note(page)
    context.close()

    read_month(page, system)


def keep_note(page: Any) -> None:
    """Write down beside the thread what the sponsor should get; it stands with the other goodwill notes."""
    page.get_by_text("Write a note").click()
    page.get_by_role("spinbutton", name="Credits").fill("200")
    page.get_by_label("Why they deserve it").fill("Two days without an answer.")
    sound(page)
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_text("Two days without an answer.").wait_for()
    page.get_by_role("link", name="All notes").click()
    page.get_by_text("Two days without an answer.").wait_for()
    sound(page)


def bought(page: Any, system: System, agent: FreshAgent) -> str:
    """Have an agent buy, wait until the desk knows all of it, and return the address of the payment there."""
    buy(agent)
    until(page, f"{system.url}/billing/?q={agent.remote_id}&stage=done", lambda: row(page).count() == 1)
    assert "Credits granted: yes." in row(page).inner_text()
    sound(page)
    row(page).get_by_role("link").first.click()
    page.get_by_role("heading", name="$7.37").wait_for()
    sound(page)
    address: str = page.url
    return address


def row(page: Any) -> Any:
    return page.get_by_role("region", name="Purchases").get_by_role("row").filter(has_text="$7.37")


def until(page: Any, address: str, is_there: Callable[[], bool]) -> None:
    """Open a page again and again until the background has done what it shows."""
    for _ in range(90):
        page.goto(address)
        if is_there():
            return
        page.wait_for_timeout(1_000)
    raise AssertionError(f"{address} never showed it")


def refund_part(page: Any, system: System, sign_in: Callable[[Any, str], None], payment: str) -> None:
    """Give $2.00 back after a look at what it comes to; an old sign-in is not enough for it."""
    preview(page, payment)
    system.python(AGED)
    order(page)
    page.wait_for_url("**/account/login/**")
    page.get_by_text("asks for a fresh sign-in").wait_for()

    sign_in(page, "platform billing admin")
    preview(page, payment)
    order(page)
    page.get_by_text("200 credits were taken.").wait_for(timeout=120_000)
    sound(page)
    page.goto(payment)
    back = page.get_by_role("region", name="Refunds and disputes")
    assert "$2.00" in back.inner_text()
    back.get_by_role("link", name="Refund").click()
    page.get_by_text("200 credits were taken.").wait_for()


def preview(page: Any, payment: str) -> None:
    page.goto(payment)
    page.get_by_role("main").get_by_role("link", name="Refund", exact=True).click()
    page.get_by_role("spinbutton", name="Give back").fill("2.00")
    page.get_by_role("button", name="Show what it comes to").click()
    page.get_by_role("heading", name="Give back $2.00").wait_for()
    told = " ".join(page.get_by_role("region", name="What it comes to").inner_text().split())
    assert "Paid $7.37" in told
    assert f"Credits granted {CREDITS} credits" in told
    assert "Credits taken back 200 credits" in told
    sound(page)


def order(page: Any) -> None:
    page.get_by_label("Comment").fill("The second poster was never made.")
    page.get_by_role("button", name="Refund", exact=True).click()


def answer_dispute(page: Any, system: System, sign_in: Callable[[Any, str], None], payment: str) -> None:
    """The payer's bank asks: look at what was gathered, edit and save it, and hand it in for good."""
    dispute(page, system)
    until(page, payment, lambda: page.get_by_role("link", name="Dispute", exact=True).count() == 1)
    assert page.get_by_role("main").get_by_role("link", name="Refund", exact=True).count() == 0
    page.get_by_role("link", name="Dispute", exact=True).click()
    page.get_by_text("Gathered from our records, not saved yet").wait_for()
    assert f"{CREDITS} credits" in page.get_by_label("What was sold").input_value()
    sound(page)
    page.get_by_label("Buyer's name").fill("Olga of the North")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("heading", name="Hand it in").wait_for()
    assert page.get_by_label("Buyer's name").input_value() == "Olga of the North"
    sound(page)
    address = page.url
    sign_in(page, "platform billing admin")
    page.goto(address)
    page.get_by_role("button", name="Hand in for good").click()
    page.get_by_text("Handed in by Bea Billing").wait_for(timeout=60_000)
    page.get_by_text("Olga of the North").wait_for()
    sound(page)


def dispute(page: Any, system: System) -> None:
    """Have the bank of the payment on the page dispute it."""
    charge = page.locator("[title^=ch_]").first.get_attribute("title")
    key = system.python("from django.conf import settings; print(settings.STRIPE_API_KEY)")
    address = f"{system.sandbox_url}/stripe/v1/test_helpers/sandbox/disputes"
    httpx.post(address, data={"charge": charge}, headers={"Authorization": f"Bearer {key}"}).raise_for_status()


def read_month(page: Any, system: System) -> None:
    """The month's figures are those of its file, to the cent."""
    place(page, "Months", "desk")
    sums = page.get_by_role("region", name="USD")
    sums.wait_for()
    sound(page)
    text = downloaded(page, page.get_by_role("button", name="CSV")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for kind, label in (("payment", "Paid, gross"), ("refund", "Refunds"), ("dispute", "Disputes")):
        ours = [one for one in rows if one["kind"] == kind]
        said = sums.get_by_role("row").filter(has_text=label).inner_text().split()
        assert ours
        assert str(len(ours)) in said
        assert money(sum(int(one["amount_cents"]) for one in ours)) in said


def money(cents: int) -> str:
    sign = "\N{MINUS SIGN}" if cents < 0 else ""
    return f"{sign}${abs(cents) / 100:,.2f}"
