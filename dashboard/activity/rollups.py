"""Counting events into slots, days and parts as they come: what is counted once is never counted again.

Each sum grows by an upsert of its own, so nothing is read before it is written. Only what a line was spent on may be
known later than the line: then its credits move from one part to another.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from dashboard.activity.models import Event, EventReference
from dashboard.activity.references import OWNERS
from dashboard.activity.slots import SLOTS_A_DAY, slot_of
from dashboard.agents.models import Claim

SPENT, JOB, ASSET = "usage.credit_consumed", "job.completed", "asset.created"
# What a line says that names no operation of its own (contract 3.11).
NO_OPERATION = ("", "usage")
Key = tuple[int | str, ...]
Sums = dict[Key, list[int]]


class Told(NamedTuple):
    """What a job's own lines tell of it; empty: nothing."""

    operation: str = ""
    capability: str = ""


@dataclass(frozen=True)
class Table:
    """A rollup: which columns beside those of its owner find a row, and which grow."""

    name: str
    keys: tuple[str, ...]
    sums: tuple[str, ...]
    owner: tuple[str, ...] = ("workspace_id", "agent_id")

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.owner, *self.keys, *self.sums)

    @property
    def upsert(self) -> str:
        keys = (*self.owner, *self.keys)
        grown = ", ".join(f"{one} = {self.name}.{one} + excluded.{one}" for one in self.sums)
        values = ", ".join(["%s"] * (len(keys) + len(self.sums)))
        columns, found = ", ".join(self.columns), ", ".join(keys)
        # Names of ours alone; what is counted travels beside the text.
        return f"INSERT INTO {self.name} ({columns}) VALUES ({values}) ON CONFLICT ({found}) DO UPDATE SET {grown}"  # noqa: S608


SLOTS = Table("activity_spendslot", ("slot",), ("events", "jobs", "credits_spent"))
DAYS = Table("activity_spendday", ("day",), ("jobs", "credits_spent"))
LEDGER_SLOTS = Table("activity_ledgerslot", ("slot",), ("events",), ("workspace_id",))
LEDGER_DAYS = Table("activity_ledgerday", ("day",), ("events",), ("workspace_id",))
PARTS = Table("activity_spendpart", ("slot", "operation", "capability"), ("spends", "assets", "credits_spent"))


def rollups_apply(claim: Claim, events: Sequence[Event]) -> None:
    """Count new events of the claim's agent, before their references are kept; inside the caller's transaction."""
    slots: Sums = defaultdict(lambda: [0, 0, 0])
    days: Sums = defaultdict(lambda: [0, 0])
    for event in events:
        slot, job, taken = slot_of(event.occurred_at), int(event.type == JOB), spent(event)
        _add(slots, (slot,), 1, job, taken)
        if job or taken:
            _add(days, (slot // SLOTS_A_DAY,), job, taken)
    for table, sums in ((SLOTS, slots), (DAYS, days), (PARTS, _parts(claim, events)), *_of_workspace(slots)):
        _grow(table, claim, sums)


def _of_workspace(slots: Sums) -> tuple[tuple[Table, Sums], tuple[Table, Sums]]:
    """Return what the sums of the whole workspace grow by; its agents are read at once and meet in these rows."""
    days: Sums = defaultdict(lambda: [0])
    for (slot,), (events, *_) in slots.items():
        _add(days, (int(slot) // SLOTS_A_DAY,), events)
    return (LEDGER_SLOTS, {key: sums[:1] for key, sums in slots.items()}), (LEDGER_DAYS, days)


def spent(event: Event) -> int:
    """Return the credits that an event took, as a positive number; what the service does not tell counts as none."""
    delta = event.credits_delta or 0
    return -delta if event.type == SPENT and delta < 0 else 0


def _parts(claim: Claim, events: Sequence[Event]) -> Sums:
    """Return what parts grow by: the new lines, and earlier ones of which a new line tells what they were for."""
    mine = [event for event in events if spent(event) or event.type in (ASSET, JOB)]
    asked = {job_of(event) for event in mine if event.type == JOB or event.operation in NO_OPERATION} - {""}
    earlier = _earlier(claim, asked) if asked else []
    before, after = told_by_jobs(earlier), told_by_jobs([*earlier, *mine])
    grown: Sums = defaultdict(lambda: [0, 0, 0])
    for event in mine:
        _add(grown, part_of(event, after), *_figures(event))
    for event in earlier:
        was, now = part_of(event, before), part_of(event, after)
        if was != now:
            figures = _figures(event)
            _add(grown, was, *(-one for one in figures))
            _add(grown, now, *figures)
    return {key: sums for key, sums in grown.items() if any(sums)}


def _earlier(claim: Claim, jobs: set[str]) -> list[Event]:
    """Return the lines that are known of these jobs, by the index of references."""
    named = EventReference.objects.filter(workspace=claim.workspace_id, reference__in=jobs).values("event")
    lines = Event.objects.filter(pk__in=named, job_id__in=jobs, agent=claim.agent_id, type__in=(SPENT, ASSET, JOB))
    return list(lines.only("type", "occurred_at", "job_id", "operation", "capability_id", "credits_delta"))


def told_by_jobs(events: Iterable[Event]) -> dict[str, Told]:
    """Return what the lines of ended jobs tell; where they contradict each other, the first by the alphabet."""
    told: dict[str, Told] = {}
    for event in events:
        job = job_of(event)
        if event.type == JOB and job:
            known = told.get(job, Told())
            told[job] = Told(_first(known.operation, event.operation), _first(known.capability, event.capability_id))
    return told


def part_of(event: Event, told: dict[str, Told]) -> Key:
    """Return the part that a line belongs to: its own word, or its job's where it names no operation."""
    slot = slot_of(event.occurred_at)
    if event.operation not in NO_OPERATION:
        return slot, event.operation, event.capability_id
    by_job = told.get(job_of(event), Told())
    return slot, by_job.operation, event.capability_id or by_job.capability


def job_of(event: Event) -> str:
    """Return the job that a line names; one that is called like an agent leads nowhere, as in the trail."""
    return "" if event.job_id.startswith(OWNERS) else event.job_id


def _figures(event: Event) -> tuple[int, int, int]:
    taken = spent(event)
    return int(taken > 0), int(event.type == ASSET), taken


def _first(one: str, other: str) -> str:
    return min(one, other) if one and other else one or other


def _add(sums: Sums, key: Key, *figures: int) -> None:
    for place, figure in enumerate(figures):
        sums[key][place] += figure


def _grow(table: Table, claim: Claim, sums: Sums) -> None:
    owner = [getattr(claim, name) for name in table.owner]
    # In one order everywhere: two who grow the same rows wait for each other once, never in a circle.
    rows = [(*owner, *key, *grown) for key, grown in sorted(sums.items())]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(table.upsert, rows)
