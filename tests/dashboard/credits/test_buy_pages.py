"""Choosing, asking for the price, opening the payment: what the pages let through and what they withhold."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import PriceList, Purchase
from dashboard.credits.selectors import buying_rule_get
from tests.dashboard.credits.paying import CHECKOUT, X402
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(ready: Claim) -> str:
    return f"{reverse('credits:purchase_new', args=[ready.workspace.key])}?agent={ready.agent.remote_id}"


@pytest.fixture
def send(ready: Claim) -> Callable[..., HttpResponse]:
    """Return a function that sends the Buy form; its options change what is sent."""

    def press(browser: Browser, **fields: Any) -> HttpResponse:
        chosen = {"pack_id": "starter-500", "payment_method": CHECKOUT, "form_key": str(uuid.uuid4()), **fields}
        return browser.post(
            reverse("credits:purchase_quote", args=[ready.workspace.key, ready.agent.remote_id]), chosen
        )

    return press


def pay_url(purchase: Purchase) -> str:
    return reverse("credits:purchase_payment", args=[purchase.workspace.key, purchase.key])


def test_page_shows_packs_rails_with_what_they_need_and_bounds(
    shop: str, browser_of: Callable[..., Browser], buyer: User
) -> None:
    page = words(browser_of(buyer).get(shop))
    for said in ("500 credits $5.00", "2,000 credits $20.00", "1 to 5,000 credits", "Stripe's own page", "Live money"):
        assert said in page


def test_rail_that_is_not_offerable_says_why_and_cannot_be_chosen(
    shop: str, send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    row = PriceList.objects.get()
    row.methods = [{**one, "purchasable": one["method_id"] != X402} for one in row.methods]
    row.methods[1]["unavailable_reason"] = "A private <b>preview</b> only."
    row.methods.append({**row.methods[0], "method_id": "carrier_pigeon"})
    row.save()
    browser = browser_of(buyer)
    page = browser.get(shop).content.decode()
    assert "A private &lt;b&gt;preview&lt;/b&gt; only." in page
    assert "cannot follow this way to pay" in page
    assert len(re.findall(r'name="payment_method"\s+value="[^"]+"\s+disabled', page)) == 2
    answer = send(browser, payment_method=X402)
    assert answer.status_code == 422
    assert "private" in words(answer)
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pack_id": "", "credits": "0"},
        {"pack_id": "", "credits": "5001"},
        {"pack_id": "", "credits": "1.5"},
        {"pack_id": "", "credits": ""},
        {"pack_id": "starter-500", "credits": "7"},
        {"pack_id": "unheard-of"},
        {"form_key": "not-a-key"},
        {"card_number": "4242424242424242"},
        {"promoCode": "SPRING"},
    ],
)
def test_what_cannot_be_bought_is_refused_on_the_page(
    wrong: dict[str, str], send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    answer = send(browser_of(buyer), **wrong)
    assert answer.status_code == 422
    assert "42424242" not in answer.content.decode()
    assert not Purchase.objects.exists()


def test_address_that_carries_a_credential_is_refused(
    shop: str, browser_of: Callable[..., Browser], owner: User
) -> None:
    browser = browser_of(owner)
    assert browser.get(f"{shop}&card_number=4242").status_code == 400
    assert browser.get(f"{shop}&pack_id=starter-500").status_code == 200


def test_back_button_two_tabs_and_two_people_make_one_purchase(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User, owner: User
) -> None:
    form_key = str(uuid.uuid4())
    mine, theirs = browser_of(buyer), browser_of(owner)
    places = {send(mine, form_key=form_key)["Location"] for _ in range(2)}
    places |= {send(mine)["Location"], send(theirs)["Location"]}
    assert len(places) == 1
    purchase = Purchase.objects.get()
    assert {mine.post(pay_url(purchase)).status_code for _ in range(2)} == {302}
    assert Purchase.objects.get().state == "open"


def test_quote_says_until_when_in_the_viewers_zone(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    User.objects.filter(pk=buyer.pk).update(time_zone="Asia/Kathmandu")
    buyer.refresh_from_db()
    browser = browser_of(buyer)
    page = words(browser.get(send(browser)["Location"]))
    until = Purchase.objects.get().quote_expires_at
    assert until
    local = until + timedelta(hours=5, minutes=45)
    assert f"valid until {local:%H:%M}" in page


def test_stale_balance_withholds_buying_with_the_reason_in_place_of_the_button(
    shop: str, send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    browser = browser_of(buyer)
    place = send(browser)["Location"]
    Agent.objects.update(quota_at=timezone.now() - timedelta(hours=1))
    page = words(browser.get(shop))
    assert "Its balance could not be read lately" in page
    assert "Ask for the price" not in page
    assert send(browser, pack_id="builder-2000").status_code == 422
    page = words(browser.get(place))
    assert "Buying waits" in page
    assert "Continue to payment" not in page
    answer = browser.post(pay_url(Purchase.objects.get()), follow=True)
    assert "Its balance could not be read lately" in words(answer)
    assert Purchase.objects.get().state == "quoted"


def test_viewer_looks_at_prices_without_a_button_and_is_told_why(
    shop: str, browser_of: Callable[..., Browser], viewer: User
) -> None:
    page = words(browser_of(viewer).get(shop))
    assert "500 credits $5.00" in page
    assert "Owners and buyers of this workspace buy credits" in page
    assert "Ask for the price" not in page


def test_live_money_above_the_threshold_asks_for_a_fresh_sign_in(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User, owner: User, ready: Claim
) -> None:
    rule = reverse("credits:buying_rule", args=[ready.workspace.key])
    assert browser_of(owner).post(rule, {"dollars": "4"}).status_code == 302
    assert buying_rule_get(ready.workspace).fresh_sign_in_cents == 400
    assert AuditEntry.objects.filter(action="buying_rule.changed").count() == 1
    stale = browser_of(buyer, is_fresh=False)
    send(stale)
    purchase = Purchase.objects.get()
    assert stale.post(pay_url(purchase))["Location"] == f"/account/login/?next={pay_url(purchase)}"
    # Signed in again they come back to the purchase: an address alone opens no payment.
    assert browser_of(buyer).get(pay_url(purchase), follow=True).status_code == 200
    purchase.refresh_from_db()
    assert purchase.state == "quoted"
    browser_of(buyer).post(pay_url(purchase))
    purchase.refresh_from_db()
    assert purchase.state == "open"


def test_small_amounts_need_no_fresh_sign_in(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    stale = browser_of(buyer, is_fresh=False)
    send(stale)
    stale.post(pay_url(Purchase.objects.get()))
    assert Purchase.objects.get().state == "open"


def test_owner_alone_changes_the_rule_and_only_after_a_fresh_sign_in(
    browser_of: Callable[..., Browser], workspace: Workspace, owner: User, buyer: User
) -> None:
    rule = reverse("credits:buying_rule", args=[workspace.key])
    assert browser_of(buyer).post(rule, {"dollars": "4"}).status_code == 403
    answer = browser_of(owner, is_fresh=False).post(rule, {"dollars": "4"})
    assert answer["Location"].startswith("/account/login/")
    assert browser_of(owner).post(rule, {"dollars": "-1"}).status_code == 422
    assert buying_rule_get(workspace).fresh_sign_in_cents == 5_000


def test_purchase_is_given_up_before_it_is_opened_and_can_be_started_again(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    browser = browser_of(buyer)
    place = send(browser, pack_id="", credits="321")["Location"]
    purchase = Purchase.objects.get()
    browser.post(reverse("credits:purchase_cancel", args=[purchase.workspace.key, purchase.key]))
    page = browser.get(place).content.decode()
    again = re.search(r'href="([^"]*)"[^>]*id="again"', page)
    assert again
    assert 'value="321"' in browser.get(again[1].replace("&amp;", "&")).content.decode()


def test_time_out_leaves_a_page_that_says_so_and_no_second_order(
    send: Callable[..., HttpResponse],
    browser_of: Callable[..., Browser],
    buyer: User,
    hosted_answers: Callable[[Callable[[httpx.Request], httpx.Response]], None],
) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("silent", request=request)

    hosted_answers(silent)
    browser = browser_of(buyer)
    page = words(browser.get(send(browser)["Location"]))
    assert "Image Skill has not told the price yet" in page
    assert send(browser).status_code == 302
    assert Purchase.objects.get().state == "quoting"


def test_purchase_of_another_workspace_is_not_there(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User, outsider: User
) -> None:
    place = send(browser_of(buyer))["Location"]
    theirs = outsider.memberships.get().workspace
    key = Purchase.objects.get().key
    browser = browser_of(outsider)
    assert browser.get(place).status_code == 404
    for name in ("purchase_detail", "purchase_payment", "purchase_cancel"):
        url = reverse(f"credits:{name}", args=[theirs.key, key])
        assert (browser.get(url) if name == "purchase_detail" else browser.post(url)).status_code == 404


def test_overview_and_agent_page_lead_to_buying_and_say_what_is_open(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User, viewer: User, ready: Claim
) -> None:
    browser = browser_of(buyer)
    place = send(browser)["Location"]
    overview = reverse("web:overview", args=[ready.workspace.key])
    agent = reverse("web:agent_detail", args=[ready.workspace.key, ready.agent.remote_id])
    page = browser.get(overview).content.decode()
    assert "Purchases under way" in page
    assert place in page
    for url in (overview, agent):
        page = browser.get(url).content.decode()
        assert f"?agent={ready.agent.remote_id}" in page
        assert "Add credits" not in browser_of(viewer).get(url).content.decode()


def test_something_wrong_with_a_purchase_is_told_billing_from_its_page(
    send: Callable[..., HttpResponse],
    browser_of: Callable[..., Browser],
    buyer: User,
    viewer: User,
    outsider: User,
    ready: Claim,
) -> None:
    browser = browser_of(buyer)
    place = send(browser)["Location"]
    purchase = Purchase.objects.get()
    wrong = reverse("web:thread_new", args=[ready.workspace.key, "purchase", purchase.key])
    assert wrong in browser.get(place).content.decode()
    assert wrong not in browser_of(viewer).get(place).content.decode()
    assert "sees 500 credits" in words(browser.get(wrong))
    theirs = outsider.memberships.get().workspace.key
    for user, workspace_key, key in ((outsider, theirs, purchase.key), (buyer, ready.workspace.key, "x")):
        elsewhere = reverse("web:thread_new", args=[workspace_key, "purchase", key])
        assert browser_of(user).get(elsewhere).status_code == 404


def test_list_is_filtered_by_its_address(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User, ready: Claim
) -> None:
    browser = browser_of(buyer)
    send(browser)
    listing = reverse("credits:purchase_list", args=[ready.workspace.key])
    for query, is_there in (
        ("", True),
        (f"?agent={ready.agent.remote_id}&state=open&origin=sponsor", True),
        ("?state=done", False),
        ("?origin=agent", False),
    ):
        assert ("500 credits" in words(browser.get(listing + query))) is is_there
    assert "No purchase fits this filter" in words(browser.get(f"{listing}?agent=agt_of_others"))


def test_old_quote_is_replaced_by_a_new_purchase_with_the_same_terms(
    send: Callable[..., HttpResponse], browser_of: Callable[..., Browser], buyer: User
) -> None:
    browser = browser_of(buyer)
    first = send(browser)["Location"]
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        Agent.objects.update(quota_at=timezone.now())
        PriceList.objects.update(synced_at=timezone.now())
        browser = browser_of(buyer)
        assert "not held any more" in words(browser.get(first))
        assert send(browser)["Location"] != first
