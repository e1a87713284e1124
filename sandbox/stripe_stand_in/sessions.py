"""Checkout sessions: what the API makes of them, and what the hosted page's buttons do."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from sandbox.stripe_stand_in import events, form, intents, store
from sandbox.stripe_stand_in.errors import required, state, wrong
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import StandInObject
from sandbox.stripe_stand_in.store import Object

KIND = "checkout.session"
_LIFE = timedelta(hours=24)
_SHORTEST = timedelta(minutes=30)
# The fragment is as long as Stripe's: whoever cuts it must notice here, not in production.
_FRAGMENT_BYTES = 150


def create(params: Params) -> Object:
    """A page on which somebody can pay once (`mode=payment`) for priced line items."""
    if form.text(params, "mode") != "payment":
        raise wrong("mode", "This local Stripe knows mode=payment.")
    lines = _lines(params)
    total = sum(line["amount_total"] for line in lines)
    currency = lines[0]["currency"]
    now = timezone.now()
    expires_at = _expiry(params, now)
    session: Object = store.blank(
        KIND,
        mode="payment",
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        success_url=form.required_text(params, "success_url"),
        cancel_url=form.text(params, "cancel_url") or None,
        client_reference_id=form.text(params, "client_reference_id") or None,
        customer_email=form.text(params, "customer_email") or None,
        metadata=form.metadata(params),
        expires_at=store.stamp(expires_at),
        payment_method_types=["card"],
        payment_status="unpaid",
        status="open",
        ui_mode="hosted",
    )
    session |= _settled_parts(total)
    session["url"] = f"{settings.SANDBOX_PUBLIC_URL}/stripe/c/pay/{session['id']}#fid{_fragment()}"
    store.add(session, acts_at=expires_at)
    parts: Object = {"id": _parts_id(session["id"]), "object": "session_parts", "lines": lines}
    parts["intent_metadata"] = form.metadata(form.group(params, "payment_intent_data"))
    store.add(parts)
    return session


def line_items(session_id: str) -> Object:
    """What is sold in a session."""
    store.find(KIND, session_id)
    lines = store.find("session_parts", _parts_id(session_id)).data["lines"]
    return store.listed(lines, f"/v1/checkout/sessions/{session_id}/line_items")


def expire(session_id: str) -> Object:
    """Closes an open session."""
    row = store.find(KIND, session_id)
    if row.data["status"] != "open":
        raise state("Only Checkout Sessions with a status of `open` can be expired.", "resource_missing")
    return close(row)


def close(row: StandInObject) -> Object:
    """Ends an open session unpaid."""
    row.acts_at = None
    session = store.change(row, status="expired", url=None)
    events.emit("checkout.session.expired", session)
    return session


def press(row: StandInObject, outcome: str) -> Object:
    """What the payer's button does to an open, locked session: succeed, decline or processing."""
    intent = _intent(row)
    if outcome == "decline":
        intents.decline(intent)
        return store.change(row, payment_intent=intent.object_id)
    row.acts_at = None
    if outcome == "processing":
        intents.delay(intent)
        session = _complete(row, intent, payment_status="unpaid")
    else:
        intents.succeed(intent)
        session = _complete(row, intent, payment_status="paid")
    events.emit("checkout.session.completed", session)
    return session


def settle_later(intent: StandInObject, *, is_paid: bool) -> None:
    """The end of a delayed payment, for the payment and for the session that it belongs to."""
    if is_paid:
        intents.succeed(intent)
    else:
        intents.decline(intent)
    sessions = StandInObject.objects.select_for_update()
    row = sessions.filter(kind=KIND, payment_intent=intent.object_id).first()
    if row is None:
        return
    if is_paid:
        events.emit("checkout.session.async_payment_succeeded", store.change(row, payment_status="paid"))
    else:
        events.emit("checkout.session.async_payment_failed", row.data)


def _complete(row: StandInObject, intent: StandInObject, *, payment_status: str) -> Object:
    row.payment_intent = intent.object_id
    details = store.nested(KIND, "customer_details", email="payer@example.com", name="Sandbox Payer", tax_exempt="none")
    return store.change(
        row,
        status="complete",
        payment_status=payment_status,
        payment_intent=intent.object_id,
        customer_details=details,
        url=None,
    )


def _intent(row: StandInObject) -> StandInObject:
    """The session's payment, made at the first press as Stripe does."""
    if row.data["payment_intent"]:
        return store.find("payment_intent", row.data["payment_intent"])
    parts = store.find("session_parts", _parts_id(row.object_id)).data
    intent = intents.new(row.data["amount_total"], row.data["currency"], parts["intent_metadata"])
    made = store.add(intent, payment_intent=intent["id"])
    row.payment_intent = intent["id"]
    events.emit("payment_intent.created", intent)
    return made


def _lines(params: Params) -> list[Object]:
    items = params.get("line_items")
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        raise required("line_items")
    lines = [_line(item, f"line_items[{index}]") for index, item in enumerate(items)]
    if len({line["currency"] for line in lines}) > 1:
        raise wrong("line_items", "All line items need one currency.")
    return lines


def _line(item: object, where: str) -> Object:
    data = form.group(item, "price_data") if isinstance(item, dict) else {}
    if not isinstance(item, dict) or not data:
        raise required(f"{where}[price_data]")
    quantity = form.whole(item, "quantity", low=1, high=999_999) or 1
    unit = form.whole(data, "unit_amount", low=1)
    if unit is None:
        raise required(f"{where}[price_data][unit_amount]")
    total, currency = unit * quantity, form.required_text(data, "currency")
    name = form.required_text(form.group(data, "product_data"), "name")
    price: dict[str, Any] = dict.fromkeys(store.examples()["price"])
    price |= {
        "id": f"price_{secrets.token_hex(12)}",
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "type": "one_time",
        "unit_amount": unit,
        "unit_amount_decimal": str(unit),
    }
    return {
        "id": f"li_{secrets.token_hex(12)}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": name,
        "price": price,
        "quantity": quantity,
    }


def _expiry(params: Params, now: datetime) -> datetime:
    given = form.whole(params, "expires_at", high=99_999_999_999)
    if given is None:
        return now + _LIFE
    moment = datetime.fromtimestamp(given, UTC)
    # A minute of grace each way for clocks and rounding.
    if not _SHORTEST - timedelta(minutes=1) <= moment - now <= _LIFE + timedelta(minutes=1):
        raise wrong("expires_at", "The `expires_at` timestamp must be 30 minutes to 24 hours from now.")
    return moment


def _settled_parts(total: int) -> Object:
    """Parts of a session that are always there and never null."""
    return {
        "automatic_tax": store.nested(KIND, "automatic_tax", enabled=False),
        "custom_text": store.nested(KIND, "custom_text"),
        "phone_number_collection": {"enabled": False},
        "payment_method_options": {},
        "adaptive_pricing": {"enabled": False},
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0} if total else None,
    }


def _parts_id(session_id: str) -> str:
    return f"{session_id}/parts"


def _fragment() -> str:
    return secrets.token_urlsafe(_FRAGMENT_BYTES).replace("-", "%2F").replace("_", "%2B")
