"""Refunds that were ordered here: the wish is a row before Stripe hears of it."""

import uuid

from django.db import models

from dashboard.accounts.models import User
from dashboard.billing.models.chain import Chain
from dashboard.billing.models.stripe import StripePayment, StripeRefund


class RefundOrder(models.Model):
    """One refund that somebody here ordered, in whole cents of the payment's currency.

    `key` is the idempotency key of the call and stands in the refund's metadata, so that its refund is known again by
    whatever way the news of it comes. A payment has one order at a time that Stripe has not answered.
    """

    class State(models.TextChoices):
        PENDING = "pending", "On its way to Stripe"
        DONE = "done", "Refunded"
        REFUSED = "refused", "Not refunded"

    class Reason(models.TextChoices):
        # Stripe's own words (https://docs.stripe.com/api/refunds/create).
        REQUESTED = "requested_by_customer", "The payer asked for it"
        DUPLICATE = "duplicate", "Paid twice"
        FRAUD = "fraudulent", "Fraud"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="refund_orders")
    payment = models.ForeignKey(StripePayment, on_delete=models.PROTECT, related_name="refund_orders")
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    reason = models.CharField(max_length=24, choices=Reason)
    comment = models.CharField(max_length=500, blank=True)
    ordered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    not_before = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=254, blank=True)
    ended_at = models.DateTimeField(null=True)
    refund = models.OneToOneField(StripeRefund, on_delete=models.PROTECT, null=True, related_name="order")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment"], name="billing_one_refund_under_way", condition=models.Q(state="pending")
            )
        ]
        indexes = [
            models.Index(fields=["not_before"], name="billing_refunds_waiting", condition=models.Q(state="pending")),
            models.Index(fields=["-ordered_at", "-id"], name="billing_refund_orders"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_cents} {self.currency} of {self.payment}"

    @property
    def idempotency_key(self) -> str:
        return f"dashboard-refund-{self.key}"
