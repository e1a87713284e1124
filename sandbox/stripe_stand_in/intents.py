"""Payment intents: made by a checkout session, or directly for a crypto deposit; paid, declined, delayed."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from sandbox.stripe_stand_in import events, form, money, store
from sandbox.stripe_stand_in.errors import StripeFailure, state, wrong
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import StandInObject
from sandbox.stripe_stand_in.store import Object

# Visibly no real contract: tokens that a mistaken wallet sends after it cannot move.
TOKEN_CONTRACT = "0x5a4db0c5000000000000000000000000000000c5"  # noqa: S105 - an address, not a secret
_ENDED = ("succeeded", "canceled")


def create(params: Params) -> Object:
    """A payment of `amount` in `currency`; with crypto in deposit mode and `confirm` it gets an address."""
    amount = form.whole(params, "amount", low=1)
    if amount is None:
        raise StripeFailure("Missing required param: amount.", code="parameter_missing", param="amount")
    intent = new(amount, form.required_text(params, "currency"), form.metadata(params))
    methods = params.get("payment_method_types", ["card"])
    if methods not in (["card"], ["crypto"]):
        raise wrong("payment_method_types", "This local Stripe knows card and crypto.")
    intent["payment_method_types"] = methods
    crypto = form.group(form.group(params, "payment_method_options"), "crypto")
    if methods == ["crypto"]:
        if form.text(crypto, "mode") != "deposit" or form.text(params, "confirm") != "true":
            raise wrong("payment_method_options[crypto][mode]", "Crypto works here in deposit mode, confirmed at once.")
        address = _await_deposit(intent)
        StandInObject.objects.create(object_id=address, kind="deposit_address", payment_intent=intent["id"], data={})
    store.add(intent, payment_intent=intent["id"])
    events.emit("payment_intent.created", intent)
    if methods == ["crypto"]:
        events.emit("payment_intent.requires_action", intent)
    return intent


def new(amount: int, currency: str, metadata: dict[str, str]) -> Object:
    """A payment that is not saved yet."""
    intent = store.blank(
        "payment_intent",
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        amount_details={"tip": {}},
        capture_method="automatic",
        confirmation_method="automatic",
        currency=currency,
        metadata=metadata,
        payment_method_options={},
        payment_method_types=["card"],
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_urlsafe(18)}"
    return intent


def _await_deposit(intent: Object) -> str:
    address = f"0x5a4db0c5{secrets.token_hex(16)}"
    token = {"token_currency": "usdc", "token_contract_address": TOKEN_CONTRACT}
    place = {"address": address, "supported_tokens": [token]}
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "crypto_display_details",
        "crypto_display_details": {"deposit_addresses": {"base": place}},
    }
    intent["payment_method_options"] = {"crypto": {"mode": "deposit", "deposit_options": {"networks": ["base"]}}}
    return address


def cancel(params: Params, intent_id: str) -> Object:
    """Gives up a payment that nobody made."""
    row = store.find("payment_intent", intent_id)
    if row.data["status"] in (*_ENDED, "processing"):
        raise state("This PaymentIntent cannot be canceled now.", "payment_intent_unexpected_state")
    reason = form.text(params, "cancellation_reason") or None
    canceled = store.change(
        row,
        status="canceled",
        next_action=None,
        canceled_at=store.stamp(timezone.now()),
        cancellation_reason=reason,
    )
    events.emit("payment_intent.canceled", canceled)
    return canceled


def succeed(row: StandInObject, method: str = "card") -> Object:
    """The money is there."""
    charge = money.charge(row.data, method)
    row.acts_at = None
    intent = store.change(
        row,
        status="succeeded",
        amount_received=row.data["amount"],
        latest_charge=charge["id"],
        next_action=None,
        processing=None,
        last_payment_error=None,
    )
    events.emit("charge.succeeded", charge)
    events.emit("payment_intent.succeeded", intent)
    return intent


def decline(row: StandInObject) -> Object:
    """The bank says no; the payer may try again."""
    charge = money.declined_charge(row.data)
    row.acts_at = None
    intent = store.change(
        row,
        status="requires_payment_method",
        latest_charge=charge["id"],
        processing=None,
        last_payment_error={
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "generic_decline",
            "message": "Your card was declined.",
            "charge": charge["id"],
        },
    )
    events.emit("charge.failed", charge)
    events.emit("payment_intent.payment_failed", intent)
    return intent


def delay(row: StandInObject) -> Object:
    """A method that takes its time; the courier lets it succeed later."""
    row.acts_at = timezone.now() + timedelta(seconds=settings.SANDBOX_STRIPE_PROCESSING_SECONDS)
    intent = store.change(row, status="processing", processing={"type": "card"})
    events.emit("payment_intent.processing", intent)
    return intent


def of_address(address: str) -> StandInObject:
    """The payment that waits for a deposit at this address, or had one; locked."""
    return store.find("payment_intent", store.find("deposit_address", address).payment_intent)


def deposit(row: StandInObject, *, is_exact: bool) -> Object:
    """Tokens arrive. Half of the amount moves nothing but a counter; the exact rest completes the payment."""
    if row.data["status"] != "requires_action":
        raise state("This deposit is settled already.", "payment_intent_unexpected_state")
    if is_exact:
        return succeed(row, "crypto")
    intent = store.change(row, amount_received=row.data["amount"] // 2)
    events.emit("payment_intent.partially_funded", intent)
    return intent
