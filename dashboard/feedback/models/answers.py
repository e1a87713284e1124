"""What agents, sponsors and billing are told."""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User, Workspace
from dashboard.feedback.models.clusters import Cluster
from dashboard.feedback.models.reports import Report
from dashboard.feedback.models.words import State
from dashboard.support.models import Thread


class Answer(models.Model):
    """What agents are told about their reports; a later one takes its place. Without the extension it is a note."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="answers")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    decision = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    is_deliverable = models.BooleanField()

    def __str__(self) -> str:
        return f"answer to F-{self.cluster_id}"


class Delivery(models.Model):
    """What Image Skill shall tell the agent of one report, saved before the call; `ticket` names the wish."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        REFUSED = "refused"

    report = models.OneToOneField(Report, on_delete=models.CASCADE, primary_key=True, related_name="delivery")
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="deliveries")
    ticket = models.UUIDField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    busy_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], name="feedback_undelivered", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.answer} for {self.report_id}"


class Telling(models.Model):
    """Which state of a cluster a sponsor knows of, so that a change is told once and an undone one never."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="tellings")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, choices=State)
    answered_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "workspace"], name="feedback_one_telling")]

    def __str__(self) -> str:
        return f"{self.workspace} knows that F-{self.cluster_id} is {self.state}"


class Goodwill(models.Model):
    """A note for billing alone that a sponsor deserves something, and why; it grants nothing.

    Either a reviewer's, about a cluster and without an amount, which is billing's to know; or billing's own, beside a
    thread, with the `credits` that it should come to.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, related_name="goodwills")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, null=True, related_name="goodwills")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent_remote_id = models.CharField(max_length=200, blank=True)
    credits = models.PositiveIntegerField(null=True)
    text = models.TextField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cluster=None, thread__isnull=False, credits__isnull=False)
                | Q(cluster__isnull=False, thread=None, credits=None),
                name="feedback_goodwill_has_one_cause",
            )
        ]
        indexes = [models.Index(fields=["-written_at", "-id"], name="feedback_goodwills")]

    def __str__(self) -> str:
        return f"goodwill for {self.workspace}"

    @property
    def subject(self) -> tuple[str, str, str]:
        """Return what it is about, as the audit log names things."""
        if self.thread:
            return ("thread", str(self.thread.key), self.thread.subject_label)
        return ("feedback", f"F-{self.cluster_id}", f"F-{self.cluster_id}")
