"""Whatever status and ledger say, in any order, twice, late or not at all: our mirror ends as the sandbox's.

One run of the real sandbox is written down, answer by answer; then its answers come shuffled, repeated and cut.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent, Client, PurchaseStatus
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Agent, Claim
from dashboard.credits.apply import purchases_apply
from dashboard.credits.machine import RANK
from dashboard.credits.models import Purchase, Receipt, Reversal
from dashboard.credits.settle import purchase_settle
from tests.dashboard.credits.paying import X402, buy, pay
from tests.dashboard.local_stripe import stripe, stripe_get

pytestmark = pytest.mark.django_db

Lights = ("paid_at", "settled_at", "granted_at")


@dataclass(frozen=True)
class Status:
    """What the service said of one quote when it was asked at `at`."""

    quote_id: str
    at: datetime
    answer: PurchaseStatus


@dataclass(frozen=True)
class Ledger:
    """What the ledger showed at `at`."""

    at: datetime
    records: tuple[ActivityEvent, ...]


@dataclass
class Recording:
    """A run, answer by answer; the last ones are the truth that it ended with."""

    client: Client
    quotes: list[str] = field(default_factory=list)
    answers: list[Status | Ledger] = field(default_factory=list)

    def look(self) -> dict[str, PurchaseStatus]:
        """Ask for everything once, and write it down."""
        for quote_id in self.quotes:
            at = timezone.now()
            answer = self.client.credits.purchase_status(quote_id=quote_id)
            self.answers.append(Status(quote_id, at, answer))
        at = timezone.now()
        events = self.client.activity.list(limit=200).events
        self.answers.append(Ledger(at, tuple(event for event in events if isinstance(event, ActivityEvent))))
        return {one.quote_id: one.answer for one in self.answers if isinstance(one, Status)}

    def until(self, quote_id: str, state: str) -> None:
        for _ in range(100):
            if self.look()[quote_id].state == state:
                return
            time.sleep(0.05)
        raise AssertionError(f"the sandbox never said {state}")


def wait_for(recording: Recording, event_type: str) -> None:
    for _ in range(100):
        recording.look()
        last = next(one for one in reversed(recording.answers) if isinstance(one, Ledger))
        if any(record.type == event_type for record in last.records):
            return
        time.sleep(0.05)
    raise AssertionError(f"the ledger never showed {event_type}")


@pytest.fixture
def recording(opened: Purchase, agent: Any, hosted_api: str) -> Iterator[Recording]:
    """Play every kind of purchase there is, and write down all that could be read of it meanwhile."""
    with agent.client() as client:
        recording = Recording(client, [opened.quote_id])
        recording.look()
        pay(opened)
        recording.until(opened.quote_id, "succeeded")
        again, first = buy(agent, amount=200)
        recording.quotes.append(again)
        recording.look()
        stripe(hosted_api, f"checkout/sessions/{first.checkout_session_id}/expire")
        recording.until(again, "expired")
        second = buy(agent, quote_id=again)[1]
        recording.look()
        pay(Purchase(hand_off_url=second.checkout_handoff_url), "processing")
        recording.until(again, "processing")
        left_open, _ = buy(agent, amount=300)
        deposit, attempt = buy(agent, X402, 137)
        recording.quotes += [left_open, deposit]
        recording.look()
        pay(Purchase(hand_off_url=f"{hosted_api}/pay/{attempt.payment_attempt_id}"), "exact")
        recording.until(deposit, "succeeded")
        recording.quotes.append(settled_by_test(agent, client))
        recording.until(again, "succeeded")
        intent = stripe_get(hosted_api, f"checkout/sessions/{opened.checkout_session_id}")["payment_intent"]
        stripe(hosted_api, "refunds", payment_intent=intent, amount=120)
        wait_for(recording, "credits.payment_backed_refunded")
        dispute = stripe_get(hosted_api, f"checkout/sessions/{second.checkout_session_id}")["payment_intent"]
        opened_dispute = stripe(hosted_api, "test_helpers/sandbox/disputes", payment_intent=dispute)
        wait_for(recording, "credits.payment_backed_disputed")
        stripe(hosted_api, f"test_helpers/sandbox/disputes/{opened_dispute['id']}/win")
        wait_for(recording, "credits.payment_backed_reinstated")
        recording.look()
        yield recording


def settled_by_test(agent: Any, client: Client) -> str:
    quote = client.credits.quote_create(payment_method="fake", credits=10, idempotency_key="any-order")
    body = {"quote_id": quote.quote_id, "idempotency_key": "any-order-buy"}
    headers = {"authorization": f"Bearer {agent.token}"}
    httpx.post(f"{agent.base_url}/v1/credit-purchases", json=body, headers=headers).raise_for_status()
    return quote.quote_id


def hear(claim: Claim, one: Status | Ledger) -> None:
    """Take in one answer, as the poller and the agent's own stream do."""
    if isinstance(one, Status):
        purchase = Purchase.objects.filter(agent=claim.agent_id, quote_id=one.quote_id).first()
        if purchase:
            purchase_settle(purchase_id=purchase.pk, status=one.answer, at=one.at)
        return
    with transaction.atomic():
        Agent.objects.select_for_update().get(pk=claim.agent_id)
        events = events_apply(claim=claim, records=one.records, at=one.at)
        purchases_apply(claim=claim, events=events)


