"""Handling events: in any order, as often as they come, lost and killed: the same rows, each effect once."""

import json
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
import time_machine
from django.core.signals import request_finished
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client as Browser
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from dashboard.billing import apply
from dashboard.billing.facts import PaymentSeen
from dashboard.billing.handling import TRIES, event_handle, events_handle_due
from dashboard.billing.models import Chain, StripePayment, WebhookAttempt, WebhookEvent
from dashboard.billing.webhooks import events_store
from tests.dashboard.billing.conftest import checkout, press
from tests.dashboard.billing.desk_rows import event_made
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.local_stripe import stripe_get
from tests.examples import WITH_FIXTURES

SECRET = "whsec_of_these_tests"
State = StripePayment.State
_BEGAN = datetime(2026, 11, 20, tzinfo=UTC)


class Wire(stripe.RequestsClient):
    """The real way to the local Stripe, with somebody who listens after each answer."""

    def __init__(self, after: Callable[[str], None]) -> None:
        super().__init__(timeout=10)
        self.after = after

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        answer = super().request(method, url, headers, post_data)
        self.after(url)
        return answer


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(act: Callable[[], object]) -> None:
    """Do something in a process of its own, which the system ends somewhere in the middle."""
    connection.close()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        process = multiprocessing.get_context("fork").Process(target=act)
        process.start()
    process.join(timeout=30)
    assert process.exitcode == -signal.SIGKILL


def deliver(body: str) -> int:
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    headers = {"Stripe-Signature": signature}
    return Browser().post("/webhooks/stripe/", body, content_type="application/json", headers=headers).status_code


def due_again() -> None:
    """What time does: the turn of whoever was lost comes again."""
    WebhookEvent.objects.filter(state="unhandled").update(due_at="2026-01-01T00:00:00Z")


