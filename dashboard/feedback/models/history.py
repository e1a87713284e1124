"""Everything that was ever done to a cluster, and how much was open day by day."""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.feedback.models.clusters import Cluster
from dashboard.feedback.models.reports import Report


class Change(models.Model):
    """One thing that happened to a cluster: who (None: by itself), when, why, from what to what. Never changed."""

    class Kind(models.TextChoices):
        ARRIVED = "arrived"
        FOLDED = "folded"
        STATE = "state"
        ASSIGNED = "assigned"
        SNOOZED = "snoozed"
        WOKEN = "woken"
        MERGED = "merged"
        SPLIT = "split"
        PRIVATE = "private"
        PROOF = "proof"
        NOTED = "noted"
        ANSWERED = "answered"
        TRACKED = "tracked"
        GOODWILL = "goodwill"
        ERASED = "erased"
        UNDONE = "undone"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=9, choices=Kind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    why = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # The cluster's version once it was made: what was changed since cannot be undone blindly.
    version = models.PositiveIntegerField()
    # What one press did to many is taken back together.
    press = models.UUIDField(null=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        indexes = [
            models.Index(fields=["cluster", "-id"], name="feedback_history"),
            models.Index(fields=["by", "-id"], name="feedback_changes_of"),
            models.Index(fields=["kind", "at"], name="feedback_changes_by_kind"),
            models.Index(fields=["press"], name="feedback_of_press", condition=Q(press__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of F-{self.cluster_id}"


class Move(models.Model):
    """One report that a merge or a split moved, so that it can go back."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="moves")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="moves")
    source = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.report_id} from F-{self.source_id} to F-{self.target_id}"


class DayMark(models.Model):
    """How much was open at the end of a day (UTC), or just now for today: `weight` in tenths."""

    day = models.DateField(primary_key=True)
    open_count = models.PositiveIntegerField()
    weight = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.open_count} open"
