"""What crossed a level, who is told how, and what became of each message."""

import uuid

from django.db import models
from django.db.models import Q

from dashboard.accounts.models import PlatformRole, Role, User, Workspace
from dashboard.agents.models import Agent
from dashboard.notify.models import OutboxMail


class Audience(models.TextChoices):
    """Whom an alert is for: a workspace, or the holders of a platform role."""

    WORKSPACE = "workspace", "Workspace"
    BILLING_ADMIN = PlatformRole.BILLING_ADMIN.value, PlatformRole.BILLING_ADMIN.label
    PRODUCT_REVIEWER = PlatformRole.PRODUCT_REVIEWER.value, PlatformRole.PRODUCT_REVIEWER.label
    OPERATOR = PlatformRole.OPERATOR.value, PlatformRole.OPERATOR.label


# A platform role that opens no desk of its own has no alerts either.
PLATFORM_CHOICES = [choice for choice in PlatformRole.choices if choice[0] in Audience.values]


class Alert(models.Model):
    """A condition that holds: of one kind, about one thing, from `opened_at` until `ended_at`.

    `level` counts from 1, the mildest; `figures` are those of the latest crossing. `user`: for this person alone.
    `crossings` counts the messages' worth of changes: the next one is written under that number.
    """

    class Ending(models.TextChoices):
        RECOVERED = "recovered", "Recovered"
        LAPSED = "lapsed", "No longer followed"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    audience = models.CharField(max_length=16, choices=Audience)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="alerts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=200)
    subject_label = models.CharField(max_length=200)
    level = models.PositiveSmallIntegerField()
    figures = models.JSONField(default=dict)
    crossings = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    crossed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "subject_id"],
                name="alerts_one_open_a_subject",
                condition=Q(ended_at=None, workspace__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["audience", "kind", "subject_id"],
                name="alerts_one_open_on_the_platform",
                condition=Q(ended_at=None, workspace__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(audience="workspace", workspace__isnull=False)
                | (~Q(audience="workspace") & Q(workspace__isnull=True)),
                name="alerts_workspace_where_it_is_for_one",
            ),
        ]
        indexes = [
            models.Index(fields=["audience", "workspace", "-opened_at", "-id"], name="alerts_of_audience"),
            models.Index(fields=["kind"], name="alerts_open_of_kind", condition=Q(ended_at=None)),
            models.Index(fields=["ended_at"], name="alerts_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_label}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Crossing(models.Model):
    """One change that people are told of: an alert opened, got worse, eased or recovered, with the figures of then.

    `level` is the gravest that was reached, or left; `eased_to` the one that still holds after an easing, 0 after a
    recovery.
    """

    class Change(models.TextChoices):
        OPENED = "opened", "Noticed"
        WORSENED = "worsened", "Got worse"
        EASED = "eased", "Eased"
        RECOVERED = "recovered", "Recovered"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="changes")
    number = models.PositiveIntegerField()
    change = models.CharField(max_length=10, choices=Change)
    level = models.PositiveSmallIntegerField()
    eased_to = models.PositiveSmallIntegerField(default=0)
    figures = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "number"], name="alerts_one_crossing_a_number")]

    def __str__(self) -> str:
        return f"{self.alert} {self.change}"

    @property
    def is_recovery(self) -> bool:
        """Tell whether it takes back what was told before: that a level holds."""
        return self.change in (self.Change.EASED, self.Change.RECOVERED)


