"""What is so now, for the kinds of a workspace: each reader is one statement, whatever the number of agents.

A reader yields whatever is beyond its kind's widest level, and everything that has an open alert; a figure of None says
that nobody knows, which changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Count, DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Lower, TruncDay

from dashboard.accounts.models import Membership, Role
from dashboard.agents.models import Claim, ClaimAttempt, QuotaSnapshot, ServiceClaimRequest
from dashboard.alerts.kinds import (
    BALANCES,
    CLAIM_REQUEST,
    DAILY_CAP,
    DISPUTE,
    HAND_OFF,
    KNOWN_GAP,
    LOW_BALANCE,
    NEGATIVE_BALANCE,
    PURCHASE_STUCK,
    SYNC_STALE,
    TOKEN_STOPPED,
    Kind,
)
from dashboard.alerts.models import Alert, Audience
from dashboard.credits.following import LATE_AFTER as GRANT_LATE_AFTER
from dashboard.credits.models import HandOffMute, Purchase, Reversal
from dashboard.freshness.models import KnownGap, Stream, SyncCursor
from dashboard.freshness.selectors import LATE_AFTER, STALE_AFTER

CHUNK = 2_000
# An occurrence has no end of its own: it stands open so long after it was noticed.
OCCURRENCES_OPEN = timedelta(days=14)
DISPUTES_OPEN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing and its figure; `workspace_id` None: of the platform. `label` is a name from outside."""

    workspace_id: int | None
    subject_id: str
    label: str
    figure: int | None
    figures: dict[str, int] = field(default_factory=dict)
    agent_id: int | None = None
    user_id: int | None = None


Reader = Callable[[datetime], Iterator[Fact]]


def _label(name: str, remote_id: str) -> str:
    return (" ".join(name.split()) or remote_id)[:200]


def open_alert(kind: Kind) -> QuerySet[Alert]:
    """Return the open alert of a kind about the agent of an outer claim."""
    return Alert.objects.filter(
        audience=kind.audience,
        workspace=OuterRef("workspace") if kind.audience == Audience.WORKSPACE else None,
        kind=kind.name,
        subject_id=OuterRef("agent__remote_id"),
        ended_at=None,
    )


def agent_fact(claim: Claim, figure: int | None, figures: dict[str, int]) -> Fact:
    """Return a figure of a claimed agent."""
    agent = claim.agent
    return Fact(claim.workspace_id, agent.remote_id, _label(agent.name, agent.remote_id), figure, figures, agent.pk)


def _claims(kind: Kind, concerned: Q, **more: Combinable) -> QuerySet[Claim]:
    """Return the open claims that concern a kind, or have an open alert of it."""
    held = Claim.objects.filter(released_at=None).alias(is_told=Exists(open_alert(kind)), **more)
    return held.filter(concerned | Q(is_told=True)).select_related("agent").order_by("pk")


def _agent_facts(claims: QuerySet[Claim], name: str, figure: Callable[[Claim], int | None]) -> Iterator[Fact]:
    for claim in claims.iterator(chunk_size=CHUNK):
        value = figure(claim)
        yield agent_fact(claim, value, {} if value is None else {name: value})


def _is_followed(claim: Claim) -> bool:
    """Tell whether the figures that we hold still move: not behind a dead token, a stop or a revocation."""
    return not (claim.needs_relink or claim.is_stopped or claim.agent.claim_state == "revoked")


def _credits(claim: Claim) -> int | None:
    return claim.agent.credits if _is_followed(claim) else None


def low_balance(_now: datetime) -> Iterator[Fact]:
    """Yield what agents have left; of a debt another kind tells."""
    told = Subquery(open_alert(LOW_BALANCE).values("level")[:1])
    dated = _low(LOW_BALANCE).annotate(level_told=Coalesce(told, 0), day=TruncDay("agent__quota_at", tzinfo=UTC))
    for claim in dated.annotate(**_paid_columns()).iterator(chunk_size=CHUNK):
        left = _credits(claim)
        if left is None or left < 0:
            yield agent_fact(claim, None, {})
            continue
        free_a_day = claim.agent.free_credits_per_day or 0
        figures = {"credits": left, **({"free_a_day": free_a_day} if free_a_day > 0 else {})}
        # Credits that come back by themselves are the mildest news; what was told stays until it is so no more.
        is_calm = free_a_day > 0 and not _was_paid(claim)
        yield agent_fact(claim, BALANCES.eased(left, max(claim.level_told, 1)) if is_calm else left, figures)


