"""Packs, payment methods, quotes, purchases and their status."""

from typing import Any

from django.conf import settings

from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError, invalid
from sandbox.payments import attempts, gateway, status, webhooks
from sandbox.quotes import quote_create, quote_row, read_terms
from sandbox.rules import fields, payments
from sandbox.views.identity import quota_row


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
    program = settings.SANDBOX_PROGRAM
    open_methods = payments.purchasable(is_real_stripe=gateway.is_real())
    # The rail that an agent can settle alone comes first, as in the client's own preference.
    best = max((rail for rail in payments.RAILS if rail.method_id in open_methods), key=_is_settleable)
    return Reply(
        {
            "contract_version": "image-skill.payment-methods.v1",
            "credit_unit_cents": 1,
            "currency": "USD",
            "quote_endpoint": "/v1/credit-quotes",
            "packs_endpoint": "/v1/credit-packs",
            "status_endpoint": "/v1/credit-purchases/status",
            "methods": [
                payments.rail_row(rail, program, is_purchasable=rail.method_id in open_methods)
                for rail in payments.RAILS
            ],
            "next_actions": {"recommended_quote": payments.recommended_quote(best, program)},
        }
    )


@endpoint("POST", "credits quote")
def credit_quotes(call: Call) -> Reply:
    """Holds a price."""
    body, key = _payment_body(call)
    return Reply(quote_row(quote_create(call.agent, read_terms(body), key)))


@endpoint("POST", "credits fake-purchase")
def fake_purchases(call: Call) -> Reply:
    """The test settlement of 0.1.0; it is never money."""
    body, key = _payment_body(call)
    quote_id = fields.required_text(body, "quote_id")
    return Reply(status.fake_row(attempts.purchase_fake(call.agent, quote_id, key, call.trace_id), key))


@endpoint("POST", "credits buy")
def checkout_sessions(call: Call) -> Reply:
    """Opens a checkout that a person completes in a browser."""
    return _buy(call, payments.CHECKOUT)


@endpoint("POST", "credits buy")
def x402_deposits(call: Call) -> Reply:
    """Opens a deposit that an agent's wallet completes."""
    return _buy(call, payments.X402)


@endpoint("GET", "credits status")
def purchase_status(call: Call) -> Reply:
    """One payment by one reference; without any, the quota (contract 2.12)."""
    query = dict(call.request.GET.lists())
    if payments.holds_credential(query):
        raise _credential_refused()
    reference = status.reference_of(query)
    if reference is None:
        return Reply(quota_row(call.agent))
    return Reply(status.status_row(call.agent, *reference))


@endpoint("POST", "stripe webhook", auth="none")
def stripe_webhooks(call: Call) -> Reply:
    """Where Stripe tells what happened; its signature is its identity."""
    about = webhooks.receive(call.request.body, call.request.headers.get("stripe-signature", ""))
    return Reply({"received": True, "payment_attempt_id": about})


def _buy(call: Call, method: str) -> Reply:
    body, key = _payment_body(call)
    quote_id = fields.required_text(body, "quote_id")
    return Reply(status.opened_row(attempts.attempt_open(call.agent, quote_id, key, method, call.trace_id)))


def _payment_body(call: Call) -> tuple[dict[str, Any], str]:
    """The body and its key. Credentials are refused by name, at any depth, before anything is written."""
    body = call.body()
    # Before anything is validated, so that no other message can quote such a value.
    if payments.holds_credential(body):
        raise _credential_refused()
    key = fields.key(body)
    if not key:
        raise invalid("idempotency_key is required.", required_flag="--idempotency-key")
    return body, key


def _credential_refused() -> ApiError:
    return ApiError(
        "PAYMENT_CREDENTIAL_REJECTED",
        "Payment credentials are never accepted here; send the public payment fields only.",
    )


def _is_settleable(rail: payments.Rail) -> bool:
    return rail.is_agent_settleable
