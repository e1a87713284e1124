"""What the desk's pages read: over all workspaces, for the billing admin alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from dashboard.agents.models import Agent
from dashboard.billing.models import Chain, Feed, Finding, LedgerLine, StripeDispute, StripePayment, StripeRefund, Sweep
from dashboard.billing.models.chain import CHAIN_IDS
from dashboard.billing.rows import DeskLine, DeskRow, desk_row
from dashboard.billing.stages import chain_rows
from dashboard.lib.paging import Page, page_get, page_onwards, rows_beyond
from dashboard.lib.prepared import Prepared

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


def chain_page(chains: QuerySet[Chain] | None, *, cursor: str) -> tuple[Page[DeskLine], list[DeskRow]]:
    """Return a page of payments, newest first, and what its rows show; in two queries.

    None for all payments, whose query is put together once.
    """
    page = None
    if chains is None:
        page = page_onwards(cursor, lambda at, pk: _beyond(at=at, pk=pk), by="opened_at", size=PAGE_SIZE)
    if page is None:
        lines = _lines(chain_rows() if chains is None else chains)
        page = page_get(lines, by="opened_at", cursor=cursor, size=PAGE_SIZE)
    keys = [line.pk for line in page.rows]
    open_ = Finding.objects.filter(chain__in=keys, state=Finding.State.OPEN).order_by("pk")
    found: dict[int, list[str]] = {}
    for chain_id, kind in open_.values_list("chain_id", "kind"):
        found.setdefault(chain_id or 0, []).append(kind)
    rows = [desk_row(line, tuple(found.get(line.pk, ()))) for line in page.rows]
    return page, rows


def _lines(chains: QuerySet[Chain]) -> QuerySet[Chain, DeskLine]:
    named = Agent.objects.filter(remote_id=OuterRef("agent_remote_id")).values("name")[:1]
    lines = chains.annotate(agent_name=Subquery(named)).values_list(*DeskLine._fields, named=True)
    return cast("QuerySet[Chain, DeskLine]", lines)


_beyond: Prepared[DeskLine] = Prepared(
    lambda at, pk: rows_beyond(_lines(chain_rows()), by="opened_at", at=at, pk=pk)[: PAGE_SIZE + 1]
)


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