def _paid_columns() -> dict[str, Combinable]:
    """Return the paid credits of an agent when the `day` of its balance began, and whether it had any since."""
    read = QuotaSnapshot.objects.filter(agent=OuterRef("agent"))
    before = read.filter(taken_at__lt=OuterRef("day")).order_by("-taken_at").values("paid_credits")[:1]
    return {
        "paid_before": Subquery(before),
        "paid_since": Exists(read.filter(taken_at__gte=OuterRef("day"), paid_credits__gt=0)),
    }


def _was_paid(claim: Any) -> bool:  # noqa: ANN401 - a claim with `_paid_columns` beside it
    """Tell whether an agent had other credits than the day's free ones: when the day began, or at any time of it."""
    return (claim.agent.paid_credits or 0) > 0 or (claim.paid_before or 0) > 0 or claim.paid_since


def negative_balance(_now: datetime) -> Iterator[Fact]:
    return balances(NEGATIVE_BALANCE)


def balances(kind: Kind) -> Iterator[Fact]:
    """Yield the credits of the agents that concern a kind of balance."""
    return _agent_facts(_low(kind), "credits", _credits)


def _low(kind: Kind) -> QuerySet[Claim, Any]:
    left = Coalesce("agent__free_credits", 0) + Coalesce("agent__paid_credits", 0)
    is_told = Q(agent__free_credits__isnull=False) | Q(agent__paid_credits__isnull=False)
    return _claims(kind, is_told & Q(left__lte=kind.ladder.widest), left=left)


def daily_cap(_now: datetime) -> Iterator[Fact]:
    claims = _claims(DAILY_CAP, Q(agent__daily_jobs_remaining__lte=0))
    return _agent_facts(claims, "jobs", lambda claim: claim.agent.daily_jobs_remaining if _is_followed(claim) else None)


def token_stopped(_now: datetime) -> Iterator[Fact]:
    claims = _claims(TOKEN_STOPPED, Q(token_refused_at__isnull=False))
    return _agent_facts(claims, "refused", lambda claim: int(claim.needs_relink))


def hand_off(now: datetime) -> Iterator[Fact]:
    """Yield what agents ask their people to pay: of all workspaces what `hand_offs_open` says of one."""
    muted = HandOffMute.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"))
    asked = Purchase.objects.filter(
        origin=Purchase.Origin.AGENT,
        state=Purchase.State.OPEN,
        status_at__isnull=False,
        granted_at=None,
        dismissed_at=None,
    )
    return _purchase_facts(asked.exclude(expires_at__lte=now).filter(~Exists(muted), _held()))


def purchase_stuck(now: datetime) -> Iterator[Fact]:
    return _purchase_facts(purchases_stuck(now))


def purchases_stuck(now: datetime) -> QuerySet[Purchase]:
    """Return what was paid and has no credits yet, when its own page begins to call that late."""
    paid = Purchase.objects.filter(state=Purchase.State.PAID, granted_at=None)
    return paid.alias(since=Coalesce("paid_at", "opened_at")).filter(since__lte=now - GRANT_LATE_AFTER)


def dispute(now: datetime) -> Iterator[Fact]:
    for purchase in purchases_disputed(now).iterator(chunk_size=CHUNK):
        yield Fact(
            purchase.workspace_id,
            str(purchase.key),
            purchase.agent.display_name[:200],
            int(not purchase.is_reinstated),
            {} if purchase.taken is None else {"credits": -purchase.taken},
            purchase.agent_id,
        )


def purchases_disputed(now: datetime) -> Any:  # noqa: ANN401 - purchases with `taken` and `is_reinstated` beside them
    """Return the purchases with a dispute of the last `DISPUTES_OPEN`; a lost one has no event that ends it."""
    steps = Reversal.objects.filter(purchase=OuterRef("pk"))
    disputed = steps.filter(kind=Reversal.Kind.DISPUTED, occurred_at__gte=now - DISPUTES_OPEN)
    latest = disputed.order_by("-occurred_at", "-pk")
    back = steps.filter(kind=Reversal.Kind.REINSTATED, occurred_at__gte=OuterRef("disputed_at"))
    found = Purchase.objects.filter(
        pk__in=Reversal.objects.filter(kind=Reversal.Kind.DISPUTED, occurred_at__gte=now - DISPUTES_OPEN).values(
            "purchase"
        )
    )
    dated = found.annotate(disputed_at=latest.values("occurred_at")[:1], taken=latest.values("credits_delta")[:1])
    return dated.annotate(is_reinstated=Exists(back)).select_related("agent").order_by("pk")


