"""What the desk forgets: events that are done with and counts of refusals after STRIPE_WEBHOOK_KEPT_DAYS, and the
records of sweeps that nobody asked for."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from dashboard.billing.models import Sweep, WebhookEvent, WebhookRefusal

BATCH = 1_000
# One runs every two minutes; those that somebody asked for stay.
SWEEPS_KEPT = timedelta(days=7)
_DONE = (WebhookEvent.State.HANDLED, WebhookEvent.State.IGNORED)


def events_prune() -> int:
    """Forget what is older than the setting; what waits or failed is kept for somebody to look. Returns how many."""
    old = timezone.now() - timedelta(days=settings.STRIPE_WEBHOOK_KEPT_DAYS)
    WebhookRefusal.objects.filter(day__lt=old.date()).delete()
    Sweep.objects.filter(asked_by=None, finished_at__lt=timezone.now() - SWEEPS_KEPT).delete()
    forgotten, keys = 0, [0]
    while keys:
        done = WebhookEvent.objects.filter(received_at__lt=old, state__in=_DONE).order_by("received_at")
        keys = list(done.values_list("pk", flat=True)[:BATCH])
        WebhookEvent.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
    return forgotten
