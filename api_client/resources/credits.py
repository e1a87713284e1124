"""Buying credits (contract 2.6 to 2.12). Only the public payment fields of contract 4.1 ever travel."""

from api_client.records.credits import CreditPacks, PaymentMethods, PurchaseAttempt, PurchaseStatus, Quote
from api_client.resources.base import Resource, checked_key, given
from api_client.retry import Repeat
from api_client.transport import Call


class Credits(Resource):
    """Packs, quotes, payment attempts and their state. None of them changes a balance (contract 4.5)."""

    def payment_methods(self) -> PaymentMethods:
        """GET /v1/payment-methods, without the token."""
        call = Call("GET", "/v1/payment-methods", repeat=Repeat.READ, is_authenticated=False)
        return self._record(PaymentMethods, call)

    def packs(self) -> CreditPacks:
        """GET /v1/credit-packs, without the token."""
        return self._record(CreditPacks, Call("GET", "/v1/credit-packs", repeat=Repeat.READ, is_authenticated=False))

    def quote_create(
        self,
        *,
        payment_method: str,
        idempotency_key: str,
        credits: int | None = None,  # noqa: A002 - the contract's noun
        pack_id: str | None = None,
    ) -> Quote:
        """POST /v1/credit-quotes for exactly one of `credits` (1 to 5000) and `pack_id`.

        The same key with other terms is a Conflict.
        """
        if (credits is None) == (not pack_id):
            raise ValueError("a quote needs exactly one of credits and pack_id")
        terms = given(credits=credits, pack_id=pack_id or None, payment_method=payment_method)
        return self._record(Quote, _keyed("/v1/credit-quotes", idempotency_key, **terms))

    def checkout_session_create(self, *, quote_id: str, idempotency_key: str) -> PurchaseAttempt:
        """POST /v1/credit-purchases/stripe-checkout-sessions: the hand-off to a payer in a browser."""
        path = "/v1/credit-purchases/stripe-checkout-sessions"
        return self._record(PurchaseAttempt, _keyed(path, idempotency_key, quote_id=_reference(quote_id)))

    def x402_deposit_create(self, *, quote_id: str, idempotency_key: str) -> PurchaseAttempt:
        """POST /v1/credit-purchases/stripe-x402-deposits: an address and an exact amount in a stable coin."""
        path = "/v1/credit-purchases/stripe-x402-deposits"
        return self._record(PurchaseAttempt, _keyed(path, idempotency_key, quote_id=_reference(quote_id)))

    def purchase_status(
        self,
        *,
        quote_id: str | None = None,
        payment_attempt_id: str | None = None,
        checkout_session_id: str | None = None,
        receipt_id: str | None = None,
    ) -> PurchaseStatus:
        """GET /v1/credit-purchases/status by exactly one reference.

        None, several or an empty one is a ValueError before anything is sent: without a reference the service
        answers with the quota instead (contract 2.12), which must never be read as a payment's state.
        """
        references = given(
            quote_id=quote_id,
            payment_attempt_id=payment_attempt_id,
            checkout_session_id=checkout_session_id,
            receipt_id=receipt_id,
        )
        if len(references) != 1:
            raise ValueError("a status needs exactly one reference")
        params = {name: _reference(value) for name, value in references.items()}
        call = Call("GET", "/v1/credit-purchases/status", params=params, repeat=Repeat.READ)
        return self._record(PurchaseStatus, call)


def _keyed(path: str, idempotency_key: str, **fields: object) -> Call:
    body = {**fields, "idempotency_key": checked_key(idempotency_key)}
    return Call("POST", path, body=body, repeat=Repeat.KEYED)


def _reference(value: str) -> str:
    if not value.strip():
        raise ValueError("a reference must not be empty")
    return value
