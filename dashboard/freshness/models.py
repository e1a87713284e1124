"""How old is what: the state of each synced stream, its runs, and what could not be read."""

from django.db import models

# The subject of a stream that is the same for everybody.
ONLY_SUBJECT = 0


class Stream(models.TextChoices):
    AGENT = "agent", "Agent: quota and ledger"
    PURCHASE = "purchase", "Purchase: state of one payment"
    WORK = "work", "Agent: jobs and assets"
    PRICES = "prices", "Payment methods and credit packs"
    CATALOG = "catalog", "Models and capabilities"
    FEEDBACK = "feedback", "Feedback: reports of all agents"


class SyncCursor(models.Model):
    """The durable state of one stream of one subject; a run is claimed by a conditional update of this row."""

    class Stopped(models.TextChoices):
        TOKEN_REFUSED = "token_refused", "Token refused"
        RELEASED = "released", "Released"
        SHUT_OUT = "shut_out", "Stopped by its sponsor"
        DONE = "done", "Nothing left to ask"

    stream = models.CharField(max_length=16, choices=Stream)
    subject_id = models.BigIntegerField()
    # What the operator calls the subject: this room knows no agents to ask.
    subject_label = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    # Until when the service asked us to stay away: nobody's press shortens that.
    not_before = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    running_since = models.DateTimeField(null=True)
    run_token = models.UUIDField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    stopped = models.CharField(max_length=16, choices=Stopped, blank=True)
    synced_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=254, blank=True)
    error_trace_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "subject_id"], name="freshness_one_cursor")]
        indexes = [
            models.Index(fields=["due_at"], name="freshness_due", condition=models.Q(running_since=None, stopped="")),
        ]

    def __str__(self) -> str:
        return self.subject_label or f"{self.stream} {self.subject_id}"


class SyncRun(models.Model):
    """One finished attempt, for the operator: when, how long, what came of it."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        RETRY = "retry", "Failed, will be tried again"
        STOPPED = "stopped", "Stopped"
        INTERNAL = "internal", "Internal error"
        LOST = "lost", "Lost its worker"

    cursor = models.ForeignKey(SyncCursor, on_delete=models.CASCADE, related_name="runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    calls = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    error_text = models.CharField(max_length=254, blank=True)
    error_trace_id = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-id"], name="freshness_recent_runs")]

    def __str__(self) -> str:
        return f"{self.cursor} {self.outcome}"


class KnownGap(models.Model):
    """A stretch of a ledger that could not be read: between `after_at` (None: the beginning) and `before_at`.

    `line` names the one line that is missing there, where it came and broke the contract: by its id, else by a mark of
    what it held. It happened at both moments where it told one, else somewhere between them.
    """

    stream = models.CharField(max_length=16, choices=Stream)
    subject_id = models.BigIntegerField()
    after_at = models.DateTimeField(null=True)
    before_at = models.DateTimeField()
    reason = models.CharField(max_length=254)
    line = models.CharField(max_length=200, blank=True)
    noticed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "subject_id", "before_at"], name="freshness_one_gap", condition=models.Q(line="")
            ),
            models.UniqueConstraint(
                fields=["stream", "subject_id", "line"], name="freshness_one_gap_a_line", condition=~models.Q(line="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.subject_id} before {self.before_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a background process was last seen alive; `/readyz` reads it."""

    name = models.CharField(max_length=32, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.seen_at:%H:%M:%S}"


class Outage(models.Model):
    """Readings in a row, of whichever agents, that found a service away; no row: the last one was answered.

    From `opened_at` on it is asked by one probe at a time, the next one at `probe_at` at the earliest.
    """

    service = models.CharField(max_length=32, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.service} away since {self.failing_since:%Y-%m-%d %H:%M}"
