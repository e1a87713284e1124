"""The book that balances are summed from, and quotes, which never touch it."""

from django.db import models

from sandbox.models.identity import Agent
from sandbox.models.work import Job


class Purse(models.TextChoices):
    """Free credits come back daily and are spent first; paid ones stay."""

    FREE = "free"
    PAID = "paid"


class EntryKind(models.TextChoices):
    """Why credits moved. These are internal and never become activity event types."""

    FREE_GRANT = "free_grant"
    RESET = "reset"
    RESERVATION = "reservation"
    RELEASE = "release"
    CHARGE = "charge"
    GRANT = "grant"
    REVERSAL = "reversal"


class BookEntry(models.Model):
    """One movement in whole credits, signed; written once, never changed. A balance is the sum of its entries.

    `reference` is the receipt or the reversal behind a movement of paid credits, null for everything else.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="book")
    purse = models.CharField(max_length=4, choices=Purse.choices)
    kind = models.CharField(max_length=12, choices=EntryKind.choices)
    credits = models.IntegerField()
    job = models.ForeignKey(Job, null=True, on_delete=models.PROTECT, related_name="book")
    reference = models.CharField(max_length=60, null=True, unique=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["agent", "purse", "kind", "credits"], name="book_sum")]
        constraints = [
            models.CheckConstraint(condition=models.Q(purse__in=Purse.values), name="book_purse_is_known"),
            models.CheckConstraint(condition=models.Q(kind__in=EntryKind.values), name="book_kind_is_known"),
            # One reservation, one release and one charge per job, whatever the code above believes.
            models.UniqueConstraint(fields=["job", "purse", "kind"], name="book_once_per_job"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.credits} {self.purse}"


class Quote(models.Model):
    """A price held for a while (contract 2.8). `credits` equal `amount_cents`, since a credit costs one cent."""

    id = models.CharField(primary_key=True, max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="quotes")
    idempotency_key = models.CharField(max_length=200)
    pack_id = models.CharField(max_length=40, blank=True)
    payment_method = models.CharField(max_length=40)
    credits = models.PositiveIntegerField()
    amount_cents = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "idempotency_key"], name="quote_once_per_key"),
        ]

    def __str__(self) -> str:
        return self.id
