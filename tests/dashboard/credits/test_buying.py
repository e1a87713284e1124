"""From a pack to its receipt: what a sponsor presses, what the background does, which lights turn."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase, Receipt
from dashboard.credits.services import purchase_cancel, purchase_open
from dashboard.credits.terms import Terms
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.credits.paying import X402, pay, poll, until

pytestmark = pytest.mark.django_db


def test_price_is_held_before_anything_can_be_paid(start: Callable[..., Purchase], owner: User) -> None:
    purchase = start()
    assert (purchase.state, purchase.credits, purchase.price_cents, purchase.live_money) == ("quoted", 500, 500, True)
    assert purchase.quote_id.startswith("quote_")
    assert purchase.quote_expires_at is not None
    assert (purchase.opened_by, purchase.payment_attempt_id, purchase.hand_off_url) == (owner, "", "")


def test_opened_checkout_hands_off_to_the_service_and_not_to_us(opened: Purchase, hosted_api: str) -> None:
    assert opened.state == "open"
    assert opened.hand_off_url == f"{hosted_api}/pay/{opened.payment_attempt_id}"
    assert opened.checkout_session_id.startswith("cs_")
    assert opened.expires_at is not None


def test_paid_checkout_turns_all_four_lights(opened: Purchase, ready: Claim, owner: User) -> None:
    pay(opened)
    purchase = until(opened, "succeeded")
    assert (purchase.paid_source, purchase.settled_source) == ("status", "status")
    receipt = Receipt.objects.get(purchase=purchase)
    assert (receipt.credits, receipt.amount_cents, receipt.live_money, receipt.opened_by) == (500, 500, True, owner)
    agent_sync(ready.agent_id, is_forced=True)
    agent_sync(ready.agent_id, is_forced=True)
    purchase.refresh_from_db()
    assert (purchase.granted_source, purchase.balance_moved_source) == ("ledger", "quota")
    ready.agent.refresh_from_db()
    assert ready.agent.paid_credits == 500
    assert SyncCursor.objects.get(stream=Stream.PURCHASE, subject_id=purchase.pk).stopped == "done"


def test_every_step_is_audited_with_whole_amounts(opened: Purchase) -> None:
    pay(opened)
    until(opened, "succeeded")
    entries = AuditEntry.objects.filter(subject_kind="purchase", subject_id=str(opened.key)).order_by("pk")
    assert [entry.action for entry in entries] == [
        "purchase.started",
        "purchase.quoted",
        "purchase.opened",
        "purchase.settled",
    ]
    last = entries[3]
    assert (last.actor_label, last.before["state"], last.after["amount_cents"]) == ("system", "open", 500)


def test_declined_card_leaves_the_checkout_open_for_another(opened: Purchase) -> None:
    pay(opened, "decline")
    assert poll(opened).state == "open"
    pay(opened)
    assert until(opened, "succeeded").settled_at is not None


def test_deposit_shows_exactly_what_to_pay(start: Callable[..., Purchase], owner: User) -> None:
    purchase = purchase_open(purchase=start(Terms(137, "", X402)), user=owner)
    assert (purchase.state, purchase.hand_off_url, purchase.hand_off_refused) == ("open", "", False)
    assert purchase.deposit is not None
    assert (purchase.deposit["amount_atomic"], purchase.deposit["decimals"]) == ("1370000", 6)
    assert (purchase.deposit["network"], purchase.deposit["token"]) == ("base", "usdc")


def test_same_form_and_same_terms_find_one_purchase(start: Callable[..., Purchase], owner: User, buyer: User) -> None:
    form = uuid.uuid4()
    first = start(form_key=form)
    assert start(user=buyer) == first
    assert start(form_key=form) == first
    assert purchase_open(purchase=first, user=owner) == purchase_open(purchase=first, user=buyer)
    assert Purchase.objects.count() == 1
    assert AuditEntry.objects.filter(action="purchase.opened").count() == 1


def test_form_sent_again_after_the_end_buys_nothing(start: Callable[..., Purchase], owner: User) -> None:
    form = uuid.uuid4()
    opened = purchase_open(purchase=start(form_key=form), user=owner)
    pay(opened)
    until(opened, "succeeded")
    assert start(form_key=form) == opened
    assert start() != opened, "a fresh form may buy again"


def test_price_that_ran_out_unused_is_asked_for_anew(start: Callable[..., Purchase], owner: User) -> None:
    first = start()
    Purchase.objects.filter(pk=first.pk).update(quote_expires_at=first.opened_at)
    assert purchase_open(purchase=first, user=owner).state == "expired"
    second = start()
    assert (second.state, second.quote_key != first.quote_key) == ("quoted", True)


def test_price_that_ran_out_is_no_obstacle_to_the_next_press(start: Callable[..., Purchase]) -> None:
    first = start()
    Purchase.objects.filter(pk=first.pk).update(quote_expires_at=first.opened_at)
    second = start()
    first.refresh_from_db()
    assert (first.state, second.state) == ("expired", "quoted")


def test_only_what_was_not_opened_can_be_given_up(start: Callable[..., Purchase], owner: User) -> None:
    purchase = start()
    assert purchase_cancel(purchase=purchase, user=owner)
    assert start() != purchase
    opened = purchase_open(purchase=start(), user=owner)
    assert not purchase_cancel(purchase=opened, user=owner)


def test_test_settlement_stands_apart_and_is_no_money(ready: Claim, agent: Any) -> None:
    with agent.client() as client:
        quote = client.credits.quote_create(payment_method="fake", credits=10, idempotency_key="fake-1")
        body = {"quote_id": quote.quote_id, "idempotency_key": "fake-buy-1"}
    headers = {"authorization": f"Bearer {agent.token}"}
    httpx.post(f"{agent.base_url}/v1/credit-purchases", json=body, headers=headers).raise_for_status()
    agent_sync(ready.agent_id, is_forced=True)
    found = Purchase.objects.get(origin="agent")
    assert until(found, "succeeded").live_money is False
    assert Receipt.objects.get().live_money is False
