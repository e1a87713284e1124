"""Somebody who means harm: hand-made orders, frozen agents, other currencies, prices that change between pages."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Agent, Claim
from dashboard.agents.services import claim_release
from dashboard.credits.models import PriceList, Purchase
from dashboard.credits.selectors import hand_off_list
from dashboard.credits.services import purchase_open
from dashboard.credits.terms import Terms
from dashboard.credits.waiting import inbox_count
from dashboard.credits.withheld import BuyingWithheld
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.credits.paying import CHECKOUT, STARTER, X402, buy, poll
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
QUOTE = {"quote_id": "quote_1", "credits": 500, "price_amount_cents": 500, "accepted_payment_method": CHECKOUT}


@pytest.fixture
def look(browser_of: Callable[..., Browser], owner: User) -> Callable[[Purchase], str]:
    def read(purchase: Purchase) -> str:
        address = reverse("credits:purchase_detail", args=[purchase.workspace.key, purchase.key])
        return browser_of(owner).get(address).content.decode()

    return read


def told(**data: Any) -> Callable[[httpx.Request], httpx.Response]:
    envelope = {"ok": True, "trace_id": "trace_1", "warnings": [], "data": data, "error": None}
    return lambda _request: httpx.Response(200, json=envelope)


def test_rail_that_nobody_here_can_open_is_never_ordered_by(start: Callable[..., Purchase]) -> None:
    row = PriceList.objects.get()
    PriceList.objects.update(methods=[*row.methods, {**row.methods[0], "method_id": "carrier_pigeon"}])
    with pytest.raises(BuyingWithheld, match="cannot follow this way to pay"):
        start(Terms(None, "starter-500", "carrier_pigeon"))
    assert not Purchase.objects.exists()


def stopped(claim: Claim, _user: User) -> None:
    Claim.objects.update(stopped_at=timezone.now())


def refused(claim: Claim, _user: User) -> None:
    Claim.objects.update(token_refused_at=timezone.now())


def revoked(claim: Claim, _user: User) -> None:
    Agent.objects.update(claim_state="revoked")


def stale(claim: Claim, _user: User) -> None:
    Agent.objects.update(quota_at=timezone.now() - timedelta(hours=1))


def unlinked(claim: Claim, user: User) -> None:
    claim_release(claim=claim, user=user)


@pytest.mark.parametrize("method", [CHECKOUT, X402])
@pytest.mark.parametrize("freeze", [stopped, refused, revoked, stale, unlinked])
def test_payment_that_stood_open_before_the_freeze_leads_nobody_to_pay(
    freeze: Callable[[Claim, User], None],
    method: str,
    start: Callable[..., Purchase],
    ready: Claim,
    owner: User,
    look: Callable[[Purchase], str],
) -> None:
    purchase = purchase_open(purchase=start(Terms(500, "", method)), user=owner)
    way = purchase.hand_off_url or (purchase.deposit or {})["address"]
    assert way in look(purchase)
    freeze(ready, owner)
    page = look(purchase)
    assert way not in page
    assert "data:image/svg" not in page
    assert "Do not pay this now" in page


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_payment_whose_time_is_over_leads_nobody_to_pay_even_before_the_service_says_so(
    method: str, start: Callable[..., Purchase], owner: User, look: Callable[[Purchase], str]
) -> None:
    purchase = purchase_open(purchase=start(Terms(500, "", method)), user=owner)
    way = purchase.hand_off_url or (purchase.deposit or {})["address"]
    Purchase.objects.update(expires_at=timezone.now())
    page = look(purchase)
    assert way not in page
    assert "ran out" in page
    assert "Expired" in page
    assert 'id="again"' not in page, "it may have been paid in the last moment"


def test_hand_off_whose_time_is_over_says_so_in_the_inbox(
    agent: Any, ready: Claim, browser_of: Callable[..., Browser], owner: User
) -> None:
    buy(agent)
    assert agent_sync(ready.agent_id, is_forced=True)
    asked = poll(Purchase.objects.get())
    Purchase.objects.update(expires_at=timezone.now())
    page = browser_of(owner).get(reverse("web:inbox", args=[ready.workspace.key]))
    assert asked.hand_off_url not in page.content.decode()
    assert "Its time ran out" in words(page)
    assert "Expired" in words(page)
    assert "Asks you to pay" not in words(page)
    assert inbox_count(ready.workspace) == 0


@pytest.mark.parametrize("currency", ["EUR", "JPY", "usdx"])
def test_price_in_another_currency_is_not_taken_for_dollars(
    currency: str, start: Callable[..., Purchase], hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(told(**QUOTE, currency=currency))
    purchase = start(Terms(500, "", CHECKOUT))
    assert (purchase.state, purchase.problem_code) == ("refused", "QUOTE_MISMATCH")


def test_checkout_in_another_currency_is_never_shown(
    start: Callable[..., Purchase], owner: User, hosted_answers: Callable[..., None]
) -> None:
    purchase = start()
    attempt = {"quote_id": purchase.quote_id, "payment_attempt_id": "payatt_1", "amount_cents": 500, "currency": "GBP"}
    hosted_answers(told(state="action_required", checkout_url="https://checkout.stripe.com/x", **attempt))
    opened = purchase_open(purchase=purchase, user=owner)
    assert (opened.hand_off_url, opened.hand_off_refused) == ("", True)


def test_hand_off_in_another_currency_has_no_price_in_dollars_and_no_link(
    agent: Any, ready: Claim, hosted_answers: Callable[..., None]
) -> None:
    buy(agent)
    assert agent_sync(ready.agent_id, is_forced=True)
    found = Purchase.objects.get()
    attempt = {"payment_attempt_id": found.payment_attempt_id, "checkout_url": "https://checkout.stripe.com/x"}
    quote = {**QUOTE, "quote_id": found.quote_id, "currency": "EUR"}
    amount = {"amount_cents": 500, "credits": 500, "currency": "EUR"}
    hosted_answers(told(state="action_required", quote=quote, payment_attempt={**attempt, **amount}))
    assert poll(found).hand_off_refused
    assert (found.price_cents, found.hand_off_url) == (None, "")
    assert hand_off_list(ready.workspace, limit=1) == [found]


def test_packs_in_another_currency_are_not_on_sale(start: Callable[..., Purchase]) -> None:
    row = PriceList.objects.get()
    packs = [{**pack, "currency": "EUR"} for pack in row.packs["packs"]]
    PriceList.objects.update(packs={**row.packs, "packs": packs})
    with pytest.raises(BuyingWithheld, match="not on sale"):
        start(STARTER)


def test_price_that_differs_from_the_list_is_said_before_anybody_continues(
    start: Callable[..., Purchase], hosted_answers: Callable[..., None], look: Callable[[Purchase], str]
) -> None:
    assert "The price list says" not in look(start(Terms(321, "", CHECKOUT)))
    hosted_answers(told(**{**QUOTE, "price_amount_cents": 5_000}))
    page = look(start(Terms(500, "", CHECKOUT)))
    assert "500 credits for $50.00" in page
    assert "The price list says 500 credits for $5.00" in page


def test_nobody_opens_a_payment_whose_price_they_have_not_seen(start: Callable[..., Purchase], owner: User) -> None:
    purchase = start()
    unseen = Purchase.objects.get(pk=purchase.pk)
    unseen.state, unseen.price_cents = Purchase.State.QUOTING, None
    assert purchase_open(purchase=unseen, user=owner).state == "quoted"


def test_one_form_with_other_terms_is_another_purchase(start: Callable[..., Purchase]) -> None:
    form = uuid.uuid4()
    small, large = start(form_key=form), start(Terms(None, "studio-5000", CHECKOUT), form_key=form)
    assert (small.pack_id, large.pack_id) == ("starter-500", "studio-5000")
    assert large == start(Terms(None, "studio-5000", CHECKOUT), form_key=form)


def test_money_pages_answer_while_the_service_is_away(
    start: Callable[..., Purchase],
    ready: Claim,
    browser_of: Callable[..., Browser],
    owner: User,
    hosted_answers: Callable[..., None],
) -> None:
    quoted = start()

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    hosted_answers(away)
    browser, key = browser_of(owner), ready.workspace.key
    for name in ("credits:purchase_list", "credits:purchase_new", "balance:balance_overview", "web:inbox"):
        assert browser.get(reverse(name, args=[key])).status_code == 200, name
    fields = {"credits": "77", "payment_method": CHECKOUT, "form_key": str(uuid.uuid4())}
    buy_url = reverse("credits:purchase_quote", args=[key, ready.agent.remote_id])
    assert browser.post(buy_url, fields, follow=True).status_code == 200
    page = browser.post(reverse("credits:purchase_payment", args=[key, quoted.key]), follow=True)
    assert "Image Skill did not say whether it opened the payment" in words(page)
    assert browser.post(reverse("credits:purchase_cancel", args=[key, quoted.key]), follow=True).status_code == 200
