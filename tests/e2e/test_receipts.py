"""A receipt in a real browser: listed, read, printed and downloaded, the same to the cent everywhere."""

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from api_client import Client
from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, fits, sound
from tools.running import System

CREDITS = 737


def claim(page: Any, agent: FreshAgent) -> None:
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    phrase = agent.answer(page.locator("#invitation").inner_text())
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()


def buy(agent: FreshAgent) -> None:
    """Buy and pay as an agent with a generous person beside it does."""
    mark = time.monotonic_ns()
    with Client(base_url=agent.sandbox_url, token=agent.token) as client:
        quote = client.credits.quote_create(
            credits=CREDITS, payment_method="stripe_checkout", idempotency_key=f"quote-{mark}"
        )
        attempt = client.credits.checkout_session_create(quote_id=quote.quote_id, idempotency_key=f"buy-{mark}")
    assert attempt.checkout_handoff_url
    with httpx.Client(follow_redirects=False) as payer:
        checkout = payer.get(attempt.checkout_handoff_url).headers["location"].partition("#")[0]
        assert payer.post(checkout, data={"outcome": "succeed"}).status_code in (302, 303)


def refund(system: System, agent: FreshAgent) -> None:
    """Give the money back at Stripe, as its people do; then somebody presses Refresh here."""
    session, key = system.python(
        "from django.conf import settings\n"
        "from dashboard.credits.models import Purchase\n"
        f"purchase = Purchase.objects.get(agent__remote_id={agent.remote_id!r})\n"
        "print(purchase.checkout_session_id, settings.STRIPE_API_KEY)"
    ).split()
    with httpx.Client(base_url=f"{agent.sandbox_url}/stripe/v1", headers={"Authorization": f"Bearer {key}"}) as stripe:
        paid = stripe.get(f"/checkout/sessions/{session}").raise_for_status().json()["payment_intent"]
        stripe.post("/refunds", data={"payment_intent": paid}).raise_for_status()


def read_now(system: System, agent: FreshAgent) -> None:
    """Have the agent's ledger read at once, as Refresh does."""
    system.python(
        "from django.utils import timezone\n"
        "from dashboard.agents.models import Agent\n"
        "from dashboard.freshness.models import Stream\n"
        "from dashboard.freshness.services import cursor_hurry\n"
        f"agent = Agent.objects.get(remote_id={agent.remote_id!r})\n"
        "cursor_hurry(stream=Stream.AGENT, subject_id=agent.pk, unless_since=timezone.now())"
    )


def await_refund(page: Any, system: System, agent: FreshAgent) -> None:
    """Look at the receipt until it tells what was debited: Stripe's word takes its way over Image Skill's ledger."""
    for attempt in range(60):
        if page.get_by_text("737 credits debited from e2e-agent").count():
            return
        if attempt % 10 == 0:
            read_now(system, agent)
        page.wait_for_timeout(1_000)
        page.reload()
    raise AssertionError("the refund did not come")


def open_receipts(page: Any) -> None:
    if page.get_by_role("button", name="Open menu").is_visible():
        page.get_by_role("button", name="Open menu").click()
    page.get_by_role("link", name="Receipts", exact=True).first.click()
    page.get_by_role("heading", name="Receipts", exact=True).first.wait_for()


def await_receipts(page: Any, count: int) -> None:
    """Reload the list until the background has read so many receipts."""
    for _ in range(120):
        if page.get_by_role("row").filter(has_text="$7.37").count() >= count:
            return
        time.sleep(1)
        page.reload()
    raise AssertionError("the receipt did not come")


def said_by(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def downloaded(page: Any, press: Any) -> bytes:
    with page.expect_download() as download:
        press.click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("size", ["phone"])
def test_receipt_agrees_on_page_in_print_in_pdf_and_in_the_file_and_tells_of_its_refund(
    size: str, page: Any, system: System, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    claim(page, fresh_agent)
    open_receipts(page)
    before = page.get_by_role("row").filter(has_text="$7.37").count()
    buy(fresh_agent)
    await_receipts(page, before + 1)
    assert fits(page)

    text = downloaded(page, page.get_by_role("button", name="CSV")).decode("utf-8-sig")
    *rows, sums = csv.DictReader(io.StringIO(text, newline=""))
    assert (rows[0]["paid_cents"], rows[0]["granted_credits"]) == (str(CREDITS), str(CREDITS))
    assert int(sums["total_paid_cents"]) == sum(int(row["paid_cents"]) for row in rows)
    assert fresh_agent.token not in text

    page.get_by_role("row").filter(has_text="$7.37").first.get_by_role("link").click()
    page.get_by_role("heading", name="$7.37 for e2e-agent").wait_for()
    assert fits(page)
    paper = page.get_by_role("article", name="Receipt")
    assert "Paid $7.37 USD" in " ".join(paper.inner_text().split())
    page.get_by_text("Ids", exact=True).click()
    assert rows[0]["quote_id"] in page.locator("#ids").inner_text()

    said = said_by(downloaded(page, page.get_by_role("link", name="PDF")))
    printed = said_by(page.pdf())
    for text in (rows[0]["receipt_id"], "737 credits for e2e-agent", "Paid $7.37 USD", "A receipt, not a tax invoice."):
        assert text in said
        assert text in printed
    assert "Search" not in printed, "the sheet alone is printed"

    refund(system, fresh_agent)
    await_refund(page, system, fresh_agent)
    notice = page.get_by_role("region", name="Refunded")
    assert "The money comes back the way it was paid" in notice.inner_text()
    assert "Remains $0.00 USD" in " ".join(paper.inner_text().split())
    sound(page)
    open_receipts(page)
    row = page.get_by_role("row").filter(has_text="$7.37").filter(has_text="Refunded").first
    assert "\N{MINUS SIGN}$7.37" in row.inner_text()


def test_owner_names_the_buyer_and_reads_a_statement_without_javascript(
    browser: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "sponsor")
    open_receipts(page)
    page.get_by_role("link", name="Buyer's details").click()
    page.get_by_label("Name").fill("Northlight Studio GmbH")
    page.get_by_label("Tax id").fill("DE 812 345 678")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Receipts from now on carry it").wait_for()
    page.get_by_role("link", name="Receipts", exact=True).first.click()
    page.get_by_role("link", name="Statements").click()
    paper = page.get_by_role("article", name="Statement")
    assert "Northlight Studio GmbH" in paper.inner_text()
    said = said_by(downloaded(page, page.get_by_role("link", name="PDF")))
    assert "Northlight Studio GmbH Tax id: DE 812 345 678" in said
    assert "A statement, not a tax invoice." in said
    context.close()
