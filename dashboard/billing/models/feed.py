"""How far each line of news has been read, and what Stripe lets us do."""

from django.db import models


class Feed(models.Model):
    """One line of news and the place that was reached in it; read by one worker at a time (`dashboard.billing.feeds`).

    `cursor` is the source's own; `complete_since` is how far back everything was read, None while a first reading is
    under way; `synced_at` when the last reading that reached the end began.
    """

    name = models.CharField(max_length=32, primary_key=True)
    cursor = models.CharField(max_length=500, blank=True)
    complete_since = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    running_since = models.DateTimeField(null=True)
    run_token = models.UUIDField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=254, blank=True)

    def __str__(self) -> str:
        return self.name


class StripeAccess(models.Model):
    """The one row that says what the configured key was found to be able to do, by trying.

    `grants` holds for each thing of `dashboard.billing.access.THINGS` yes, no, or an error's name.
    `key_hint` is the key's last four characters: another key makes the row outdated.
    """

    ONLY = 1

    livemode = models.BooleanField()
    key_hint = models.CharField(max_length=4)
    grants = models.JSONField(default=dict)
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"as of {self.checked_at:%Y-%m-%d %H:%M}"
