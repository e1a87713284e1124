"""The queue of bought credits as rows tell it, and which purchase funded which line of the ledger."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable

from dashboard.activity.models import Event
from dashboard.activity.rollups import SPENT, spent
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.credits.allocation import Funding, Lot, Share, funding_of, shares
from dashboard.credits.balance import Interval
from dashboard.credits.models import Receipt, Reversal

# Steps of a refund or dispute that take nothing (contract 3.11).
NOTED = ("credits.payment_backed_reversal_pending", "credits.payment_backed_reversal_rejected")


def event_list(claim: Claim) -> QuerySet[Event]:
    """Return the lines that move credits, or should and do not tell, since this workspace holds the agent."""
    return event_list_from(claim, claim.claimed_at)


def event_list_from(claim: Claim, since: datetime | Combinable) -> QuerySet[Event]:
    """Return such lines from a moment on, which is not before the claim."""
    moves = (Q(type__startswith="credits.") & ~Q(type__in=NOTED)) | Q(type__startswith="usage.")
    mine = Event.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id, occurred_at__gte=since)
    return mine.filter(moves).exclude(credits_delta=0)


@dataclass(frozen=True)
class Payer:
    """So many credits of one line, and where they came from: free, a purchase here, or one that we never saw."""

    credits: int
    is_free: bool
    receipt: Receipt | None


@dataclass(frozen=True)
class Funds:
    """What an agent's people bought for it: receipts, what was taken back, and what was there before we could see."""

    receipts: dict[int, Receipt]
    reversals: list[Reversal]
    unseen: int

    def queue(self, at: datetime) -> list[Lot]:
        """Return the queue as it was at a moment, oldest purchase first."""
        lots = [Lot(None, self.unseen)] if self.unseen else []
        return lots + [Lot(pk, self._left(row, at)) for pk, row in self.receipts.items() if row.issued_at <= at]

    def granted(self, at: datetime) -> int:
        return sum(lot.credits for lot in self.queue(at))

    def funding(self, interval: Interval) -> Funding:
        return funding_of(
            start=interval.start,
            end=interval.end,
            spent=max(-sum(movement.credits for movement in interval.movements if movement.type == SPENT), 0),
            granted_before=self.granted(interval.start.at),
            granted_after=self.granted(interval.end.at),
        )

    def shares_of(
        self, interval: Interval, events: Iterable[Event], *, offset: int = 0
    ) -> Iterator[tuple[Event, list[Share]]]:
        """Yield each line (oldest first) with who paid for it; `offset` credits were spent in the interval before."""
        funding, queue = self.funding(interval), self.queue(interval.end.at)
        for event in events:
            taken = spent(event)
            yield event, shares(funding, queue, offset=offset, credits=taken)
            offset += taken

    def payer(self, share: Share) -> Payer:
        receipt = self.receipts.get(share.lot.receipt_pk or 0) if share.lot else None
        return Payer(share.credits, share.lot is None, receipt)

    def _left(self, receipt: Receipt, at: datetime) -> int:
        steps = [one for one in self.reversals if one.purchase_id == receipt.purchase_id and one.occurred_at <= at]
        return max(receipt.credits + sum(step.credits_delta or 0 for step in steps), 0)


def funds_get(claim: Claim) -> Funds:
    """Return the bought credits of an agent as this workspace knows them, in three queries."""
    mine = Receipt.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id).select_related("purchase")
    receipts = {row.pk: row for row in mine.order_by("issued_at", "pk")}
    bought = {row.purchase_id for row in receipts.values()}
    reversals = list(Reversal.objects.filter(purchase_id__in=bought))
    told = QuotaSnapshot.objects.filter(
        agent=claim.agent_id, taken_at__gte=claim.claimed_at, paid_credits__isnull=False
    )
    first = told.order_by("taken_at").first()
    seen = Funds(receipts, reversals, 0)
    unseen = (first.paid_credits or 0) - seen.granted(first.taken_at) if first else 0
    return Funds(receipts, reversals, max(unseen, 0))


def events_within(claim: Claim, interval: Interval) -> QuerySet[Event]:
    return event_list(claim).filter(occurred_at__gt=interval.start.at, occurred_at__lte=interval.end.at)


def shares_by_event(claim: Claim, interval: Interval, page: Sequence[Event]) -> list[tuple[Event, list[Payer]]]:
    """Return the lines of a page (newest first) with who paid for each."""
    if not page:
        return []
    funds, offset = funds_get(claim), _spent_before(events_within(claim, interval), page[-1])
    told = list(funds.shares_of(interval, reversed(page), offset=offset))
    return [(event, [funds.payer(part) for part in parts]) for event, parts in reversed(told)]


def payers_of(claim: Claim, interval: Interval, events: Sequence[Event]) -> list[Payer]:
    """Return who paid for some lines of an interval, whatever stands between them: each payer once, with the sum."""
    funds, lines = funds_get(claim), events_within(claim, interval).filter(type=SPENT).order_by()
    at, number = OuterRef("occurred_at"), OuterRef("pk")
    earlier = lines.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, pk__lt=number))
    total = Subquery(earlier.values("type").annotate(total=Sum("credits_delta")).values("total"))
    before = dict(Event.objects.filter(pk__in=[event.pk for event in events]).values_list("pk", total))
    found: dict[tuple[bool, Receipt | None], int] = {}
    for event in events:
        for _, parts in funds.shares_of(interval, [event], offset=-(before[event.pk] or 0)):
            for payer in map(funds.payer, parts):
                key = payer.is_free, payer.receipt
                found[key] = found.get(key, 0) + payer.credits
    return [Payer(paid, is_free, receipt) for (is_free, receipt), paid in found.items()]


def _spent_before(lines: QuerySet[Event], event: Event) -> int:
    earlier = lines.filter(Q(occurred_at__lt=event.occurred_at) | Q(occurred_at=event.occurred_at, pk__lt=event.pk))
    total: int | None = earlier.filter(type=SPENT).aggregate(total=Sum("credits_delta"))["total"]
    return -(total or 0)
