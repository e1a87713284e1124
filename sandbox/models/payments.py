"""Attempts to pay a quote, what was granted for it, and what was taken back (contract 2.9 to 2.12, 3.6, 3.7)."""

from django.db import models

from sandbox.models.identity import Agent
from sandbox.models.money import Quote


class AttemptStatus(models.TextChoices):
    """`requires_action` and `succeeded` are published; the others are ours (INF)."""

    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


OPEN_STATUSES = (AttemptStatus.REQUIRES_ACTION, AttemptStatus.PROCESSING)


class PaymentAttempt(models.Model):
    """One try to pay a quote. Its own id is the key under which the provider is asked, so a repeat makes nothing new.

    `checkout_session_id` and `payment_intent_id` are null until the provider named them; `deposit` is the public
    part of a crypto deposit (network, address, token), null on the other rails.
    """

    id = models.CharField(primary_key=True, max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="payment_attempts")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="attempts")
    status = models.CharField(max_length=20, choices=AttemptStatus.choices, default=AttemptStatus.REQUIRES_ACTION)
    trace_id = models.CharField(max_length=40)
    checkout_session_id = models.CharField(max_length=100, null=True, unique=True)
    checkout_url = models.TextField(blank=True)
    payment_intent_id = models.CharField(max_length=100, null=True, unique=True)
    deposit = models.JSONField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at", "id"], name="attempt_oldest_first")]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=AttemptStatus.values), name="attempt_status_is_known"),
            # Two open attempts could both be paid.
            models.UniqueConstraint(
                fields=["quote"], condition=models.Q(status__in=OPEN_STATUSES), name="attempt_open_once_per_quote"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class PurchaseKey(models.Model):
    """Which attempt an idempotency key stands for. Several keys may stand for one, never one for several."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="keys")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="purchase_once_per_key")]

    def __str__(self) -> str:
        return self.key


class Receipt(models.Model):
    """Credits granted for a verified payment; a quote has at most one, whatever the code above believes."""

    id = models.CharField(primary_key=True, max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="receipts")
    quote = models.OneToOneField(Quote, on_delete=models.PROTECT, related_name="receipt")
    attempt = models.OneToOneField(PaymentAttempt, on_delete=models.PROTECT, related_name="receipt")
    credit_event_id = models.CharField(max_length=40, unique=True)
    credits = models.PositiveIntegerField()
    amount_cents = models.PositiveIntegerField()
    is_live_money = models.BooleanField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.id


class ReversalState(models.TextChoices):
    """How far a refund or dispute has come with us."""

    PENDING = "pending"
    APPLIED = "applied"
    REINSTATED = "reinstated"
    REJECTED = "rejected"


class Reversal(models.Model):
    """One refund or dispute of a receipt. `provider_status` is the furthest that we have seen; it never goes back.

    `credits` is what is taken from the paid purse because of it now, never more than the receipt granted.
    """

    id = models.CharField(primary_key=True, max_length=40)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="reversals")
    kind = models.CharField(max_length=8)
    provider_id = models.CharField(max_length=100, unique=True)
    provider_status = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=ReversalState.choices)
    amount_cents = models.PositiveIntegerField()
    credits = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["refund", "dispute"]), name="reversal_kind_is_known"),
            models.CheckConstraint(condition=models.Q(state__in=ReversalState.values), name="reversal_state_is_known"),
        ]

    def __str__(self) -> str:
        return self.id


class ProviderEvent(models.Model):
    """A verified webhook, by the provider's id: the same one again changes nothing."""

    event_id = models.CharField(primary_key=True, max_length=100)
    type = models.CharField(max_length=80)
    attempt = models.ForeignKey(PaymentAttempt, null=True, on_delete=models.PROTECT, related_name="provider_events")
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["attempt", "-received_at"], name="provider_event_newest")]

    def __str__(self) -> str:
        return self.event_id
