"""Reading an agent's jobs and assets in the background: each that its ledger names once, one that runs again and again.

What was read is written down one by one, so a run that dies repeats at most the call that was under way.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.utils import timezone

from api_client import ApiError, AuthRefused, Client, Conflict, ContractError, Forbidden, InvalidRequest, NotFound
from api_client import Job as JobRecord
from dashboard.activity.facts import work_fact_write
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import claim_of_agent
from dashboard.assets.apply import asset_apply, job_apply, missing_note, unreadable_note
from dashboard.assets.due import due_list, has_due, next_due_at
from dashboard.assets.models import Asset, Job
from dashboard.assets.naming import EVENTS_AT_ONCE, is_behind, ledger_name
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_hurry, cursor_wake
from dashboard.remote import client_for
from dashboard.sync.breaker import outage_end, outage_note
from dashboard.sync.services import (
    Run,
    RunLost,
    run_break,
    run_claim,
    run_extend,
    run_fail,
    run_finish,
    run_rest,
    run_stop_released,
)

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
# A run ends after this many calls or seconds, whatever is left: other agents wait too.
MOST_CALLS, MOST_SECONDS = 60, 40.0
MOST_LEDGER_STEPS = 10
# Answers in a row that cannot be read: then it is the service that is broken, not one job of it.
ENOUGH_TROUBLE = 3
# What an answer may be that speaks of the one thing that was asked for.
ITS_OWN = (ContractError, Forbidden, Conflict, InvalidRequest)


def work_sync(agent_id: int, *, is_forced: bool = False) -> bool:
    """Read what an agent made, if its turn has come (or `is_forced`); True when nothing went wrong on the way."""
    run = run_claim(stream=Stream.WORK, subject_id=agent_id, is_forced=is_forced)
    if run is None:
        return False
    claim = _claim_to_read_with(run, agent_id)
    if claim is None:
        return False
    try:
        calls = work_read(run, claim)
        _finish(run, claim, calls)
    except AuthRefused as error:
        outage_end()
        # Whether the token is gone for good is the agent's own stream to find out: it tells the owners.
        cursor_hurry(stream=Stream.AGENT, subject_id=agent_id, unless_since=run.started_at)
        run_fail(run, error)
    except ApiError as error:
        log.info("work_sync_failed", agent_id=agent_id, code=error.code, trace_id=error.trace_id)
        run_fail(run, error)
        outage_note(error)
    except RunLost:
        log.warning("work_sync_run_lost", agent_id=agent_id)
    except Exception as error:  # a process edge: one agent's fault, or a missing key, must not stop the others
        log.exception("work_sync_broke", agent_id=agent_id)
        run_break(run, error)
    else:
        return True
    return False


def _claim_to_read_with(run: Run, agent_id: int) -> Claim | None:
    """Return the claim whose token may be used; None ends the run until the agent's own stream wakes it."""
    claim = claim_of_agent(agent_id)
    if claim is None or not claim.token_sealed:
        run_stop_released(run)
        return None
    if claim.needs_relink:
        run_rest(run, reason=SyncCursor.Stopped.TOKEN_REFUSED)
        return None
    return claim


def work_wake(claim: Claim) -> None:
    """Let the agent's jobs and assets be read, if there is something to read and nobody is about to."""
    has_new_lines = is_behind(claim.agent_id)
    if has_new_lines or has_due(claim):
        label = claim.agent.display_name
        cursor_wake(stream=Stream.WORK, subject_id=claim.agent_id, label=label, is_urgent=has_new_lines)


def work_read(run: Run, claim: Claim) -> int:
    """Go through the ledger, then read what is due, both within bounds; return the calls made. Raises ApiError."""
    ends_at = time.monotonic() + MOST_SECONDS
    for _ in range(MOST_LEDGER_STEPS):
        if ledger_name(claim.agent_id) < EVENTS_AT_ONCE:
            break
    calls, trouble = 0, 0
    with client_for(claim, deadline_seconds=CALL_SECONDS) as client:
        while rows := due_list(claim, at=timezone.now(), most=MOST_CALLS - calls):
            for row in rows:
                if time.monotonic() > ends_at:
                    return calls
                calls += 1
                problem = _read_one(run, client, row)
                trouble = trouble + 1 if problem else 0
                if problem and trouble >= ENOUGH_TROUBLE:
                    raise problem
    return calls


def _read_one(run: Run, client: Client, row: Job | Asset) -> ApiError | None:
    """Read one job or asset and write it down; returns why its answer could not be read."""
    at = timezone.now()
    try:
        write = _asked(client, row, at=at)
    except NotFound:
        with _held(run):
            missing_note(row, at=at)
    except ITS_OWN as error:
        with _held(run):
            unreadable_note(row, error.for_people, at=at)
        return error
    except ValueError:
        with _held(run):
            unreadable_note(row, "Its id is none that can be asked for.", at=at)
    else:
        with _held(run):
            write()
    outage_end()
    return None


def _asked(client: Client, row: Job | Asset, *, at: datetime) -> Callable[[], None]:
    """Ask for a job or an asset; return what writes the answer down. Raises ApiError, ValueError for a broken id."""
    if isinstance(row, Asset):
        return partial(asset_apply, row, client.assets.get(row.remote_id), at=at)
    return partial(_job_write, row, client.jobs.get(row.remote_id), at=at)


def _job_write(job: Job, record: JobRecord, *, at: datetime) -> None:
    job_apply(job, record, at=at)
    # The ledger's own room knows no jobs: what it shows of a spend's work is written there as a fact.
    work_fact_write(
        workspace_id=job.workspace_id,
        agent_id=job.agent_id,
        job_id=job.remote_id,
        operation=job.operation,
        capability_id=job.capability_id,
    )


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """A short transaction of a run that is still ours, and holds the agent's row; raises RunLost where it is not."""
    with transaction.atomic():
        # The agent before the cursor, as where its ledger is applied, which wakes this stream.
        Agent.objects.select_for_update(no_key=True).get(pk=run.cursor.subject_id)
        if not run_extend(run):
            raise RunLost
        yield


def _finish(run: Run, claim: Claim, calls: int) -> None:
    with transaction.atomic():
        now, next_at = timezone.now(), next_due_at(claim)
        if is_behind(claim.agent_id):
            next_at = now
        pause = max(next_at - now, timedelta()) if next_at else timedelta()
        if not run_finish(run, pause=pause, calls=calls, rows_new=calls, is_over=next_at is None):
            raise RunLost
