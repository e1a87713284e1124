"""What agents report, the clusters that reviewers decide on, and everything that was ever done to them.

A `Report` is what one agent sent, made inert. It lies in one `Cluster`, alone or with others that say the same; state,
assignee, proof and answer are the cluster's. `Change` is its history and only grows.
"""

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import User, Workspace


class State(models.TextChoices):
    """What became of a cluster. REGRESSED comes by itself: done, and reported again."""

    NEW = "new"
    TRIAGED = "triaged"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REGRESSED = "regressed"
    WONT_DO = "wont_do"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    PRIVATE = "private"


OPEN_STATES = (State.NEW, State.TRIAGED, State.ACCEPTED, State.IN_PROGRESS, State.REGRESSED, State.PRIVATE)


class Level(models.IntegerChoices):
    """How bad, as far as it counts; the agent's own words are in its report."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"
    CRITICAL = 4, "critical"


class Sureness(models.IntegerChoices):
    """How sure the agent says it is."""

    LOW = 1, "low"
    MEDIUM = 2, "medium"
    HIGH = 3, "high"


class Place(models.TextChoices):
    """In which list a cluster stands; follows from its other columns (`dashboard/feedback/standing.py`)."""

    OPEN = "open"
    CLOSED = "closed"
    ASLEEP = "asleep"
    MUTED = "muted"
    PRIVATE = "private"
    MERGED = "merged"


class Intake(models.Model):
    """How far the operator extension's lists were read: one row, which is also the lock of everything that comes in."""

    changes_cursor = models.CharField(max_length=400, blank=True)
    ledger_cursor = models.CharField(max_length=400, blank=True)
    # When the last page of both was reached; None: there is more to come, or nothing was ever read.
    complete_at = models.DateTimeField(null=True)
    # When the ledger that was here before this room was joined.
    joined_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"read to {self.changes_cursor or 'the beginning'}"


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


class Report(models.Model):
    """What one agent sent. Whose it is comes from the service, never from the text, which is inert and bounded.

    `workspace` is the one that held the agent when it was first read. Without text only its ledger events are known.
    """

    remote_id = models.CharField(max_length=200, unique=True)
    agent_remote_id = models.CharField(max_length=200)
    organization_id = models.CharField(max_length=200, blank=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.SET_NULL, null=True, related_name="reports")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="reports")
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    has_text = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=400, blank=True)
    body = models.TextField(blank=True)
    type = models.CharField(max_length=64, blank=True)
    severity = models.CharField(max_length=64, blank=True)
    # The agent's word as a level, and as far as it counts: one agent's many loud reports a day count as medium.
    severity_said = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    severity_counted = models.PositiveSmallIntegerField(choices=Level, default=Level.MEDIUM)
    confidence = models.CharField(max_length=64, blank=True)
    sureness = models.PositiveSmallIntegerField(choices=Sureness, default=Sureness.MEDIUM)
    next_state = models.CharField(max_length=64, blank=True)
    surface = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    cited = models.JSONField(default=list)
    command = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    actual = models.TextField(blank=True)
    friction = models.TextField(blank=True)
    proof_needed = models.TextField(blank=True)
    strategic_reason = models.TextField(blank=True)
    dedupe_key = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    request_trace_id = models.CharField(max_length=200, blank=True)
    # What arrival found: in words what was cut out, how it tries to be obeyed; how many signs were spelled out.
    masked = models.JSONField(default=list)
    instructs = models.JSONField(default=list)
    unseen_signs = models.PositiveIntegerField(default=0)
    is_cut = models.BooleanField(default=False)
    # The service's own queue at GitHub, as its ledger tells (contract 3.11); beside our state, never instead of it.
    github_state = models.CharField(max_length=64, blank=True)
    github_reason = models.CharField(max_length=254, blank=True)
    github_issues = models.JSONField(default=list)
    github_at = models.DateTimeField(null=True)
    # What the service says was answered, by whomever.
    answer = models.JSONField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["cluster", "-created_at", "-id"], name="feedback_of_cluster"),
            models.Index(fields=["agent_remote_id", "dedupe_key", "-id"], name="feedback_folds"),
            models.Index(fields=["agent_remote_id", "received_at"], name="feedback_shouts"),
            models.Index(fields=["workspace", "-created_at", "-id"], name="feedback_of_workspace"),
            models.Index(fields=["created_at"], name="feedback_by_day"),
        ]

    def __str__(self) -> str:
        return self.remote_id


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


