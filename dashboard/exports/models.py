"""Files that people asked for and the background makes; the row is the record of work, the queue a wake-up call."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.exports.kinds import KINDS


class Export(models.Model):
    """One file of one person: asked for, made, fetched within a day, deleted.

    `workspace` None: over all of them, for a platform role. `parameters` is what the producer needs to find the rows
    again, `page_url` the page with these rows, `about` its filter in words, `zone` the time zone in which its days are
    days. `upto` is the newest row's id when it was asked for: what comes later is not in the file. `rows_total` None:
    not known. `path` is the file's place in the storage. `error` says why there is
    no file: it could not be made, or was taken back.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        EXPIRED = "expired"

    OPEN = (State.QUEUED, State.RUNNING)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()
    kind = models.CharField(max_length=32)
    parameters = models.JSONField()
    about = models.CharField(max_length=500, blank=True)
    page_url = models.CharField(max_length=4_000)
    zone = models.CharField(max_length=64)
    upto = models.BigIntegerField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    not_before = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    run_token = models.UUIDField(null=True)
    beat_at = models.DateTimeField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    path = models.CharField(max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_by", "-asked_at", "-id"], name="exports_of_person"),
            models.Index(fields=["not_before"], name="exports_queued", condition=Q(state="queued")),
            models.Index(fields=["beat_at"], name="exports_running", condition=Q(state="running")),
            models.Index(fields=["expires_at"], name="exports_expiring", condition=Q(state="done")),
            models.Index(fields=["ended_at"], name="exports_over", condition=Q(state__in=["failed", "expired"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def shown_state(self) -> str:
        """The state as people see it: a file whose day is over is gone, swept away already or not."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.State.EXPIRED if self.state == self.State.DONE and is_over else self.state

    @property
    def label(self) -> str:
        return KINDS[self.kind].label if self.kind in KINDS else self.kind

    @property
    def rows_name(self) -> str:
        return KINDS[self.kind].rows_name if self.kind in KINDS else "rows"
