"""Payments with all their sides, a batch at a time in a constant number of queries: what the rules are fed with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.agents.models import Agent, Claim
from dashboard.billing.access import is_live
from dashboard.billing.joined import Joined, Outflow
from dashboard.billing.models import Chain, HostedReversal, LedgerLine, StripeDispute, StripeRefund
from dashboard.billing.stages import chain_rows
from dashboard.credits.apply import GRANTED, REVERSALS
from dashboard.freshness.models import Stream, SyncCursor


@dataclass
class Sides:
    """What the other tables tell of a batch of chains."""

    grants: dict[int, list[LedgerLine]] = field(default_factory=lambda: defaultdict(list))
    reversed: dict[int, list[LedgerLine]] = field(default_factory=lambda: defaultdict(list))
    outflows: dict[int, list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    told: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ledgers:
    """Up to when the ledger of an agent was read: one moment for all, or each linked agent's own."""

    of_all: datetime | None
    of_linked: dict[str, datetime]

    def as_of(self, agent_remote_id: str) -> datetime | None:
        return self.of_all or self.of_linked.get(agent_remote_id)


def linked_ledgers() -> dict[str, datetime]:
    """Return up to when the ledger of each linked agent was read, by the service's id of the agent."""
    held = dict(Claim.objects.filter(released_at=None).values_list("agent_id", "agent__remote_id"))
    cursors = SyncCursor.objects.filter(stream=Stream.AGENT, synced_at__isnull=False)
    rows = cursors.values_list("subject_id", "synced_at")
    return {held[agent_id]: synced_at for agent_id, synced_at in rows if agent_id in held and synced_at}


def joined_list(keys: Sequence[int], *, ledgers: Ledgers) -> list[Joined]:
    """Return these chains with all their sides."""
    chains = list(chain_rows().filter(pk__in=keys).order_by("pk"))
    sides = _sides(chains)
    names = dict(
        Agent.objects.filter(remote_id__in={chain.agent_remote_id for chain in chains}).values_list("remote_id", "name")
    )
    return [_joined(chain, sides, ledgers, names.get(chain.agent_remote_id, "")) for chain in chains]


def _sides(chains: Iterable[Chain]) -> Sides:
    sides, keys = Sides(), [chain.pk for chain in chains]
    for line in LedgerLine.objects.filter(chain__in=keys, type__in=[GRANTED, *REVERSALS]).order_by("occurred_at", "pk"):
        (sides.grants if line.type == GRANTED else sides.reversed)[line.chain_id or 0].append(line)
    for kind, model in (("refund", StripeRefund), ("dispute", StripeDispute)):
        for row in (
            model.objects.filter(payment__chain__in=keys).select_related("payment__chain").order_by("created_at")
        ):
            sides.outflows[row.payment.chain.pk].append((kind, row))  # type: ignore[union-attr]
    told = HostedReversal.objects.filter(payment__chain__in=keys).exclude(provider_id="")
    sides.told = frozenset(told.values_list("provider_id", flat=True))
    return sides


def _joined(chain: Chain, sides: Sides, ledgers: Ledgers, name: str) -> Joined:
    payment, hosted, purchase = chain.stripe_payment, chain.hosted_payment, chain.purchase
    # A row of the mode that the key had before is another world's.
    payment = payment if payment and payment.livemode == is_live() else None
    grants, reversed_ = sides.grants[chain.pk], sides.reversed[chain.pk]
    order: dict[str, Any] = {}
    if hosted:
        order = {
            "order_state": hosted.status,
            "order_cents": hosted.amount_cents,
            "order_credits": hosted.credits,
            "order_currency": hosted.currency,
            "receipt_id": hosted.receipt_id,
            "issued_at": hosted.issued_at or hosted.updated_at,
            "expires_at": hosted.expires_at,
            "moved_at": hosted.updated_at,
        }
    elif purchase:
        order = {
            "order_state": purchase.state,
            "order_cents": purchase.price_cents,
            "order_credits": purchase.credits,
            "order_currency": purchase.currency.upper(),
            "receipt_id": purchase.receipt_id,
            "issued_at": purchase.settled_at or purchase.granted_at,
            "expires_at": purchase.expires_at,
            "moved_at": purchase.paid_at or purchase.opened_at,
        }
    return Joined(
        chain_id=chain.pk,
        agent_remote_id=chain.agent_remote_id,
        agent_name=name,
        opened_at=chain.opened_at,
        is_money=chain.is_money and False not in {line.live_money for line in grants},
        stripe_state=payment.state if payment else "",
        stripe_cents=payment.amount_cents if payment else None,
        stripe_currency=payment.currency if payment else "",
        paid_at=(payment.paid_at or payment.created_at) if payment and payment.is_paid else None,
        outflows=_outflows(sides, chain, reversed_) if payment else (),
        has_order=bool(order),
        **(order or _NO_ORDER),
        ledger_as_of=ledgers.as_of(chain.agent_remote_id),
        granted=tuple(line.credits_delta or 0 for line in grants),
        granted_at=grants[0].occurred_at if grants else None,
        taken=max(-sum(line.credits_delta or 0 for line in reversed_), 0),
        taken_at=reversed_[-1].occurred_at if reversed_ else None,
    )


_NO_ORDER: dict[str, Any] = {
    **dict.fromkeys(("order_state", "order_currency", "receipt_id"), ""),
    **dict.fromkeys(("order_cents", "order_credits", "issued_at", "expires_at", "moved_at")),
}


def _outflows(sides: Sides, chain: Chain, reversed_: Sequence[LedgerLine]) -> tuple[Outflow, ...]:
    """Return the refunds and disputes of a chain, oldest first.

    Where the service's own list is not visible, each reversal of the ledger stands for the oldest one not told yet:
    its lines do not say Stripe's ids.
    """
    rows = sorted(sides.outflows[chain.pk], key=lambda pair: pair[1].created_at)
    untold = 0 if chain.hosted_payment_id else len({line.payment_reversal_id or line.pk for line in reversed_})
    found = []
    for place, (kind, row) in enumerate(rows):
        remote_id = row.refund_id if kind == "refund" else row.dispute_id
        found.append(
            Outflow(
                id=remote_id,
                kind=kind,
                amount_cents=row.amount_cents,
                created_at=row.created_at,
                has_taken=row.has_taken,
                is_known=bool(getattr(row, "order_key", "") or row.adopted_at),
                is_told=remote_id in sides.told or place < untold,
            )
        )
    return tuple(found)
