"""What is bought: purchases with receipts and refunds, and the readings of balances, the same every time."""

import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection

from dashboard.accounts.models import User
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.credits.models import Purchase, Receipt, Reversal, Source
from dashboard.credits.terms import CHECKOUT_METHOD, Terms
from dashboard.freshness.models import Stream, SyncCursor

BATCH = 2_000
# The newest purchases wait for a payer, alike in a long and in a short history.
OPEN = 40
# Spreads neighbours over the agents: it and their number share no divisor.
STRIDE = 389
ONE_REFUNDED_OF = 100
REFUNDED = "credits.payment_backed_refunded"


def fill_purchases(
    claims: Sequence[Claim], buyer: User, *, count: int, begins_at: datetime, ends_at: datetime, waiting: int = OPEN
) -> None:
    """Write `count` purchases, evenly in time, and what came of each; the newest, so many as wait, have no end yet."""
    made = _purchases(claims, buyer, count=count, begins_at=begins_at, ends_at=ends_at, waiting=waiting)
    while batch := list(islice(made, BATCH)):
        purchases = Purchase.objects.bulk_create(batch)
        _cursors(one for one in purchases if one.is_under_way)
        receipts = Receipt.objects.bulk_create(_receipt(one) for one in purchases if one.receipt_id)
        _refunds(receipts[::ONE_REFUNDED_OF])


def readings(
    claims: Sequence[Claim], *, each: int, begins_at: datetime, ends_at: datetime
) -> Iterator[tuple[Any, ...]]:
    """Rows of QuotaSnapshot: `each` readings of every agent, evenly in time."""
    rng, step = random.Random(2), (ends_at - begins_at) / each  # noqa: S311 - a play, not a secret
    as_database_takes = connection.ops.adapt_datetimefield_value
    for number in range(each):
        at = as_database_takes(begins_at + step * number)
        for claim in claims:
            yield claim.agent_id, at, rng.randrange(40), rng.randrange(2_000), rng.randrange(100)


def _purchases(
    claims: Sequence[Claim], buyer: User, *, count: int, begins_at: datetime, ends_at: datetime, waiting: int
) -> Iterator[Purchase]:
    rng, step = random.Random(3), (ends_at - begins_at) / count  # noqa: S311 - a play, not a secret
    for number in range(count):
        claim, at = claims[number * STRIDE % len(claims)], begins_at + step * (number + 1)
        name, is_sponsors = f"{rng.getrandbits(96):024x}", number % 4 != 0
        purchase = _open(claim, name, credits=rng.choice((500, 1_000, 2_500)), at=at)
        purchase.key = uuid.UUID(int=rng.getrandbits(128), version=4)
        purchase.origin = Purchase.Origin.SPONSOR if is_sponsors else Purchase.Origin.AGENT
        purchase.opened_by = buyer if is_sponsors else None
        if number < count - waiting:
            (_expire if number % 7 == 0 else _succeed)(purchase, name)
        yield purchase


def _open(claim: Claim, name: str, *, credits: int, at: datetime) -> Purchase:  # noqa: A002 - the model's word
    return Purchase(
        workspace_id=claim.workspace_id,
        agent_id=claim.agent_id,
        opened_at=at,
        credits=credits,
        payment_method=CHECKOUT_METHOD,
        price_cents=credits,
        live_money=True,
        terms=Terms(credits, "", CHECKOUT_METHOD).word,
        quote_key=f"quote-{name}",
        attempt_key=f"attempt-{name}",
        quote_id=f"quote_{name}",
        quote_expires_at=at + timedelta(minutes=30),
        payment_attempt_id=f"payatt_{name}",
        checkout_session_id=f"cs_{name}",
        expires_at=at + timedelta(days=1),
        hand_off_url=f"https://checkout.stripe.com/c/pay/cs_{name}#fragment",
        state=Purchase.State.OPEN,
        remote_state="action_required",
        status_at=at,
    )


def _expire(purchase: Purchase, _name: str) -> None:
    purchase.state, purchase.remote_state = Purchase.State.EXPIRED, "expired"


def _succeed(purchase: Purchase, name: str) -> None:
    at = purchase.opened_at + timedelta(minutes=2)
    purchase.state, purchase.remote_state, purchase.receipt_id = Purchase.State.SUCCEEDED, "succeeded", f"rcpt_{name}"
    purchase.paid_at = purchase.settled_at = purchase.granted_at = purchase.balance_moved_at = at
    purchase.paid_source = purchase.settled_source = purchase.granted_source = Source.STATUS
    purchase.balance_moved_source = Source.QUOTA


def _cursors(purchases: Iterable[Purchase]) -> None:
    """Each under way is followed, and was asked about a moment ago: whoever looks hurries nothing."""
    SyncCursor.objects.bulk_create(
        SyncCursor(
            stream=Stream.PURCHASE,
            subject_id=purchase.pk,
            synced_at=purchase.status_at,
            due_at=purchase.opened_at + timedelta(days=1),
            not_before=purchase.opened_at + timedelta(days=365),
        )
        for purchase in purchases
    )


def _receipt(purchase: Purchase) -> Receipt:
    return Receipt(
        purchase=purchase,
        workspace_id=purchase.workspace_id,
        agent_id=purchase.agent_id,
        opened_by=purchase.opened_by,
        remote_id=purchase.receipt_id,
        credit_event_id=purchase.receipt_id.replace("rcpt", "cevt"),
        credits=purchase.credits or 0,
        amount_cents=purchase.price_cents or 0,
        live_money=True,
        method=purchase.payment_method,
        issued_at=purchase.granted_at or purchase.opened_at,
    )


def _refunds(receipts: Sequence[Receipt]) -> None:
    at = [receipt.issued_at + timedelta(hours=1) for receipt in receipts]
    events = Event.objects.bulk_create(map(_refund_event, receipts, at))
    Reversal.objects.bulk_create(
        Reversal(
            purchase_id=receipt.purchase_id,
            event=event,
            kind=Reversal.Kind.REFUNDED,
            credits_delta=event.credits_delta,
            amount_cents=receipt.amount_cents,
            occurred_at=event.occurred_at,
        )
        for receipt, event in zip(receipts, events, strict=True)
    )


def _refund_event(receipt: Receipt, at: datetime) -> Event:
    return Event(
        agent_id=receipt.agent_id,
        workspace_id=receipt.workspace_id,
        remote_id=receipt.remote_id.replace("rcpt", "evt"),
        type=REFUNDED,
        occurred_at=at,
        summary="Credits refunded",
        operation="payment",
        status="completed",
        subject_type="payment",
        subject_id=receipt.purchase.payment_attempt_id,
        credits_delta=-receipt.credits,
        synced_at=at,
    )
