"""What Stripe's customers and their banks do, asked for by a call: it needs the secret key like any other.

Under `/v1/test_helpers/sandbox/`, ours; everything else speaks as Stripe does.
"""

from collections.abc import Callable
from typing import Any

from sandbox.stripe_stand_in import events, form, intents, reversals, sessions, store
from sandbox.stripe_stand_in.errors import StripeFailure, state
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.store import Object

_BASE = "test_helpers/sandbox"


def press(params: Params, session_id: str) -> Object:
    """A button of the hosted page: `outcome` is succeed, decline or processing."""
    row = store.find(sessions.KIND, session_id)
    outcome = form.required_text(params, "outcome")
    if outcome not in {"succeed", "decline", "processing"}:
        raise StripeFailure("Invalid outcome", param="outcome")
    if row.data["status"] != "open":
        raise state("This session is not open.", "session_unexpected_state")
    return sessions.press(row, outcome)


def finish(params: Params, intent_id: str) -> Object:
    """Ends a processing payment now: `outcome` is succeed or fail."""
    row = store.find("payment_intent", intent_id)
    if row.data["status"] != "processing":
        raise state("This payment is not processing.", "payment_intent_unexpected_state")
    sessions.settle_later(row, is_paid=form.text(params, "outcome", "succeed") == "succeed")
    return _fresh("payment_intent", intent_id)


def deposit(params: Params, intent_id: str) -> Object:
    """A wallet pays: `amount` is exact or short."""
    is_exact = form.text(params, "amount", "exact") == "exact"
    return intents.deposit(store.find("payment_intent", intent_id), is_exact=is_exact)


def deliveries(params: Params) -> Object:
    """How webhooks are delivered from now on; whatever is not named goes back to normal."""
    wishes = {
        "copies": form.whole(params, "copies", low=1, high=25),
        "delay_seconds": form.whole(params, "delay_seconds", high=3600),
        "shuffle_seconds": form.whole(params, "shuffle_seconds", high=3600),
        "failures": form.whole(params, "failures", high=5),
    }
    return events.set_plan({name: value for name, value in wishes.items() if value is not None})


def resend(_params: Params, event_id: str) -> Object:
    """Delivers an event once more."""
    row = store.find("event", event_id)
    events.send(row, events.targets())
    data: Object = row.data
    return data


def _fresh(kind: str, object_id: str) -> Object:
    data: dict[str, Any] = store.find(kind, object_id).data
    return data


ROUTES: list[tuple[str, str, Callable[..., Object]]] = [
    ("POST", f"{_BASE}/checkout/sessions/ID/press", press),
    ("POST", f"{_BASE}/payment_intents/ID/finish", finish),
    ("POST", f"{_BASE}/payment_intents/ID/deposit", deposit),
    ("POST", f"{_BASE}/refunds/ID/succeed", lambda _, object_id: reversals.settle_refund(object_id, is_paid=True)),
    ("POST", f"{_BASE}/refunds/ID/fail", lambda _, object_id: reversals.settle_refund(object_id, is_paid=False)),
    ("POST", f"{_BASE}/disputes", reversals.open_dispute),
    ("POST", f"{_BASE}/disputes/ID/win", lambda _, object_id: reversals.close_dispute(object_id, is_won=True)),
    ("POST", f"{_BASE}/disputes/ID/withdraw", lambda _, object_id: reversals.close_dispute(object_id, is_won=True)),
    ("POST", f"{_BASE}/disputes/ID/lose", lambda _, object_id: reversals.close_dispute(object_id, is_won=False)),
    ("POST", f"{_BASE}/deliveries", deliveries),
    ("POST", f"{_BASE}/events/ID/resend", resend),
]
