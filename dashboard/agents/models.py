"""Agents, who holds them, and the ceremonies by which they come."""

import uuid
from datetime import datetime

from django.db import models

from dashboard.accounts.models import User, Workspace


def shown_name(name: str, remote_id: str) -> str:
    """Return what pages call an agent: its name on one line, or its id where it has none."""
    # With line breaks a name could write paragraphs of its own into a mail.
    return " ".join(name.split()) or remote_id


class Agent(models.Model):
    """An agent as the hosted API last described it; figures are as of `quota_at` and `identity_at`.

    Credits are whole credits (1 credit = 1 US cent). None means that the service did not tell.
    """

    remote_id = models.CharField(max_length=200, unique=True)
    organization_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    runtime = models.CharField(max_length=100, blank=True)
    registered_at = models.DateTimeField(null=True)
    claim_state = models.CharField(max_length=64, blank=True)
    claim_request_state = models.CharField(max_length=64, blank=True)
    token_status = models.CharField(max_length=64, blank=True)
    grants = models.JSONField(default=list)
    identity_at = models.DateTimeField(null=True)
    free_credits = models.BigIntegerField(null=True)
    paid_credits = models.BigIntegerField(null=True)
    free_credits_per_day = models.BigIntegerField(null=True)
    daily_jobs_limit = models.BigIntegerField(null=True)
    daily_jobs_used = models.BigIntegerField(null=True)
    daily_jobs_remaining = models.BigIntegerField(null=True)
    resets_at = models.DateTimeField(null=True)
    # Why the service advises a top-up (contract 3.5); empty while it does not.
    top_up_advice = models.CharField(max_length=64, blank=True)
    quota_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return shown_name(self.name, self.remote_id)

    @property
    def credits(self) -> int | None:
        """Free and paid credits together; None while neither was told."""
        told = [part for part in (self.free_credits, self.paid_credits) if part is not None]
        return sum(told) if told else None

    @property
    def credits_reset_at(self) -> datetime | None:
        """When free credits come anew, where the service tells that they do; the day's jobs do so anyway."""
        return self.resets_at if self.free_credits_per_day else None

    @property
    def has_no_jobs(self) -> bool:
        """Today's jobs are used; credits do not change that."""
        return self.daily_jobs_remaining is not None and self.daily_jobs_remaining <= 0

    @property
    def is_blocked(self) -> bool:
        """It can do no job now, for want of jobs or of credits."""
        return self.has_no_jobs or (self.credits is not None and self.credits <= 0)


