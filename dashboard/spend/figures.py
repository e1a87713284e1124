"""Spending of a stretch of days, split into groups, beside the stretch before; always within a workspace."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When

from dashboard.accounts.models import Workspace
from dashboard.activity.models import SpendPart
from dashboard.agents.models import Agent
from dashboard.spend.kinds import ASSET_TYPES, NOT_TOLD, OPERATIONS, Kind, asset_type_of
from dashboard.spend.span import BEFORE, Span

# So many groups have a colour of their own, the rest are drawn together.
CHARTED = 5
LISTED = 100
MOVERS = 3


class Sums(NamedTuple):
    """Credits, lines that took some, and assets made."""

    credits: int = 0
    spends: int = 0
    assets: int = 0

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Group:
    """One part of the spending; `before` is that of the stretch before, in credits. `place` 0: no colour of its own."""

    key: str
    label: str
    sums: Sums
    before: int
    share: float = 0
    place: int = 0
    url: str = ""

    @property
    def moved(self) -> int:
        return self.sums.credits - self.before

    @property
    def percent(self) -> int:
        return round(100 * self.share)

    @property
    def cost_per_asset(self) -> float | None:
        """Credits for each asset that was made; None where none was."""
        return self.sums.credits / self.sums.assets if self.sums.assets else None


@dataclass(frozen=True)
class Spending:
    """The groups, most spent first; `total` of all of them, also of those beyond LISTED."""

    total: Group
    groups: list[Group]
    count: int
    # Credits of each bucket that has any, by the places of the groups: place 0 are the others.
    bars: dict[int, list[int]]

    @property
    def shown(self) -> Hashable:
        """Everything that the drawing and the tables are made of."""
        return self.total, tuple(self.groups), self.count, tuple((key, tuple(bar)) for key, bar in self.bars.items())

    @property
    def charted(self) -> list[Group]:
        return [group for group in self.groups if group.place]

    @property
    def has_others(self) -> bool:
        return any(bar[0] for bar in self.bars.values())

    @property
    def movers(self) -> list[Group]:
        """The groups that changed most against the stretch before, where there was any."""
        moved = [group for group in self.groups if group.moved]
        return sorted(moved, key=lambda group: -abs(group.moved))[:MOVERS] if self.total.before else []


def spending_get(
    workspace: Workspace,
    *,
    span: Span,
    kind: Kind,
    wanted: Q,
    agents: Sequence[Agent],
    url_of: Callable[[str], str] = lambda _: "",
) -> Spending:
    """Return what was spent; two queries, and one more for names that are not among `agents`."""
    parts = parts_of(workspace, span, wanted)
    sums, before = _grouped(parts, span, kind)
    total, total_before = Sums(), sum(before.values())
    for one in sums.values():
        total = total.plus(one)
    order = sorted({*sums, *before}, key=lambda key: (-sums.get(key, Sums()).credits, -before.get(key, 0), str(key)))
    names = _names(kind, order[:LISTED], agents)
    charted = [key for key in order[:CHARTED] if sums.get(key, Sums()).credits]
    groups = [
        Group(
            key=str(names[key][0]),
            label=names[key][1],
            sums=sums.get(key, Sums()),
            before=before.get(key, 0),
            share=sums.get(key, Sums()).credits / total.credits if total.credits else 0,
            place=charted.index(key) + 1 if key in charted else 0,
            url=url_of(names[key][0]),
        )
        for key in order[:LISTED]
    ]
    whole = Group("", "All", total, total_before)
    return Spending(whole, groups, len(order), _bars(parts, span, kind, charted))


def parts_of(workspace: Workspace, span: Span, wanted: Q) -> QuerySet[SpendPart]:
    """Return the parts of a stretch and of what it is compared with."""
    within = Q(slot__gte=span.before_start, slot__lt=span.before_end) | Q(slot__gte=span.start, slot__lt=span.end)
    return SpendPart.objects.filter(wanted, within, workspace=workspace, slot__gte=span.before_start, slot__lt=span.end)


def _grouped(parts: QuerySet[SpendPart], span: Span, kind: Kind) -> tuple[dict[int | str, Sums], dict[int | str, int]]:
    """Return the sums of each group, and the credits that each took in the stretch before."""
    is_before = Case(When(slot__lt=span.start, then=Value(BEFORE)), default=Value(0), output_field=IntegerField())
    rows = parts.order_by().annotate(bucket=is_before).values("bucket", kind.column)
    sums: dict[int | str, Sums] = defaultdict(Sums)
    before: dict[int | str, int] = defaultdict(int)
    for row in rows.annotate(credits=Sum("credits_spent"), spends_=Sum("spends"), assets_=Sum("assets")):
        key = _key(kind, row[kind.column])
        if row["bucket"] == BEFORE:
            before[key] += row["credits"]
        else:
            sums[key] = sums[key].plus(Sums(row["credits"], row["spends_"], row["assets_"]))
    return {key: one for key, one in sums.items() if any(one)}, {key: one for key, one in before.items() if one}


def _bars(parts: QuerySet[SpendPart], span: Span, kind: Kind, charted: Sequence[int | str]) -> dict[int, list[int]]:
    place = _places(kind, charted)
    rows = parts.filter(slot__gte=span.start, credits_spent__gt=0).order_by()
    bars: dict[int, list[int]] = defaultdict(lambda: [0] * (CHARTED + 1))
    for bucket, group, taken in (
        rows.annotate(bucket=span.numbered(), place=place)
        .values_list("bucket", "place")
        .annotate(taken=Sum("credits_spent"))
    ):
        bars[bucket][group] += taken
    return dict(bars)


def _places(kind: Kind, charted: Sequence[int | str]) -> Case:
    """Return the place of a row's group, as a database expression; 0 for all others."""
    return Case(
        *(When(_is_in(kind, key), then=Value(number)) for number, key in enumerate(charted, 1)),
        default=Value(0),
        output_field=IntegerField(),
    )


def _is_in(kind: Kind, key: int | str) -> Q:
    if kind.name != "asset":
        return Q(**{kind.column: key})
    if key:
        return Q(capability__startswith=f"is.{key}.")
    told = Q()
    for one in ASSET_TYPES:
        told |= Q(capability__startswith=f"is.{one}.")
    return ~told


def _key(kind: Kind, value: int | str) -> int | str:
    return asset_type_of(str(value)) if kind.name == "asset" else value


def _names(kind: Kind, keys: Iterable[int | str], agents: Sequence[Agent]) -> Mapping[int | str, tuple[str, str]]:
    """Return how each group stands in an address, and in words."""
    if kind.name == "agent":
        known = {agent.pk: agent for agent in agents}
        missing = [key for key in keys if key not in known]
        if missing:
            known |= {agent.pk: agent for agent in Agent.objects.filter(pk__in=missing)}
        return {key: (known[int(key)].remote_id, known[int(key)].display_name) for key in keys}
    words = {"asset": ASSET_TYPES, "operation": OPERATIONS}.get(kind.name, {})
    return {key: (str(key), words.get(str(key), str(key)) if key else NOT_TOLD) for key in keys}