class SweepMark(models.Model):
    """How far one kind was swept. `number` moves with each sweep: of two that read at once, one writes."""

    kind = models.CharField(max_length=64, primary_key=True)
    number = models.BigIntegerField(default=0)
    swept_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Preference(models.Model):
    """What one person wants to be told of one workspace, or in one platform role, and when.

    It outlives the membership: what somebody who left, or lost their role, was told goes to the owners until one of
    them ends that. `role` is the one in which it held last; `chosen_at` None: the defaults of that role.
    """

    class Preset(models.TextChoices):
        QUIET = "quiet", "Quiet"
        BALANCED = "balanced", "Balanced"
        EVERYTHING = "everything", "Everything"

    class Rhythm(models.TextChoices):
        AT_ONCE = "at_once", "As it happens"
        HOURLY = "hourly", "Once an hour"
        DAILY = "daily", "Once a day"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="alert_preferences")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="alert_preferences")
    role = models.CharField(max_length=16, choices=[*Role.choices, *PLATFORM_CHOICES])
    preset = models.CharField(max_length=10, choices=Preset, default=Preset.BALANCED)
    has_mail = models.BooleanField(default=True)
    rhythm = models.CharField(max_length=8, choices=Rhythm, default=Rhythm.AT_ONCE)
    # Local hours and times of the person's own zone.
    digest_hour = models.PositiveSmallIntegerField(default=8)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    chosen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "workspace"],
                name="alerts_one_preference_a_workspace",
                condition=Q(workspace__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["user", "role"], name="alerts_one_preference_a_role", condition=Q(workspace__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} of {self.workspace or self.role}: {self.preset}"


class Exemption(models.Model):
    """An exception beneath a preset: a kind, an agent or both, to be told of or not. Empty means each of them."""

    preference = models.ForeignKey(Preference, on_delete=models.CASCADE, related_name="exemptions")
    kind = models.CharField(max_length=32, blank=True)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="+")
    is_told = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["preference", "kind", "agent"], name="alerts_one_exemption", condition=Q(agent__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["preference", "kind"], name="alerts_one_exemption_a_kind", condition=Q(agent__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'everything'} of {self.agent or 'all'}: {'told' if self.is_told else 'not told'}"


class Webhook(models.Model):
    """Where a workspace has its alerts posted. The secret is sealed, and shown once when it is made."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="alert_webhook")
    url = models.CharField(max_length=500)
    preset = models.CharField(max_length=10, choices=Preference.Preset, default=Preference.Preset.EVERYTHING)
    seal_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    secret_sealed = models.TextField()
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"webhook of {self.workspace}"

    @property
    def seal_identity(self) -> str:
        return f"alerts.webhook:{self.seal_id}"


class Delivery(models.Model):
    """One crossing on its way to one person or webhook: the row first, then the sending.

    A mail is `queued` once it stands in the outbox, which then knows how it goes; several deliveries may share one.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        QUEUED = "queued", "Being sent"
        SENT = "sent", "Sent"
        GIVEN_UP = "given_up", "Given up"
        DROPPED = "dropped", "Not sent"

    crossing = models.ForeignKey(Crossing, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel)
    audience = models.CharField(max_length=16, choices=Audience)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    # None of a post: its webhook was removed since.
    webhook = models.ForeignKey(Webhook, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    mail = models.ForeignKey(OutboxMail, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Since when it is tried, anew after "Send again": trying ends so long after this.
    tried_since = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["crossing", "user"], name="alerts_one_mail_a_person", condition=Q(user__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["crossing", "webhook"], name="alerts_one_post_a_webhook", condition=Q(webhook__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(channel="mail", user__isnull=False, webhook__isnull=True)
                | Q(channel="webhook", user__isnull=True),
                name="alerts_delivery_goes_somewhere",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "due_at"], name="alerts_deliveries_due", condition=Q(state="waiting")),
            models.Index(fields=["mail"], name="alerts_deliveries_queued", condition=Q(state="queued")),
            models.Index(fields=["workspace", "-created_at", "-id"], name="alerts_deliveries_of"),
            models.Index(fields=["user", "-created_at", "-id"], name="alerts_deliveries_to"),
            models.Index(fields=["ended_at"], name="alerts_deliveries_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.crossing} by {self.channel}"

    @property
    def may_go_again(self) -> bool:
        """Tell whether it was given up and its receiver is still there."""
        return self.state == self.State.GIVEN_UP and not (self.user_id is None and self.webhook_id is None)
