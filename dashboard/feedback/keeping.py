"""What time does by itself: wakes what sleeps, marks how much is open each day, forgets old texts."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.audit.services import audit_record
from dashboard.feedback.intake import intake_lock
from dashboard.feedback.keys import keys_renew
from dashboard.feedback.models import Cluster, DayMark, Hold, Place, Report, State
from dashboard.feedback.remarks import text_erase
from dashboard.feedback.standing import cluster_reckon, cluster_wake
from dashboard.feedback.weight import weight_at

AT_ONCE = 200
HOLDS_KEPT = timedelta(days=1)


def sleepers_wake() -> int:
    """Bring back into the queue what slept until now; return how many."""
    now = timezone.now()
    due = Cluster.objects.filter(place=Place.ASLEEP, snoozed_until__lte=now).order_by("snoozed_until")
    woken = 0
    for cluster_id in list(due.values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            cluster = Cluster.objects.select_for_update().get(pk=cluster_id)
            if cluster.snoozed_until and cluster.snoozed_until <= now:
                cluster_wake(cluster, reason="Its time has come.")
                cluster_reckon(cluster, now=now)
                woken += 1
    return woken


def day_mark() -> None:
    """Write down how much is open today (UTC); the last mark of a day stays."""
    now = timezone.now()
    ranks = Cluster.objects.filter(place=Place.OPEN).values_list("ranks_at", flat=True)
    count, weight = 0, 0.0
    for rank in ranks.iterator(chunk_size=5_000):
        count, weight = count + 1, weight + weight_at(rank, now)
    DayMark.objects.update_or_create(day=now.date(), defaults={"open_count": count, "weight": round(weight * 10)})


def feedback_prune() -> int:
    """Forget the text of what was decided long ago, and of spam sooner; return of how many reports."""
    now = timezone.now()
    old = Q(cluster__decided_at__lte=now - timedelta(days=settings.FEEDBACK_KEEP_DAYS))
    spam_old = now - timedelta(days=settings.FEEDBACK_SPAM_KEEP_DAYS)
    old |= Q(cluster__state=State.SPAM, cluster__decided_at__lte=spam_old)
    due = Report.objects.filter(old, has_text=True).order_by("pk").values_list("pk", flat=True)
    ids = list(due[:AT_ONCE])
    if ids:
        _forget(ids)
    Hold.objects.filter(seen_at__lte=now - HOLDS_KEPT).delete()
    return len(ids)


@transaction.atomic
def _forget(report_ids: list[int]) -> None:
    intake_lock()
    reports = list(Report.objects.select_for_update().filter(pk__in=report_ids).order_by("pk"))
    for report in reports:
        text_erase(report)
    touched = {report.cluster_id for report in reports}
    for cluster in Cluster.objects.select_for_update().filter(pk__in=touched).order_by("pk"):
        cluster.title = ""
        cluster.save(update_fields=["title"])
        keys_renew(cluster)
    subject = ("feedback", "retention", "retention")
    audit_record(action="feedback.pruned", actor=None, subject=subject, after={"reports": len(reports)})
