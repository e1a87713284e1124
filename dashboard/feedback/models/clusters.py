"""What reviewers decide on, what it is found by, and who looks at it just now."""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.feedback.models.words import OPEN_STATES, Level, Place, State, Sureness


class Cluster(models.Model):
    """Reports that say the same thing; most hold one. Figures are of reports whose source is not muted.

    `ranks_at` orders the queue: the moment at which the weight will have fallen to 1 (`dashboard/feedback/weight.py`).
    `version` grows with every change of a person or of ours; a change names the version that it was decided on.
    """

    title = models.CharField(max_length=400)
    type = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    place = models.CharField(max_length=8, choices=Place, default=Place.OPEN)
    is_private = models.BooleanField(default=False)
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    severity = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    said_severity = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    confidence = models.PositiveSmallIntegerField(choices=Sureness, default=Sureness.MEDIUM)
    report_count = models.PositiveIntegerField(default=0)
    agent_count = models.PositiveIntegerField(default=0)
    workspace_count = models.PositiveIntegerField(default=0)
    is_instructing = models.BooleanField(default=False)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ranks_at = models.DateTimeField()
    # When a person first did anything with it, when it was last decided, when it was last answered.
    looked_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    proofs_open = models.PositiveIntegerField(default=0)
    # Asleep until the first of these: a moment, so many reports, so many agents.
    snoozed_until = models.DateTimeField(null=True)
    snoozed_reports = models.PositiveIntegerField(null=True)
    snoozed_agents = models.PositiveIntegerField(null=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    # When likeness to others was looked for; when sponsors are told what became of it.
    compared_at = models.DateTimeField(null=True)
    tells_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["place", "-ranks_at", "-id"], name="feedback_by_weight"),
            models.Index(fields=["place", "state", "-ranks_at", "-id"], name="feedback_by_state"),
            models.Index(fields=["place", "said_severity", "-ranks_at", "-id"], name="feedback_by_severity"),
            models.Index(fields=["assignee", "place", "-ranks_at", "-id"], name="feedback_by_assignee"),
            models.Index(
                fields=["place", "-ranks_at", "-id"], name="feedback_waits_proof", condition=Q(proofs_open__gt=0)
            ),
            models.Index(
                fields=["place", "-ranks_at", "-id"], name="feedback_answered", condition=Q(answered_at__isnull=False)
            ),
            models.Index(fields=["id"], name="feedback_uncompared", condition=Q(compared_at=None)),
            models.Index(fields=["snoozed_until"], name="feedback_sleeps", condition=Q(place="asleep")),
            models.Index(fields=["tells_at"], name="feedback_tells", condition=Q(tells_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"F-{self.pk} {self.title}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def label(self) -> str:
        return f"F-{self.pk}"


class ClusterKey(models.Model):
    """What a cluster is found by: the values of its facets, and the words and keys by which others like it are."""

    class Name(models.TextChoices):
        SURFACE = "surface"
        AGENT = "agent"
        COMMAND = "command"
        ERROR = "error_code"
        DEDUPE = "dedupe"
        WORD = "word"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="keys", db_index=False)
    name = models.CharField(max_length=10, choices=Name)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "name", "value"], name="feedback_one_key")]
        indexes = [models.Index(fields=["name", "value", "cluster"], name="feedback_by_key")]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class ClusterText(models.Model):
    """The words that search looks through, bounded; the database keeps its full-text index beside it."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="text")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


class Hold(models.Model):
    """Who looks at a cluster: a courtesy between reviewers that runs out by itself, never a refusal."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="hold")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} at F-{self.cluster_id}"
