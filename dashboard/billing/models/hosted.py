"""The service's side of money for agents of all organizations: through the operator extension, or of linked agents.

Amounts are whole cents and whole credits, moments UTC. Agents are named by the service's ids: most are not linked here.
"""

from django.db import models
from django.db.models import Q


class HostedPayment(models.Model):
    """One attempt to pay with its receipt, as the operator extension tells it; whole and in its latest state.

    `updated_at` is the service's: what it said earlier changes nothing. `live_money` False is the old test
    settlement, no money; None: not told.
    """

    payment_attempt_id = models.CharField(max_length=200, unique=True)
    agent_remote_id = models.CharField(max_length=200)
    organization_id = models.CharField(max_length=200)
    quote_id = models.CharField(max_length=200)
    pack_id = models.CharField(max_length=200, blank=True)
    payment_method = models.CharField(max_length=200, blank=True)
    live_money = models.BooleanField(null=True)
    status = models.CharField(max_length=200)
    credits = models.BigIntegerField()
    amount_cents = models.BigIntegerField()
    currency = models.CharField(max_length=8)
    checkout_session_id = models.CharField(max_length=200, blank=True)
    payment_intent_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    receipt_id = models.CharField(max_length=200, blank=True)
    credit_event_id = models.CharField(max_length=200, blank=True)
    receipt_credits = models.BigIntegerField(null=True)
    receipt_cents = models.BigIntegerField(null=True)
    credits_reversed = models.BigIntegerField(default=0)
    issued_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="billing_hosted_payments")]

    def __str__(self) -> str:
        return self.payment_attempt_id


class HostedReversal(models.Model):
    """A refund or dispute as the service holds it; `credits` is what is taken because of it now."""

    payment_reversal_id = models.CharField(max_length=200, unique=True)
    payment = models.ForeignKey(HostedPayment, on_delete=models.PROTECT, related_name="reversals")
    kind = models.CharField(max_length=32)
    state = models.CharField(max_length=32)
    provider_id = models.CharField(max_length=255, blank=True)
    provider_status = models.CharField(max_length=64, blank=True)
    amount_cents = models.BigIntegerField()
    credits = models.BigIntegerField()
    created_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["provider_id"], name="billing_of_provider", condition=~Q(provider_id=""))]

    def __str__(self) -> str:
        return self.payment_reversal_id


class LedgerLine(models.Model):
    """One line of the activity ledger that moves credits or tells of money, of whichever agent; never changed.

    Kept beside `activity.Event`, which holds linked agents alone: checkouts, grants, reversals, charges of jobs, and
    jobs that failed. `chain` is the payment that it belongs to, None where none is known.
    """

    agent_remote_id = models.CharField(max_length=200)
    event_id = models.CharField(max_length=200)
    type = models.CharField(max_length=200)
    status = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    credits_delta = models.BigIntegerField(null=True)
    amount_cents = models.BigIntegerField(null=True)
    live_money = models.BooleanField(null=True)
    job_id = models.CharField(max_length=200, blank=True)
    quote_id = models.CharField(max_length=200, blank=True)
    payment_attempt_id = models.CharField(max_length=200, blank=True)
    checkout_session_id = models.CharField(max_length=200, blank=True)
    receipt_id = models.CharField(max_length=200, blank=True)
    credit_event_id = models.CharField(max_length=200, blank=True)
    payment_reversal_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    chain = models.ForeignKey("billing.Chain", on_delete=models.SET_NULL, null=True, related_name="lines")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent_remote_id", "event_id"], name="billing_one_line")]
        indexes = [
            models.Index(fields=["chain", "occurred_at"], name="billing_lines_of_chain"),
            models.Index(
                fields=["receipt_id"], name="billing_lines_of_receipt", condition=Q(chain=None) & ~Q(receipt_id="")
            ),
            models.Index(fields=["quote_id"], name="billing_lines_of_quote", condition=Q(chain=None) & ~Q(quote_id="")),
            models.Index(fields=["job_id"], name="billing_lines_of_job", condition=~Q(job_id="")),
            models.Index(fields=["occurred_at", "id"], name="billing_lines_in_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
