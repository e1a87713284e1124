"""What operators decide about an agent, and the line of changes they follow."""

from django.db import models

from sandbox.models.activity import Feedback
from sandbox.models.identity import Agent


class ChangeKind(models.TextChoices):
    """What changed. New activity is not listed here: a ledger row is its own change."""

    AGENT = "agent"
    FEEDBACK = "feedback"
    PAYMENT = "payment"


class Change(models.Model):
    """One thing that is not what it was. The number of the row is its place in the line of changes."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=8, choices=ChangeKind.choices)
    reference = models.CharField(max_length=140)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class FeedbackAnswer(models.Model):
    """What the people of the service said to a feedback item; another answer replaces it."""

    feedback = models.OneToOneField(Feedback, primary_key=True, on_delete=models.PROTECT, related_name="answer")
    text = models.TextField()
    decision = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500, blank=True)
    answered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.feedback_id


class Guardrails(models.Model):
    """Limits that an operator set for one agent, beside those of the service; null does not limit.

    `daily_jobs` counts live jobs of a UTC day; the others are whole credits of a UTC day, of a week from Monday, of a
    calendar month, and of one job.
    """

    agent = models.OneToOneField(Agent, primary_key=True, on_delete=models.PROTECT, related_name="guardrails")
    daily_jobs = models.PositiveIntegerField(null=True)
    credits_per_day = models.PositiveIntegerField(null=True)
    credits_per_week = models.PositiveIntegerField(null=True)
    credits_per_month = models.PositiveIntegerField(null=True)
    credits_per_job = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "guardrails"

    def __str__(self) -> str:
        return self.agent_id
