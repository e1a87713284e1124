"""Payments of all organizations: listed, refunded, fulfilled again and granted once (docs/hosted-api.md, ours)."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.models import PaymentAttempt, Receipt
from tests.sandbox.fixtures import Answer, Caller
from tests.sandbox.test_operator import agent_id, steer

REFUND = {"amount_cents": 200, "idempotency_key": "refund-1"}


def bought(agent: Caller, method: str = "stripe_checkout") -> str:
    """Opens a checkout for 500 credits and answers its session."""
    terms = {"pack_id": "starter-500", "payment_method": method, "idempotency_key": f"quote-{method}"}
    quote = agent.post("/v1/credit-quotes", terms).data["quote_id"]
    order = {"quote_id": quote, "idempotency_key": f"purchase:{quote}"}
    if method == "fake":
        return str(agent.post("/v1/credit-purchases", order).data["quote_id"])
    opened = agent.post("/v1/credit-purchases/stripe-checkout-sessions", order).data
    return str(opened["checkout_session_id"])


def press(agent: Caller, session: str) -> None:
    """The payer's button; no webhook is delivered in these tests."""
    answer = agent.http.post(f"/stripe/c/pay/{session}", data={"outcome": "succeed"})
    assert answer.status_code in {200, 302, 303}


def payment_of(operator: Caller, agent: Caller) -> dict[str, Any]:
    (row,) = operator.get("/operator/v1/payments", agent_id=agent_id(agent)).data["payments"]
    return dict(row)


def act(operator: Caller, attempt: str, verb: str, **body: Any) -> Answer:
    return operator.post(f"/operator/v1/payments/{attempt}/{verb}", body)


@pytest.fixture
def paid(operator: Caller, agent: Caller) -> str:
    """An attempt that was paid and fulfilled."""
    press(agent, bought(agent))
    attempt = str(payment_of(operator, agent)["payment_attempt_id"])
    act(operator, attempt, "fulfil")
    return attempt


def test_fulfilment_that_is_run_again_grants_once(operator: Caller, agent: Caller) -> None:
    session = bought(agent)
    row = payment_of(operator, agent)
    assert (row["status"], row["receipt"], row["checkout_session_id"]) == ("requires_action", None, session)
    attempt = row["payment_attempt_id"]
    assert act(operator, attempt, "fulfil").data["payment"]["status"] == "requires_action"
    press(agent, session)
    assert agent.limits()["payment_backed_remaining_credits"] == 0
    for _ in range(3):
        done = act(operator, attempt, "fulfil").data["payment"]
        assert (done["status"], done["receipt"]["credits"]) == ("succeeded", 500)
    assert agent.limits()["payment_backed_remaining_credits"] == 500
    assert agent.event_types().count("credits.payment_backed_granted") == 1
    assert Receipt.objects.count() == 1


def test_a_refund_takes_its_credits_back_once_a_key(operator: Caller, agent: Caller, paid: str) -> None:
    for _ in range(2):
        (reversal,) = act(operator, paid, "refunds", **REFUND).data["payment"]["reversals"]
        assert (reversal["kind"], reversal["credits"], reversal["state"]) == ("refund", 200, "applied")
    assert agent.limits()["payment_backed_remaining_credits"] == 300
    assert payment_of(operator, agent)["receipt"]["credits_reversed"] == 200
    rest = act(operator, paid, "refunds", idempotency_key="refund-2").data["payment"]["reversals"]
    assert sum(each["credits"] for each in rest) == 500
    assert agent.limits()["payment_backed_remaining_credits"] == 0
    assert act(operator, paid, "refunds", idempotency_key="refund-3").refusal == ("REVERSAL_REFUSED", 409, 1)
    listed = operator.get("/operator/v1/reversals", agent_id=agent_id(agent), kind="refund").data["reversals"]
    assert sorted(listed, key=str) == sorted(rest, key=str)
    assert agent.event_types().count("credits.payment_backed_refunded") == 2


@pytest.mark.parametrize(
    "body", [{}, {"amount_cents": 0, "idempotency_key": "k"}, {"amount_cents": 501, "idempotency_key": "k"}]
)
def test_a_refund_that_makes_no_sense_is_refused(operator: Caller, paid: str, body: dict[str, Any]) -> None:
    assert act(operator, paid, "refunds", **body).refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_what_was_not_paid_is_not_paid_back(operator: Caller, agent: Caller) -> None:
    bought(agent)
    attempt = payment_of(operator, agent)["payment_attempt_id"]
    assert act(operator, attempt, "refunds", **REFUND).refusal == ("REVERSAL_REFUSED", 409, 1)


def test_the_test_settlement_is_never_money(operator: Caller, agent: Caller) -> None:
    bought(agent, "fake")
    row = payment_of(operator, agent)
    assert (row["status"], row["live_money"], row["receipt"]["live_money"]) == ("succeeded", False, False)
    assert act(operator, row["payment_attempt_id"], "refunds", **REFUND).refusal == ("REVERSAL_REFUSED", 409, 1)
    assert act(operator, row["payment_attempt_id"], "fulfil").data["payment"] == row


def test_payments_are_found_by_their_fields(
    operator: Caller, sign_up: Callable[..., Caller], agent: Caller, paid: str
) -> None:
    other = sign_up()
    bought(other)
    everything = operator.get("/operator/v1/payments").data["payments"]
    assert [row["agent_id"] for row in everything] == [agent_id(agent), agent_id(other)]
    (row,) = operator.get("/operator/v1/payments", status="succeeded").data["payments"]
    assert row == operator.get(f"/operator/v1/payments/{paid}").data["payment"]
    assert len(operator.get("/operator/v1/payments", limit=1).data["payments"]) == 1
    assert operator.get("/operator/v1/payments/payatt_none").refusal == ("PAYMENT_NOT_FOUND", 404, 1)
    assert act(operator, "payatt_none", "fulfil").refusal == ("PAYMENT_NOT_FOUND", 404, 1)
    assert act(operator, "payatt_none", "refunds", **REFUND).refusal == ("PAYMENT_NOT_FOUND", 404, 1)


def test_a_payment_is_in_the_line_of_changes_at_each_step(operator: Caller, agent: Caller) -> None:
    def changed(cursor: str | None) -> tuple[list[dict[str, Any]], str]:
        page = operator.get("/operator/v1/changes", **({"cursor": cursor} if cursor else {})).data
        return [row["item"] for row in page["changes"] if row["kind"] == "payment"], page["next_cursor"]

    session = bought(agent)
    (opened,), cursor = changed(None)
    assert opened["status"] == "requires_action"
    press(agent, session)
    act(operator, opened["payment_attempt_id"], "fulfil")
    (paid,), cursor = changed(cursor)
    assert (paid["status"], paid["reversals"]) == ("succeeded", [])
    act(operator, opened["payment_attempt_id"], "refunds", **REFUND)
    (refunded,), cursor = changed(cursor)
    assert len(refunded["reversals"]) == 1
    act(operator, opened["payment_attempt_id"], "fulfil")
    assert changed(cursor)[0] == []


def test_a_revoked_agent_is_still_credited_for_what_it_paid(operator: Caller, agent: Caller) -> None:
    session, me = bought(agent), agent_id(agent)
    attempt = payment_of(operator, agent)["payment_attempt_id"]
    steer(operator, me, "revoke")
    press(agent, session)
    assert act(operator, attempt, "fulfil").data["payment"]["status"] == "succeeded"
    assert PaymentAttempt.objects.get().agent.claim_state == "revoked"
    steer(operator, me, "restore")
    assert agent.limits()["payment_backed_remaining_credits"] == 500
