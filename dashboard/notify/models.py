"""The outbox: a message is a row first, sent by a task, and the row says what became of it."""

from django.db import models


class OutboxMail(models.Model):
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    # Headers beside the usual ones, by name.
    headers = models.JSONField(default=dict)
    # It carries a one-time link: the text is forgotten once the mail went out or was given up.
    is_secret = models.BooleanField(default=False)
    # One message per event and person, however often the event is noticed.
    dedupe_key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="notify_mail_waiting",
                condition=models.Q(sent_at=None, given_up_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
