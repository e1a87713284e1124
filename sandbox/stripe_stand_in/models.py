"""What the local Stripe remembers."""

from django.db import models


class StandInObject(models.Model):
    """One object as the API shows it. The row number is the order of lists; `acts_at` when it moves by itself."""

    object_id = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    payment_intent = models.CharField(max_length=120, blank=True)
    data = models.JSONField()
    acts_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "-id"], name="stand_in_newest_first"),
            models.Index(fields=["kind", "payment_intent"], name="stand_in_of_a_payment"),
            models.Index(fields=["acts_at"], name="stand_in_due", condition=models.Q(acts_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.object_id


class KeptReply(models.Model):
    """The answer that an idempotency key was given, to be given again."""

    key = models.CharField(primary_key=True, max_length=255)
    terms = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.key


class Delivery(models.Model):
    """One copy of one event for one listener; `target` is an address, or empty for the sandbox itself."""

    event = models.ForeignKey(StandInObject, on_delete=models.CASCADE, related_name="deliveries")
    target = models.URLField(max_length=500, blank=True)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="delivery_due", condition=models.Q(delivered_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.target or 'itself'}"
