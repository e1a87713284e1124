"""What the desk's pages read: over all workspaces, for the billing admin alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from dashboard.agents.models import Agent
from dashboard.billing.models import Chain, Feed, Finding, LedgerLine, StripeDispute, StripePayment, StripeRefund, Sweep
from dashboard.billing.models.chain import CHAIN_IDS
from dashboard.billing.rows import READ, SIDES, DeskRow, desk_row
from dashboard.billing.stages import chain_rows
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 50


@dataclass(frozen=True)
class Coverage:
    """How much of the whole the last sweep could compare, and when (UTC)."""

    visible: int
    total: int
    at: datetime

    @property
    def is_whole(self) -> bool:
        return self.visible == self.total


def chain_page(chains: QuerySet[Chain], *, cursor: str) -> tuple[Page[Any], list[DeskRow]]:
    """Return a page of payments, newest first, and what its rows show; in two queries."""
    named = Agent.objects.filter(remote_id=OuterRef("agent_remote_id")).values("name")[:1]
    shown = chains.select_related(None).select_related(*SIDES).only(*READ).annotate(agent_name=Subquery(named))
    page = page_get(shown, by="opened_at", cursor=cursor, size=PAGE_SIZE)
    keys = [chain.pk for chain in page.rows]
    open_ = Finding.objects.filter(chain__in=keys, state=Finding.State.OPEN).order_by("pk")
    found: dict[int, list[str]] = {}
    for chain_id, kind in open_.values_list("chain_id", "kind"):
        found.setdefault(chain_id or 0, []).append(kind)
    rows = [desk_row(chain, tuple(found.get(chain.pk, ())), getattr(chain, "agent_name", "")) for chain in page.rows]
    return page, rows


def chains_of_id(reference: str) -> QuerySet[Chain]:
    """Return the payments that an id of the chain names, whichever: also a refund's, a dispute's or an agent's."""
    wanted = Q(agent_remote_id=reference)
    for name in CHAIN_IDS:
        # The empty one is excluded by name, so that the partial index can be used.
        wanted |= Q(**{name: reference}) & ~Q(**{name: ""})
    lines = LedgerLine.objects.filter(credit_event_id=reference, chain__isnull=False).values("chain")
    refunds = StripeRefund.objects.filter(refund_id=reference).values("payment__chain")
    disputes = StripeDispute.objects.filter(dispute_id=reference).values("payment__chain")
    return chain_rows().filter(wanted | Q(pk__in=lines) | Q(pk__in=refunds) | Q(pk__in=disputes))


def chain_get(key: UUID) -> Chain:
    chain = chain_rows().filter(key=key).first()
    if chain is None:
        raise Http404
    return chain


def chain_named(kind: str, key: UUID) -> Chain | None:
    """Return the payment of what a sponsor calls a purchase or a receipt of theirs; None where none is known."""
    named = {"purchase": "purchase__key", "receipt": "purchase__receipt__key"}
    return chain_rows().filter(**{named[kind]: key}).first() if kind in named else None


def feed_map() -> dict[str, Feed]:
    """Return how far each line of news was read, by name."""
    return {feed.name: feed for feed in Feed.objects.all()}


def coverage_get() -> Coverage | None:
    """Return what the last whole sweep could compare; None before the first."""
    done = Sweep.objects.filter(finished_at__isnull=False).order_by("-pk").first()
    return Coverage(done.visible, done.total, done.asked_at) if done else None


def finding_open_count() -> int:
    return Finding.objects.filter(state=Finding.State.OPEN).count()


def strangers_count() -> int:
    """Count the payments in the Stripe account that took money and are not the hosted service's."""
    return StripePayment.objects.filter(state=StripePayment.State.PAID, chain=None).count()
