"""Free or paid: what paid for a stretch of spending, by our allocation (dashboard/credits/allocation.py).

Free credits are spent first, so paid ones are told by how far the queue of purchases moved: what was bought less what
refunds took, less the growth of the paid credits that the service tells, between the readings nearest before both ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from dashboard.accounts.models import Workspace
from dashboard.activity.models import SpendSlot
from dashboard.activity.slots import slot_start
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.agents.selectors import claim_list
from dashboard.credits.models import Receipt, Reversal
from dashboard.credits.runways import tested_money_column
from dashboard.spend.span import Span


@dataclass(frozen=True)
class Funded:
    """Credits spent from free ones, from bought ones, and from nobody knows which: there is no reading before them."""

    free: int
    paid: int
    unknown: int

    @property
    def is_known(self) -> bool:
        """Tell whether anybody can say of any of the credits what paid for them."""
        return not self.unknown or bool(self.free or self.paid)


def funded_of(claims: Iterable[Claim], *, credits: int) -> Funded:  # noqa: A002 - the contract's noun
    """Return what paid for the `credits` that a stretch took, from the claims that `funded_claims` read.

    What agents spent that are held no more, what was spent before an agent's first reading, and what one spent beside
    charges whose credits are not told or with credits of a test payment in its purse, is unknown.
    """
    free = paid = 0
    for claim in claims:
        row = _Row(**{name: getattr(claim, name) for name in _Row._fields})
        if row.untold or row.has_test_money:
            continue
        mine = _paid(row)
        paid += mine
        free += max((row.spent or 0) - mine, 0) if row.is_whole else 0
    paid = min(paid, credits)
    free = min(free, credits - paid)
    return Funded(free, paid, credits - paid - free)


class _Row(NamedTuple):
    """What is read of a claim: paid credits at two readings, what was bought and taken back between, what was spent.

    `untold`: how many charges tell no credits, so that `spent` is not all. `has_test_money`: of the paid
    credits nobody knows which were paid for.
    """

    before_paid: int | None
    first_paid: int | None
    end_paid: int | None
    bought: int | None
    reversed: int | None
    spent: int | None
    untold: int | None
    has_test_money: bool

    @property
    def is_whole(self) -> bool:
        """There is a reading from before the stretch, so all of its spending lies between the two."""
        return self.before_paid is not None


def _paid(row: _Row) -> int:
    start = row.before_paid if row.before_paid is not None else row.first_paid
    if start is None or row.end_paid is None:
        return 0
    used = (row.bought or 0) + (row.reversed or 0) - (row.end_paid - start)
    return min(max(used, 0), row.spent or 0)


def funded_claims(workspace: Workspace, span: Span, *, agent: str = "") -> QuerySet[Claim]:
    """Return the claims held now, or that on one agent (its remote id), with what `funded_of` needs of each."""
    start, end = slot_start(span.start), slot_start(span.end)
    told = QuotaSnapshot.objects.filter(
        agent=OuterRef("agent"), taken_at__gte=OuterRef("claimed_at"), paid_credits__isnull=False
    )
    before, first = told.filter(taken_at__lte=start).order_by("-taken_at"), told.order_by("taken_at")
    last = told.filter(taken_at__lt=end).order_by("-taken_at")
    mine = {"workspace": OuterRef("workspace"), "agent": OuterRef("agent")}
    spent = SpendSlot.objects.filter(**mine, slot__gte=span.start, slot__lt=span.end)
    bought = Receipt.objects.filter(**mine, issued_at__gt=OuterRef("from_at"), issued_at__lte=OuterRef("end_at"))
    taken = Reversal.objects.filter(
        purchase__workspace=OuterRef("workspace"),
        purchase__agent=OuterRef("agent"),
        occurred_at__gt=OuterRef("from_at"),
        occurred_at__lte=OuterRef("end_at"),
    )
    claims = claim_list(workspace)
    return (claims.filter(agent__remote_id=agent) if agent else claims).annotate(
        from_at=Coalesce(Subquery(before.values("taken_at")[:1]), Subquery(first.values("taken_at")[:1])),
        end_at=Subquery(last.values("taken_at")[:1]),
        before_paid=Subquery(before.values("paid_credits")[:1]),
        first_paid=Subquery(first.values("paid_credits")[:1]),
        end_paid=Subquery(last.values("paid_credits")[:1]),
        bought=_sum(bought, "credits", of="agent"),
        reversed=_sum(taken, "credits_delta", of="purchase__agent"),
        spent=_sum(spent, "credits_spent", of="agent"),
        untold=_sum(spent, "untold", of="agent"),
        has_test_money=tested_money_column(),
    )


def _sum(rows: QuerySet[Any], column: str, *, of: str) -> Subquery:
    return Subquery(rows.order_by().values(of).annotate(summed=Sum(column)).values("summed"))
