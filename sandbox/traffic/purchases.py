"""One pack bought by card in a written history: quote, attempt, receipt and the two lines they leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model

from sandbox.ids import new_id
from sandbox.models import Agent, Event, PaymentAttempt, Quote, Receipt
from sandbox.models.payments import AttemptStatus
from sandbox.payments import lines
from sandbox.rules.payments import DEFAULT_PACK_ID, PACKS, is_live_money

TABLES: tuple[type[Model], ...] = (Quote, PaymentAttempt, Receipt)


@dataclass(frozen=True)
class Purchase:
    """Rows to write and lines to tell; `credits` arrive with the receipt."""

    quote: Quote
    attempt: PaymentAttempt
    receipt: Receipt
    events: list[Event]

    @property
    def rows(self) -> tuple[Model, ...]:
        """In the order in which they name each other."""
        return self.quote, self.attempt, self.receipt

    @property
    def credits(self) -> int:
        """Whole credits."""
        return self.receipt.credits


def bought(agent: Agent, now: datetime) -> Purchase:
    """The default pack, paid at once."""
    pack = PACKS[DEFAULT_PACK_ID]
    until = now + timedelta(minutes=30)
    price = {"credits": pack.credits, "amount_cents": pack.credits, "created_at": now}
    quote = Quote(
        id=new_id("quote"),
        agent=agent,
        idempotency_key=new_id("key"),
        pack_id=pack.id,
        payment_method="stripe_checkout",
        expires_at=until,
        **price,
    )
    attempt = PaymentAttempt(
        id=new_id("payatt"),
        agent=agent,
        quote=quote,
        status=AttemptStatus.SUCCEEDED.value,
        trace_id=new_id("trace"),
        checkout_session_id=new_id("cs_test"),
        created_at=now,
        updated_at=now,
        expires_at=until,
    )
    receipt = Receipt(
        id=new_id("receipt"),
        agent=agent,
        quote=quote,
        attempt=attempt,
        credit_event_id=new_id("credit_event"),
        is_live_money=is_live_money(quote.payment_method),
        **price,
    )
    return Purchase(quote, attempt, receipt, [lines.checkout_created(attempt, now), lines.granted(receipt, now)])