class Change(models.Model):
    """One thing that happened to a cluster: who (None: by itself), when, why, from what to what. Never changed."""

    class Kind(models.TextChoices):
        ARRIVED = "arrived"
        FOLDED = "folded"
        STATE = "state"
        ASSIGNED = "assigned"
        SNOOZED = "snoozed"
        WOKEN = "woken"
        MERGED = "merged"
        SPLIT = "split"
        PRIVATE = "private"
        PROOF = "proof"
        NOTED = "noted"
        ANSWERED = "answered"
        TRACKED = "tracked"
        GOODWILL = "goodwill"
        ERASED = "erased"
        UNDONE = "undone"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=9, choices=Kind)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    why = models.CharField(max_length=500, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    # The cluster's version once it was made: what was changed since cannot be undone blindly.
    version = models.PositiveIntegerField()
    # What one press did to many is taken back together.
    press = models.UUIDField(null=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        indexes = [
            models.Index(fields=["cluster", "-id"], name="feedback_history"),
            models.Index(fields=["by", "-id"], name="feedback_changes_of"),
            models.Index(fields=["kind", "at"], name="feedback_changes_by_kind"),
            models.Index(fields=["press"], name="feedback_of_press", condition=Q(press__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of F-{self.cluster_id}"


class Move(models.Model):
    """One report that a merge or a split moved, so that it can go back."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="moves")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="moves")
    source = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.report_id} from F-{self.source_id} to F-{self.target_id}"


class Hold(models.Model):
    """Who looks at a cluster: a courtesy between reviewers that runs out by itself, never a refusal."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="hold")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} at F-{self.cluster_id}"


class MutedSource(models.Model):
    """An agent whose reports are kept, but count and show nowhere until it is heard again."""

    agent_remote_id = models.CharField(max_length=200, unique=True)
    muted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    muted_at = models.DateTimeField()
    why = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.agent_remote_id


class Proof(models.Model):
    """One point of what an agent says would prove its report, ticked off by a reviewer."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="proofs")
    text = models.CharField(max_length=300)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "text"], name="feedback_one_proof")]

    def __str__(self) -> str:
        return self.text


class Suggestion(models.Model):
    """A cluster that looks like an older one; nothing is merged before a reviewer says so. `score` is of 100."""

    class Verdict(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="suggestions")
    like = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    verdict = models.CharField(max_length=8, choices=Verdict, default=Verdict.OPEN)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "like"], name="feedback_one_suggestion")]
        indexes = [
            models.Index(fields=["-score", "-id"], name="feedback_suggests", condition=Q(verdict="open")),
        ]

    def __str__(self) -> str:
        return f"F-{self.cluster_id} like F-{self.like_id}"


class Note(models.Model):
    """What reviewers say among themselves."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note on F-{self.cluster_id}"


class Answer(models.Model):
    """What agents are told about their reports; a later one takes its place. Without the extension it is a note."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="answers")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    decision = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    is_deliverable = models.BooleanField()

    def __str__(self) -> str:
        return f"answer to F-{self.cluster_id}"


class Delivery(models.Model):
    """What Image Skill shall tell the agent of one report, saved before the call; `ticket` names the wish."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        REFUSED = "refused"

    report = models.OneToOneField(Report, on_delete=models.CASCADE, primary_key=True, related_name="delivery")
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="deliveries")
    ticket = models.UUIDField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    busy_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=254, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], name="feedback_undelivered", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.answer} for {self.report_id}"


class TrackerLink(models.Model):
    """Where a cluster is worked on elsewhere; scheme and host are of the list in the settings."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="tracker_links")
    url = models.CharField(max_length=500)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "url"], name="feedback_one_link")]

    def __str__(self) -> str:
        return self.url


class Goodwill(models.Model):
    """A reviewer's word to billing that a sponsor deserves something; no amount, which is billing's to know."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="goodwills")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent_remote_id = models.CharField(max_length=200)
    text = models.TextField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-written_at", "-id"], name="feedback_goodwills")]

    def __str__(self) -> str:
        return f"goodwill for {self.workspace}"


class Telling(models.Model):
    """Which state of a cluster a sponsor knows of, so that a change is told once and an undone one never."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="tellings")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, choices=State)
    answered_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "workspace"], name="feedback_one_telling")]

    def __str__(self) -> str:
        return f"{self.workspace} knows that F-{self.cluster_id} is {self.state}"


class DayMark(models.Model):
    """How much was open at the end of a day (UTC), or just now for today: `weight` in tenths."""

    day = models.DateField(primary_key=True)
    open_count = models.PositiveIntegerField()
    weight = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.open_count} open"
