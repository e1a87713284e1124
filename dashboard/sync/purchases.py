"""Following payments in the background: one stream a purchase, asked as often as its state and age ask for."""

import structlog
from django.utils import timezone

from api_client import ApiError, AuthRefused
from dashboard.credits.machine import pause_after
from dashboard.credits.models import Purchase
from dashboard.credits.orders import UNCLEAR, purchase_advance
from dashboard.credits.selectors import claim_of
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_hurry
from dashboard.sync.breaker import outage_end, outage_note
from dashboard.sync.services import Run, run_break, run_claim, run_fail, run_finish, run_rest, run_stop_released

log = structlog.get_logger(__name__)

# Failures in a row, a day or so at a quarter of an hour each.
HOPELESS_TRIES = 100


def purchase_sync(purchase_id: int, *, is_forced: bool = False) -> bool:
    """Make the next call about a purchase if its turn has come (or `is_forced`); True when it was answered.

    A purchase of an agent that is not linked any more, or whose token is refused, rests until the agent is read again.
    """
    run = run_claim(stream=Stream.PURCHASE, subject_id=purchase_id, is_forced=is_forced)
    if run is None:
        return False
    purchase = Purchase.objects.get(pk=purchase_id)
    claim = claim_of(purchase)
    if claim is None or not claim.token_sealed:
        run_stop_released(run)
        return False
    if claim.needs_relink:
        run_rest(run, reason=SyncCursor.Stopped.TOKEN_REFUSED)
        return False
    try:
        purchase = purchase_advance(purchase_id=purchase_id, claim=claim)
    except AuthRefused as error:
        outage_end()
        # Whether the token is gone for good is the agent's own stream to find out: it tells the owners.
        cursor_hurry(stream=Stream.AGENT, subject_id=claim.agent_id, unless_since=run.started_at)
        run_fail(run, error)
    except ApiError as error:
        _fail(run, error)
        outage_note(error)
    except Exception as error:  # a process edge: one purchase's fault, or a missing key, must not stop the others
        log.exception("purchase_sync_broke", purchase_id=purchase_id)
        run_break(run, error)
    else:
        outage_end()
        _finish(run, purchase)
        return True
    return False


def _fail(run: Run, error: ApiError) -> None:
    """Ask again later; what the service has refused to tell for a day is not asked any more, unless it was paid."""
    is_hopeless = not isinstance(error, UNCLEAR) and run.cursor.attempts >= HOPELESS_TRIES
    if is_hopeless and not Purchase.objects.filter(pk=run.cursor.subject_id, state=Purchase.State.PAID).exists():
        run_rest(run, reason=SyncCursor.Stopped.DONE)
    else:
        run_fail(run, error)


def _finish(run: Run, purchase: Purchase) -> None:
    pause = pause_after(purchase, timezone.now())
    if pause is None:
        run_rest(run, reason=SyncCursor.Stopped.DONE)
    else:
        run_finish(run, pause=pause, calls=1)