@pytest.mark.django_db(transaction=True)
def test_killed_anywhere_nothing_is_lost_or_doubled(stripe_connected: str, agent: PlayedAgent, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    attempt = checkout(agent)
    press(stripe_connected, attempt)
    listed = stripe_get(stripe_connected, "events?limit=10")["data"]
    intent = stripe_get(stripe_connected, f"checkout/sessions/{attempt.checkout_session_id}")["payment_intent"]
    body = next(json.dumps(one) for one in listed if one["data"]["object"].get("payment_intent") == intent)

    def while_storing() -> None:
        post_save.connect(die, sender=WebhookEvent)
        deliver(body)

    def before_answering() -> None:
        request_finished.connect(die)
        deliver(body)

    killed(while_storing)
    assert not WebhookEvent.objects.exists()
    killed(before_answering)
    event = WebhookEvent.objects.get()
    assert deliver(body) == 200
    event.refresh_from_db()
    assert (event.state, event.deliveries) == ("unhandled", 2)

    def after_the_answer() -> None:
        settings.STRIPE_TRANSPORT = lambda: Wire(die)
        event_handle(event.pk)

    def before_the_mark() -> None:
        post_save.connect(die, sender=WebhookAttempt)
        event_handle(event.pk)

    for ending in (after_the_answer, before_the_mark):
        killed(ending)
        event.refresh_from_db()
        assert event.state == "unhandled"
        assert not StripePayment.objects.exists()
        assert events_handle_due() == 0
        due_again()
    assert events_handle_due() == 1
    event.refresh_from_db()
    assert event.state == "handled"
    assert StripePayment.objects.get().state == "paid"
    assert Chain.objects.count() == 1


@pytest.mark.django_db
def test_stripe_that_is_away_is_asked_again_and_then_given_up(settings: Any) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "rk_test_any", "http://127.0.0.1:9"
    event = event_made(state="unhandled")
    settings.STRIPE_TRANSPORT = lambda: stripe.RequestsClient(timeout=0.1)
    with time_machine.travel(time.time(), tick=True) as clock:
        for number in range(TRIES):
            assert event_handle(event.pk)
            event.refresh_from_db()
            assert event.attempts == number + 1
            assert not event_handle(event.pk)
            clock.shift(timedelta(hours=1))
    assert event.state == "failed"
    assert event.tries.filter(is_done=False, error="APIConnectionError").count() == TRIES


@pytest.mark.django_db
def test_what_is_not_about_money_is_put_aside(settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    event = event_made(state="unhandled", object_kind="customer", payment_intent_id="")
    assert event_handle(event.pk)
    event.refresh_from_db()
    assert (event.state, event.reason) == ("ignored", "Not about money that the desk follows.")


@pytest.mark.django_db
def test_event_that_a_later_look_has_seen_asks_stripe_no_more(
    stripe_connected: str, agent: PlayedAgent, settings: Any
) -> None:
    attempt = checkout(agent)
    press(stripe_connected, attempt)
    intent = stripe_get(stripe_connected, f"checkout/sessions/{attempt.checkout_session_id}")["payment_intent"]
    listed = stripe_get(stripe_connected, "events?limit=10")["data"]
    mine = [one for one in listed if intent in json.dumps(one)]
    asked: list[str] = []
    settings.STRIPE_TRANSPORT = lambda: Wire(asked.append)
    assert events_store(mine) == len(mine) > 2
    while events_handle_due():
        pass
    assert sum(f"payment_intents/{intent}" in url for url in asked) == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"handled"}


def seen(number: int, state: State, refunded: int) -> tuple[PaymentSeen, Any]:
    at = _BEGAN + timedelta(seconds=number)
    is_paid = state == State.PAID
    told = PaymentSeen(
        livemode=False,
        state=state,
        amount_cents=500,
        currency="USD",
        created_at=_BEGAN,
        payment_intent_id="pi_1",
        checkout_session_id="cs_1" if number % 2 else "",
        charge_id="ch_1" if is_paid else "",
        refunded_cents=refunded if is_paid else 0,
        payment_attempt_id="payatt_1",
        paid_at=_BEGAN if is_paid else None,
    )
    return told, at


STORY = [seen(1, State.OPEN, 0), seen(2, State.PROCESSING, 0), seen(3, State.PAID, 0), seen(4, State.PAID, 200)]


@pytest.mark.django_db
@hypothesis(WITH_FIXTURES, max_examples=25)
@given(order=st.lists(st.sampled_from(range(len(STORY))), min_size=1, max_size=12), rest=st.permutations(range(4)))
def test_answers_in_any_order_and_number_end_in_the_latest(settings: Any, order: list[int], rest: list[int]) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    Chain.objects.all().delete()
    StripePayment.objects.all().delete()
    paid = False
    for number in [*order, *rest]:
        told, at = STORY[number]
        row = apply.payment_apply(told, at=at)
        assert not paid or row.is_paid
        paid = row.is_paid
    row = StripePayment.objects.get()
    assert (row.state, row.refunded_cents, row.checkout_session_id) == ("paid", 200, "cs_1")
    assert Chain.objects.get().stage == "reversed"


@pytest.mark.django_db
def test_session_and_intent_that_were_heard_of_apart_become_one_payment(settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_test_any"
    both, at = STORY[2]
    fields = {"livemode": False, "amount_cents": 500, "currency": "USD", "created_at": _BEGAN}
    named = {"quote_id": "quote_1", "payment_attempt_id": "payatt_1"}
    apply.payment_apply(PaymentSeen(**fields, **named, state=State.OPEN, checkout_session_id="cs_1"), at=_BEGAN)
    apply.payment_apply(PaymentSeen(**fields, state=State.OPEN, payment_intent_id="pi_1"), at=_BEGAN)
    assert StripePayment.objects.count() == 2
    apply.payment_apply(both, at=at)
    payment, chain = StripePayment.objects.get(), Chain.objects.get()
    assert (payment.checkout_session_id, payment.payment_intent_id, payment.state) == ("cs_1", "pi_1", "paid")
    assert (chain.stripe_payment_id, chain.payment_attempt_id, chain.quote_id) == (payment.pk, "payatt_1", "quote_1")


@pytest.mark.django_db
def test_object_of_the_other_mode_is_refused(settings: Any) -> None:
    settings.STRIPE_API_KEY = "rk_live_any"
    told, at = STORY[0]
    with pytest.raises(apply.OtherMode):
        apply.payment_apply(told, at=at)
