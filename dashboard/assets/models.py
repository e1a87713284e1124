"""The mirror of jobs and assets: what agents made, from what, for how many credits, and what we can show of it.

A row is written when the ledger first names its id, and filled when the thing itself was read. `workspace` is the one
that held the agent when the ledger named it: a later claim changes no history.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import LessThan

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent

MEGAPIXEL = 1_000_000
# Widened first: two sides of a told size may well multiply to more than a column of them holds.
PIXELS = Cast("width", models.BigIntegerField()) * F("height")


class Reading(models.TextChoices):
    """How far we are with reading a thing by its id."""

    WANTED = "wanted", "Not read yet"
    READ = "read", "Read"
    MISSING = "missing", "Not there"
    UNREADABLE = "unreadable", "Could not be read"


class Mirrored(models.Model):
    """What jobs and assets have in common. `due_at` is when to read it (again); None: nothing left to ask.

    `asked_at` is when it was last asked for in vain, or its file was at all; None: never.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=200)
    operation = models.CharField(max_length=64, blank=True)
    capability_id = models.CharField(max_length=200, blank=True)
    # Only where the service tells it; for most work its capability leads to a model by the catalogue.
    model = models.CharField(max_length=200, blank=True)
    reading = models.CharField(max_length=10, choices=Reading, default=Reading.WANTED)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=254, blank=True)
    asked_at = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)
    record = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        abstract = True


class Job(Mirrored):
    """One job: create, edit, upload, or a plan that made nothing.

    `named_at` is the moment of the ledger's line that named it first: it never changes, so lists are ordered by it.
    `credits_priced` is what the service said that the job costs, `credits_charged` what the ledger says was taken (a
    positive number); None means not told. `duration_ms` is told end less told begin.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Canceled"

    named_at = models.DateTimeField()
    status = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    duration_ms = models.BigIntegerField(null=True)
    credits_priced = models.BigIntegerField(null=True)
    credits_charged = models.BigIntegerField(null=True)
    estimated_usd_micros = models.BigIntegerField(null=True)
    outputs = models.PositiveIntegerField(null=True)
    safety_status = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    failure_code = models.CharField(max_length=200, blank=True)
    failure_text = models.CharField(max_length=500, blank=True)
    failure_is_retryable = models.BooleanField(null=True)
    plan_receipt = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    # Why the service chose this model (contract 2.17), as sent.
    selection = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "agent", "remote_id"], name="assets_one_row_a_job_here")
        ]
        indexes = [
            models.Index(fields=["workspace", "-named_at", "-id"], name="assets_jobs"),
            models.Index(fields=["workspace", "agent", "-named_at", "-id"], name="assets_jobs_of_agent"),
            models.Index(fields=["workspace", "status", "-named_at", "-id"], name="assets_jobs_by_status"),
            models.Index(fields=["workspace", "reading", "-named_at", "-id"], name="assets_jobs_by_reading"),
            models.Index(fields=["workspace", "operation", "-named_at", "-id"], name="assets_jobs_by_operation"),
            models.Index(fields=["workspace", "capability_id", "-named_at", "-id"], name="assets_jobs_by_capability"),
            models.Index(fields=["workspace", "remote_id"], name="assets_jobs_by_remote_id"),
            models.Index(fields=["agent", "due_at"], name="assets_jobs_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["workspace", "-named_at", "-id"], name="assets_jobs_asked", condition=Q(due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id

    @property
    def is_plan(self) -> bool:
        """It made nothing and took nothing: never to be shown as work that was done (contract 4.11)."""
        return self.status == self.Status.PLANNED

    @property
    def has_ended(self) -> bool:
        return self.status in self.Status.values


class JobStatusSeen(models.Model):
    """A status that a job had when we read it; written when it differs from the one before."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="statuses")
    status = models.CharField(max_length=64)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "seen_at"], name="assets_one_status_a_moment")]

    def __str__(self) -> str:
        return f"{self.job} is {self.status}"


