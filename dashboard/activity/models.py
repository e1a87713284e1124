"""The mirror of the hosted activity ledger, and its rollups."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Abs

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent


class Event(models.Model):
    """One ledger event of one agent; never changed after it was written.

    `workspace` is the one that held the agent when the event was first read: a later claim changes no history.
    `credits_delta` is in credits, `estimated_usd_micros` in micro-dollars; None means the service did not tell. `extra`
    is what the line held beside the contract's fields, and what of these could not be read, as sent; None: nothing.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="events")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="events", db_index=False)
    remote_id = models.CharField(max_length=200)
    type = models.CharField(max_length=200)
    occurred_at = models.DateTimeField()
    summary = models.CharField(max_length=500, blank=True)
    operation = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=64, blank=True)
    subject_type = models.CharField(max_length=64, blank=True)
    subject_id = models.CharField(max_length=200, blank=True)
    trace_id = models.CharField(max_length=200, blank=True)
    job_id = models.CharField(max_length=200, blank=True)
    capability_id = models.CharField(max_length=200, blank=True)
    credits_delta = models.BigIntegerField(null=True)
    estimated_usd_micros = models.BigIntegerField(null=True)
    links = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    details = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    extra = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "remote_id"], name="activity_one_row_an_event")]
        indexes = [
            models.Index(fields=["workspace", "-occurred_at", "-id"], name="activity_of_workspace"),
            models.Index(fields=["workspace", "agent", "-occurred_at", "-id"], name="activity_of_agent"),
            models.Index(fields=["type", "-occurred_at", "-id"], name="activity_of_type"),
            models.Index(fields=["workspace", "type", "-occurred_at", "-id"], name="activity_by_type"),
            models.Index(fields=["workspace", "operation", "-occurred_at", "-id"], name="activity_by_operation"),
            models.Index(fields=["workspace", "status", "-occurred_at", "-id"], name="activity_by_status"),
            # What moved no credits, most events, is in neither.
            models.Index(
                fields=["workspace", "-occurred_at", "-id"], name="activity_spent", condition=Q(credits_delta__lt=0)
            ),
            models.Index(
                fields=["workspace", "-occurred_at", "-id"], name="activity_added", condition=Q(credits_delta__gt=0)
            ),
            # Of an expression: SQLite would sort by a column's index what asks for a direction alone.
            models.Index(
                "workspace", Abs("credits_delta"), name="activity_by_amount", condition=Q(credits_delta__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.remote_id}"


class EventReference(models.Model):
    """One id that an event names: its own, its subject, trace and job, and whatever its links tell.

    What the same job, asset, quote or receipt touched is found by one index, whichever role the id plays.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=200)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="references")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "reference", "event"], name="activity_one_row_a_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} in event {self.event_id}"


class SpendSlot(models.Model):
    """What one agent did in one 15-minute slot (zones are shifted by whole quarters of an hour).

    `slot` counts quarters of an hour since 1970-01-01 UTC; `credits_spent` is positive. `untold` counts the charges
    whose credits the service does not tell, here and in the sums of days and parts: what was spent is at least
    `credits_spent`, and how much more nobody knows.
    """

    SECONDS = 900

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.BigIntegerField()
    events = models.PositiveIntegerField(default=0)
    jobs = models.PositiveIntegerField(default=0)
    credits_spent = models.BigIntegerField(default=0)
    untold = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "agent", "slot"], name="activity_one_row_a_slot"),
        ]

    def __str__(self) -> str:
        return f"{self.agent} slot {self.slot}"


class SpendDay(models.Model):
    """The slots of one agent summed by the UTC day: `day` counts days since 1970-01-01.

    For what must be cheap for many agents and needs no time zone: the pace behind a runway, and guardrails, whose
    periods are the service's.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.BigIntegerField()
    jobs = models.BigIntegerField(default=0)
    credits_spent = models.BigIntegerField(default=0)
    untold = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "agent", "day"], name="activity_one_row_a_day")]

    def __str__(self) -> str:
        return f"{self.agent} day {self.day}"


class LedgerSlot(models.Model):
    """How many events a whole workspace has in one slot: with the days, what counts its ledger between any two."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.BigIntegerField()
    events = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "slot"], name="activity_one_row_a_ledger_slot")]

    def __str__(self) -> str:
        return f"{self.events} in slot {self.slot}"


class LedgerDay(models.Model):
    """The slots of a workspace's ledger summed by the UTC day."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.BigIntegerField()
    events = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="activity_one_row_a_ledger_day")]

    def __str__(self) -> str:
        return f"{self.events} on day {self.day}"


class SpendPart(models.Model):
    """A slot's spending and assets by what they were for; empty where the service does not tell.

    `operation` is that of the line, or of its job where the line says no more than "usage" (contract 3.11), and
    `capability` is the line's or else its job's. Of a job the ledger's own lines tell first, then its `WorkFact`.
    `spends` counts lines that took credits, `assets` those that made an asset.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    slot = models.BigIntegerField()
    operation = models.CharField(max_length=64, blank=True)
    capability = models.CharField(max_length=200, blank=True)
    spends = models.BigIntegerField(default=0)
    assets = models.BigIntegerField(default=0)
    credits_spent = models.BigIntegerField(default=0)
    untold = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "slot", "operation", "capability"], name="activity_one_row_a_part"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "slot"], name="activity_parts_of_workspace")]

    def __str__(self) -> str:
        return f"{self.agent} slot {self.slot} {self.operation} {self.capability}"


class WorkFact(models.Model):
    """What the ledger's lines do not say of the job behind them: written once the job itself was read."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    job_id = models.CharField(max_length=200)
    operation = models.CharField(max_length=64, blank=True)
    capability_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "agent", "job_id"], name="activity_one_fact_a_job")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.operation} {self.capability_id}"
