"""What the page of one purchase says, for each way that it can stand."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.credits.models import Purchase, Source
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"
HAND_OFF = "https://checkout.stripe.com/c/pay/cs_1#fragment"
DEPOSIT = {
    "address": "0x" + "a" * 40,
    "amount_atomic": "5000000",
    "decimals": 6,
    "token": "usdc",
    "network": "base",
    "contract": "0x" + "c" * 40,
}


@pytest.fixture
def purchase_of(link: Callable[..., Claim], owner: User) -> Callable[..., Purchase]:
    """Return a function that writes a purchase in any state, for an agent that was just read."""
    claim = link(HOSTILE)

    def write(state: str, **fields: Any) -> Purchase:
        now = timezone.now()
        terms = {"credits": 500, "price_cents": 500, "payment_method": CHECKOUT, "live_money": True}
        opened = {"origin": "sponsor", "opened_by": owner, "opened_at": now, "terms": str(uuid.uuid4())}
        moments = {name: now - value for name, value in fields.items() if isinstance(value, timedelta)}
        return Purchase.objects.create(
            workspace=claim.workspace,
            agent=claim.agent,
            state=state,
            **{**opened, **terms, **fields, **moments},
        )

    return write


@pytest.fixture
def look(browser_of: Callable[..., Browser], owner: User) -> Callable[..., str]:
    """Return a function that reads the page of a purchase as the owner (or somebody else) sees it."""

    def read(purchase: Purchase, user: User | None = None, *, raw: bool = False) -> str:
        answer = browser_of(user or owner).get(address(purchase))
        assert answer.status_code == 200
        return answer.content.decode() if raw else words(answer)

    return read


def address(purchase: Purchase) -> str:
    return reverse("credits:purchase_detail", args=[purchase.workspace.key, purchase.key])


def ago(**span: int) -> timedelta:
    """Say when, for a purchase that is written later; less than nothing is still to come."""
    return timedelta(**span)


def lit(*names: str) -> dict[str, Any]:
    return {
        key: value for name in names for key, value in ((f"{name}_at", ago(seconds=5)), (f"{name}_source", "status"))
    }


PROBLEM = {"problem_code": "NETWORK_TIMEOUT", "problem_text": "The service did not answer in time."}
STATES = [
    ("quoting", {}, "Asking Image Skill for the price."),
    ("quoting", {**PROBLEM, "problem_at": ago(seconds=9)}, "has not told the price yet. We ask again by ourselves"),
    ("quoted", {"quote_expires_at": ago(minutes=-9)}, r"500 credits for \$5.00, valid until \d\d:\d\d"),
    ("quoted", {"quote_expires_at": ago(minutes=1)}, "not held any more. Nothing was charged"),
    ("opening", {}, "Opening the payment."),
    ("opening", {**PROBLEM, "problem_at": ago(seconds=9)}, "there can only be one payment"),
    ("open", {"hand_off_url": HAND_OFF}, "Waiting for the payer.*close the Stripe tab: this page will notice"),
    ("open", {"hand_off_refused": True}, "payment details that we do not trust.*do not pay"),
    ("open", {"deposit": DEPOSIT, "payment_method": X402}, "a deposit of exactly 5.000000 USDC"),
    ("open", {**PROBLEM, "problem_at": ago(minutes=2)}, "could not be asked 2 min ago The service did not answer in"),
    ("processing", {}, "The payment is under way. Some ways to pay take longer to confirm. Do not pay again"),
    ("paid", lit("paid"), "Paid. Waiting for Image Skill to add 500 credits, usually under a minute"),
    ("paid", {"paid_at": ago(days=40)}, "Paid 40 days ago.*we go on asking it once a day. Do not pay again"),
    ("paid", {"paid_at": ago(minutes=25)}, "Paid 25 min ago, and the 500 credits have not come yet.*Do not pay again"),
    ("succeeded", lit("paid", "settled"), "Image Skill has added 500 credits"),
    ("succeeded", lit("paid", "settled", "granted", "balance_moved"), "Done: 500 credits.*balance is 531 credits now"),
    ("expired", {"attempt_key": "key"}, "The payment ran out unpaid"),
    ("expired", {}, "The price ran out before it was used. Nothing was charged"),
    ("failed", {}, "did not go through.*failed or was declined"),
    ("canceled", {}, "given up. Nothing was charged"),
    ("refused", {"problem_code": "CREDIT_QUOTE_CONFLICT"}, "refused this purchase. An order with the same key"),
    ("refused", {"problem_code": "INVALID_ARGUMENTS"}, "The way to pay and the price that was held do not fit"),
    ("refused", {"problem_text": "The service refused this."}, "The service refused this. Nothing was charged"),
]


@pytest.mark.parametrize(("state", "fields", "said"), STATES)
def test_each_state_is_said_in_a_sentence_and_says_what_comes_next(
    state: str, fields: dict[str, Any], said: str, purchase_of: Callable[..., Purchase], look: Callable[..., str]
) -> None:
    assert re.search(said, look(purchase_of(state, **fields)))


def test_every_state_has_its_sentence() -> None:
    assert {state for state, _, _ in STATES} == set(Purchase.State.values)


def test_unlinked_agents_payment_is_followed_no_more_and_says_why(
    purchase_of: Callable[..., Purchase], look: Callable[..., str]
) -> None:
    purchase = purchase_of("open", hand_off_url=HAND_OFF)
    Claim.objects.update(released_at=timezone.now())
    page = look(purchase, raw=True)
    assert "not linked here any more" in page
    assert "data-poll-url" not in page


def test_open_page_looks_again_as_the_service_asks_and_an_ended_one_no_more(
    purchase_of: Callable[..., Purchase], look: Callable[..., str]
) -> None:
    assert 'data-poll-seconds="17"' in look(purchase_of("open", poll_seconds=17), raw=True)
    assert "data-poll-url" in look(purchase_of("succeeded", **lit("paid", "settled")), raw=True)
    assert "data-poll-url" not in look(purchase_of("succeeded", **lit("balance_moved")), raw=True)
    assert "data-poll-url" not in look(purchase_of("failed"), raw=True)


def test_checkout_opens_in_a_new_tab_that_does_not_know_this_one(
    purchase_of: Callable[..., Purchase], look: Callable[..., str]
) -> None:
    page = look(purchase_of("open", hand_off_url=HAND_OFF), raw=True)
    link = re.search(r'<a[^>]*id="checkout"[^>]*>', page)
    assert link
    assert f'href="{HAND_OFF}"' in link[0]
    assert 'target="_blank"' in link[0]
    assert 'rel="noopener noreferrer"' in link[0]


def test_viewer_sees_how_it_stands_without_a_way_to_pay_and_is_told_why(
    purchase_of: Callable[..., Purchase], look: Callable[..., str], viewer: User
) -> None:
    for state, fields in (
        ("open", {"hand_off_url": HAND_OFF}),
        ("open", {"deposit": DEPOSIT, "payment_method": X402}),
        ("quoted", {"quote_expires_at": ago(minutes=-9)}),
    ):
        page = look(purchase_of(state, **fields), viewer, raw=True)
        assert "Owners and buyers of this workspace pay" in page
        assert HAND_OFF not in page
        assert DEPOSIT["address"] not in page
        assert '<form method="post" action="/w/' not in re.sub(r"\s+", " ", page)


def test_light_of_stripe_is_grey_until_image_skill_says_paid_and_then_says_from_whom(
    purchase_of: Callable[..., Purchase], look: Callable[..., str]
) -> None:
    page = look(purchase_of("open", hand_off_url=HAND_OFF), raw=True)
    assert re.findall(r'data-step="(\w+)"', page) == ["hidden", "waiting", "waiting", "waiting"]
    assert "Not visible here" in page
    page = look(purchase_of("paid", **lit("paid")), raw=True)
    assert re.findall(r'data-step="(\w+)"', page) == ["done", "current", "waiting", "waiting"]
    assert "Stripe itself is not visible here" in page
    by_stripe = {"paid_at": timezone.now(), "paid_source": Source.STRIPE}
    assert "Stripe itself is not visible here" not in look(purchase_of("paid", **by_stripe))


def test_texts_of_strangers_are_inert(purchase_of: Callable[..., Purchase], look: Callable[..., str]) -> None:
    purchase = purchase_of("open", remote_state=HOSTILE, payment_method=HOSTILE)
    assert "<script>alert" not in look(purchase, raw=True)
    assert "alert(1)" in look(purchase)