class Asset(Mirrored):
    """One file that an agent owns, and what we can show of it.

    `created_at` is the moment of the ledger's line that named it first; it never changes. `width` and `height` are
    pixels as a viewer sees them (turned upright): as told, then as measured. `credits` is its share of its job's charge
    (our division: the job's credits over its outputs, the rest to the last ones). `url` is the service's, public to
    whoever has it: it is never shown.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", "Picture"
        VIDEO = "video", "Video"
        AUDIO = "audio", "Audio"
        MODEL = "3d", "3D model"
        OTHER = "other", "File"

    class Source(models.TextChoices):
        GENERATED = "generated", "Generated"
        UPLOADED = "uploaded", "Uploaded"

    class Aspect(models.TextChoices):
        SQUARE = "square", "Square"
        LANDSCAPE = "landscape", "Landscape"
        PORTRAIT = "portrait", "Portrait"

    class Preview(models.TextChoices):
        PENDING = "pending", "Being prepared"
        READY = "ready", "Ready"
        TILE = "tile", "Shown as a tile"
        CANNOT = "cannot_preview", "Cannot preview"
        GONE = "gone", "Gone"

    class Cost(models.TextChoices):
        FREE = "free", "Nothing"
        LOW = "low", "1 to 9 credits"
        MIDDLE = "middle", "10 to 49 credits"
        HIGH = "high", "50 credits and more"
        UNTOLD = "untold", "Not told"

    class Size(models.TextChoices):
        SMALL = "small", "Below 1 megapixel"
        MEDIUM = "medium", "1 to 4 megapixels"
        LARGE = "large", "4 megapixels and more"

    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="assets")
    created_at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.OTHER)
    source = models.CharField(max_length=10, choices=Source, default=Source.GENERATED)
    mime_type = models.CharField(max_length=100, blank=True)
    content_length = models.BigIntegerField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    aspect = models.CharField(max_length=10, choices=Aspect, blank=True)
    credits = models.BigIntegerField(null=True)
    url = models.CharField(max_length=4_000, blank=True)
    # SHA-256 of the bytes that we fetched, and their number; empty while none were.
    content_hash = models.CharField(max_length=64, blank=True)
    content_bytes = models.BigIntegerField(null=True)
    preview = models.CharField(max_length=16, choices=Preview, default=Preview.PENDING)
    # Why there is none, or why its file could not be had the last time: a word of the glossary "preview_problem".
    preview_problem = models.CharField(max_length=40, blank=True)
    # Names the thumbnails' bytes in their addresses: the content, and how it was made small.
    preview_key = models.CharField(max_length=40, blank=True)
    # How it was made small; what was made in another way is made anew when it is due.
    preview_recipe = models.CharField(max_length=8, blank=True)
    # The largest width that was made, one of PREVIEW_WIDTHS; a small picture has no larger ones.
    preview_largest = models.PositiveIntegerField(null=True)
    colour = models.CharField(max_length=7, blank=True)
    # A picture of a few pixels as a data: address, for the first paint.
    placeholder = models.CharField(max_length=400, blank=True)
    duration_ms = models.BigIntegerField(null=True)
    is_animated = models.BooleanField(default=False)
    preview_due_at = models.DateTimeField(null=True)
    preview_attempts = models.PositiveIntegerField(default=0)
    # Our own copy of the file, where the workspace keeps originals.
    is_kept = models.BooleanField(default=False)
    kept_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(null=True)
    # Out of sight in this workspace's gallery; the file and its history stay.
    hidden_at = models.DateTimeField(null=True)
    # What the filters ask for, kept by the database: an index can order only what it holds.
    cost = models.GeneratedField(
        expression=Case(
            When(credits=None, then=Value(Cost.UNTOLD.value)),
            When(credits__lt=1, then=Value(Cost.FREE.value)),
            When(credits__lt=10, then=Value(Cost.LOW.value)),
            When(credits__lt=50, then=Value(Cost.MIDDLE.value)),
            default=Value(Cost.HIGH.value),
        ),
        output_field=models.CharField(max_length=8, choices=Cost),
        db_persist=True,
    )
    size = models.GeneratedField(
        expression=Case(
            When(Q(width=None) | Q(height=None), then=Value("")),
            When(LessThan(PIXELS, MEGAPIXEL), then=Value(Size.SMALL.value)),
            When(LessThan(PIXELS, 4 * MEGAPIXEL), then=Value(Size.MEDIUM.value)),
            default=Value(Size.LARGE.value),
        ),
        output_field=models.CharField(max_length=8, choices=Size, blank=True),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "agent", "remote_id"], name="assets_one_row_an_asset_here")
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at", "-id"], name="assets_of_workspace"),
            models.Index(fields=["workspace", "agent", "-created_at", "-id"], name="assets_of_agent"),
            models.Index(fields=["workspace", "kind", "-created_at", "-id"], name="assets_by_kind"),
            models.Index(fields=["workspace", "source", "-created_at", "-id"], name="assets_by_source"),
            models.Index(fields=["workspace", "operation", "-created_at", "-id"], name="assets_by_operation"),
            models.Index(fields=["workspace", "capability_id", "-created_at", "-id"], name="assets_by_capability"),
            models.Index(fields=["workspace", "aspect", "-created_at", "-id"], name="assets_by_aspect"),
            models.Index(fields=["workspace", "cost", "-created_at", "-id"], name="assets_by_cost"),
            models.Index(fields=["workspace", "size", "-created_at", "-id"], name="assets_by_size"),
            models.Index(fields=["workspace", "remote_id"], name="assets_by_remote_id"),
            models.Index(fields=["workspace", "content_hash"], name="assets_by_content", condition=~Q(content_hash="")),
            models.Index(fields=["workspace", "kept_at"], name="assets_kept", condition=Q(is_kept=True)),
            models.Index(fields=["purged_at"], name="assets_purged", condition=Q(purged_at__isnull=False)),
            models.Index(fields=["agent", "due_at"], name="assets_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["workspace", "-created_at"], name="assets_hidden", condition=Q(hidden_at__isnull=False)
            ),
            models.Index(
                fields=["preview_due_at"], name="assets_previews_due", condition=Q(preview_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id

    @property
    def model_told(self) -> str:
        """The id of the model that the service names for it or its job; empty where it names none."""
        return self.model or (self.job.model if self.job else "")

    @property
    def is_uploaded(self) -> bool:
        return self.source == self.Source.UPLOADED


class AssetTag(models.Model):
    """A word that people of a workspace gave an asset; no agent and no service sees it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "name"], name="assets_one_tag_a_name")]
        indexes = [models.Index(fields=["workspace", "name", "asset"], name="assets_by_tag")]

    def __str__(self) -> str:
        return self.name