def standing() -> dict[int, Purchase]:
    return {purchase.pk: purchase for purchase in Purchase.objects.all()}


def moved_forwards(before: dict[int, Purchase], after: dict[int, Purchase]) -> None:
    for key, old in before.items():
        new = after[key]
        is_same_attempt = old.payment_attempt_id in ("", new.payment_attempt_id)
        assert not is_same_attempt or RANK[Purchase.State(new.state)] >= RANK[Purchase.State(old.state)]
        assert old.status_at is None or (new.status_at is not None and new.status_at >= old.status_at)
        assert all(getattr(new, name) for name in Lights if getattr(old, name)), "a light that was lit went out"
        assert not old.receipt_id or new.receipt_id == old.receipt_id


def is_the_sandboxs(truth: dict[str, PurchaseStatus]) -> None:
    """Compare purchases, receipts, grants and reversals with what the sandbox holds."""
    ours = {purchase.quote_id: purchase for purchase in Purchase.objects.all()}
    assert set(ours) == set(truth)
    states = {"action_required": "open"}
    for quote_id, said in truth.items():
        assert ours[quote_id].state == states.get(said.state, said.state)
        is_paid = said.receipt_id is not None
        assert (ours[quote_id].granted_source == "ledger") == is_paid
        assert (ours[quote_id].paid_source == ours[quote_id].settled_source == "status") == is_paid
    receipts = {row.remote_id: row for row in Receipt.objects.all()}
    told = [said.receipt for said in truth.values() if said.receipt]
    assert set(receipts) == {receipt["receipt_id"] for receipt in told}
    for receipt in told:
        row = receipts[receipt["receipt_id"]]
        assert (row.credits, row.amount_cents) == (receipt["credits"], receipt["amount_cents"])
        assert (row.credit_event_id, row.live_money) == (receipt["credit_event_id"], receipt["live_money"])
        taken = Reversal.objects.filter(purchase=row.purchase).values_list("credits_delta", flat=True)
        assert -sum(delta or 0 for delta in taken) == receipt["credits_reversed"]


def test_answers_in_any_order_end_in_the_sandboxs_truth(recording: Recording, opened: Purchase, ready: Claim) -> None:
    answers, truth = recording.answers, recording.look()
    ledger = answers[-1]
    # As it was before the service answered our order: the worker died, and everything else came first.
    Purchase.objects.filter(pk=opened.pk).update(
        state="opening", payment_attempt_id="", checkout_session_id="", hand_off_url="", status_at=None
    )

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(answers), max_size=20))
    def in_any_order(heard: list[Status | Ledger]) -> None:
        with transaction.atomic():
            before = standing()
            for one in [*heard, ledger]:
                hear(ready, one)
                after = standing()
                moved_forwards(before, after)
                before = after
            for purchase in before.values():
                if purchase.state != "succeeded":
                    hear(ready, Status(purchase.quote_id, timezone.now(), truth[purchase.quote_id]))
            is_the_sandboxs(truth)
            transaction.set_rollback(True)

    in_any_order()
    assert Receipt.objects.count() == 0, "each example began afresh"


def everything() -> list[list[Any]]:
    return [list(model.objects.order_by("pk").values()) for model in (Purchase, Receipt, Reversal)]


def test_all_answers_in_order_twice_change_nothing_the_second_time(recording: Recording, ready: Claim) -> None:
    truth = recording.look()
    for one in recording.answers:
        hear(ready, one)
    is_the_sandboxs(truth)
    rows = everything()
    for one in recording.answers:
        hear(ready, one)
    assert everything() == rows
