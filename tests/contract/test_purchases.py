"""Buying through the client, as far as the receipt and the refund."""

import re

import httpx
import pytest
from django.utils import timezone

from api_client import Conflict, InvalidRequest, NotFound, PurchaseAttempt
from sandbox.payments import gateway
from sandbox.stripe_stand_in import courier
from tests.contract.playing import Agent, World

CHECKOUT, X402 = "stripe_checkout", "stripe_x402.exact.usdc"


def attempt(agent: Agent, method: str = CHECKOUT, key: str = "1") -> PurchaseAttempt:
    money = agent.client.credits
    quote = money.quote_create(pack_id="starter-500", payment_method=method, idempotency_key=f"q{key}")
    opens = money.checkout_session_create if method == CHECKOUT else money.x402_deposit_create
    return opens(quote_id=quote.quote_id, idempotency_key=f"b{key}")


def press(world: World, address: str, outcome: str) -> None:
    """What the payer's browser does: follows the hand-off, presses a button; then the webhooks come."""
    with httpx.Client(transport=httpx.WSGITransport(app=world.wire.app), base_url="http://127.0.0.1:8001") as browser:
        page = browser.get(address).headers["location"].partition("#")[0]
        browser.post(page, data={"outcome": outcome})
    courier.run_due(timezone.now())


def test_a_checkout_ends_in_a_receipt(world: World) -> None:
    agent = world.join()
    opened = attempt(agent)
    assert (opened.state, opened.provider, opened.credits, opened.live_money) == (
        "action_required",
        "stripe",
        500,
        True,
    )
    assert opened.checkout_handoff_url == opened.checkout_compact_url
    assert re.search(r"#fid.{100}", opened.checkout_url or "")
    press(world, opened.checkout_handoff_url or "", "succeed")
    status = agent.client.credits.purchase_status(payment_attempt_id=opened.payment_attempt_id)
    assert (status.state, status.payment_backed_remaining_credits) == ("succeeded", 500)
    assert status.receipt_id
    assert status.credit_event_id
    by_receipt = agent.client.credits.purchase_status(receipt_id=status.receipt_id)
    assert (by_receipt.state, by_receipt.credit_event_id) == ("succeeded", status.credit_event_id)
    assert agent.client.quota.get().payment_backed_remaining_credits == 500


def test_a_deposit_tells_what_to_send_and_ends_in_a_receipt(world: World) -> None:
    agent = world.join()
    opened = attempt(agent, X402)
    assert opened.stripe_x402 is not None
    pay = opened.stripe_x402.payable_instructions
    assert pay is not None
    assert (pay.token_amount_atomic, pay.deposit_address[:2]) == ("5000000", "0x")
    press(world, f"/pay/{opened.payment_attempt_id}", "exact")
    status = agent.client.credits.purchase_status(quote_id=opened.quote_id or "")
    assert (status.state, status.payment_backed_remaining_credits) == ("succeeded", 500)


def test_a_refund_is_read_in_the_ledger(world: World) -> None:
    agent = world.join()
    opened = attempt(agent)
    press(world, opened.checkout_handoff_url or "", "succeed")
    (charge,) = gateway.client().v1.charges.list().data
    gateway.client().v1.refunds.create({"charge": charge.id, "amount": 200})
    courier.run_due(timezone.now())
    assert agent.client.quota.get().payment_backed_remaining_credits == 300
    assert [event.type for event in agent.ledger()] == [
        "credits.payment_backed_refunded",
        "credits.payment_backed_granted",
        "payment.checkout_session.created",
    ]


def test_the_same_key_is_the_same_attempt_and_another_quote_conflicts(world: World) -> None:
    agent = world.join()
    opened = attempt(agent)
    money = agent.client.credits
    again = money.checkout_session_create(quote_id=opened.quote_id or "", idempotency_key="b1")
    assert again.payment_attempt_id == opened.payment_attempt_id
    other = money.quote_create(credits=7, payment_method=CHECKOUT, idempotency_key="other")
    with pytest.raises(Conflict):
        money.checkout_session_create(quote_id=other.quote_id, idempotency_key="b1")
    with pytest.raises(InvalidRequest):
        money.x402_deposit_create(quote_id=other.quote_id, idempotency_key="b2")


def test_a_foreign_payment_is_not_found(world: World) -> None:
    opened = attempt(world.join())
    with pytest.raises(NotFound):
        world.join().client.credits.purchase_status(payment_attempt_id=opened.payment_attempt_id)