def _held() -> Exists:
    return Exists(Claim.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"), released_at=None))


def _purchase_facts(purchases: QuerySet[Purchase]) -> Iterator[Fact]:
    for one in purchases.select_related("agent").order_by("pk").iterator(chunk_size=CHUNK):
        figures = {"credits": one.credits} if one.credits else {}
        yield Fact(one.workspace_id, str(one.key), one.agent.display_name[:200], 1, figures, one.agent_id)


def claim_request(_now: datetime) -> Iterator[Fact]:
    """Yield who asked Image Skill for one of our people; whoever asked us was mailed about by the claim itself."""
    address = EmailAddress.objects.annotate(lower=Lower("email")).filter(
        lower=OuterRef("inbox__address"), verified=True
    )
    owned = Membership.objects.filter(user=OuterRef("asked_id"), role=Role.OWNER).order_by("pk")
    held = Claim.objects.filter(agent__remote_id=OuterRef("remote_id"), released_at=None)
    mailed = ClaimAttempt.objects.filter(
        way=ClaimAttempt.Way.AGENT,
        state=ClaimAttempt.State.PRESENTED,
        remote_id=OuterRef("remote_id"),
        contact__iexact=OuterRef("inbox__address"),
    )
    asking = ServiceClaimRequest.objects.filter(~Exists(held), ~Exists(mailed))
    asking = asking.annotate(asked_id=address.values("user")[:1]).annotate(place_id=owned.values("workspace")[:1])
    rows = asking.filter(place_id__isnull=False).order_by("pk")
    for row in rows.iterator(chunk_size=CHUNK):
        yield Fact(row.place_id, str(row.pk), row.display_name[:200], 1, user_id=row.asked_id)


def sync_stale(now: datetime) -> Iterator[Fact]:
    """Yield each workspace once, however many of its agents are late."""
    named = agents_followed().values("workspace_id", "workspace__key", "workspace__name")
    rows: Any = named.annotate(**late_and_stale(now)).order_by("workspace_id")
    for row in rows.iterator(chunk_size=CHUNK):
        yield stale_fact(row["workspace_id"], row["workspace__key"], row["workspace__name"], row)


def agents_followed() -> QuerySet[Claim]:
    """Return the claims whose agents should be read all the time, with `read_at`."""
    cursors = SyncCursor.objects.filter(stream=Stream.AGENT, subject_id=OuterRef("agent_id"))
    followed = Claim.objects.filter(released_at=None, token_refused_at=None, stopped_at=None)
    read_at = Coalesce(Subquery(cursors.values("synced_at")[:1]), "claimed_at")
    return followed.exclude(agent__claim_state="revoked").annotate(read_at=read_at)


def late_and_stale(now: datetime) -> dict[str, Count]:
    """Return how many agents there are, how many are late and how many nearly, as aggregates."""
    return {
        "agents": Count("pk"),
        "late": Count("pk", filter=Q(read_at__lte=now - LATE_AFTER)),
        "stale": Count("pk", filter=Q(read_at__lte=now - STALE_AFTER)),
    }


def stale_fact(workspace_id: int | None, subject_id: str, label: str, row: Mapping[str, int]) -> Fact:
    """Return the figure of a place: 2 where an agent is late, 1 while one is nearly, 0 when all are read."""
    figures = {"late": row["late"], "agents": row["agents"], "hours": int(LATE_AFTER.total_seconds()) // 3600}
    return Fact(workspace_id, subject_id, label, 2 if row["late"] else int(row["stale"] > 0), figures)


def known_gap(now: datetime) -> Iterator[Fact]:
    """Yield the latest stretch that could not be read of each agent, while it is news."""
    gaps = KnownGap.objects.filter(
        stream=Stream.AGENT,
        subject_id=OuterRef("agent_id"),
        noticed_at__gte=Greatest(OuterRef("claimed_at"), Value(now - OCCURRENCES_OPEN, output_field=DateTimeField())),
    )
    held = Claim.objects.filter(released_at=None).annotate(gap_id=gaps.order_by("-pk").values("pk")[:1])
    for claim in held.filter(gap_id__isnull=False).select_related("agent").order_by("pk").iterator(chunk_size=CHUNK):
        yield Fact(claim.workspace_id, str(claim.gap_id), claim.agent.display_name[:200], 1, agent_id=claim.agent_id)


READERS: dict[Kind, Reader] = {
    LOW_BALANCE: low_balance,
    NEGATIVE_BALANCE: negative_balance,
    DAILY_CAP: daily_cap,
    TOKEN_STOPPED: token_stopped,
    HAND_OFF: hand_off,
    PURCHASE_STUCK: purchase_stuck,
    DISPUTE: dispute,
    CLAIM_REQUEST: claim_request,
    SYNC_STALE: sync_stale,
    KNOWN_GAP: known_gap,
}
