"""Charges, fees and the account's balance: what a payment leaves behind, and what a refund or dispute takes."""

from typing import Any

from django.utils import timezone

from sandbox.stripe_stand_in import store
from sandbox.stripe_stand_in.models import StandInObject
from sandbox.stripe_stand_in.store import Object

DISPUTE_FEE_CENTS = 1500
_CRYPTO = "crypto"


def fee_cents(amount: int, method: str) -> int:
    """Stripe's list price: 2.9 % and 30 cents by card, 1.5 % in stable coins; half a cent is rounded up."""
    return (amount * 15 + 500) // 1000 if method == _CRYPTO else (amount * 29 + 500) // 1000 + 30


def book(source: str, amount: int, *, kind: str, category: str, fee: int = 0, currency: str = "usd") -> Object:
    """A balance transaction: `amount` is signed, `net` is what the account keeps of it."""
    now = store.stamp(timezone.now())
    entry = store.blank(
        "balance_transaction",
        amount=amount,
        fee=fee,
        net=amount - fee,
        currency=currency,
        type=kind,
        reporting_category=category,
        source=source,
        status="available",
        available_on=now,
        balance_type="payments",
    )
    if fee:
        entry["fee_details"] = [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe fee",
                "type": "stripe_fee",
            }
        ]
    return store.add(entry).data  # type: ignore[no-any-return]


def charge(intent: Object, method: str) -> Object:
    """The successful charge of a payment, with its fee booked."""
    made = _charge(intent, method) | {"status": "succeeded", "paid": True, "captured": True}
    made["amount_captured"] = intent["amount"]
    made["outcome"] = store.nested(
        "charge", "outcome", type="authorized", network_status="approved_by_network", seller_message="Payment complete."
    )
    fee = fee_cents(intent["amount"], method)
    entry = book(made["id"], intent["amount"], kind="charge", category="charge", fee=fee, currency=intent["currency"])
    made["balance_transaction"] = entry["id"]
    store.add(made, payment_intent=intent["id"])
    return made


def declined_charge(intent: Object) -> Object:
    """A charge that the bank refused; nothing is booked."""
    made = _charge(intent, "card") | {"status": "failed", "paid": False, "captured": False}
    made |= {"failure_code": "card_declined", "failure_message": "Your card was declined."}
    made["outcome"] = store.nested(
        "charge", "outcome", type="issuer_declined", network_status="declined_by_network", reason="generic_decline"
    )
    store.add(made, payment_intent=intent["id"])
    return made


def _charge(intent: Object, method: str) -> Object:
    made = store.blank(
        "charge",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        currency=intent["currency"],
        payment_intent=intent["id"],
        metadata=dict(intent["metadata"]),
        description=intent["description"],
        disputed=False,
        refunded=False,
        fraud_details={},
    )
    made["billing_details"] = store.nested("charge", "billing_details")
    made["payment_method_details"] = _method_details(method)
    made["refunds"] = store.listed([], f"/v1/charges/{made['id']}/refunds")
    return made


def _method_details(method: str) -> Object:
    if method == _CRYPTO:
        return {"type": _CRYPTO, _CRYPTO: {"network": "base", "token_currency": "usdc", "buyer_address": None}}
    card: dict[str, Any] = dict.fromkeys(store.examples()["charge"]["payment_method_details"]["card"])
    card |= {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242"}
    return {"type": "card", "card": card | {"network": "visa"}}


def charge_of(payment_intent: str) -> StandInObject | None:
    """The successful charge of a payment, locked."""
    charges = StandInObject.objects.select_for_update().filter(kind="charge", payment_intent=payment_intent)
    return charges.filter(data__status="succeeded").order_by("-pk").first()
