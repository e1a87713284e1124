"""The billing desk's rows: for each purchase what Stripe took of it and what the ledger granted, in one chain."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from dashboard.billing.models import Chain, Feed, LedgerLine, StripePayment
from dashboard.billing.stripe_feeds import EVENTS, WALKS
from dashboard.credits.apply import GRANTED
from dashboard.credits.models import Purchase

BATCH = 2_000
# So many payments differ from their orders, for the sweep to find.
ONE_DIFFERS_OF = 1_000


def fill_desk() -> None:
    """Write what Stripe and the ledger tell of every purchase there is, each line of news read to its end."""
    now = datetime.now(UTC)
    keys = Purchase.objects.order_by("pk").values_list("pk", flat=True)
    for batch in _batches(list(keys)):
        purchases = list(Purchase.objects.filter(pk__in=batch).select_related("agent").order_by("pk"))
        payments = StripePayment.objects.bulk_create(_payment(one) for one in purchases)
        chains = Chain.objects.bulk_create(_chain(one, paid) for one, paid in zip(purchases, payments, strict=True))
        granted = [(one, chain) for one, chain in zip(purchases, chains, strict=True) if one.receipt_id]
        LedgerLine.objects.bulk_create(_line(one, chain) for one, chain in granted)
    names = (EVENTS.name, *(line.name for line in WALKS))
    Feed.objects.bulk_create(Feed(name=name, due_at=now, synced_at=now, complete_since=now) for name in names)


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(keys), BATCH):
        yield keys[begin : begin + BATCH]


def _ids(purchase: Purchase) -> dict[str, str]:
    name = purchase.payment_attempt_id.removeprefix("payatt_")
    same = {one: getattr(purchase, one) for one in ("payment_attempt_id", "checkout_session_id", "quote_id")}
    return {**same, "payment_intent_id": f"pi_{name}", "charge_id": f"ch_{name}"}


def _payment(purchase: Purchase) -> StripePayment:
    cents = purchase.price_cents or 0
    is_paid, differs = bool(purchase.receipt_id), purchase.pk % ONE_DIFFERS_OF == 0
    money: dict[str, Any] = {"fee_cents": cents * 29 // 1000 + 30} if is_paid else {}
    return StripePayment(
        **_ids(purchase),
        **money,
        livemode=False,
        state="paid" if is_paid else "open" if purchase.is_under_way else "expired",
        amount_cents=cents - (100 if differs else 0),
        currency="USD",
        agent_remote_id=purchase.agent.remote_id,
        created_at=purchase.opened_at,
        paid_at=purchase.paid_at,
        fetched_at=purchase.opened_at,
    )


def _chain(purchase: Purchase, payment: StripePayment) -> Chain:
    stage = Chain.Stage.DONE if purchase.receipt_id else Chain.Stage.UNDER_WAY
    return Chain(
        **_ids(purchase),
        purchase=purchase,
        stripe_payment=payment,
        receipt_id=purchase.receipt_id,
        opened_at=purchase.opened_at,
        stage=stage if purchase.is_under_way or purchase.receipt_id else Chain.Stage.UNPAID,
        granted_at=purchase.granted_at,
        workspace_id=purchase.workspace_id,
        agent_remote_id=purchase.agent.remote_id,
    )


def _line(purchase: Purchase, chain: Chain) -> LedgerLine:
    return LedgerLine(
        agent_remote_id=purchase.agent.remote_id,
        event_id=purchase.receipt_id.replace("rcpt", "grant"),
        type=GRANTED,
        status="completed",
        occurred_at=purchase.granted_at or purchase.opened_at,
        credits_delta=purchase.credits,
        amount_cents=purchase.price_cents,
        receipt_id=purchase.receipt_id,
        quote_id=purchase.quote_id,
        chain=chain,
    )
