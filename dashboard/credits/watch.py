"""Which purchases the background asks about, and when next."""

from datetime import timedelta

from django.utils import timezone

from dashboard.agents.models import Claim
from dashboard.credits.machine import pause_after
from dashboard.credits.models import Purchase
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.services import cursor_open, cursor_stop


def purchase_watch(purchase: Purchase, *, pause: timedelta | None = None) -> None:
    """Have a purchase asked about after `pause`; without one, when its state says so, or never again."""
    pause = pause_after(purchase, timezone.now()) if pause is None else pause
    if pause is None:
        cursor_stop(stream=Stream.PURCHASE, subject_id=purchase.pk, reason=SyncCursor.Stopped.DONE)
    else:
        cursor_open(stream=Stream.PURCHASE, subject_id=purchase.pk, label=str(purchase), pause=pause)


def purchases_revive(claim: Claim) -> int:
    """Follow again what rested because the agent's token was refused or its link cut; returns how many."""
    mine = Purchase.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id, state__in=Purchase.UNDER_WAY)
    resting = (SyncCursor.Stopped.TOKEN_REFUSED, SyncCursor.Stopped.RELEASED)
    cursors = SyncCursor.objects.filter(stream=Stream.PURCHASE, stopped__in=resting, subject_id__in=mine.values("pk"))
    return cursors.update(stopped="", due_at=timezone.now(), queued_at=None)
