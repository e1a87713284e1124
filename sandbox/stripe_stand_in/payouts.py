"""The account's balance, and payouts of it."""

from datetime import timedelta

from django.db.models import Sum
from django.db.models.fields import BigIntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from sandbox.stripe_stand_in import events, form, money, store
from sandbox.stripe_stand_in.errors import required, state
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import StandInObject
from sandbox.stripe_stand_in.store import Object

ARRIVES_AFTER = timedelta(seconds=5)


def available() -> int:
    """Cents that the account holds: the net of everything that was booked."""
    entries = StandInObject.objects.filter(kind="balance_transaction")
    total = entries.aggregate(total=Sum(Cast(KT("data__net"), BigIntegerField())))["total"]
    return int(total or 0)


def balance() -> Object:
    """The balance object."""
    amount = {"amount": available(), "currency": "usd", "source_types": {"card": available()}}
    none = {"amount": 0, "currency": "usd", "source_types": {"card": 0}}
    return {"object": "balance", "available": [amount], "pending": [none], "livemode": False}


def create(params: Params) -> Object:
    """Sends money to the account's bank; it arrives a little later."""
    amount = form.whole(params, "amount", low=1)
    if amount is None:
        raise required("amount")
    if amount > available():
        raise state("You have insufficient funds in your account for this payout.", "balance_insufficient")
    now = timezone.now()
    payout = store.blank(
        "payout",
        amount=amount,
        currency=form.required_text(params, "currency"),
        arrival_date=store.stamp(now + ARRIVES_AFTER),
        automatic=False,
        description=form.text(params, "description") or None,
        metadata=form.metadata(params),
        method="standard",
        source_type="card",
        status="in_transit",
        type="bank_account",
        reconciliation_status="not_applicable",
    )
    entry = money.book(payout["id"], -amount, kind="payout", category="payout", currency=payout["currency"])
    payout["balance_transaction"] = entry["id"]
    store.add(payout, acts_at=now + ARRIVES_AFTER)
    events.emit("payout.created", payout)
    return payout


def arrive(row: StandInObject) -> None:
    """The bank has it."""
    row.acts_at = None
    events.emit("payout.paid", store.change(row, status="paid"))
