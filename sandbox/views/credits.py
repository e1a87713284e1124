"""Packs, payment methods and quotes."""

from django.conf import settings

from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError, invalid
from sandbox.quotes import quote_create, quote_row, read_terms
from sandbox.rules import fields, payments


@endpoint("GET", "credits packs list", auth="none")
def credit_packs(_call: Call) -> Reply:
    """Packs and the range of custom amounts."""
    return Reply(
        {
            "credit_unit_cents": 1,
            "credit_unit_usd": 0.01,
            "currency": "USD",
            "default_pack_id": payments.DEFAULT_PACK_ID,
            "packs": [payments.pack_row(pack) for pack in payments.PACKS.values()],
            "custom_quotes": {
                "supported": True,
                "min_credits": payments.MIN_CREDITS,
                "max_credits": payments.MAX_CREDITS,
            },
        }
    )


@endpoint("GET", "credits methods", auth="none")
def payment_methods(_call: Call) -> Reply:
    """The real rails only; the old test settlement is never listed."""
    return Reply(
        {
            "contract_version": "image-skill.payment-methods.v1",
            "credit_unit_cents": 1,
            "currency": "USD",
            "quote_endpoint": "/v1/credit-quotes",
            "packs_endpoint": "/v1/credit-packs",
            "status_endpoint": "/v1/credit-purchases/status",
            "methods": [payments.rail_row(rail, settings.SANDBOX_PROGRAM) for rail in payments.RAILS],
            "next_actions": {},
        }
    )


@endpoint("POST", "credits quote")
def credit_quotes(call: Call) -> Reply:
    """Holds a price. Credentials are refused by name, at any depth, before anything is written."""
    body = call.body()
    # Before anything is validated, so that no other message can quote such a value.
    if payments.holds_credential(body):
        raise ApiError(
            "PAYMENT_CREDENTIAL_REJECTED",
            "Payment credentials are never accepted here. Send credits or pack_id, payment_method, idempotency_key.",
        )
    key = fields.key(body)
    if not key:
        raise invalid("idempotency_key is required.", required_flag="--idempotency-key")
    return Reply(quote_row(quote_create(call.agent, read_terms(body), key)))
