"""The webhook's door: what is Stripe's is stored once, then acknowledged; everything else is refused and counted."""

import json
import time
from typing import Any

import pytest
import stripe
import time_machine
from django.test import Client as Browser
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from dashboard.billing.models import WebhookEvent, WebhookRefusal
from dashboard.billing.webhooks import MOST_BYTES
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
DOOR = "/webhooks/stripe/"
OLD, NEW = "whsec_of_last_year", "whsec_of_this_year"


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [NEW, OLD]
    settings.STRIPE_API_KEY = "rk_test_any"


def event(event_id: str = "evt_1", **changes: Any) -> str:
    about = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
    told = {"id": event_id, "type": "charge.succeeded", "livemode": False, "created": 1_790_000_000}
    return json.dumps({**told, "object": "event", "data": {"object": about}, **changes})


def deliver(body: str, secret: str = NEW, *, signature: str | None = None, signed_at: int | None = None) -> int:
    """Send a body to the door as Stripe does; returns the status of the answer."""
    if signature is None:
        signature = stripe.WebhookSignature.generate_signature_header(body, secret, signed_at)
    headers = {"Stripe-Signature": signature} if signature else {}
    return Browser().post(DOOR, body, content_type="application/json", headers=headers).status_code


def refused() -> dict[str, int]:
    return dict(WebhookRefusal.objects.values_list("reason", "count"))


def test_event_is_stored_byte_for_byte() -> None:
    body = event()
    assert deliver(body) == 200
    stored = WebhookEvent.objects.get()
    assert bytes(stored.body) == body.encode()
    assert (stored.event_id, stored.type, stored.object_id, stored.payment_intent_id, stored.livemode) == (
        ("evt_1", "charge.succeeded", "ch_1", "pi_1", False)
    )
    assert (stored.state, stored.origin, stored.deliveries) == ("unhandled", "delivered", 1)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_secret_is_good_while_one_is_rolled(secret: str) -> None:
    assert deliver(event(), secret) == 200


def test_duplicate_is_acknowledged_and_counted_once_more() -> None:
    assert [deliver(event()) for _ in range(3)] == [200, 200, 200]
    assert WebhookEvent.objects.get().deliveries == 3
    assert refused() == {}


@pytest.mark.parametrize(
    ("sent", "reason", "status"),
    [
        ({"body": event(), "signature": ""}, "unsigned", 400),
        ({"body": event(), "secret": "whsec_of_somebody"}, "forged", 400),
        ({"body": event(), "signature": "t=1,v1=abc"}, "forged", 400),
        ({"body": event(), "signature": "nonsense"}, "forged", 400),
        ({"body": event(), "signed_at": 1_000_000_000}, "stale", 400),
        ({"body": event(livemode=True)}, "other_mode", 400),
        ({"body": "[]"}, "unreadable", 400),
        ({"body": "{"}, "unreadable", 400),
        ({"body": event(livemode="yes")}, "unreadable", 400),
        ({"body": event(created="soon")}, "unreadable", 400),
        ({"body": event(data={})}, "unreadable", 400),
        ({"body": event("")}, "unreadable", 400),
        ({"body": " " * (MOST_BYTES + 1)}, "too_large", 413),
    ],
)
def test_what_is_not_stripes_is_refused_and_counted(sent: dict[str, Any], reason: str, status: int) -> None:
    assert [deliver(**sent), deliver(**sent)] == [status, status]
    assert refused() == {reason: 2}
    assert not WebhookEvent.objects.exists()


def test_replayed_delivery_is_refused_once_its_signature_is_old() -> None:
    body = event()
    signature = stripe.WebhookSignature.generate_signature_header(body, NEW)
    assert deliver(body, signature=signature) == 200
    with time_machine.travel(time.time() + 301):
        assert deliver(body, signature=signature) == 400
    assert refused() == {"stale": 1}


def test_forged_id_does_not_make_the_genuine_one_a_duplicate() -> None:
    assert deliver(event("evt_real"), "whsec_of_somebody") == 400
    assert deliver(event("evt_real")) == 200
    assert WebhookEvent.objects.get().deliveries == 1


def test_refusals_are_one_row_a_day_and_reason_however_many_come() -> None:
    for _ in range(20):
        deliver(event(), signature="")
    assert WebhookRefusal.objects.count() == 1


@hypothesis(WITH_FIXTURES, max_examples=40)
@given(place=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=127))
def test_no_changed_byte_passes(place: int, flip: int) -> None:
    body = event()
    signature = stripe.WebhookSignature.generate_signature_header(body, NEW)
    index = place % len(body)
    changed = body[:index] + chr(ord(body[index]) ^ flip) + body[index + 1 :]
    assert deliver(changed, signature=signature) == 400
    assert not WebhookEvent.objects.exists()


def test_an_answer_never_says_why() -> None:
    said = {Browser().post(DOOR, body, content_type="application/json").content for body in (event(), "{", "")}
    assert said == {b"Refused."}