class AssetLink(models.Model):
    """A line of descent: `job` worked from the asset of this id. Its outputs are the job's assets.

    `asset` is None while the mirror of this workspace does not hold it. `role` is the service's word.
    """

    class Kind(models.TextChoices):
        INPUT = "input", "Edited"
        MASK = "mask", "Mask"
        REFERENCE = "reference", "Reference"

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="inputs")
    asset = models.ForeignKey(Asset, on_delete=models.SET_NULL, null=True, related_name="uses")
    asset_remote_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind)
    role = models.CharField(max_length=64, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="assets_one_link_a_place")]
        indexes = [models.Index(fields=["workspace", "asset_remote_id"], name="assets_links_to")]

    def __str__(self) -> str:
        return f"{self.job} worked from {self.asset_remote_id}"


class MonthCount(models.Model):
    """How many assets a workspace got in one month of UTC, counted as their rows are written.

    `month` counts months since the year 0: `12 * year + month - 1`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.PositiveIntegerField()
    assets = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "month"], name="assets_one_row_a_month")]

    def __str__(self) -> str:
        return f"{self.assets} in {self.month // 12}-{self.month % 12 + 1:02}"


class LedgerMark(models.Model):
    """How far an agent's ledger was gone through for jobs and assets: up to the event with this number."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="+")
    event_number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.agent} up to {self.event_number}"


class KeepRule(models.Model):
    """Whether a workspace keeps the original files, since when, and for how many days (None: until purged by hand)."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=False)
    days = models.PositiveIntegerField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.workspace} keeps originals: {self.is_on}"
