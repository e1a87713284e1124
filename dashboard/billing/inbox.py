"""What people do in the webhook inbox: process again, ignore; and whether it has been quiet for too long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.billing.models import Replay, WebhookEvent

State = WebhookEvent.State
REPLAY_AT_MOST = 10_000
# A delivery usually comes within the largest of the last gaps; three times that is odd, less than an hour never.
GAPS_LOOKED_AT = 200
QUIET_TIMES, QUIET_AT_LEAST = 3, timedelta(hours=1)
MISSED_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Quiet:
    """Why the inbox should worry somebody: `since` the last delivery, or `missed` events that only the list told."""

    since: datetime | None = None
    missed: int = 0


def events_replay(*, events: QuerySet[WebhookEvent], user: User) -> Replay:
    """Have events processed again, REPLAY_AT_MOST at most, as if they had come now; safe, for each is only a hint."""
    now = timezone.now()
    with transaction.atomic():
        keys = list(events.order_by("pk").values_list("pk", flat=True)[:REPLAY_AT_MOST])
        replay = Replay.objects.create(asked_by=user, asked_at=now, total=len(keys))
        fresh = {"state": State.UNHANDLED, "attempts": 0, "due_at": now, "reason": "", "handled_at": None}
        WebhookEvent.objects.filter(pk__in=keys).update(replay=replay, ignored_by=None, **fresh)
        audit_record(
            action="event.replayed",
            actor=user,
            subject=("webhooks", str(replay.key), f"{len(keys)} webhooks"),
            after={"webhooks": len(keys)},
        )
    return replay


def event_ignore(*, event: WebhookEvent, user: User, reason: str) -> bool:
    """Put an event that waits or failed aside, with a reason; True when this did it."""
    with transaction.atomic():
        mine = WebhookEvent.objects.filter(pk=event.pk, state__in=(State.UNHANDLED, State.FAILED))
        if not mine.update(state=State.IGNORED, reason=reason[:254], ignored_by=user):
            return False
        audit_record(
            action="event.ignored",
            actor=user,
            subject=("webhook", event.event_id, event.type),
            before={"state": event.state},
            after={"state": str(State.IGNORED), "reason": reason},
        )
    return True


def quiet_get() -> Quiet | None:
    """Return why the inbox should worry somebody; None while all is as usual, or where nothing is to be delivered."""
    if not settings.STRIPE_WEBHOOK_SECRETS:
        return None
    now, delivered = timezone.now(), WebhookEvent.objects.filter(origin=WebhookEvent.Origin.DELIVERED)
    came = list(delivered.order_by("-received_at").values_list("received_at", flat=True)[:GAPS_LOOKED_AT])
    listed = WebhookEvent.objects.filter(origin=WebhookEvent.Origin.LISTED, created_at__gte=now - MISSED_WITHIN)
    # What the list told a moment ago may still be on its way.
    missed = listed.filter(received_at__lte=now - timedelta(minutes=10), created_at__gte=min(came, default=now)).count()
    usual = max((one - other for one, other in pairwise(came)), default=timedelta())
    is_quiet = bool(came) and now - came[0] > max(usual * QUIET_TIMES, QUIET_AT_LEAST)
    return Quiet(came[0] if is_quiet else None, missed) if is_quiet or missed else None
