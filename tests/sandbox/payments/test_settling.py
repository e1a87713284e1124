"""From a payment to credits and back, whatever order the news come in (contract 2.12, 3.6, 3.7, 4.5, 10.5)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe
import time_machine
from django.utils import timezone
from pytest_django import Settings

from sandbox.models import BookEntry, PaymentAttempt, ProviderEvent, Receipt, StandInObject
from sandbox.payments import fulfilment
from sandbox.stripe_stand_in import keys
from tests.sandbox.fixtures import Answer, Caller
from tests.sandbox.paying import CHECKOUT, X402, buy, deliver, helper, purchase, quote

CREDITS = "credits.payment_backed_"


def paid(agent: Caller) -> int:
    return agent.limits()["payment_backed_remaining_credits"]


def credit_types(agent: Caller) -> list[str]:
    """Oldest first, without their common beginning."""
    return [kind.removeprefix(CREDITS) for kind in reversed(agent.event_types()) if kind.startswith(CREDITS)]


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_a_payment_is_granted_with_its_receipt(agent: Caller, method: str) -> None:
    status = purchase(agent, method=method).pay().status()
    assert (status["state"], status["payment_attempt"]["attempt_status"]) == ("succeeded", "succeeded")
    assert status["receipt"]["credits"] == status["credit_event"]["credits_delta"] == 500
    assert status["receipt"]["live_money"] is True
    assert status["limits"]["payment_backed_remaining_credits"] == paid(agent) == 500
    assert status["provider_event"]["provider"] == "stripe"
    assert status["next"] is None
    (event,) = [row for row in agent.get("/v1/activity").data["events"] if row["type"] == f"{CREDITS}granted"]
    assert event["subject"] == {"type": "credit", "id": status["credit_event"]["credit_event_id"]}
    assert event["links"] == {
        "quote_id": status["quote"]["quote_id"],
        "receipt_id": status["receipt"]["receipt_id"],
        "credit_event_id": status["credit_event"]["credit_event_id"],
    }
    assert event["details"]["credits_delta"] == 500


def test_the_same_payment_is_found_by_each_reference(agent: Caller) -> None:
    whole = purchase(agent).pay().status()
    references = {
        "quote_id": whole["quote"]["quote_id"],
        "payment_attempt_id": whole["payment_attempt"]["payment_attempt_id"],
        "checkout_session_id": whole["payment_attempt"]["checkout_session_id"],
        "receipt_id": whole["receipt"]["receipt_id"],
    }
    for name, value in references.items():
        assert agent.get("/v1/credit-purchases/status", **{name: value}).data == whole


def test_without_a_reference_the_status_is_the_quota(agent: Caller) -> None:
    assert agent.get("/v1/credit-purchases/status").data == agent.get("/v1/quota").data


@pytest.mark.parametrize("query", ["quote_id=a&receipt_id=b", "quote_id=", "quote_id=a&quote_id=b"])
def test_several_references_or_an_empty_one_are_refused(agent: Caller, query: str) -> None:
    assert agent.get(f"/v1/credit-purchases/status?{query}").refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_a_credential_in_the_query_is_refused(agent: Caller) -> None:
    answer = agent.get("/v1/credit-purchases/status?card_number=4242")
    assert answer.refusal == ("PAYMENT_CREDENTIAL_REJECTED", 400, 2)


def test_foreign_payments_are_not_there(sign_up: Callable[..., Caller]) -> None:
    status = purchase(sign_up()).pay().status()
    stranger = sign_up()
    for name, value in (
        ("quote_id", status["quote"]["quote_id"]),
        ("payment_attempt_id", status["payment_attempt"]["payment_attempt_id"]),
        ("checkout_session_id", status["payment_attempt"]["checkout_session_id"]),
        ("receipt_id", status["receipt"]["receipt_id"]),
    ):
        answer = stranger.get("/v1/credit-purchases/status", **{name: value})
        assert answer.refusal == ("PAYMENT_NOT_FOUND", 404, 1)


def test_an_open_quote_says_how_to_go_on(agent: Caller) -> None:
    quote_id = quote(agent)
    status = agent.get("/v1/credit-purchases/status", quote_id=quote_id).data
    assert (status["state"], status["payment_attempt"], status["receipt"]) == ("created", None, None)
    assert status["next_actions"]["recommended_buy"]["quote_id"] == quote_id
    data = buy(agent, quote_id).data
    status = agent.get("/v1/credit-purchases/status", quote_id=quote_id).data
    assert (status["state"], status["payment_attempt"]["attempt_status"]) == ("action_required", "requires_action")
    assert status["next"]["retry_after_seconds"] == 10
    assert status["payment_attempt"]["checkout_url"] == data["checkout_url"]


def test_an_open_deposit_says_how_to_go_on(agent: Caller) -> None:
    status = purchase(agent, method=X402).status()
    path = status["next_actions"]["recommended_settlement"]["payable_instructions_path"]
    found: Any = {"data": status}
    for name in path.split("."):
        found = found[name]
    assert found["token_amount_atomic"] == "5000000"


def test_a_declined_card_leaves_the_page_open(agent: Caller) -> None:
    bought = purchase(agent)
    refused = bought.press("decline")
    assert refused.status_code == 402
    assert "declined" in refused.text
    deliver()
    assert (bought.status()["state"], paid(agent)) == ("action_required", 0)
    assert bought.pay().status()["state"] == "succeeded"


def test_going_back_leaves_everything_as_it_was(agent: Caller) -> None:
    bought = purchase(agent)
    response = bought.press("cancel")
    assert (response.status_code, response.headers["location"]) == (
        303,
        f"http://127.0.0.1:8001/pay/{bought.id}/canceled",
    )
    deliver()
    assert bought.status()["state"] == "action_required"


def test_a_slow_payment_is_granted_when_it_arrives(agent: Caller) -> None:
    bought = purchase(agent)
    assert bought.press("processing").status_code == 303
    deliver()
    assert (bought.status()["state"], paid(agent)) == ("processing", 0)
    with time_machine.travel(timezone.now() + timedelta(seconds=4), tick=False):
        deliver()
        assert (bought.status()["state"], paid(agent)) == ("succeeded", 500)


def test_a_slow_payment_may_fail(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_PROCESSING_SECONDS = 1000
    bought = purchase(agent)
    bought.press("processing")
    intent = StandInObject.objects.get(kind="payment_intent").object_id
    helper(f"payment_intents/{intent}/finish", outcome="fail")
    deliver()
    assert (bought.status()["state"], paid(agent), credit_types(agent)) == ("failed", 0, [])


@pytest.mark.parametrize("method", [CHECKOUT, X402])
def test_an_attempt_expires(agent: Caller, method: str) -> None:
    bought = purchase(agent, method=method)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        deliver()
        assert bought.status()["state"] == "expired"
        assert agent.http.get(f"/pay/{bought.id}").status_code in {404, 410}


def test_a_short_deposit_buys_nothing_until_the_exact_amount_is_there(agent: Caller) -> None:
    bought = purchase(agent, method=X402)
    bought.press("short")
    deliver()
    assert (bought.status()["state"], paid(agent)) == ("action_required", 0)
    assert bought.pay().status()["state"] == "succeeded"
    assert paid(agent) == 500


def test_everything_again_grants_nothing_again(agent: Caller) -> None:
    helper("deliveries", copies="3")
    bought = purchase(agent).pay()
    for _ in range(3):
        fulfilment.attempt_settle(bought.id)
        fulfilment.session_settle(bought.data["checkout_session_id"])
    bought.press("succeed")
    deliver()
    assert Receipt.objects.count() == BookEntry.objects.filter(kind="grant").count() == 1
    assert (paid(agent), credit_types(agent)) == (500, ["granted"])


def test_a_refund_takes_the_credits_back(agent: Caller) -> None:
    bought = purchase(agent).pay()
    bought.refund()
    deliver()
    status = bought.status()
    assert (status["state"], paid(agent)) == ("succeeded", 0)
    assert status["receipt"]["credits_reversed"] == 500
    (reversal,) = status["reversals"]
    assert (reversal["kind"], reversal["state"], reversal["credits"]) == ("refund", "applied", 500)
    event = agent.get("/v1/activity").data["events"][0]
    assert event["type"] == f"{CREDITS}refunded"
    assert event["details"]["credits_delta"] == -500
    assert event["links"] == {
        "quote_id": bought.data["quote_id"],
        "receipt_id": status["receipt"]["receipt_id"],
        "payment_reversal_id": reversal["payment_reversal_id"],
        "credit_event_id": status["credit_event"]["credit_event_id"],
    }


def test_refunds_in_parts_take_exactly_their_parts(agent: Caller) -> None:
    bought = purchase(agent).pay()
    for amount in (100, 50, 350):
        bought.refund(amount=amount)
        deliver()
    assert (paid(agent), credit_types(agent)) == (0, ["granted", "refunded", "refunded", "refunded"])


def test_a_refund_of_spent_credits_goes_below_zero_and_the_next_purchase_fills_it(
    agent: Caller, settings: Settings
) -> None:
    settings.SANDBOX_FREE_CREDITS = 0
    agent.get("/v1/quota")
    bought = purchase(agent, 10).pay()
    BookEntry.objects.filter(purse="free").delete()
    assert agent.create().data["quota"]["consumed_credits"] == 1
    bought.refund()
    deliver()
    assert paid(agent) == -1
    assert agent.create().error["code"] == "QUOTA_EXCEEDED"
    purchase(agent, 10, key="2").pay()
    assert paid(agent) == 9


def test_a_pending_refund_is_noted_then_applied(agent: Caller) -> None:
    bought = purchase(agent).pay()
    refund = bought.refund(metadata={"sandbox_status": "pending"})
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "reversal_pending"])
    event = agent.get("/v1/activity").data["events"][0]
    assert "credit_event_id" not in event["links"]
    helper(f"refunds/{refund}/succeed")
    deliver()
    assert (paid(agent), credit_types(agent)) == (0, ["granted", "reversal_pending", "refunded"])


def test_a_pending_refund_that_fails_is_rejected(agent: Caller) -> None:
    bought = purchase(agent).pay()
    refund = bought.refund(metadata={"sandbox_status": "pending"})
    deliver()
    helper(f"refunds/{refund}/fail")
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "reversal_pending", "reversal_rejected"])


def test_a_refund_that_fails_afterwards_gives_back(agent: Caller) -> None:
    bought = purchase(agent).pay()
    refund = bought.refund()
    deliver()
    helper(f"refunds/{refund}/fail")
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "refunded", "reinstated"])


@pytest.mark.parametrize(
    ("end", "left", "kinds"),
    [
        ("win", 500, ["disputed", "reinstated"]),
        ("withdraw", 500, ["disputed", "reinstated"]),
        ("lose", 0, ["disputed"]),
    ],
)
def test_a_dispute_takes_until_it_is_won(agent: Caller, end: str, left: int, kinds: list[str]) -> None:
    bought = purchase(agent).pay()
    dispute = bought.dispute()
    deliver()
    assert (paid(agent), credit_types(agent)) == (0, ["granted", "disputed"])
    helper(f"disputes/{dispute}/{end}")
    deliver()
    assert (paid(agent), credit_types(agent)) == (left, ["granted", *kinds])


def test_a_dispute_that_is_over_before_we_hear_of_it_leaves_both_lines(agent: Caller) -> None:
    bought = purchase(agent).pay()
    helper(f"disputes/{bought.dispute()}/win")
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "disputed", "reinstated"])


def test_an_inquiry_takes_nothing(agent: Caller) -> None:
    bought = purchase(agent).pay()
    dispute = bought.dispute(inquiry="true")
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "reversal_pending"])
    helper(f"disputes/{dispute}/lose")
    deliver()
    assert (paid(agent), credit_types(agent)) == (500, ["granted", "reversal_pending", "reversal_rejected"])


def test_what_a_refund_took_a_dispute_cannot_take_again(agent: Caller) -> None:
    bought = purchase(agent).pay()
    bought.refund()
    deliver()
    bought.dispute()
    deliver()
    assert (paid(agent), credit_types(agent)) == (0, ["granted", "refunded", "reversal_rejected"])


def test_a_refund_that_is_heard_of_first_still_grants_first(agent: Caller) -> None:
    bought = purchase(agent)
    bought.press("succeed")
    intent = StandInObject.objects.get(kind="payment_intent").object_id
    PaymentAttempt.objects.filter(pk=bought.id).update(payment_intent_id=intent)
    bought.refund()
    events = list(StandInObject.objects.filter(kind="event").order_by("-id"))
    for event in events:
        webhook(agent, event.data)
    assert (paid(agent), credit_types(agent)) == (0, ["granted", "refunded"])


def test_the_paid_state_of_an_agent_is_kept_for_the_future(agent: Caller, settings: Settings) -> None:
    purchase(agent).pay()
    assert agent.get("/v1/whoami").data["claim_state"] == "unclaimed"
    settings.SANDBOX_PAYMENT_BACKED_STATE = True
    bought = purchase(agent, key="2").pay()
    assert agent.get("/v1/whoami").data["claim_state"] == "payment_backed_unclaimed"
    bought.refund()
    deliver()
    assert agent.get("/v1/whoami").data["claim_state"] == "payment_backed_unclaimed"
    PaymentAttempt.objects.exclude(pk=bought.id).get()
    first = PaymentAttempt.objects.exclude(pk=bought.id).get()
    from_first = type(bought)(agent, {"payment_attempt_id": first.id})
    from_first.refund()
    deliver()
    assert agent.get("/v1/whoami").data["claim_state"] == "unclaimed"


def webhook(agent: Caller, event: dict[str, Any], secret: str = "", at: int | None = None) -> Answer:
    payload = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(payload, secret or keys.webhook_secret(), at)
    return Answer(agent.http.post("/v1/stripe-webhooks", content=payload, headers={"stripe-signature": signature}))


def test_a_webhook_is_taken_over_http_and_noted_once(agent: Caller) -> None:
    bought = purchase(agent)
    bought.press("succeed")
    event = StandInObject.objects.get(kind="event", data__type="checkout.session.completed").data
    for _ in range(3):
        assert webhook(agent, event).data == {"received": True, "payment_attempt_id": bought.id}
    assert ProviderEvent.objects.count() == 1
    assert paid(agent) == 500


def test_a_forged_an_old_and_an_unsigned_webhook_are_refused(agent: Caller) -> None:
    bought = purchase(agent)
    forged = {
        "id": "evt_forged",
        "type": "checkout.session.completed",
        "data": {"object": {"object": "checkout.session", "id": bought.data["checkout_session_id"]}},
    }
    old = int(timezone.now().timestamp()) - 301
    for answer in (
        webhook(agent, forged, secret="whsec_guessed"),
        webhook(agent, forged, at=old),
        agent.post("/v1/stripe-webhooks", forged),
    ):
        assert answer.refusal == ("WEBHOOK_REFUSED", 400, 2)
    assert ProviderEvent.objects.count() == 0


def test_a_webhook_that_lies_about_a_payment_grants_nothing(agent: Caller) -> None:
    """Signed or not: what counts is what the provider says when it is asked."""
    bought = purchase(agent)
    session = StandInObject.objects.get(kind="checkout.session").data | {"payment_status": "paid", "status": "complete"}
    webhook(agent, {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": session}})
    assert (bought.status()["state"], paid(agent)) == ("action_required", 0)


def test_a_webhook_about_something_else_is_taken_and_changes_nothing(agent: Caller) -> None:
    event = {"id": "evt_1", "type": "customer.created", "data": {"object": {"object": "customer", "id": "cus_1"}}}
    assert webhook(agent, event).data == {"received": True, "payment_attempt_id": None}


def test_a_payment_of_another_amount_is_not_granted(agent: Caller) -> None:
    bought = purchase(agent)
    session = StandInObject.objects.get(kind="checkout.session")
    session.data |= {"amount_total": 1, "payment_status": "paid", "status": "complete"}
    session.save()
    fulfilment.attempt_settle(bought.id)
    assert (Receipt.objects.count(), paid(agent)) == (0, 0)
