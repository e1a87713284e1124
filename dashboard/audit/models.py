"""The audit log: append-only, its subjects by kind, id and label, so that it outlives them and imports no app."""

from django.db import models


class AuditEntry(models.Model):
    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"

    at = models.DateTimeField(auto_now_add=True)
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.DONE)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=254)
    workspace_id = models.BigIntegerField(null=True)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=200)
    subject_label = models.CharField(max_length=254)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-at", "-id"], name="audit_by_workspace_at"),
            models.Index(fields=["-at", "-id"], name="audit_by_at"),
            models.Index(fields=["subject_kind", "subject_id", "-id"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.subject_label}"

    @property
    def changes(self) -> list[tuple[str, object, object]]:
        """Return (name, before, after) of everything that either side names; None where one side does not."""
        names = [*self.before, *(name for name in self.after if name not in self.before)]
        return [(name, self.before.get(name), self.after.get(name)) for name in names]
