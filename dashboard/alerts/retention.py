"""Forgetting what is long over."""

from datetime import timedelta

from django.utils import timezone

from dashboard.alerts.models import Alert, Delivery

DELIVERIES_KEPT = timedelta(days=90)
ALERTS_KEPT = timedelta(days=400)
AT_ONCE = 2_000


def alerts_prune() -> int:
    """Forget deliveries that ended `DELIVERIES_KEPT` ago and alerts that ended `ALERTS_KEPT` ago; return how many.

    Those of an alert that lasts are kept: whoever heard that it began will hear that it is over.
    """
    now = timezone.now()
    ended = Delivery.objects.filter(ended_at__lte=now - DELIVERIES_KEPT, crossing__alert__ended_at__isnull=False)
    deliveries = ended.order_by("ended_at")[:AT_ONCE]
    alerts = Alert.objects.filter(ended_at__lte=now - ALERTS_KEPT).order_by("ended_at")[:AT_ONCE]
    forgotten = Delivery.objects.filter(pk__in=list(deliveries.values_list("pk", flat=True))).delete()[0]
    return forgotten + Alert.objects.filter(pk__in=list(alerts.values_list("pk", flat=True))).delete()[0]