class Claim(models.Model):
    """A workspace's hold on an agent, from `claimed_at` to `released_at`; history is never rewritten.

    An agent has at most one open claim. The token lives here, sealed, and is deleted at release.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="claims")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="claims")
    claimed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    claimed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    seal_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_sealed = models.TextField(blank=True)
    # When the token that is held was last new to us: one that was presented before then may be dead.
    token_since = models.DateTimeField(null=True)
    token_refused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], name="agents_one_open_claim", condition=models.Q(released_at=None)
            ),
        ]
        indexes = [models.Index(fields=["workspace", "released_at"], name="agents_claims_of_workspace")]

    def __str__(self) -> str:
        return f"{self.agent} in {self.workspace}"

    @property
    def seal_identity(self) -> str:
        return f"agents.claim:{self.seal_id}"

    @property
    def needs_relink(self) -> bool:
        return self.token_refused_at is not None

    @property
    def is_stopped(self) -> bool:
        return self.stopped_at is not None

    @property
    def warn_credits_per_day(self) -> int | None:
        """The warning that consent offers, one of the guardrails; asks the database."""
        warnings = self.guardrails.filter(kind=Guardrail.Kind.CREDITS_DAY, is_hard=False)
        return warnings.values_list("limit", flat=True).first()


class Guardrail(models.Model):
    """A limit that a workspace sets for an agent it holds: a warning, or a hard one that Image Skill shall enforce.

    `limit` is in whole credits or jobs. The kinds bear the names of the operator extension (ours, INF); days, weeks
    (from Monday) and months are those of UTC, as there.
    """

    class Kind(models.TextChoices):
        CREDITS_DAY = "credits_per_day", "Credits a day"
        CREDITS_WEEK = "credits_per_week", "Credits a week"
        CREDITS_MONTH = "credits_per_month", "Credits a month"
        JOBS_DAY = "daily_jobs", "Jobs a day"
        CREDITS_JOB = "credits_per_job", "Credits a job"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="guardrails")
    kind = models.CharField(max_length=17, choices=Kind)
    is_hard = models.BooleanField()
    limit = models.PositiveIntegerField()
    set_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "kind", "is_hard"], name="agents_one_guardrail")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.claim}: {self.limit}"


class GuardrailCrossing(models.Model):
    """A guardrail that was reached: `figure` stood against `limit` in the UTC period from `starts_at` to `ends_at`.

    Of one guardrail and period at most one row is open, of jobs that were dearer than one may (`job_id`) one for each
    of the limit's `doublings`. It recovers when the period ends, or at `recovered_at`: the limit was raised or is gone.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=17, choices=Guardrail.Kind)
    is_hard = models.BooleanField()
    limit = models.PositiveIntegerField()
    figure = models.BigIntegerField()
    job_id = models.CharField(max_length=200, blank=True)
    doublings = models.PositiveSmallIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    recovered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "agent", "kind", "is_hard", "starts_at", "doublings"],
                name="agents_one_open_crossing",
                condition=models.Q(recovered_at=None),
            ),
        ]
        indexes = [models.Index(fields=["noticed_at"], name="agents_crossings_noticed")]

    def __str__(self) -> str:
        return f"{self.agent} reached {self.limit} {self.kind}"


