"""Counting events into slots, days and parts as they come: what is counted once is never counted again.

Each sum grows by an upsert of its own, so nothing is read before it is written. Only what a line was spent on may be
known later than the line: then its credits move from one part to another.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from dashboard.activity.models import Event, EventReference, WorkFact
from dashboard.activity.references import OWNERS
from dashboard.activity.slots import SLOTS_A_DAY, slot_of
from dashboard.agents.models import Claim
from dashboard.lib.probing import probed
from dashboard.lib.spent import CHARGE

SPENT, JOB, ASSET = TELLING = CHARGE, "job.completed", "asset.created"
# What is looked at of a line.
LINE = ("agent", "type", "occurred_at", "job_id", "operation", "capability_id", "credits_delta")
# What a line says that names no operation of its own (contract 3.11).
NO_OPERATION = ("", "usage")
Key = tuple[int | str, ...]
Sums = dict[Key, list[int]]
Whose = Claim | WorkFact


class Told(NamedTuple):
    """What is known of a job; empty: nothing."""

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


SLOTS = Table("activity_spendslot", ("slot",), ("events", "jobs", "credits_spent", "untold"))
DAYS = Table("activity_spendday", ("day",), ("jobs", "credits_spent", "untold"))
LEDGER_SLOTS = Table("activity_ledgerslot", ("slot",), ("events",), ("workspace_id",))
LEDGER_DAYS = Table("activity_ledgerday", ("day",), ("events",), ("workspace_id",))
PARTS = Table(
    "activity_spendpart", ("slot", "operation", "capability"), ("spends", "assets", "credits_spent", "untold")
)


def rollups_apply(claim: Claim, events: Sequence[Event]) -> None:
    """Count new events of the claim's agent, before their references are kept; inside the caller's transaction."""
    slots: Sums = defaultdict(lambda: [0, 0, 0, 0])
    days: Sums = defaultdict(lambda: [0, 0, 0])
    for event in events:
        slot, figures = slot_of(event.occurred_at), (int(event.type == JOB), spent(event), int(is_untold(event)))
        _add(slots, (slot,), 1, *figures)
        if any(figures):
            _add(days, (slot // SLOTS_A_DAY,), *figures)
    for table, sums in ((SLOTS, slots), (DAYS, days), (PARTS, _parts(claim, events)), *_of_workspace(slots)):
        _grow(table, claim, sums)


def _of_workspace(slots: Sums) -> tuple[tuple[Table, Sums], tuple[Table, Sums]]:
    """Return what the sums of the whole workspace grow by; its agents are read at once and meet in these rows."""
    days: Sums = defaultdict(lambda: [0])
    for (slot,), (events, *_) in slots.items():
        _add(days, (int(slot) // SLOTS_A_DAY,), events)
    return (LEDGER_SLOTS, {key: sums[:1] for key, sums in slots.items()}), (LEDGER_DAYS, days)


def spent(event: Event) -> int:
    """Return the credits that an event took as far as it tells them, as a positive number."""
    delta = event.credits_delta or 0
    return -delta if event.type == SPENT and delta < 0 else 0


def is_untold(event: Event) -> bool:
    """Tell whether an event is a charge whose credits the service does not tell.

    Lines of credits spent alone are charges (contract 3.11); that they tell how many is no promise (contract 11). All
    other types take no credits for work, so where they tell none nothing is missing.
    """
    return event.type == SPENT and event.credits_delta is None


def _parts(claim: Claim, events: Sequence[Event]) -> Sums:
    """Return what parts grow by: the new lines, and earlier ones of which a new line tells what they were for."""
    mine = [event for event in events if spent(event) or is_untold(event) or event.type in (ASSET, JOB)]
    asked = {job_of(event) for event in mine if event.type == JOB or not _says_all(event)} - {""}
    earlier, read = (lines_of(claim, asked, *TELLING), _read(claim, asked)) if asked else ([], {})
    after = told_of_jobs([*earlier, *mine], read)
    grown = _moved(earlier, told_of_jobs(earlier, read), after)
    for event in mine:
        _add(grown, part_of(event, after), *_figures(event))
    return grown


def parts_move(fact: WorkFact) -> None:
    """File the lines of a job under what a new reading of it tells, before that is kept.

    Runs inside the caller's transaction, which holds the agent's row.
    """
    jobs = {fact.job_id}
    lines = lines_of(fact, jobs, *TELLING)
    before, after = told_of_jobs(lines, _read(fact, jobs)), told_of_jobs(lines, {fact.job_id: _told_by(fact)})
    _grow(PARTS, fact, _moved(lines, before, after))


def _moved(lines: Iterable[Event], before: Mapping[str, Told], after: Mapping[str, Told]) -> Sums:
    """Return what parts grow by, and shrink, where lines belong to another one than before."""
    grown: Sums = defaultdict(lambda: [0, 0, 0, 0])
    for event in lines:
        was, now = part_of(event, before), part_of(event, after)
        if was != now:
            figures = _figures(event)
            _add(grown, was, *(-one for one in figures))
            _add(grown, now, *figures)
    return grown


def lines_of(whose: Whose, jobs: Collection[str], *types: str) -> list[Event]:
    """Return the lines of these types that are known of these jobs, by the index of references."""
    # Whose they are and what they tell is looked at here: a database asked for it as well may begin with it.
    named = probed(EventReference, "reference", jobs, take="event_id", workspace_id=whose.workspace_id)
    lines = Event.objects.filter(named).only(*LINE)
    return [line for line in lines if line.agent_id == whose.agent_id and line.job_id in jobs and line.type in types]


def _read(whose: Whose, jobs: Collection[str]) -> dict[str, Told]:
    """Return what is known from reading these jobs themselves."""
    mine = probed(WorkFact, "job_id", jobs, workspace_id=whose.workspace_id, agent_id=whose.agent_id)
    return {fact.job_id: _told_by(fact) for fact in WorkFact.objects.filter(mine)}


def _told_by(fact: WorkFact) -> Told:
    return Told(fact.operation, fact.capability_id)


def told_of_jobs(events: Iterable[Event], read: Mapping[str, Told]) -> dict[str, Told]:
    """Return what the lines of ended jobs tell, and where they are silent what reading the jobs told.

    Where lines contradict each other the first by the alphabet counts.
    """
    told: dict[str, Told] = {}
    for event in events:
        job = job_of(event)
        if event.type == JOB and job:
            known = told.get(job, Told())
            told[job] = Told(_first(known.operation, event.operation), _first(known.capability, event.capability_id))
    for job, fact in read.items():
        by_lines = told.get(job, Told())
        told[job] = Told(by_lines.operation or fact.operation, by_lines.capability or fact.capability)
    return told


def part_of(event: Event, told: Mapping[str, Told]) -> Key:
    """Return the part that a line belongs to: its own words, and its job's where it is silent."""
    by_job = told.get(job_of(event), Told())
    operation = by_job.operation if event.operation in NO_OPERATION else event.operation
    return slot_of(event.occurred_at), operation, event.capability_id or by_job.capability


def _says_all(event: Event) -> bool:
    return event.operation not in NO_OPERATION and bool(event.capability_id)


def job_of(event: Event) -> str:
    """Return the job that a line names; one that is called like an agent leads nowhere, as in the trail."""
    return "" if event.job_id.startswith(OWNERS) else event.job_id


def _figures(event: Event) -> tuple[int, int, int, int]:
    taken = spent(event)
    return int(taken > 0), int(event.type == ASSET), taken, int(is_untold(event))


def _first(one: str, other: str) -> str:
    return min(one, other) if one and other else one or other


def _add(sums: Sums, key: Key, *figures: int) -> None:
    for place, figure in enumerate(figures):
        sums[key][place] += figure


def _grow(table: Table, whose: Whose, sums: Sums) -> None:
    owner = [getattr(whose, name) for name in table.owner]
    # In one order everywhere: two who grow the same rows wait for each other once, never in a circle.
    rows = [(*owner, *key, *grown) for key, grown in sorted(sums.items()) if any(grown)]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(table.upsert, rows)
