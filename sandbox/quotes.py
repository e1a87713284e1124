"""Credit quotes (contract 2.8). A quote holds a price for a while; it never moves a balance."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book
from sandbox.errors import ApiError, invalid
from sandbox.guidance import command, docs
from sandbox.ids import iso, new_id
from sandbox.models import Agent, Quote
from sandbox.rules import fields, payments
from sandbox.rules.idempotency import fresh_key


@dataclass(frozen=True)
class Terms:
    """What is asked for; `pack_id` is "" for a custom amount."""

    credits: int
    pack_id: str
    payment_method: str

    def command_line(self, key: str) -> str:
        """The client's command for these terms under another key."""
        what = f"--pack {self.pack_id}" if self.pack_id else f"--credits {self.credits}"
        return f"credits quote {what} --payment-method {self.payment_method} --idempotency-key {key} --json"


def read_terms(body: fields.Body) -> Terms:
    """Exactly one of credits and pack_id, and a method. Raises INVALID_ARGUMENTS, CREDIT_PACK_NOT_FOUND."""
    pack_id = fields.text(body, "pack_id")
    amount = fields.whole(body, "credits", low=payments.MIN_CREDITS, high=payments.MAX_CREDITS)
    if (amount is None) == (not pack_id):
        raise invalid("Send exactly one of credits and pack_id.")
    method = fields.text(body, "payment_method")
    is_real_stripe = bool(settings.SANDBOX_STRIPE_SECRET_KEY)
    if method not in payments.quotable(is_real_stripe=is_real_stripe):
        known = sorted(payments.purchasable(is_real_stripe=is_real_stripe))
        raise invalid(f"payment_method must be one of {', '.join(known)}.", accepted_values=known)
    if amount is None:
        pack = payments.PACKS.get(pack_id)
        if pack is None:
            raise ApiError("CREDIT_PACK_NOT_FOUND", "No pack has this id.")
        amount = pack.credits
    return Terms(amount, pack_id, method)


@transaction.atomic
def quote_create(agent: Agent, terms: Terms, key: str) -> Quote:
    """The same key and terms give the same quote, even an expired one; other terms are a CREDIT_QUOTE_CONFLICT."""
    book.lock(agent)
    earlier = agent.quotes.filter(idempotency_key=key).first()
    if earlier is not None:
        if Terms(earlier.credits, earlier.pack_id, earlier.payment_method) == terms:
            return earlier
        raise ApiError(
            "CREDIT_QUOTE_CONFLICT",
            "This idempotency key was used for a quote with other terms.",
            recovery={
                "suggested_command": command(terms.command_line(fresh_key("quote"))),
                "required_flag": "--idempotency-key",
                "docs_url": docs("credits"),
            },
        )
    now = timezone.now()
    return Quote.objects.create(
        id=new_id("quote"),
        agent=agent,
        idempotency_key=key,
        pack_id=terms.pack_id,
        payment_method=terms.payment_method,
        credits=terms.credits,
        amount_cents=terms.credits,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.SANDBOX_QUOTE_MINUTES),
    )


def quote_row(quote: Quote) -> dict[str, Any]:
    """A quote on the wire; the state `expired` is ours (INF)."""
    pack, is_open = payments.PACKS.get(quote.pack_id), timezone.now() < quote.expires_at
    return {
        "quote_id": quote.id,
        "state": "created" if is_open else "expired",
        "credits": quote.credits,
        "price_amount_cents": quote.amount_cents,
        "currency": "USD",
        "expires_at": iso(quote.expires_at),
        "accepted_payment_method": quote.payment_method,
        "idempotency_key": quote.idempotency_key,
        "pack_id": quote.pack_id or None,
        "pack": payments.pack_row(pack) if pack else None,
        "live_money": payments.is_live_money(quote.payment_method),
        "next_actions": recommended_buy(quote) if is_open else {},
    }


def recommended_buy(quote: Quote) -> dict[str, Any]:
    """`next_actions` of an open quote; nothing for the old test settlement."""
    rail = payments.rail_of(quote.payment_method)
    if rail is None:
        return {}
    return {"recommended_buy": payments.recommended_buy(rail, quote.id, settings.SANDBOX_PROGRAM)}