class QuotaSnapshot(models.Model):
    """What the service said the balance was; written when it differs from the one before."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="quota_snapshots")
    taken_at = models.DateTimeField()
    free_credits = models.BigIntegerField(null=True)
    paid_credits = models.BigIntegerField(null=True)
    daily_jobs_remaining = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "taken_at"], name="agents_one_snapshot_a_moment")]

    def __str__(self) -> str:
        return f"{self.agent} at {self.taken_at:%Y-%m-%d %H:%M}"


class ClaimMailbox(models.Model):
    """A mailbox that agents have asked; its row is the lock for how often. `blocked`: agents that it hears no more.

    `address` is without a tag: a+1@ and a+2@ reach one person.
    """

    address = models.EmailField(unique=True)
    blocked = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.address


class ClaimAttempt(models.Model):
    """One ceremony, by whichever way it began: what an agent presented, waiting for a sponsor's consent.

    Sponsor first: a one-time code waits for the agent. By hand: the sponsor presents the token, so no phrase is asked.
    Agent first: the agent asks a `contact`, who gets a link; `workspace` is chosen at consent.

    The code (or the link's secret) and the phrase are kept as keyed hashes. The agent's token is held sealed from the
    moment it is presented until the attempt ends.
    """

    class Way(models.TextChoices):
        SPONSOR = "sponsor_first", "Sponsor first"
        HAND = "by_hand", "By hand"
        AGENT = "agent_first", "Agent first"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for the agent"
        PRESENTED = "presented", "The agent has answered"
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"
        EXPIRED = "expired", "Expired"
        SUPERSEDED = "superseded", "Replaced by a newer one"

    OPEN = (State.WAITING, State.PRESENTED)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    way = models.CharField(max_length=13, choices=Way, default=Way.SPONSOR)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, null=True, related_name="claim_attempts")
    started_by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    contact = models.EmailField(blank=True)
    mailbox = models.ForeignKey(ClaimMailbox, on_delete=models.PROTECT, null=True, related_name="attempts")
    # The broken link that this ceremony was begun for: no other agent is taken in its place.
    renews = models.ForeignKey(Claim, on_delete=models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    code_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    # Checks of a presented token are counted, so that a code is no oracle for guessed tokens.
    token_checks = models.PositiveSmallIntegerField(default=0)
    token_hash = models.CharField(max_length=64, blank=True)
    token_sealed = models.TextField(blank=True)
    phrase_hash = models.CharField(max_length=64, blank=True)
    wrong_phrases = models.PositiveSmallIntegerField(default=0)
    presented_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=200, blank=True)
    organization_id = models.CharField(max_length=200, blank=True)
    agent_name = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "started_by"],
                name="agents_one_open_attempt",
                condition=models.Q(state__in=["waiting", "presented"]),
            ),
            models.UniqueConstraint(
                fields=["remote_id"],
                name="agents_one_open_request",
                condition=models.Q(way="agent_first", state="presented"),
            ),
        ]
        indexes = [models.Index(fields=["token_hash"], name="agents_attempts_of_token")]

    def __str__(self) -> str:
        return f"attempt {self.key} is {self.state}"

    @property
    def seal_identity(self) -> str:
        return f"agents.claim_attempt:{self.key}"

    @property
    def asks_phrase(self) -> bool:
        """Whoever pasted the token themselves has nothing to compare."""
        return self.way != self.Way.HAND

    @property
    def is_agent_first(self) -> bool:
        return self.way == self.Way.AGENT


class Instruction(models.Model):
    """What Image Skill was last told to do with an agent (operator extension), and what became of it.

    One row an agent and matter: a later wish takes the place of the earlier one, so that a call that is repeated late
    can only bring about what is wanted now. `ticket` changes with each wish; `busy_until` bounds the call under way.
    """

    class Matter(models.TextChoices):
        ACCESS = "access", "May it use the service?"
        CLAIM = "claim", "Whose is it?"
        LIMITS = "limits", "How much may it spend?"

    class Wish(models.TextChoices):
        REVOKE = "revoke", "Shut it out"
        RESTORE = "restore", "Let it in again"
        CLAIM = "claim", "Confirm the claim"
        RELEASE = "release", "End the claim"
        LIMIT = "limit", "Hold it to its guardrails"

    class State(models.TextChoices):
        PENDING = "pending", "Being told"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="instructions")
    matter = models.CharField(max_length=8, choices=Matter)
    wish = models.CharField(max_length=8, choices=Wish)
    # The limits of a wish that has some, whole: what is absent does not limit.
    limits = models.JSONField(default=dict)
    ticket = models.UUIDField(default=uuid.uuid4)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    busy_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "matter"], name="agents_one_instruction")]
        indexes = [
            models.Index(
                fields=["not_before"], name="agents_instructions_waiting", condition=models.Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wish} {self.agent}: {self.state}"


class Replacement(models.Model):
    """One try to replace an agent's token by a sign-up with its contact; written before the call, never repeated."""

    class State(models.TextChoices):
        CALLING = "calling", "Being asked"
        DONE = "done", "Replaced"
        OTHER = "other", "Another agent answered"
        REFUSED = "refused", "Nothing was replaced"
        UNCLEAR = "unclear", "Nobody knows"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="replacements")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.CALLING)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claim"], name="agents_one_replacement_at_once", condition=models.Q(state="calling")
            ),
        ]

    def __str__(self) -> str:
        return f"replacement for {self.claim} is {self.state}"


class ClaimInbox(models.Model):
    """A confirmed address of ours, and when Image Skill was last asked who wants to be claimed by it."""

    address = models.EmailField(unique=True)
    asked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.address


class ServiceClaimRequest(models.Model):
    """An agent that asked Image Skill, not us, for one of our people to claim it. We hold no token of it."""

    inbox = models.ForeignKey(ClaimInbox, on_delete=models.CASCADE, related_name="requests")
    remote_id = models.CharField(max_length=200)
    agent_name = models.CharField(max_length=200, blank=True)
    runtime = models.CharField(max_length=100, blank=True)
    requested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "remote_id"], name="agents_one_service_claim_request")]

    def __str__(self) -> str:
        return f"{self.display_name} asks {self.inbox}"

    @property
    def display_name(self) -> str:
        return shown_name(self.agent_name, self.remote_id)
