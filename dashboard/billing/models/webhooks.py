"""The webhook inbox: what Stripe told, raw and verified, what came of it, and how many were refused."""

import uuid

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User


class Replay(models.Model):
    """Events that somebody asked to process again, together; its progress is counted from the events."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    total = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.total} events of {self.asked_at:%Y-%m-%d %H:%M}"


class WebhookEvent(models.Model):
    """One event that is surely Stripe's: delivered with a good signature, or read from its own list.

    `body` is what came, byte for byte. Handled is only what has its effect committed, in the same transaction.
    """

    class State(models.TextChoices):
        UNHANDLED = "unhandled", "Waiting"
        HANDLED = "handled", "Handled"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    class Origin(models.TextChoices):
        DELIVERED = "delivered", "Delivered"
        LISTED = "listed", "Read from Stripe's list"

    STRIPE = "stripe"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.CharField(max_length=16, default=STRIPE)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=120)
    livemode = models.BooleanField()
    object_kind = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=255, blank=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    origin = models.CharField(max_length=10, choices=Origin)
    deliveries = models.PositiveIntegerField(default=1)
    body = models.BinaryField()
    state = models.CharField(max_length=10, choices=State, default=State.UNHANDLED)
    reason = models.CharField(max_length=254, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    # When it may be tried, or tried again; whoever tries moves it on first, so that a lost try comes back.
    due_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    ignored_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    replay = models.ForeignKey(Replay, on_delete=models.SET_NULL, null=True, related_name="events")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="billing_one_event")]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="billing_events"),
            models.Index(fields=["state", "-received_at", "-id"], name="billing_events_of_state"),
            models.Index(fields=["due_at"], name="billing_events_due", condition=Q(state="unhandled")),
            models.Index(fields=["object_id"], name="billing_events_of_object"),
            models.Index(fields=["payment_intent_id"], name="billing_events_of_intent"),
            models.Index(
                fields=["replay", "state"], name="billing_events_of_replay", condition=Q(replay__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.event_id


class WebhookAttempt(models.Model):
    """One try to handle an event; `by` is None for the background."""

    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    is_done = models.BooleanField()
    error = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=500, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["event", "-id"], name="billing_tries")]

    def __str__(self) -> str:
        return f"{self.event_id} {self.at:%Y-%m-%d %H:%M}"


class WebhookRefusal(models.Model):
    """How many requests were refused for a reason on a UTC day: a count, so that strangers cannot fill the disk."""

    class Reason(models.TextChoices):
        TOO_LARGE = "too_large", "Too large"
        UNSIGNED = "unsigned", "Not signed"
        FORGED = "forged", "Signature of somebody else"
        STALE = "stale", "Signed too long ago"
        UNREADABLE = "unreadable", "Not an event"
        OTHER_MODE = "other_mode", "Of the other mode"

    day = models.DateField()
    reason = models.CharField(max_length=12, choices=Reason)
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "reason"], name="billing_one_count")]

    def __str__(self) -> str:
        return f"{self.reason} {self.day} {self.count}"
