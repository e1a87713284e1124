"""The order of a trail: what is of one job or one purchase stands together, beneath the event that led to it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from dashboard.activity.models import Event
from dashboard.activity.references import references_of
from dashboard.activity.selectors import EventLine

# How far in a step stands beneath the one that led to it; all others stand at the edge of their strand.
DEPTHS = {
    "asset.created": 1,
    "usage.credit_consumed": 1,
    "feedback.github_queue.processed": 1,
    "credits.payment_backed_granted": 1,
    "credits.payment_backed_refunded": 2,
    "credits.payment_backed_disputed": 2,
    "credits.payment_backed_reinstated": 3,
    "credits.payment_backed_reversal_pending": 2,
    "credits.payment_backed_reversal_rejected": 3,
}
DEEPEST = 6
MAKES_ASSET = ("asset.created", "asset.uploaded")
GRANTS = "credits.payment_backed_granted"
_line_values = attrgetter(*(name.replace("__", ".") for name in EventLine._fields))

# An asset's id, and the id of a job that worked from it.
Descent = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """One event of a trail and how far it is indented, at most DEEPEST."""

    line: EventLine
    depth: int


def steps_of(
    events: Collection[Event], descents: Collection[Descent], *, paid: str, paid_from: Collection[str]
) -> list[Step]:
    """Return events (oldest first) as steps; `paid`: the job that was paid from the purchases of the ids `paid_from`.

    Each strand is drawn once. Where things led to each other in a circle, from the oldest on.
    """
    strands = _strands(events)
    made = {event.subject_id: event.pk for event in events if event.type in MAKES_ASSET}
    origin = {job: made[asset] for asset, job in descents if asset in made}
    grants = (one for one in events if one.type == GRANTS and not references_of(one).keys().isdisjoint(paid_from))
    if grant := next(grants, None):
        origin.setdefault(paid, grant.pk)
    led = _led(strands, origin)
    beneath = {name for names in led.values() for name in names}
    left = dict(strands)
    begun = [name for name in strands if name not in beneath]
    return [step for name in (*begun, *strands) for step in _drawn(name, 0, left, led)]


def _strands(events: Collection[Event]) -> dict[str, list[Event]]:
    """Return the events of each job or quote, in the order in which each began."""
    strands: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        strands[_strand(event)].append(event)
    return {name: sorted(strand, key=lambda event: DEPTHS.get(event.type, 0)) for name, strand in strands.items()}


def _strand(event: Event) -> str:
    quote = event.links.get("quote_id")
    return event.job_id or (quote if isinstance(quote, str) else "") or event.subject_id or event.remote_id


def _led(strands: Collection[str], origin: Mapping[str, int]) -> dict[int, list[str]]:
    """Return the strands that each event led to: an asset to its edits, a grant to the job that was paid from it."""
    led: dict[int, list[str]] = defaultdict(list)
    for name in strands:
        if name in origin:
            led[origin[name]].append(name)
    return led


def _drawn(name: str, depth: int, left: dict[str, list[Event]], led: dict[int, list[str]]) -> Iterator[Step]:
    """Draw a strand that is left, and after each event what it led to."""
    for event in left.pop(name, ()):
        here = depth + DEPTHS.get(event.type, 0)
        yield Step(EventLine(*_line_values(event)), min(here, DEEPEST))
        for further in led.get(event.pk, ()):
            yield from _drawn(further, here + 1, left, led)
