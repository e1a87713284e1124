"""Threads between a workspace and billing about one thing, named by kind, id and label as in the audit log."""

import uuid

from django.db import models

from dashboard.accounts.models import User, Workspace


class Side(models.TextChoices):
    """Who writes: somebody of the workspace, or billing. A person may be both, so the page decides."""

    SPONSOR = "sponsor"
    BILLING = "billing"


class Thread(models.Model):
    """One "Something is wrong"; whose turn it is since `turned_at` is its state."""

    class Problem(models.TextChoices):
        REFUND_WISH = "refund_wish"
        MISSING_CREDITS = "missing_credits"
        STRANGE_CHARGE = "strange_charge"
        OTHER = "other"

    class State(models.TextChoices):
        WAITS_BILLING = "waits_billing"
        WAITS_SPONSOR = "waits_sponsor"
        SOLVED = "solved"
        REOPENED = "reopened"

    FOR_BILLING = (State.WAITS_BILLING, State.REOPENED)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="threads")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=200)
    subject_label = models.CharField(max_length=254)
    problem = models.CharField(max_length=16, choices=Problem)
    state = models.CharField(max_length=16, choices=State, default=State.WAITS_BILLING)
    opened_at = models.DateTimeField()
    turned_at = models.DateTimeField()
    last_at = models.DateTimeField()
    message_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["state", "turned_at", "id"], name="support_queue"),
            models.Index(fields=["turned_at", "id"], name="support_everything"),
            models.Index(fields=["workspace", "-last_at", "-id"], name="support_of_workspace"),
            models.Index(fields=["workspace", "subject_kind", "subject_id"], name="support_about"),
            models.Index(fields=["opened_by", "opened_at"], name="support_opener_recently"),
        ]

    def __str__(self) -> str:
        return f"{self.problem} about {self.subject_label}"


class Message(models.Model):
    """What one person wrote; `number` counts within the thread from 1, `state` is the thread's once it was written."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()
    side = models.CharField(max_length=8, choices=Side)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    key = models.UUIDField(editable=False)
    text = models.TextField()
    state = models.CharField(max_length=16, choices=Thread.State)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "number"], name="support_one_message_a_number"),
            models.UniqueConstraint(fields=["author", "key"], name="support_one_message_a_press"),
        ]
        indexes = [models.Index(fields=["author", "at"], name="support_author_recently")]

    def __str__(self) -> str:
        return f"message {self.number} of {self.thread_id}"

    @property
    def author_name(self) -> str:
        """Return how the other side may know the author: an address of billing's people is theirs."""
        return self.author.name or ("Billing" if self.side == Side.BILLING else self.author.email)


class ReadMark(models.Model):
    """How many of a thread's messages a person has seen from one side, and when they saw the last of them."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    side = models.CharField(max_length=8, choices=Side)
    read_count = models.PositiveIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "user", "side"], name="support_one_mark_a_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.user} read {self.read_count} of {self.thread_id}"
