"""Our answer to a dispute: written here, handed in once."""

import uuid

from django.db import models

from dashboard.accounts.models import User
from dashboard.billing.models.stripe import StripeDispute


class DisputeAnswer(models.Model):
    """The evidence for one dispute: texts by Stripe's own field names, and whether the PDF goes along.

    A draft can be edited by anybody at the desk, `version` by `version`, so that nobody writes over another. Handing
    in is a wish that is saved with its key before Stripe hears of it, and happens once.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Being written"
        SENDING = "sending", "On its way to Stripe"
        SENT = "sent", "Handed in"

    dispute = models.OneToOneField(StripeDispute, on_delete=models.PROTECT, related_name="answer")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    texts = models.JSONField(default=dict)
    has_file = models.BooleanField(default=True)
    file_id = models.CharField(max_length=255, blank=True)
    written_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField()
    sent_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], name="billing_answers_waiting", condition=models.Q(state="sending"))
        ]

    def __str__(self) -> str:
        return f"{self.dispute} {self.state}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT
