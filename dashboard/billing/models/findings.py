"""What differs between the three sides: one row a difference, kept with its history after it is settled."""

import uuid

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.billing.models.chain import Chain
from dashboard.billing.models.hosted import LedgerLine


class Finding(models.Model):
    """One difference. `subject` names what it is about, so that it is open once; `figures` hold both sides.

    `since` is when it began: when Stripe took the money, when the ledger wrote the line. A settled one was found to be
    no difference any more; an ignored one is one that somebody said is right, and comes back when its figures change.
    """

    class Kind(models.TextChoices):
        PAID_NOT_GRANTED = "paid_not_granted", "Paid but not granted"
        GRANTED_NOT_PAID = "granted_not_paid", "Granted but not paid"
        AMOUNT_DIFFERS = "amount_differs", "Amount or currency differs"
        GRANTED_TWICE = "granted_twice", "Granted twice"
        REVERSAL_NOT_TAKEN = "reversal_not_taken", "Money back, credits not taken"
        TAKEN_NOT_REVERSED = "taken_not_reversed", "Credits taken, money kept"
        REVERSAL_UNKNOWN = "reversal_unknown", "Refund or dispute unknown to us"
        ATTEMPT_STUCK = "attempt_stuck", "Payment stuck"
        LINE_WITHOUT_PURCHASE = "line_without_purchase", "Ledger line without a purchase"
        PURCHASE_WITHOUT_LINE = "purchase_without_line", "Purchase without a ledger line"
        FAILED_JOB_CHARGED = "failed_job_charged", "Failed job was charged"
        JOB_CHARGED_TWICE = "job_charged_twice", "Job charged twice"
        NEGATIVE_BALANCE = "negative_balance", "Negative balance"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        IGNORED = "ignored", "Ignored"
        SETTLED = "settled", "Settled"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=24, choices=Kind)
    subject = models.CharField(max_length=254)
    chain = models.ForeignKey(Chain, on_delete=models.SET_NULL, null=True, related_name="findings")
    line = models.ForeignKey(LedgerLine, on_delete=models.SET_NULL, null=True, related_name="+")
    agent_remote_id = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    sentence = models.CharField(max_length=500)
    figures = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], name="billing_one_open_finding", condition=~Q(state="settled")
            ),
        ]
        indexes = [
            models.Index(fields=["state", "since", "id"], name="billing_findings"),
            models.Index(fields=["state", "kind", "since", "id"], name="billing_findings_of_kind"),
            models.Index(fields=["chain"], name="billing_findings_of_chain"),
        ]

    def __str__(self) -> str:
        return self.sentence


class FindingStep(models.Model):
    """One line of a finding's history: found, changed, taken, noted, acted on, ignored, settled; never changed."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    what = models.CharField(max_length=16)
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["finding", "id"], name="billing_steps")]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Sweep(models.Model):
    """One pass over all payments of a period (None: no bound), or over all, and what it found; newest first."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    payments = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    visible = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="billing_sweeps")]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M}"
