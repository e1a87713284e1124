"""The activity ledger (contract 3.11) and feedback (contract 3.14)."""

from django.db import models

from sandbox.models.identity import Agent


class EventType(models.TextChoices):
    """The 14 published types; there will never be a 15th."""

    JOB_COMPLETED = "job.completed"
    JOB_PLANNED = "job.planned"
    ASSET_CREATED = "asset.created"
    ASSET_UPLOADED = "asset.uploaded"
    USAGE_CREDIT_CONSUMED = "usage.credit_consumed"
    FEEDBACK_CREATED = "feedback.created"
    FEEDBACK_QUEUE_PROCESSED = "feedback.github_queue.processed"
    CHECKOUT_SESSION_CREATED = "payment.checkout_session.created"
    CREDITS_GRANTED = "credits.payment_backed_granted"
    CREDITS_REFUNDED = "credits.payment_backed_refunded"
    CREDITS_DISPUTED = "credits.payment_backed_disputed"
    CREDITS_REINSTATED = "credits.payment_backed_reinstated"
    CREDITS_REVERSAL_PENDING = "credits.payment_backed_reversal_pending"
    CREDITS_REVERSAL_REJECTED = "credits.payment_backed_reversal_rejected"


class Event(models.Model):
    """One line of an agent's ledger, written once. The number of the row is its place in the ledger."""

    event_id = models.CharField(max_length=40, unique=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=48, choices=EventType.choices)
    occurred_at = models.DateTimeField()
    summary = models.CharField(max_length=200)
    operation = models.CharField(max_length=16)
    subject_type = models.CharField(max_length=16)
    subject_id = models.CharField(max_length=140)
    status = models.CharField(max_length=24)
    trace_id = models.CharField(max_length=40)
    cost_micros = models.PositiveBigIntegerField(null=True)
    links = models.JSONField()
    details = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["agent", "-id"], name="event_newest_first")]
        constraints = [
            models.CheckConstraint(condition=models.Q(type__in=EventType.values), name="event_type_is_published")
        ]

    def __str__(self) -> str:
        return self.event_id


class EventReference(models.Model):
    """Every id that an event names, so that `subject` finds it by any of them with one index."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=140)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="references")

    class Meta:
        indexes = [models.Index(fields=["agent", "reference", "-event"], name="reference_newest_first")]

    def __str__(self) -> str:
        return self.reference


class Feedback(models.Model):
    """What an agent had to say, as it said it. It can be read by operators alone, never through the public API."""

    id = models.CharField(primary_key=True, max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="feedback")
    trace_id = models.CharField(max_length=40)
    title = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    fields = models.JSONField()
    quality = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feedback"
        indexes = [models.Index(fields=["created_at", "id"], name="feedback_oldest_first")]

    def __str__(self) -> str:
        return self.id
