"""What receipts come to: paid, granted, taken back. Whole cents and credits.

Test settlements and other currencies than US dollars are in no sum.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Case, Count, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Coalesce

from dashboard.credits.models import Receipt, Reversal

TAKEN = (Reversal.Kind.REFUNDED, Reversal.Kind.DISPUTED)
GIVEN_BACK = Reversal.Kind.REINSTATED
# What is added up: money that moved, in the one currency that is bought in. Another one's receipts stand apart.
COUNTED = {"live_money": True, "currency": "USD"}
# Of more receipts than this a page tells no sum: adding them up would cost more than the page itself.
TOTAL_LIMIT = 1_000

# An amount that was not told is that of its credits, at a cent each (contract 1).
_CENTS = Coalesce("amount_cents", Abs("credits_delta"), 0)
_DELTA = Coalesce("credits_delta", 0)


def _over_steps(taken: Combinable, given_back: Combinable) -> Coalesce:
    """Sum over steps; what is pending or rejected moves neither money nor credits."""
    told = Case(
        When(kind__in=TAKEN, then=taken),
        When(kind=GIVEN_BACK, then=given_back),
        default=Value(0),
        output_field=BigIntegerField(),
    )
    return Coalesce(Sum(told), 0)


BACK = {"back_cents": _over_steps(_CENTS, -_CENTS), "back_credits": _over_steps(-_DELTA, -_DELTA)}
PAID = {
    "receipts": Count("pk"),
    "paid_cents": Coalesce(Sum("amount_cents"), 0),
    "granted_credits": Coalesce(Sum("credits"), 0),
}


@dataclass(frozen=True)
class Figures:
    """Sums over receipts of live money: `back` is what refunds and disputes took, less what was given back."""

    receipts: int = 0
    paid_cents: int = 0
    granted_credits: int = 0
    back_cents: int = 0
    back_credits: int = 0

    @classmethod
    def of(cls, *sums: Mapping[str, Any]) -> "Figures":
        """Return the figures that aggregates of PAID and BACK name."""
        return cls(**{name: total[name] for total in sums for name in cls.__dataclass_fields__ if name in total})

    @property
    def net_cents(self) -> int:
        return self.paid_cents - self.back_cents

    @property
    def net_credits(self) -> int:
        return self.granted_credits - self.back_credits

    @property
    def is_cut(self) -> bool:
        """Whether there are more receipts than were added up: then no sum of these is one."""
        return self.receipts > TOTAL_LIMIT

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


def receipts_figured(rows: QuerySet[Receipt]) -> QuerySet[Receipt]:
    """Give each receipt `back_cents`, `back_credits` and `last_step` (the kind of its latest reversal, or None)."""
    steps = Reversal.objects.filter(purchase=OuterRef("purchase"))
    summed = steps.order_by().values("purchase").annotate(**BACK)
    latest = steps.order_by("-occurred_at", "-pk").values("kind")[:1]
    backs = {name: Coalesce(Subquery(summed.values(name)), 0) for name in BACK}
    return rows.annotate(**backs, last_step=Subquery(latest))


def figures_get(rows: QuerySet[Receipt]) -> Figures:
    """Return the sums over receipts of live money, TOTAL_LIMIT of them at most; one statement."""
    return figures_told(figures_query(rows))


def figures_query(rows: QuerySet[Receipt]) -> QuerySet[Any, Any]:
    """Return the sums over receipts ("paid") and over the steps of theirs ("back"), added up apart."""
    held = rows.filter(**COUNTED).order_by()
    counted = Receipt.objects.filter(pk__in=held.values("pk")[: TOTAL_LIMIT + 1]).order_by().values(of=Value("paid"))
    steps = Reversal.objects.filter(purchase__in=held.values("purchase")[: TOTAL_LIMIT + 1]).order_by()
    back = steps.values(of=Value("back")).annotate(receipts=Value(0), **BACK)
    return counted.annotate(**PAID).values_list("of", *PAID).union(back.values_list("of", "receipts", *BACK), all=True)


def figures_told(told: Iterable[tuple[Any, ...]]) -> Figures:
    """Return the figures that the rows of `figures_query` tell."""
    sums = {of: figures for of, *figures in told}
    return Figures(*sums["paid"], *sums["back"][1:])


def steps_counted(steps: QuerySet[Reversal]) -> QuerySet[Reversal]:
    """Return the steps of receipts that are added up."""
    return steps.filter(**{f"purchase__receipt__{name}": value for name, value in COUNTED.items()})


def figures_by_agent(receipts: QuerySet[Receipt], steps: QuerySet[Reversal]) -> dict[int, Figures]:
    """Return the sums over receipts and over steps of live receipts, by agent id; two statements."""
    paid = receipts.filter(**COUNTED).order_by().values("agent").annotate(**PAID)
    live = steps_counted(steps).order_by()
    back = live.values(agent=F("purchase__agent")).annotate(**BACK)
    found: dict[int, Figures] = {}
    for row in [*paid, *back]:
        found[row["agent"]] = found.get(row["agent"], Figures()) + Figures.of(row)
    return found
