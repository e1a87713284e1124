"""What helps to decide: points to prove, clusters that look alike, what reviewers say among themselves."""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.feedback.models.clusters import Cluster


class Proof(models.Model):
    """One point of what an agent says would prove its report, ticked off by a reviewer."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="proofs")
    text = models.CharField(max_length=300)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "text"], name="feedback_one_proof")]

    def __str__(self) -> str:
        return self.text


class Suggestion(models.Model):
    """A cluster that looks like an older one; nothing is merged before a reviewer says so. `score` is of 100."""

    class Verdict(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="suggestions")
    like = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    verdict = models.CharField(max_length=8, choices=Verdict, default=Verdict.OPEN)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "like"], name="feedback_one_suggestion")]
        indexes = [
            models.Index(fields=["-score", "-id"], name="feedback_suggests", condition=Q(verdict="open")),
        ]

    def __str__(self) -> str:
        return f"F-{self.cluster_id} like F-{self.like_id}"


class Note(models.Model):
    """What reviewers say among themselves."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note on F-{self.cluster_id}"


class TrackerLink(models.Model):
    """Where a cluster is worked on elsewhere; scheme and host are of the list in the settings."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="tracker_links")
    url = models.CharField(max_length=500)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "url"], name="feedback_one_link")]

    def __str__(self) -> str:
        return self.url
