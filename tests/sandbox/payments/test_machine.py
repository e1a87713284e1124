"""The money rules as a state machine: quotes, attempts, webhooks in any order and number, refunds, disputes, spends.

Whatever happens, a balance is the sum of the book, nothing is granted twice, and nothing is taken that was not granted.
SANDBOX_MONEY_EXAMPLES=200 plays longer.
"""

import os
from datetime import timedelta
from typing import Any, TypeVar
from unittest.mock import patch

import httpx
from django.db.models import Model, QuerySet, Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sandbox import book
from sandbox.models import Agent, BookEntry, Delivery, Event, Receipt, Reversal, StandInObject
from sandbox.models.activity import EventType
from sandbox.models.money import EntryKind
from sandbox.payments import fulfilment
from sandbox.stripe_stand_in import courier
from tests.sandbox.fixtures import Caller
from tests.sandbox.paying import CHECKOUT, X402, Purchase, helper, purchase

NUMBERS = st.integers(0, 999)
Row = TypeVar("Row", bound=Model)


def chosen(rows: QuerySet[Row], number: int) -> Row | None:
    """The row that a number stands for; None where there is none."""
    found = list(rows)
    return found[number % len(found)] if found else None


class Money(RuleBasedStateMachine):
    """One agent and the local Stripe; webhooks are taken from the post in an order that the machine chooses."""

    http: httpx.Client
    bought = Bundle("bought")

    def __init__(self) -> None:
        super().__init__()
        body = {"agent_name": "a", "runtime": "r", "return_token": True}
        self.agent = Caller(self.http, Caller(self.http).post("/v1/agent-signups", body).data["token"])
        self.row = Agent.objects.get(pk=self.agent.get("/v1/whoami").data["agent"]["agent_id"])
        self.number = 0

    @rule(target=bought, amount=st.integers(1, 300), method=st.sampled_from([CHECKOUT, X402]))
    def something_is_bought(self, amount: int, method: str) -> Purchase:
        self.number += 1
        return purchase(self.agent, amount, method, str(self.number))

    @rule(one=bought, outcome=st.sampled_from(["succeed", "decline", "processing", "cancel", "exact", "short"]))
    def a_button_is_pressed(self, one: Purchase, outcome: str) -> None:
        one.press(outcome)

    @rule(amount=st.integers(1, 50))
    def credits_are_granted_by_the_old_test_settlement(self, amount: int) -> None:
        self.number += 1
        terms = {"credits": amount, "payment_method": "fake", "idempotency_key": f"q{self.number}"}
        quote_id = self.agent.post("/v1/credit-quotes", terms).data["quote_id"]
        body = {"quote_id": quote_id, "idempotency_key": f"b{self.number}"}
        assert self.agent.post("/v1/credit-purchases", body).data == self.agent.post("/v1/credit-purchases", body).data

    # A number, not the row itself, is drawn: what there is to choose from must not change how a choice is drawn.
    @rule(number=NUMBERS)
    def a_webhook_comes(self, number: int) -> None:
        """Any event that ever was, however often it came before."""
        delivery = chosen(Delivery.objects.select_related("event").order_by("pk"), number)
        assert delivery is None or courier._tell(delivery)

    @rule()
    def the_post_is_emptied(self) -> None:
        courier.run_due(timezone.now() + timedelta(seconds=30))

    @rule(one=bought)
    def somebody_looks(self, one: Purchase) -> None:
        assert one.status()["state"] in {"action_required", "processing", "succeeded", "failed", "expired"}
        fulfilment.attempt_settle(one.id)

    @rule(one=bought, amount=st.integers(1, 300), status=st.sampled_from(["", "pending"]))
    def money_is_paid_back(self, one: Purchase, amount: int, status: str) -> None:
        charge = self.charge_of(one)
        left = charge["amount"] - charge["amount_refunded"] if charge and not charge["disputed"] else 0
        if charge and left:
            metadata = {"metadata": {"sandbox_status": status}} if status else {}
            one.refund(payment_intent=charge["payment_intent"], amount=min(amount, left), **metadata)

    @rule(number=NUMBERS, end=st.sampled_from(["succeed", "fail"]))
    def a_refund_ends(self, number: int, end: str) -> None:
        wanted = ["pending"] if end == "succeed" else ["pending", "succeeded"]
        refund = chosen(StandInObject.objects.filter(kind="refund", data__status__in=wanted).order_by("pk"), number)
        if refund:
            helper(f"refunds/{refund.object_id}/{end}")

    @rule(one=bought, inquiry=st.sampled_from(["true", "false"]))
    def a_bank_takes_its_money_back(self, one: Purchase, inquiry: str) -> None:
        charge = self.charge_of(one)
        if charge and not charge["disputed"]:
            helper("disputes", charge=charge["id"], inquiry=inquiry)

    @rule(number=NUMBERS, end=st.sampled_from(["win", "lose", "withdraw"]))
    def a_dispute_ends(self, number: int, end: str) -> None:
        still_open = ["needs_response", "warning_needs_response"]
        dispute = chosen(
            StandInObject.objects.filter(kind="dispute", data__status__in=still_open).order_by("pk"), number
        )
        if dispute:
            helper(f"disputes/{dispute.object_id}/{end}")

    @rule()
    def a_picture_is_made(self) -> None:
        with patch("sandbox.quota.refuse_over_cap"):
            answer = self.agent.create()
        if not answer.envelope["ok"]:
            assert answer.error["code"] == "QUOTA_EXCEEDED"

    @invariant()
    def the_balance_is_the_sum_of_the_book(self) -> None:
        held = book.balance(self.row)
        entries = BookEntry.objects.filter(agent=self.row)
        assert held.free + held.paid == entries.aggregate(total=Sum("credits"))["total"]

    @invariant()
    def every_grant_is_one_paid_quote(self) -> None:
        grants = BookEntry.objects.filter(agent=self.row, kind=EntryKind.GRANT)
        receipts = list(Receipt.objects.filter(agent=self.row))
        assert sorted(grants.values_list("reference", "credits")) == sorted((one.id, one.credits) for one in receipts)
        for receipt in receipts:
            if receipt.is_live_money:
                charge = StandInObject.objects.filter(
                    kind="charge", payment_intent=receipt.attempt.payment_intent_id, data__status="succeeded"
                )
                assert charge.count() == 1

    @invariant()
    def no_reversal_takes_more_than_was_granted(self) -> None:
        for receipt in Receipt.objects.filter(agent=self.row):
            taken = sum(one.credits for one in receipt.reversals.all() if one.state == "applied")
            assert 0 <= taken <= receipt.credits

    @invariant()
    def the_ledger_tells_the_paid_movements_and_nothing_unpublished(self) -> None:
        events = Event.objects.filter(agent=self.row)
        assert set(events.values_list("type", flat=True)) <= set(EventType.values)
        told = sum(event.details["credits_delta"] for event in events.filter(operation="credits"))
        kinds = [EntryKind.GRANT, EntryKind.REVERSAL]
        moved = BookEntry.objects.filter(agent=self.row, kind__in=kinds).aggregate(total=Sum("credits"))["total"]
        assert told == (moved or 0)

    def teardown(self) -> None:
        """After quiet everything agrees with the provider, and looking again changes nothing."""
        for _ in range(3):
            courier.run_due(timezone.now() + timedelta(minutes=5))
        paid = {row.payment_intent for row in StandInObject.objects.filter(kind="charge", data__status="succeeded")}
        mine = {one.attempt.payment_intent_id for one in Receipt.objects.filter(is_live_money=True)}
        assert mine == paid
        before = (BookEntry.objects.count(), Event.objects.count(), Reversal.objects.count())
        for receipt in Receipt.objects.filter(agent=self.row, is_live_money=True):
            fulfilment.attempt_settle(receipt.attempt_id)
        assert before == (BookEntry.objects.count(), Event.objects.count(), Reversal.objects.count())

    def charge_of(self, one: Purchase) -> dict[str, Any] | None:
        """The charge that paid it, whether we heard of it or not."""
        charges = StandInObject.objects.filter(kind="charge", data__status="succeeded")
        row = charges.filter(data__metadata__payment_attempt_id=one.id).first()
        return row.data if row else None


def test_money_adds_up_whatever_happens(sandbox_http: httpx.Client) -> None:
    Money.http = sandbox_http
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=int(os.environ.get("SANDBOX_MONEY_EXAMPLES", "12")),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
