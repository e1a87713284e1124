"""One sync of one agent: fetch with no transaction open, then apply everything in one short transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from api_client import ApiError, AuthRefused, Quota, Whoami
from dashboard.activity.apply import events_apply, known_ids
from dashboard.activity.crossings import guardrails_watch
from dashboard.activity.selectors import event_newest_at, event_newest_before
from dashboard.agents.apply import WrongAgent, identity_apply, quota_apply
from dashboard.agents.instructions import is_shut_out
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import claim_of_agent
from dashboard.agents.services import token_refused
from dashboard.credits.apply import balance_apply, purchases_apply
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import gap_record
from dashboard.remote import client_for
from dashboard.sync.breaker import outage_end, outage_note
from dashboard.sync.broken_lines import broken_lines_note
from dashboard.sync.feedback import events_join
from dashboard.sync.ledger import LedgerReading, ledger_read
from dashboard.sync.services import (
    Run,
    RunLost,
    interval,
    run_break,
    run_claim,
    run_fail,
    run_finish,
    run_stop,
    run_stop_released,
)
from dashboard.sync.work import work_wake

log = structlog.get_logger(__name__)

CALL_SECONDS = 10.0
QUOTA_AFTER = timedelta(minutes=5)
IDENTITY_AFTER = timedelta(hours=6)
# Failures in a row, ten minutes or so, before a ledger page that stays too wide is given up for a known gap.
WIDE_TRIES = 6


@dataclass(frozen=True)
class Reading:
    """What one sync read, when the reading began, and when the quota was asked for (UTC)."""

    at: datetime
    quota_at: datetime
    ledger: LedgerReading
    quota: Quota | None
    whoami: Whoami | None

    @property
    def calls(self) -> int:
        return self.ledger.calls + (self.quota is not None) + (self.whoami is not None)


def agent_sync(agent_id: int, *, is_forced: bool = False) -> bool:
    """Sync one agent if its turn has come (or `is_forced`); True when its mirror is fresh now."""
    run = run_claim(stream=Stream.AGENT, subject_id=agent_id, is_forced=is_forced)
    if run is None:
        return False
    claim = claim_of_agent(agent_id)
    if claim is None or not claim.token_sealed:
        run_stop_released(run)
        return False
    try:
        reading_apply(run, claim, agent_read(claim, is_last_try=run.cursor.attempts >= WIDE_TRIES))
    except (AuthRefused, WrongAgent) as error:
        outage_end()
        _token_is_refused(run, claim, error)
    except ApiError as error:
        log.info("sync_failed", agent_id=agent_id, code=error.code, trace_id=error.trace_id)
        run_fail(run, error)
        outage_note(error)
    except RunLost:
        log.warning("sync_run_lost", agent_id=agent_id)
    except Exception as error:  # a process edge: one agent's fault, or a missing key, must not stop the others
        log.exception("sync_broke", agent_id=agent_id)
        run_break(run, error)
    else:
        outage_end()
        return True
    return False


def agent_read(claim: Claim, *, is_last_try: bool = False) -> Reading:
    """Fetch what is due for one agent: the ledger always, quota and identity when they are old or it moved."""
    agent, at = claim.agent, timezone.now()
    with client_for(claim, deadline_seconds=CALL_SECONDS) as client:
        ledger = ledger_read(client, lambda ids: known_ids(agent.pk, ids), is_last_try=is_last_try)
        # Its own moment: a balance stands beside the events of its second, not beside those of a slow ledger before it.
        quota_at = timezone.now()
        quota = client.quota.get() if ledger.unknown or _is_old(agent.quota_at, at, QUOTA_AFTER) else None
        whoami = client.identity.whoami() if _is_old(agent.identity_at, at, IDENTITY_AFTER) else None
    return Reading(at, quota_at, ledger, quota, whoami)


def reading_apply(run: Run, claim: Claim, reading: Reading) -> None:
    """Write down everything that was read, and the cursor, together; raises RunLost and WrongAgent."""
    with transaction.atomic():
        # Its key stays free, for whoever holds a claim and writes a row that names the agent.
        agent = Agent.objects.select_for_update(no_key=True).get(pk=claim.agent_id)
        if reading.whoami:
            identity_apply(agent, reading.whoami, at=reading.at)
        if reading.quota:
            quota_apply(agent, reading.quota, at=reading.quota_at)
        agent.save()
        events = events_apply(claim=claim, records=reading.ledger.records, at=reading.at)
        is_near_limit = guardrails_watch(claim=claim, events=events, at=reading.at)
        purchases_apply(claim=claim, events=events)
        events_join(events, at=reading.at)
        if reading.quota:
            balance_apply(agent=agent)
        if reading.ledger.gap_before:
            gap_record(
                stream=Stream.AGENT,
                subject_id=agent.pk,
                after_at=event_newest_before(agent.pk, reading.ledger.gap_before),
                before_at=reading.ledger.gap_before,
                reason=f"{settings.PRODUCT_NAME} showed nothing older; there may have been something.",
            )
        broken_lines_note(agent.pk, reading.ledger, at=reading.at)
        # A stopped agent is watched as closely as one that has just done something.
        newest_at = max(filter(None, [event_newest_at(claim), claim.stopped_at]), default=None)
        if not run_finish(
            run,
            pause=interval(newest_at, timezone.now(), is_near_limit=is_near_limit),
            calls=reading.calls,
            rows_new=len(events),
            rows_unreadable=len(reading.ledger.broken),
        ):
            raise RunLost
        work_wake(claim)


def _token_is_refused(run: Run, claim: Claim, error: Exception) -> None:
    now = timezone.now()
    with transaction.atomic():
        # The claim is locked before the cursor, as everywhere: unclaim and re-link take both.
        held = Claim.objects.select_for_update().get(pk=claim.pk)
        if is_shut_out(held) and isinstance(error, AuthRefused):
            run_stop(run, error, reason=SyncCursor.Stopped.SHUT_OUT)
            return
        # A run that was taken away asked with a token that was replaced or forgotten meanwhile.
        is_ours = run_stop(run, error, reason=SyncCursor.Stopped.TOKEN_REFUSED)
        # Who is told of it is the next sweep's business (dashboard.alerts).
        if is_ours:
            token_refused(claim=claim, at=now)


def _is_old(read_at: datetime | None, now: datetime, allowed: timedelta) -> bool:
    return read_at is None or now - read_at >= allowed
