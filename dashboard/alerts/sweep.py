"""Opening, worsening and ending alerts: facts are read with no transaction open, then written down in one.

Two schedulers at once make one message: a kind's mark is moved by a conditional update, and whoever read before another
moved it throws away what they read. A crash anywhere leaves a kind as it was; the next sweep finds the same facts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.alerts.deliveries import deliveries_make
from dashboard.alerts.facts import READERS, Fact, Reader
from dashboard.alerts.kinds import Figures, Kind, Occurrence
from dashboard.alerts.levels import level_after
from dashboard.alerts.models import Alert, Crossing, SweepMark
from dashboard.alerts.platform_facts import PLATFORM_READERS
from dashboard.alerts.spend_facts import SPEND_READERS

log = structlog.get_logger(__name__)

EVERY_READER = {**READERS, **SPEND_READERS, **PLATFORM_READERS}
# More than these are another transaction's, and in the end the next sweep's: memory and locks stay bounded.
CHANGES_AT_ONCE = 1_000
ROUNDS_AT_MOST = 20
BATCH = 200
CHANGED_FIELDS = ["level", "figures", "crossings", "crossed_at", "ended_at", "ending"]

Place = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class Held:
    """An open alert, as far as a sweep needs it."""

    pk: int
    level: int


@dataclass(frozen=True, slots=True)
class Move:
    """What a fact does: `held` None opens an alert, `level` 0 ends one; `fact` None: its thing is found no more."""

    held: Held | None
    level: int
    fact: Fact | None


def sweep(readers: Mapping[Kind, Reader] = EVERY_READER) -> int:
    """Look at every kind once; return how many alerts changed. A kind that breaks does not stop the others."""
    changed = 0
    for kind, reader in readers.items():
        try:
            changed += _kind_sweep_whole(kind, reader)
        except Exception:  # a process edge: one kind's fault must not silence the others
            log.exception("alerts_sweep_broke", kind=kind.name, audience=kind.audience)
    return changed


def _kind_sweep_whole(kind: Kind, reader: Reader) -> int:
    """Sweep a kind until what changed is told, or for ROUNDS_AT_MOST transactions."""
    changed = 0
    for _ in range(ROUNDS_AT_MOST):
        moved = kind_sweep(kind, reader)
        changed += moved
        if moved < CHANGES_AT_ONCE:
            break
    return changed


def kind_sweep(kind: Kind, reader: Reader) -> int:
    """Compare what is so with what is open, and write down the difference; return how many alerts changed."""
    now = timezone.now()
    mark, _ = SweepMark.objects.get_or_create(kind=f"{kind.audience}:{kind.name}")
    if mark.swept_at and now < mark.swept_at + kind.pause:
        return 0
    moves = moves_find(kind, reader(now), _open_alerts(kind))
    # Nothing changed, as nearly always: no commit, which would wait for the disk once a kind.
    if not moves and not kind.pause:
        return 0
    with transaction.atomic():
        mine = SweepMark.objects.filter(pk=mark.pk, number=mark.number).update(number=F("number") + 1, swept_at=now)
        if not mine:
            return 0
        moves_apply(kind, moves, now)
    return len(moves)


def _open_alerts(kind: Kind) -> dict[Place, Held]:
    rows = Alert.objects.filter(kind=kind.name, audience=kind.audience, ended_at=None)
    listed = rows.values_list("workspace_id", "subject_id", "pk", "level")
    return {(place, subject): Held(pk, level) for place, subject, pk, level in listed.iterator(chunk_size=2_000)}


def moves_find(kind: Kind, facts: Iterable[Fact], held: dict[Place, Held]) -> list[Move]:
    """Return what the facts change, `CHANGES_AT_ONCE` at most; `held` is used up. Pure."""
    moves: list[Move] = []
    for fact in facts:
        alert = held.pop((fact.workspace_id, fact.subject_id), None)
        before = alert.level if alert else 0
        level = level_after(fact.figure, ladder=kind.ladder, level=before)
        if level != before:
            moves.append(Move(alert, level, fact))
            if len(moves) == CHANGES_AT_ONCE:
                return moves
    # Every fact was seen, so whatever is left stands for nothing that is still so.
    gone = [Move(alert, 0, None) for alert in held.values()]
    return (moves + gone)[:CHANGES_AT_ONCE]


def moves_apply(kind: Kind, moves: list[Move], now: datetime) -> None:
    """Write moves down, with their crossings and deliveries; within the transaction that moved the mark."""
    opened = [_opened(kind, move.fact, move.level, now) for move in moves if move.held is None and move.fact]
    Alert.objects.bulk_create(opened, batch_size=BATCH)
    crossings = [_crossing(alert, Crossing.Change.OPENED, alert.figures, now) for alert in opened]
    known = {move.held.pk: move for move in moves if move.held}
    alerts = list(Alert.objects.filter(pk__in=known, ended_at=None).order_by("pk"))
    for alert in alerts:
        crossings += _alert_move(kind, alert, known[alert.pk], now)
    Alert.objects.bulk_update(alerts, CHANGED_FIELDS, batch_size=BATCH)
    Crossing.objects.bulk_create(crossings, batch_size=BATCH)
    deliveries_make(kind, crossings, now)


def _opened(kind: Kind, fact: Fact, level: int, now: datetime) -> Alert:
    return Alert(
        audience=kind.audience,
        workspace_id=fact.workspace_id,
        user_id=fact.user_id,
        agent_id=fact.agent_id,
        kind=kind.name,
        subject_id=fact.subject_id,
        subject_label=fact.label[:200],
        level=level,
        figures=fact.figures,
        crossings=1,
        opened_at=now,
        crossed_at=now,
    )


def _alert_move(kind: Kind, alert: Alert, move: Move, now: datetime) -> Iterator[Crossing]:
    """Change an open alert, and yield the crossing that people are told of; none where it lapsed."""
    figures = move.fact.figures if move.fact else alert.figures
    change, left = _change(kind, alert, move, figures), alert.level
    if move.level == 0:
        # What was wrong stays as it was said last; how it stands now is the crossing's to tell.
        alert.ended_at = now
        alert.ending = Alert.Ending.RECOVERED if change else Alert.Ending.LAPSED
    else:
        alert.level, alert.figures = move.level, figures
    if change:
        alert.crossings += 1
        alert.crossed_at = now
        crossing = _crossing(alert, change, figures, now)
        if crossing.is_recovery:
            crossing.level, crossing.eased_to = left, move.level
        yield crossing


def _change(kind: Kind, alert: Alert, move: Move, figures: Figures) -> Crossing.Change | None:
    if move.level > alert.level:
        return Crossing.Change.WORSENED
    if isinstance(kind.recovered, Occurrence) or (kind.lapses and move.fact is None):
        return None
    change = Crossing.Change.EASED if move.level else Crossing.Change.RECOVERED
    return change if kind.sentence(change, alert.level, figures) else None


def _crossing(alert: Alert, change: Crossing.Change, figures: Figures, now: datetime) -> Crossing:
    return Crossing(alert=alert, number=alert.crossings, change=change, level=alert.level, figures=figures, at=now)
