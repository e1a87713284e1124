"""What agents sent, how far it was read, and whose voice is muted."""

from django.db import models

from dashboard.accounts.models import User, Workspace
from dashboard.feedback.models.clusters import Cluster
from dashboard.feedback.models.words import Level, Sureness


class Intake(models.Model):
    """How far the operator extension's lists were read: one row, which is also the lock of everything that comes in."""

    changes_cursor = models.CharField(max_length=400, blank=True)
    ledger_cursor = models.CharField(max_length=400, blank=True)
    # When the last page of both was reached; None: there is more to come, or nothing was ever read.
    complete_at = models.DateTimeField(null=True)
    # When the ledger that was here before this room was joined.
    joined_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"read to {self.changes_cursor or 'the beginning'}"


class Report(models.Model):
    """What one agent sent. Whose it is comes from the service, never from the text, which is inert and bounded.

    `workspace` is the one that held the agent when it was first read. Without text only its ledger events are known.
    """

    remote_id = models.CharField(max_length=200, unique=True)
    agent_remote_id = models.CharField(max_length=200)
    organization_id = models.CharField(max_length=200, blank=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.SET_NULL, null=True, related_name="reports")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="reports")
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    has_text = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=400, blank=True)
    body = models.TextField(blank=True)
    type = models.CharField(max_length=64, blank=True)
    severity = models.CharField(max_length=64, blank=True)
    # The agent's word as a level, and as far as it counts: one agent's many loud reports a day count as medium.
    severity_said = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    severity_counted = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    confidence = models.CharField(max_length=64, blank=True)
    sureness = models.PositiveSmallIntegerField(choices=Sureness, default=Sureness.MEDIUM)
    next_state = models.CharField(max_length=64, blank=True)
    surface = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    cited = models.JSONField(default=list)
    command = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    actual = models.TextField(blank=True)
    friction = models.TextField(blank=True)
    proof_needed = models.TextField(blank=True)
    strategic_reason = models.TextField(blank=True)
    dedupe_key = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    request_trace_id = models.CharField(max_length=200, blank=True)
    # What arrival found: in words what was cut out, how it tries to be obeyed; how many signs were spelled out.
    masked = models.JSONField(default=list)
    instructs = models.JSONField(default=list)
    unseen_signs = models.PositiveIntegerField(default=0)
    is_cut = models.BooleanField(default=False)
    # The service's own queue at GitHub, as its ledger tells (contract 3.11); beside our state, never instead of it.
    github_state = models.CharField(max_length=64, blank=True)
    github_reason = models.CharField(max_length=254, blank=True)
    github_issues = models.JSONField(default=list)
    github_at = models.DateTimeField(null=True)
    # What the service says was answered, by whomever.
    answer = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["cluster", "-created_at", "-id"], name="feedback_of_cluster"),
            models.Index(fields=["agent_remote_id", "dedupe_key", "-id"], name="feedback_folds"),
            models.Index(fields=["agent_remote_id", "received_at"], name="feedback_shouts"),
            models.Index(fields=["workspace", "-created_at", "-id"], name="feedback_of_workspace"),
            models.Index(fields=["created_at"], name="feedback_by_day"),
        ]

    def __str__(self) -> str:
        return self.remote_id


class MutedSource(models.Model):
    """An agent whose reports are kept, but count and show nowhere until it is heard again."""

    agent_remote_id = models.CharField(max_length=200, unique=True)
    muted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    muted_at = models.DateTimeField()
    why = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.agent_remote_id
