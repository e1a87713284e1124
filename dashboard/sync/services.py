"""Claiming, finishing and failing a run. A run belongs to whoever's conditional update changed the row.

Three kinds of failure: retryable (time-out, 429, 5xx: tried again with back-off), permanent (the token is refused:
stopped until re-linked, the sponsor is told), anything else (logged with its traceback, marked internal, tried again
slowly). An answer that breaks the contract is tried again slowly too: a broken deploy of the service must heal by
itself here.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from api_client import ApiError
from dashboard.freshness.models import Stream, SyncCursor, SyncRun
from dashboard.freshness.selectors import BUSY_SECONDS, IDLE_SECONDS
from dashboard.freshness.services import NO_FAILURE

# An agent is polled at a twentieth of the age of its newest event: 15 s while it works, 15 min after five hours.
AGE_DIVISOR = 20
NEAR_LIMIT_FOR = timedelta(days=1)
BACKOFF_FIRST_SECONDS = 15
# The longest pause that the service can ask for: a mistyped one must not silence an agent for ever.
PAUSE_AT_MOST_SECONDS = 24 * 3600
# A worker that died leaves its run behind. Longer than any run is silent: at most seven calls of ten seconds each.
RUN_LOST_AFTER = timedelta(seconds=75)
QUEUED_AGAIN_AFTER = timedelta(minutes=1)
QUEUED_AT_MOST = 200
RUNS_KEPT = timedelta(days=7)


class RunLost(Exception):
    """The run was taken away while it was reading (lost worker, unclaim, new claim): what it read is not applied."""


@dataclass(frozen=True)
class Run:
    """A claimed run: the cursor, the token that proves the claim, and when it began (UTC)."""

    cursor: SyncCursor
    token: uuid.UUID
    started_at: datetime


def run_claim(*, stream: Stream, subject_id: int, is_forced: bool = False) -> Run | None:
    """Claim the due run of a stream; None when it is not due, stopped, or somebody else's."""
    now, token = timezone.now(), uuid.uuid4()
    claimable = SyncCursor.objects.filter(stream=stream, subject_id=subject_id, running_since=None, stopped="")
    if not is_forced:
        claimable = claimable.filter(due_at__lte=now)
    if not claimable.update(running_since=now, run_token=token, queued_at=None):
        return None
    return Run(SyncCursor.objects.get(stream=stream, subject_id=subject_id), token, now)


def run_extend(run: Run) -> bool:
    """Keep a long run from being taken for lost; False when it was taken away meanwhile.

    Called before anything is written in a transaction that applies a part of what was read: nobody takes the run away
    before its end.
    """
    mine = SyncCursor.objects.filter(pk=run.cursor.pk, run_token=run.token)
    return bool(mine.update(running_since=timezone.now()))


def run_finish(
    run: Run, *, pause: timedelta, calls: int, rows_new: int = 0, rows_unreadable: int = 0, is_over: bool = False
) -> bool:
    """Note a success and how long to rest, for good if it `is_over`; False when the run was taken away meanwhile.

    Called inside the transaction that applies what was read: a run that lost its claim writes nothing.
    """
    stopped = SyncCursor.Stopped.DONE if is_over else ""
    held = _release(run, due_at=timezone.now() + pause, synced_at=run.started_at, stopped=stopped, **NO_FAILURE)
    if held:
        note = f"{rows_unreadable} ledger rows break the contract and were left out." if rows_unreadable else ""
        _run_note(run, SyncRun.Outcome.DONE, calls=calls, rows_new=rows_new, error_text=note)
    return held


def run_fail(run: Run, error: ApiError) -> None:
    """Note a failure that may pass, and try again after a back-off with jitter, never sooner than asked."""
    problem, now = _problem(error), timezone.now()
    asked = timedelta(seconds=min(error.retry_after_seconds or 0, PAUSE_AT_MOST_SECONDS))
    due_at = now + max(backoff(run.cursor.attempts), asked)
    if _release(run, due_at=due_at, not_before=now + asked, attempts=F("attempts") + 1, failed_at=now, **problem):
        _run_note(run, SyncRun.Outcome.RETRY, **problem)


def run_stop(run: Run, error: Exception, *, reason: SyncCursor.Stopped) -> bool:
    """Note a failure that will not pass by itself: no more calls until somebody acts. False when the run was lost."""
    problem = _problem(error)
    held = _release(run, stopped=reason, failed_at=timezone.now(), **problem)
    if held:
        _run_note(run, SyncRun.Outcome.STOPPED, **problem)
    return held


