"""An agent asks its person to pay: found by itself, paid from the inbox, put off, and told to stop asking."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import press_and_close
from tests.e2e.looking import SIZES, sound
from tools.running import System

SEEN_WITHIN = 60_000
AGENTS = {"desk": "render-bot", "phone": "poster-press"}


def ask(system: System, name: str, amount: int) -> None:
    """Do what an agent does that wants to be funded: ask for a quote and open a checkout, with its own token."""
    system.python(
        "import uuid\n"
        "from django.utils import timezone\n"
        "from dashboard.freshness.models import Stream\n"
        "from dashboard.freshness.services import cursor_hurry\n"
        "from dashboard.agents.models import Claim\n"
        "from dashboard.remote import client_for\n"
        f"claim = Claim.objects.get(agent__name={name!r}, released_at=None)\n"
        "with client_for(claim, deadline_seconds=10) as client:\n"
        f"    terms = {{'credits': {amount}, 'payment_method': 'stripe_checkout'}}\n"
        "    quote = client.credits.quote_create(**terms, idempotency_key=str(uuid.uuid4()))\n"
        "    client.credits.checkout_session_create(quote_id=quote.quote_id, idempotency_key=str(uuid.uuid4()))\n"
        # Somebody presses Refresh: an agent that has been quiet for minutes is read less often.
        "cursor_hurry(stream=Stream.AGENT, subject_id=claim.agent_id, unless_since=timezone.now())\n"
    )


def request_of(page: Any, name: str, price: str) -> Any:
    return page.get_by_role("listitem").filter(has_text=f"{name} asks you to pay {price}")


@pytest.mark.parametrize("size", ["phone"])
def test_agent_asks_is_paid_put_off_and_told_to_stop(
    size: str, page: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    name = AGENTS[size]
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    page.goto(f"{page.url}inbox/")
    ask(system, name, 500)
    request_of(page, name, "$5.00").wait_for(timeout=SEEN_WITHIN)
    sound(page)

    with page.context.expect_page() as opened:
        request_of(page, name, "$5.00").get_by_role("link", name="Open checkout").click()
    checkout = opened.value
    assert checkout.evaluate("window.opener") is None
    press_and_close(checkout, checkout.get_by_role("button", name="Pay", exact=True))
    paid = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name)).filter(has_text="$5.00 for 500")
    for light in ("Paid", "Settled", "Credits granted", "Balance moved"):
        paid.locator('[data-lit="yes"]').filter(has_text=light).wait_for(timeout=SEEN_WITHIN)
    assert request_of(page, name, "$5.00").count() == 0
    sound(page)

    ask(system, name, 700)
    ask(system, name, 900)
    request_of(page, name, "$7.00").wait_for(timeout=SEEN_WITHIN)
    request_of(page, name, "$7.00").get_by_role("button", name="Not now").click()
    page.get_by_text("Not now. The request is out of the inbox").wait_for()
    assert request_of(page, name, "$7.00").count() == 0

    request_of(page, name, "$9.00").wait_for(timeout=SEEN_WITHIN)
    request_of(page, name, "$9.00").get_by_role("button", name="Don't ask for this again").click()
    page.get_by_text("will not ask here again").wait_for()
    assert request_of(page, name, "$9.00").count() == 0
    sound(page)
    page.get_by_role("button", name="Let it ask again").click()
    request_of(page, name, "$9.00").wait_for()
