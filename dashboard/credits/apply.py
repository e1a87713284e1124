"""What the ledger and the balance tell of purchases: they find them and light lights, and never say what was paid.

Runs inside the transaction of a reading, with the agent's row locked; the same events twice change nothing.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Sum

from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.credits.lights import light
from dashboard.credits.models import Purchase, Reversal, Source
from dashboard.credits.receipt_facts import MOST_CENTS
from dashboard.credits.selectors import purchase_by_id
from dashboard.credits.settle import id_take, purchase_lock
from dashboard.credits.watch import purchase_watch, purchases_revive

CHECKOUT_OPENED = "payment.checkout_session.created"
GRANTED = "credits.payment_backed_granted"
REVERSALS = {
    "credits.payment_backed_refunded": Reversal.Kind.REFUNDED,
    "credits.payment_backed_disputed": Reversal.Kind.DISPUTED,
    "credits.payment_backed_reinstated": Reversal.Kind.REINSTATED,
    "credits.payment_backed_reversal_pending": Reversal.Kind.PENDING,
    "credits.payment_backed_reversal_rejected": Reversal.Kind.REJECTED,
}
REFERENCES = ("quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id")
CHECKOUT_METHOD = "stripe_checkout"
MAX_ID = 200
# A balance that does not show a grant within a day has another story, which the balance's history tells.
BALANCE_AWAITED = timedelta(days=1)


def purchases_apply(*, claim: Claim, events: Iterable[Event]) -> None:
    """Take in the new ledger events of an agent: find what it started itself, note grants and reversals.

    The status of a payment that is not done is due at once where an event names it.
    """
    ours = [event for event in events if event.type in {CHECKOUT_OPENED, GRANTED, *REVERSALS}]
    for event in sorted(ours, key=lambda event: event.occurred_at):
        purchase = _purchase_of(event)
        if purchase is None:
            continue
        _event_take(purchase, event)
        purchase.save()
        if purchase.state != Purchase.State.SUCCEEDED:
            purchase_watch(purchase, pause=timedelta())
    purchases_revive(claim)


def balance_apply(*, agent: Agent) -> None:
    """Light "balance moved" for the grants that the balance just read shows."""
    if agent.quota_at is None or agent.paid_credits is None:
        return
    awaited = Purchase.objects.select_for_update().filter(
        agent=agent,
        balance_moved_at=None,
        granted_at__lte=agent.quota_at,
        granted_at__gte=agent.quota_at - BALANCE_AWAITED,
    )
    for purchase in awaited.order_by("pk"):
        if _is_shown(purchase, agent):
            light(purchase, "balance_moved", at=agent.quota_at, source=Source.QUOTA)
            purchase.save(update_fields=["balance_moved_at", "balance_moved_source"])


def _is_shown(purchase: Purchase, agent: Agent) -> bool:
    """Tell whether the paid balance has moved since the purchase began by no less than the ledger says it did.

    Free credits are spent first, so the paid balance can only have moved by more than all movements together.
    """
    snapshots = QuotaSnapshot.objects.filter(agent=agent, taken_at__lt=purchase.opened_at, paid_credits__isnull=False)
    before = snapshots.order_by("-taken_at").first()
    if before is None or agent.paid_credits is None:
        return agent.paid_credits is not None
    between = Event.objects.filter(agent=agent, occurred_at__gt=before.taken_at, occurred_at__lte=agent.quota_at)
    told = between.aggregate(total=Sum("credits_delta"))["total"] or 0
    if purchase.granted_source != Source.LEDGER:
        told += purchase.credits or 0
    return agent.paid_credits - (before.paid_credits or 0) >= told


def _purchase_of(event: Event) -> Purchase | None:
    """Return the purchase that an event is about, locked; a new one of the agent's own where we know of none."""
    references = {name: _reference(event, name) for name in REFERENCES}
    for name, value in references.items():
        found = value and purchase_by_id(event.agent_id, name, value).first()
        if found:
            return purchase_lock(found.pk)
    return _found(event, references) if any(references.values()) else None


def _found(event: Event, references: dict[str, str]) -> Purchase:
    details = event.details
    is_checkout = event.type == CHECKOUT_OPENED
    return Purchase(
        workspace_id=event.workspace_id,
        agent_id=event.agent_id,
        origin=Purchase.Origin.AGENT,
        opened_at=event.occurred_at,
        credits=_whole(details.get("credits")),
        price_cents=_whole(details.get("amount_cents")),
        live_money=details.get("live_money") if isinstance(details.get("live_money"), bool) else None,
        payment_method=CHECKOUT_METHOD if is_checkout else "",
        # A grant alone says that something was paid, not what: its status tells.
        state=Purchase.State.OPEN if is_checkout else Purchase.State.PROCESSING,
        **references,
    )


def _event_take(purchase: Purchase, event: Event) -> None:
    if purchase.origin == Purchase.Origin.AGENT:
        purchase.opened_at = min(purchase.opened_at, event.occurred_at)
    if event.type == GRANTED:
        light(purchase, "granted", at=event.occurred_at, source=Source.LEDGER)
        id_take(purchase, "receipt_id", purchase.receipt_id or _reference(event, "receipt_id"))
    if event.type in REVERSALS:
        purchase.save()
        Reversal.objects.get_or_create(
            event=event,
            defaults={
                "purchase": purchase,
                "payment_reversal_id": _reference(event, "payment_reversal_id"),
                "kind": REVERSALS[event.type],
                "credits_delta": event.credits_delta,
                "amount_cents": _whole(event.details.get("amount_cents")),
                "occurred_at": event.occurred_at,
            },
        )


def _reference(event: Event, name: str) -> str:
    told = event.links.get(name)
    return told if isinstance(told, str) and len(told) <= MAX_ID and told.strip() else ""


def _whole(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_CENTS else None
