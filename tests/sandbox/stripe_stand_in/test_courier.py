"""Webhooks: signed, at least once, again after a failure, and in bad ways on request."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe
from django.utils import timezone
from pytest_django import Settings

from sandbox.models import Delivery, ProviderEvent, StandInObject
from sandbox.stripe_stand_in import courier, keys
from tests.sandbox.fixtures import Caller
from tests.sandbox.paying import deliver, helper, purchase


class Listener:
    """An address beside the sandbox, that may be told to fail."""

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, str]] = []
        self.failures = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.heard.append((body, self.headers["stripe-signature"]))
                outer.failures -= 1
                self.send_response(500 if outer.failures >= 0 else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def listener(settings: Settings) -> Iterator[Listener]:
    made = Listener()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def test_everybody_hears_of_every_event_with_a_signature(agent: Caller, listener: Listener, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_WEBHOOK_URLS = [listener.address]
    purchase(agent).pay()
    kinds = [
        stripe.Webhook.construct_event(body, signature, keys.webhook_secret()).type  # type: ignore[no-untyped-call]
        for body, signature in listener.heard
    ]
    assert kinds == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*listener.heard[0], "whsec_other")  # type: ignore[no-untyped-call]
    assert Delivery.objects.filter(delivered_at=None).count() == 0


def test_a_listener_that_fails_is_told_again(agent: Caller, listener: Listener, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_WEBHOOK_URLS = [listener.address]
    listener.failures = 4
    purchase(agent).pay()
    assert Delivery.objects.filter(delivered_at=None).count() == 4
    courier.run_due(timezone.now() + timedelta(seconds=60))
    ids = [json.loads(body)["id"] for body, _ in listener.heard]
    assert (len(ids), len(set(ids))) == (8, 4)
    assert Delivery.objects.filter(delivered_at=None).count() == 0


def test_a_listener_that_is_away_holds_nobody_up_and_is_given_up_at_last(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_STRIPE_WEBHOOK_URLS = ["http://127.0.0.1:9/hook"]
    assert purchase(agent).pay().status()["state"] == "succeeded"
    for hours in range(courier.MAX_TRIES):
        courier.run_due(timezone.now() + timedelta(hours=2 * hours + 2))
    left = Delivery.objects.filter(delivered_at=None)
    assert {delivery.tries for delivery in left} == {courier.MAX_TRIES}
    assert courier.run_due(timezone.now() + timedelta(days=30)) == 0


def test_copies_are_delivered_and_noted_once(agent: Caller) -> None:
    helper("deliveries", copies="5")
    purchase(agent).pay()
    assert Delivery.objects.count() == 20
    assert ProviderEvent.objects.count() == 4


def test_late_webhooks_leave_the_payment_open_until_they_come(agent: Caller) -> None:
    helper("deliveries", delay_seconds="120")
    bought = purchase(agent).pay()
    assert bought.status()["state"] == "action_required"
    courier.run_due(timezone.now() + timedelta(seconds=121))
    assert bought.status()["state"] == "succeeded"


def test_shuffled_webhooks_come_to_the_same_end(agent: Caller) -> None:
    helper("deliveries", shuffle_seconds="600", copies="2")
    bought = purchase(agent).pay()
    bought.press("succeed")
    for minute in range(12):
        courier.run_due(timezone.now() + timedelta(minutes=minute))
    assert bought.status()["state"] == "succeeded"
    orders = [event.due_at for event in Delivery.objects.order_by("pk")]
    assert orders != sorted(orders)


def test_lost_first_tries_come_again(agent: Caller) -> None:
    helper("deliveries", failures="2")
    bought = purchase(agent).pay()
    assert bought.status()["state"] == "action_required"
    for seconds in (10, 20, 30):
        courier.run_due(timezone.now() + timedelta(seconds=seconds))
    assert bought.status()["state"] == "succeeded"


def test_an_event_can_be_sent_once_more(agent: Caller) -> None:
    purchase(agent).pay()
    event = StandInObject.objects.filter(kind="event").first()
    assert event is not None
    before = Delivery.objects.count()
    helper(f"events/{event.object_id}/resend")
    assert Delivery.objects.count() == before + 1
    deliver()
    assert Delivery.objects.filter(delivered_at=None).count() == 0


def test_a_delivery_is_taken_by_one_of_several_couriers(agent: Caller) -> None:
    bought = purchase(agent)
    bought.press("succeed")
    delivery = Delivery.objects.select_related("event").first()
    assert delivery is not None
    now = timezone.now()
    assert [courier._deliver(delivery, now) for _ in range(2)] == [True, False]


def test_in_tests_no_thread_is_started(agent: Caller) -> None:
    courier.ensure()
    assert "stripe-courier" not in {thread.name for thread in threading.enumerate()}
