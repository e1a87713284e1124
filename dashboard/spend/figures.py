"""Spending of a stretch of days, split into groups, beside the stretch before; always within a workspace."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, IntegerField, Q, QuerySet, Sum, Value, When

from dashboard.accounts.models import Workspace
from dashboard.activity.models import SpendPart
from dashboard.agents.models import Agent
from dashboard.lib.spent import Spent
from dashboard.spend.kinds import ASSET_TYPES, NOT_TOLD, OPERATIONS, Kind, asset_type_of
from dashboard.spend.span import BEFORE, Span

# So many groups have a colour of their own, the rest are drawn together.
CHARTED = 5
LISTED = 100
MOVERS = 3
# The columns of a part, in the order of `Sums`.
SUMMED = ("credits_spent", "spends", "assets", "untold")


class Sums(NamedTuple):
    """Credits as far as they are told, lines that took some, assets made, and charges whose credits are not told."""

    credits: int = 0
    spends: int = 0
    assets: int = 0
    untold: int = 0

    @property
    def told(self) -> int | None:
        """The credits, which are the least that was spent where charges are untold; None where all of them are."""
        return Spent(self.credits, self.untold).told

    @property
    def has_charges(self) -> bool:
        return bool(self.credits or self.untold)

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(one + two for one, two in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Group:
    """One part of the spending; `before` is that of the stretch before. `place` 0: no colour of its own."""

    key: str
    label: str
    sums: Sums
    before: Sums
    share: float = 0
    place: int = 0
    url: str = ""

    @property
    def moved(self) -> int | None:
        """How many credits more than before; None where charges of either stretch are not told."""
        return None if self.sums.untold or self.before.untold else self.sums.credits - self.before.credits

    @property
    def percent(self) -> int:
        return round(100 * self.share)

    @property
    def cost_per_asset(self) -> float | None:
        """Credits for each asset that was made, at least where charges are untold; None where none was, or all are."""
        return None if self.sums.told is None or not self.sums.assets else self.sums.credits / self.sums.assets


@dataclass(frozen=True)
class Spending:
    """The groups, most spent first; `total` of all of them, also of those beyond LISTED.

    `movers` are the groups of all that changed most against the stretch before, where there was any.
    """

    total: Group
    groups: list[Group]
    count: int
    movers: list[Group]
    # Credits of each bucket that has any, by the places of the groups: place 0 are the others.
    bars: dict[int, list[int]]
    # Charges of each bucket whose credits are not told.
    untold: dict[int, int]

    @property
    def shown(self) -> Hashable:
        """Everything that the drawing and the tables are made of."""
        bars = tuple((key, tuple(bar)) for key, bar in self.bars.items())
        return self.total, tuple(self.groups), self.count, tuple(self.movers), bars, tuple(self.untold.items())

    @property
    def charted(self) -> list[Group]:
        return [group for group in self.groups if group.place]

    @property
    def has_others(self) -> bool:
        return any(bar[0] for bar in self.bars.values())


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
    whole = Group("", "All", _total(sums), _total(before))
    order = sorted({*sums, *before}, key=lambda key: _rank(key, sums, before))
    charted = [key for key in order[:CHARTED] if sums.get(key, Sums()).credits]
    moving = _moving(order, sums, before) if whole.before.has_charges else []
    names = _names(kind, {*order[:LISTED], *moving}, agents)

    def group(key: int | str) -> Group:
        mine = sums.get(key, Sums())
        return Group(
            key=str(names[key][0]),
            label=names[key][1],
            sums=mine,
            before=before.get(key, Sums()),
            share=mine.credits / whole.sums.credits if whole.sums.credits else 0,
            place=charted.index(key) + 1 if key in charted else 0,
            url=url_of(names[key][0]),
        )

    bars, untold = _bars(parts, span, kind, charted)
    listed, movers = ([group(key) for key in keys] for keys in (order[:LISTED], moving))
    return Spending(whole, listed, len(order), movers, bars, untold)


def _total(sums: Mapping[int | str, Sums]) -> Sums:
    return Sums(*map(sum, zip(*sums.values(), strict=True)))


def _rank(
    key: int | str, sums: Mapping[int | str, Sums], before: Mapping[int | str, Sums]
) -> tuple[int, int, int, str]:
    mine = sums.get(key, Sums())
    return -mine.credits, -mine.untold, -before.get(key, Sums()).credits, str(key)


def _moving(
    order: Sequence[int | str], sums: Mapping[int | str, Sums], before: Mapping[int | str, Sums]
) -> list[int | str]:
    """Return the groups of all that moved most, as far as it is told how much they did."""
    moved = {key: Group("", "", sums.get(key, Sums()), before.get(key, Sums())).moved or 0 for key in order}
    return sorted((key for key in order if moved[key]), key=lambda key: -abs(moved[key]))[:MOVERS]


def parts_of(workspace: Workspace, span: Span, wanted: Q) -> QuerySet[SpendPart]:
    """Return the parts of a stretch and of what it is compared with."""
    within = Q(slot__gte=span.before_start, slot__lt=span.before_end) | Q(slot__gte=span.start, slot__lt=span.end)
    return SpendPart.objects.filter(wanted, within, workspace=workspace, slot__gte=span.before_start, slot__lt=span.end)


def _grouped(parts: QuerySet[SpendPart], span: Span, kind: Kind) -> tuple[dict[int | str, Sums], dict[int | str, Sums]]:
    """Return the sums of each group in the stretch, and those in the stretch before of each that had charges then."""
    is_before = Case(When(slot__lt=span.start, then=Value(BEFORE)), default=Value(0), output_field=IntegerField())
    rows = parts.order_by().annotate(bucket=is_before).values_list("bucket", kind.column)
    sums: dict[int | str, Sums] = defaultdict(Sums)
    before: dict[int | str, Sums] = defaultdict(Sums)
    for bucket, value, *figures in rows.annotate(*(Sum(column) for column in SUMMED)):
        stretch, key = before if bucket == BEFORE else sums, _key(kind, value)
        stretch[key] = stretch[key].plus(Sums(*figures))
    return {key: one for key, one in sums.items() if any(one)}, {k: one for k, one in before.items() if one.has_charges}


def _bars(
    parts: QuerySet[SpendPart], span: Span, kind: Kind, charted: Sequence[int | str]
) -> tuple[dict[int, list[int]], dict[int, int]]:
    """Return the credits of each bucket by places, and how many of its charges are untold."""
    place = _places(kind, charted)
    rows = parts.filter(Q(credits_spent__gt=0) | Q(untold__gt=0), slot__gte=span.start).order_by()
    bars: dict[int, list[int]] = defaultdict(lambda: [0] * (CHARTED + 1))
    untold: dict[int, int] = defaultdict(int)
    for bucket, group, taken, silent in (
        rows.annotate(bucket=span.numbered(), place=place)
        .values_list("bucket", "place")
        .annotate(Sum("credits_spent"), Sum("untold"))
    ):
        bars[bucket][group] += taken
        untold[bucket] += silent
    return dict(bars), {bucket: silent for bucket, silent in untold.items() if silent}


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