def run_stop_released(run: Run) -> None:
    """An agent that nobody holds is read no more; if somebody claimed it meanwhile, the run is not ours to stop."""
    run_rest(run, reason=SyncCursor.Stopped.RELEASED)


def run_rest(run: Run, *, reason: SyncCursor.Stopped) -> None:
    """End a stream that has nothing to ask, or nobody to ask for: no failure, and no more calls until it is opened."""
    _release(run, stopped=reason, **NO_FAILURE)


def run_break(run: Run, error: Exception) -> None:
    """Note a fault of our own; its traceback is logged by the caller."""
    problem = {"error_code": "INTERNAL", "error_text": type(error).__name__}
    later = timezone.now() + timedelta(seconds=IDLE_SECONDS)
    if _release(run, due_at=later, attempts=F("attempts") + 1, failed_at=timezone.now(), **problem):
        _run_note(run, SyncRun.Outcome.INTERNAL, **problem)


def runs_rescue() -> int:
    """Free the runs whose worker was lost; return how many."""
    lost = SyncCursor.objects.filter(running_since__lte=timezone.now() - RUN_LOST_AFTER)
    rescued = 0
    for cursor in lost:
        run = Run(cursor, cursor.run_token or uuid.UUID(int=0), cursor.running_since or timezone.now())
        if _release(run, due_at=timezone.now(), attempts=F("attempts") + 1):
            _run_note(run, SyncRun.Outcome.LOST)
            rescued += 1
    return rescued


def runs_prune() -> int:
    """Forget finished runs that are a week old, and streams that had nothing left to ask then; return how many."""
    old = timezone.now() - RUNS_KEPT
    forgotten = SyncRun.objects.filter(finished_at__lte=old).delete()[0]
    return forgotten + SyncCursor.objects.filter(stopped=SyncCursor.Stopped.DONE, due_at__lte=old).delete()[0]


def due_take(stream: Stream) -> list[int]:
    """Return the due subjects of a stream that nobody has queued just now, and mark them as queued.

    The mark keeps a backlog from being queued again at every sweep, and bounds it: behind a queue of slow readings
    everything else would wait too. The claim is what makes a run happen once.
    """
    now = timezone.now()
    idle = SyncCursor.objects.filter(stream=stream, running_since=None, stopped="")
    room = QUEUED_AT_MOST - idle.filter(queued_at__gt=now - QUEUED_AGAIN_AFTER).count()
    due = idle.filter(Q(queued_at=None) | Q(queued_at__lte=now - QUEUED_AGAIN_AFTER), due_at__lte=now)
    rows = list(due.order_by("due_at").values_list("pk", "subject_id")[: max(room, 0)])
    SyncCursor.objects.filter(pk__in=[pk for pk, _ in rows], running_since=None).update(queued_at=now)
    return [subject_id for _, subject_id in rows]


def interval(newest_at: datetime | None, now: datetime, *, is_near_limit: bool = False) -> timedelta:
    """Return how long to wait after a success: short for a busy agent, long for an idle one.

    An event of the future counts by its distance as well: misdated by years it must not keep its agent busy for years.
    One that is near a guardrail, or over it, is read as often as can be, until it has rested for a day.
    """
    if is_near_limit and newest_at and abs(now - newest_at) <= NEAR_LIMIT_FOR:
        return timedelta(seconds=BUSY_SECONDS)
    age = abs((now - newest_at).total_seconds()) if newest_at else IDLE_SECONDS * AGE_DIVISOR
    return timedelta(seconds=min(max(age / AGE_DIVISOR, BUSY_SECONDS), IDLE_SECONDS))


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after a failure: doubling to 15 minutes, with jitter over the upper half."""
    ceiling = min(BACKOFF_FIRST_SECONDS * 2 ** min(attempts, 10), IDLE_SECONDS)
    return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311


def _problem(error: Exception) -> dict[str, str]:
    if not isinstance(error, ApiError):
        return {"error_code": type(error).__name__, "error_text": "The sealed token does not fit this agent."}
    return {
        "error_code": (error.code or type(error).__name__)[:64],
        "error_text": error.for_people[:254],
        "error_trace_id": (error.trace_id or "")[:200],
    }


def _release(run: Run, **changes: object) -> bool:
    mine = SyncCursor.objects.filter(pk=run.cursor.pk, run_token=run.token)
    return bool(mine.update(running_since=None, run_token=None, **changes))


def _run_note(run: Run, outcome: SyncRun.Outcome, **more: object) -> None:
    SyncRun.objects.create(cursor=run.cursor, started_at=run.started_at, outcome=outcome, **more)
