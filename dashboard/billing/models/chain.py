"""One payment from its quote to its credits, whoever told of it: what the desk lists, searches and compares."""

import uuid

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import Workspace
from dashboard.billing.models.hosted import HostedPayment
from dashboard.billing.models.stripe import StripePayment
from dashboard.credits.models import Purchase

# What names one payment and no other; a quote may be tried twice, a trace may touch much.
STRONG_IDS = ("payment_attempt_id", "checkout_session_id", "payment_intent_id", "receipt_id")
CHAIN_IDS = (*STRONG_IDS, "quote_id", "charge_id", "credit_event_id", "trace_id")


class Chain(models.Model):
    """The sides of one payment, joined by the ids that they share (`dashboard.billing.chains`).

    Each side is there once or not at all; amounts, states and lights stay with the side that tells them. `stage` and
    `granted_at` are worked out from the sides whenever one changes, so that lists can be filtered.
    """

    class Stage(models.TextChoices):
        UNDER_WAY = "under_way", "Under way"
        PAID = "paid", "Paid, no credits yet"
        DONE = "done", "Credits added"
        REVERSED = "reversed", "Refunded or disputed"
        UNPAID = "unpaid", "Ended unpaid"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    opened_at = models.DateTimeField()
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.UNDER_WAY)
    granted_at = models.DateTimeField(null=True)
    # The old test settlement: shown, and in no total and no exception.
    is_money = models.BooleanField(default=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, null=True, related_name="+")
    agent_remote_id = models.CharField(max_length=200, blank=True)

    stripe_payment = models.OneToOneField(StripePayment, on_delete=models.PROTECT, null=True, related_name="chain")
    hosted_payment = models.OneToOneField(HostedPayment, on_delete=models.PROTECT, null=True, related_name="chain")
    purchase = models.OneToOneField(Purchase, on_delete=models.PROTECT, null=True, related_name="chain")

    payment_attempt_id = models.CharField(max_length=200, blank=True)
    checkout_session_id = models.CharField(max_length=255, blank=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    receipt_id = models.CharField(max_length=200, blank=True)
    quote_id = models.CharField(max_length=200, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    credit_event_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=[name], name=f"billing_chain_{name[:16]}", condition=~Q(**{name: ""}))
            for name in STRONG_IDS
        ]
        indexes = [
            models.Index(fields=["-opened_at", "-id"], name="billing_chains"),
            models.Index(fields=["stage", "-opened_at", "-id"], name="billing_chains_of_stage"),
            models.Index(fields=["workspace", "-opened_at", "-id"], name="billing_chains_of_workspace"),
            models.Index(fields=["agent_remote_id", "-opened_at", "-id"], name="billing_chains_of_agent"),
            models.Index(fields=["quote_id"], name="billing_chain_quote", condition=~Q(quote_id="")),
            models.Index(fields=["charge_id"], name="billing_chain_charge", condition=~Q(charge_id="")),
            models.Index(fields=["credit_event_id"], name="billing_chain_credit", condition=~Q(credit_event_id="")),
            models.Index(fields=["trace_id"], name="billing_chain_trace", condition=~Q(trace_id="")),
        ]

    def __str__(self) -> str:
        return self.payment_attempt_id or self.checkout_session_id or self.payment_intent_id or str(self.key)
