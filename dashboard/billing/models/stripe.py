"""Stripe's side of money, as Stripe told it. Amounts are whole minor units (cents of US dollars), moments UTC.

`livemode` is Stripe's: rows of live and of test mode never meet. `fetched_at` is when the answer that was applied last
had been asked for: an answer from before it changes nothing.
"""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User


class StripePayout(models.Model):
    """Money on its way from Stripe to the bank. Only of an automatic one does Stripe tell which payments are in it."""

    payout_id = models.CharField(max_length=255, unique=True)
    livemode = models.BooleanField()
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    status = models.CharField(max_length=32)
    is_automatic = models.BooleanField(default=False)
    arrival_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="billing_payouts")]

    def __str__(self) -> str:
        return self.payout_id


class StripePayment(models.Model):
    """One try to pay at Stripe: a checkout session, its payment intent and the charge that took the money.

    A session has no intent until somebody presses its button; a deposit has an intent and no session. `amount_cents`
    is what was asked for, and once paid what was received. Fee and net are those of the charge; None: not told.
    """

    class State(models.TextChoices):
        OPEN = "open", "Waiting for the payer"
        PROCESSING = "processing", "Under way"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        CANCELED = "canceled", "Canceled"
        PAID = "paid", "Paid"

    livemode = models.BooleanField()
    payment_intent_id = models.CharField(max_length=255, blank=True)
    checkout_session_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=State)
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    fee_cents = models.BigIntegerField(null=True)
    net_cents = models.BigIntegerField(null=True)
    balance_transaction_id = models.CharField(max_length=255, blank=True)
    payout = models.ForeignKey(StripePayout, on_delete=models.PROTECT, null=True, related_name="payments")
    refunded_cents = models.BigIntegerField(default=0)
    is_disputed = models.BooleanField(default=False)
    method = models.CharField(max_length=64, blank=True)
    # What the service wrote on it; of another shop's payment in the same account all are empty.
    quote_id = models.CharField(max_length=200, blank=True)
    payment_attempt_id = models.CharField(max_length=200, blank=True)
    agent_remote_id = models.CharField(max_length=200, blank=True)
    organization_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment_intent_id"], name="billing_one_row_an_intent", condition=~Q(payment_intent_id="")
            ),
            models.UniqueConstraint(
                fields=["checkout_session_id"], name="billing_one_row_a_session", condition=~Q(checkout_session_id="")
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="billing_payments"),
            models.Index(fields=["charge_id"], name="billing_charge", condition=~Q(charge_id="")),
            models.Index(
                fields=["balance_transaction_id"], name="billing_booking", condition=~Q(balance_transaction_id="")
            ),
            models.Index(fields=["paid_at"], name="billing_paid", condition=Q(paid_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.payment_intent_id or self.checkout_session_id

    @property
    def is_paid(self) -> bool:
        return self.state == self.State.PAID

    @property
    def is_refundable(self) -> bool:
        """Tell whether any of it is left to give back."""
        return self.is_paid and self.refunded_cents < self.amount_cents

    @property
    def is_the_services(self) -> bool:
        """Tell whether the hosted service made this payment: it writes its own ids on each."""
        return bool(self.payment_attempt_id or self.quote_id)


class _Outflow(models.Model):
    """What a refund and a dispute have in common. `payment` is None where the payment is not known here.

    `adopted_at` is when somebody here said that a reversal made elsewhere is right.
    """

    livemode = models.BooleanField()
    payment = models.ForeignKey(StripePayment, on_delete=models.PROTECT, null=True, related_name="%(class)ss")
    payment_intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    status = models.CharField(max_length=32)
    reason = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    fetched_at = models.DateTimeField()
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        abstract = True


class StripeRefund(_Outflow):
    """Money given back. `order_key` names the order of this dashboard that made it; empty: made elsewhere."""

    # Whose money is with the payer, or on its way there for good (Stripe, refund object: pending may still fail).
    TAKEN = ("succeeded",)

    refund_id = models.CharField(max_length=255, unique=True)
    order_key = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="billing_refunds")]

    def __str__(self) -> str:
        return self.refund_id

    @property
    def has_taken(self) -> bool:
        return self.status in self.TAKEN


class StripeDispute(_Outflow):
    """A payer's bank asks (a `warning_` status) or takes the money back; `due_at` is when evidence must be in."""

    # A warning only asks; won money came back.
    TAKEN = ("needs_response", "under_review", "lost")
    OPEN = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")

    dispute_id = models.CharField(max_length=255, unique=True)
    due_at = models.DateTimeField(null=True)
    submissions = models.PositiveIntegerField(default=0)
    is_refundable = models.BooleanField(default=False)
    fee_cents = models.BigIntegerField(null=True)
    net_cents = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="billing_disputes"),
            models.Index(fields=["status", "due_at"], name="billing_disputes_due"),
        ]

    def __str__(self) -> str:
        return self.dispute_id

    @property
    def has_taken(self) -> bool:
        return self.status in self.TAKEN
