"""The local Stripe as the official SDK sees it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox.models import StandInObject
from sandbox.payments import gateway
from sandbox.stripe_stand_in import keys, store
from tests.sandbox.fixtures import Caller
from tests.sandbox.paying import X402, helper, purchase

LINE: Any = {"quantity": 2, "price_data": {"currency": "usd", "unit_amount": 250, "product_data": {"name": "Thing"}}}


@pytest.fixture
def client(sandbox_http: httpx.Client) -> stripe.StripeClient:
    return gateway.client()


def session(client: stripe.StripeClient, **changes: Any) -> Any:
    params: Any = {"mode": "payment", "line_items": [LINE], "success_url": "http://127.0.0.1/done"} | changes
    return client.v1.checkout.sessions.create(params)


def paid_charge(client: stripe.StripeClient) -> str:
    made = session(client)
    helper(f"checkout/sessions/{made.id}/press", outcome="succeed")
    intent = client.v1.payment_intents.retrieve(client.v1.checkout.sessions.retrieve(made.id).payment_intent)
    return str(intent.latest_charge)


def assert_keys(actual: Any, example: Any, where: str) -> None:
    """Every key of the example is there; below that, wherever both have a group."""
    assert set(actual) >= set(example), f"{where}: {set(example) - set(actual)}"
    for name, value in example.items():
        if isinstance(value, dict) and isinstance(actual[name], dict) and name not in {"card", "data", "metadata"}:
            assert_keys(actual[name], value, f"{where}.{name}")


def test_objects_carry_every_key_of_the_official_examples(agent: Caller, client: stripe.StripeClient) -> None:
    bought = purchase(agent).pay()
    client.v1.payouts.create({"amount": 1, "currency": "usd"})
    bought.refund(amount=100)
    bought.dispute()
    kinds = {
        "checkout.session",
        "payment_intent",
        "charge",
        "refund",
        "dispute",
        "event",
        "balance_transaction",
        "payout",
    }
    skipped = {"customer_details", "next_action", "last_payment_error", "processing", "automatic_payment_methods"}
    for kind in kinds:
        rows = StandInObject.objects.filter(kind=kind)
        assert rows, kind
        for row in rows:
            example = {name: value for name, value in store.examples()[kind].items() if name not in skipped}
            assert_keys(row.data, example | dict.fromkeys(skipped & set(store.examples()[kind])), kind)


def test_the_examples_are_stripes_own() -> None:
    kept = json.loads((Path(store.__file__).parent / "fixtures.json").read_text())
    assert "MIT licence" in kept["source"]
    assert len(kept["resources"]["checkout.session"]) == 59


def test_a_session_has_its_lines_total_and_fragment(client: stripe.StripeClient) -> None:
    made = session(client, metadata={"a": "b"}, client_reference_id="ref")
    assert (made.amount_total, made.currency, made.status, made.payment_status) == (500, "usd", "open", "unpaid")
    assert (made.metadata["a"], made.client_reference_id, made.livemode) == ("b", "ref", False)
    assert made.id.startswith("cs_test_")
    assert "#fid" in made.url
    (line,) = client.v1.checkout.sessions.line_items.list(made.id).data
    assert (line.description, line.quantity, line.amount_total) == ("Thing", 2, 500)
    assert client.v1.checkout.sessions.retrieve(made.id).to_dict() == made.to_dict()


def test_an_open_session_can_be_expired_once(client: stripe.StripeClient) -> None:
    made = session(client)
    assert client.v1.checkout.sessions.expire(made.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(made.id)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"success_url": ""}, "success_url"),
        ({"expires_at": 1}, "expires_at"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price_data]"),
    ],
)
def test_a_wrong_session_is_an_error_object(client: stripe.StripeClient, changes: Any, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        session(client, **changes)
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert caught.value.request_id


def test_what_is_not_there_is_resource_missing(client: stripe.StripeClient) -> None:
    for read in (
        client.v1.checkout.sessions.retrieve,
        client.v1.payment_intents.retrieve,
        client.v1.charges.retrieve,
        client.v1.refunds.retrieve,
        client.v1.disputes.retrieve,
        client.v1.events.retrieve,
        client.v1.payouts.retrieve,
        client.v1.balance_transactions.retrieve,
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            read("xx_none")  # type: ignore[operator]
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_a_wrong_key_is_an_authentication_error(stranger: Caller) -> None:
    http = stranger.http
    for headers in ({}, {"authorization": "Bearer sk_test_guessed"}, {"authorization": "Basic %%%"}):
        response = http.get("/stripe/v1/balance", headers=headers)
        assert response.status_code == 401
        assert response.json()["error"]["type"] == "invalid_request_error"
    assert http.get("/stripe/v1/balance", auth=(keys.api_key(), "")).status_code == 200


def test_outside_tools_reach_it_over_http(stranger: Caller) -> None:
    response = stranger.http.post(
        "/stripe/v1/payment_intents",
        data={"amount": "500", "currency": "usd", "metadata[a]": "b"},
        headers={"authorization": f"Bearer {keys.api_key()}"},
    )
    assert (response.status_code, response.json()["metadata"]) == (200, {"a": "b"})
    assert response.headers["request-id"].startswith("req_")
    unknown = stranger.http.get("/stripe/v1/customers", headers={"authorization": f"Bearer {keys.api_key()}"})
    assert unknown.status_code == 404


def test_an_idempotency_key_gives_the_same_answer_and_refuses_other_terms(client: stripe.StripeClient) -> None:
    params: Any = {"amount": 500, "currency": "usd"}
    first = client.v1.payment_intents.create(params, {"idempotency_key": "k1"})
    assert client.v1.payment_intents.create(params, {"idempotency_key": "k1"}).id == first.id
    assert client.v1.payment_intents.create(params, {"idempotency_key": "k2"}).id != first.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create(params | {"amount": 501}, {"idempotency_key": "k1"})


def test_lists_are_pages_newest_first(client: stripe.StripeClient) -> None:
    made = [session(client).id for _ in range(5)]
    sessions = client.v1.checkout.sessions
    first = sessions.list({"limit": 2})
    assert ([row.id for row in first.data], first.has_more) == (made[:2:-1], True)
    rest = sessions.list({"limit": 2, "starting_after": first.data[-1].id})
    assert [row.id for row in rest.data] == [made[2], made[1]]
    back = sessions.list({"limit": 10, "ending_before": rest.data[0].id})
    assert ([row.id for row in back.data], back.has_more) == (made[:2:-1], False)
    assert [row.id for row in sessions.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    assert [row.id for row in sessions.list({"created": {"lt": 1}}).data] == []


def test_a_charge_has_its_fee_booked(client: stripe.StripeClient) -> None:
    charge = client.v1.charges.retrieve(paid_charge(client), {"expand": ["balance_transaction"]})
    entry: Any = charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net, entry.type) == (500, 45, 455, "charge")
    assert entry.fee_details[0].amount == 45
    assert charge.paid is charge.captured is True


def test_stable_coins_cost_less(agent: Caller, client: stripe.StripeClient) -> None:
    purchase(agent, 1000, X402).pay()
    (entry,) = client.v1.balance_transactions.list({"type": "charge"}).data
    assert (entry.amount, entry.fee) == (1000, 15)


def test_refunds_stop_where_nothing_is_left(client: stripe.StripeClient) -> None:
    charge = paid_charge(client)
    assert client.v1.refunds.create({"charge": charge, "amount": 100, "reason": "duplicate"}).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge, "amount": 401})
    client.v1.refunds.create({"charge": charge})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge})
    assert caught.value.code == "charge_already_refunded"
    row = client.v1.charges.retrieve(charge)
    assert (row.amount_refunded, row.refunded) == (500, True)
    assert len(client.v1.refunds.list({"charge": charge}).data) == 2


def test_a_disputed_charge_cannot_be_refunded(client: stripe.StripeClient) -> None:
    charge = paid_charge(client)
    helper("disputes", charge=charge)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge})
    assert caught.value.code == "charge_disputed"


@pytest.mark.parametrize(("word", "end"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_a_dispute_when_it_is_submitted(client: stripe.StripeClient, word: str, end: str) -> None:
    dispute = helper("disputes", charge=paid_charge(client))["id"]
    draft = client.v1.disputes.update(dispute, {"evidence": {"uncategorized_text": word}, "submit": False})
    assert (draft.status, draft.evidence_details.has_evidence) == ("needs_response", True)
    closed = client.v1.disputes.update(dispute, {"evidence": {"product_description": "credits"}, "submit": True})
    assert (closed.status, closed.evidence_details.submission_count) == (end, 1)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.close(dispute)


def test_a_dispute_that_is_closed_is_lost(client: stripe.StripeClient) -> None:
    dispute = helper("disputes", charge=paid_charge(client))["id"]
    assert client.v1.disputes.close(dispute).status == "lost"


def test_the_balance_is_what_was_booked(client: stripe.StripeClient) -> None:
    charge = paid_charge(client)
    paid_charge(client)
    dispute = helper("disputes", charge=charge)["id"]
    balance = client.v1.balance.retrieve().available[0].amount
    assert balance == 455 + 455 - 500 - 1500
    helper(f"disputes/{dispute}/win")
    entries = client.v1.balance_transactions.list({"limit": 100}).data
    assert client.v1.balance.retrieve().available[0].amount == sum(entry.net for entry in entries) == balance + 500


def test_a_payout_needs_its_money(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 1, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    paid_charge(client)
    assert client.v1.payouts.create({"amount": 455, "currency": "usd"}).status == "in_transit"
    assert client.v1.balance.retrieve().available[0].amount == 0


def test_a_payment_that_nobody_made_can_be_canceled(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 5, "currency": "usd"})
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(intent.id)


@pytest.mark.parametrize("body", ["a[b=1", "a=1&a[b]=2", "%00=1", "a=%00", "&".join(f"a{n}=1" for n in range(600))])
def test_a_form_without_meaning_is_refused(stranger: Caller, body: str) -> None:
    headers = {"authorization": f"Bearer {keys.api_key()}", "content-type": "application/x-www-form-urlencoded"}
    response = stranger.http.post("/stripe/v1/payment_intents", content=body, headers=headers)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
