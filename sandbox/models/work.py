"""Jobs and the assets they made (contract 3.9, 3.10). No prompt is ever kept, here or elsewhere."""

from django.db import models

from sandbox.models.identity import Agent
from sandbox.rules.pricing import Bill


class JobStatus(models.TextChoices):
    """`running` is ours (INF); the others are published."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class Job(models.Model):
    """One create, edit or upload. `terms` is a keyed digest of all that was asked for, to tell replay from conflict.

    `credits` is the price of the whole job, `provider_cost_micros` its estimated cost in micro-dollars; `inputs` are
    `{asset_id, role}`. A failed or canceled job lets go of its key, so that the same key may try again; nothing was
    charged for it.
    """

    id = models.CharField(primary_key=True, max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="jobs")
    operation = models.CharField(max_length=8, default="create")
    status = models.CharField(max_length=10, choices=JobStatus.choices)
    trace_id = models.CharField(max_length=40)
    usage_event_id = models.CharField(max_length=40)
    model_id = models.CharField(max_length=80)
    capability_id = models.CharField(max_length=120)
    idempotency_key = models.CharField(max_length=200, null=True)
    terms = models.CharField(max_length=64)
    credits = models.PositiveIntegerField()
    provider_cost_micros = models.PositiveBigIntegerField()
    is_cost_known = models.BooleanField()
    pricing_source = models.CharField(max_length=32)
    request = models.JSONField()
    inputs = models.JSONField(default=list)
    failure = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["agent", "created_at"], name="job_of_the_day"),
            models.Index(
                fields=["agent", "created_at"], name="job_running", condition=models.Q(status=JobStatus.RUNNING)
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=JobStatus.values), name="job_status_is_known"),
            models.UniqueConstraint(
                fields=["agent", "idempotency_key"],
                condition=models.Q(status__in=[JobStatus.RUNNING, JobStatus.COMPLETED]),
                name="job_once_per_key",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def bill(self) -> Bill:
        """What it costs, from the integers that were stored when it was ordered."""
        return Bill(self.credits, self.provider_cost_micros, self.is_cost_known, self.pricing_source)


class Asset(models.Model):
    """One file with its bytes in the media folder. `content_length` is in bytes, sizes are in pixels or null."""

    id = models.CharField(primary_key=True, max_length=140)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="assets")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="assets")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10)
    extension = models.CharField(max_length=8)
    mime_type = models.CharField(max_length=40)
    content_length = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["job", "position"]

    def __str__(self) -> str:
        return self.id

    @property
    def file_name(self) -> str:
        """`ID.ext`, the same on disk and at the end of the public address."""
        return f"{self.id}.{self.extension}"
