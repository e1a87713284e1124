"""Reading agents, claims and ceremonies, always within a workspace."""

from datetime import datetime
from functools import cache
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.addresses import verified_addresses
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim, ClaimAttempt, Instruction, shown_name
from dashboard.lib.paging import Page, page_get
from dashboard.lib.prepared import Prepared

PAGE_SIZE = 50


def claim_list(workspace: Workspace) -> QuerySet[Claim]:
    """Return the open claims of a workspace with their agents."""
    return Claim.objects.filter(workspace=workspace, released_at=None).select_related("agent")


def claim_list_nearest_empty(workspace: Workspace, *, limit: int) -> QuerySet[Claim]:
    """Return the claims whose token is refused, then those whose agents have the fewest credits, unknown ones first.

    They are chosen in a query within: what a caller adds to the columns is worked out for these alone.
    """
    refused_first = F("token_refused_at").asc(nulls_last=True)
    left = Coalesce(F("agent__free_credits") + F("agent__paid_credits"), -1)
    order = (refused_first, left, "pk")
    nearest = claim_list(workspace).order_by(*order).values("pk")[:limit]
    return claim_list(workspace).filter(pk__in=nearest).order_by(*order)


def claim_list_out_of_credits(workspace: Workspace) -> QuerySet[Claim]:
    """Return the claims whose agents credits would help today: those that have used today's jobs are not among them."""
    return _claims_able(workspace).filter(_has_no_credits()).exclude(agent__daily_jobs_remaining__lte=0)


def claim_list_wanting(workspace: Workspace) -> QuerySet[Claim]:
    """Return the claims whose agents are blocked, or for which the service advises a top-up."""
    return _claims_able(workspace).filter(_is_blocked() | ~Q(agent__top_up_advice=""))


def _claims_able(workspace: Workspace) -> QuerySet[Claim]:
    """Return the claims that need no other thing first: nobody stopped them, their token works, and their agent may."""
    left = Coalesce("agent__free_credits", 0) + Coalesce("agent__paid_credits", 0)
    able = claim_list(workspace).filter(stopped_at=None, token_refused_at=None)
    return able.alias(left=left).exclude(agent__claim_state="revoked")


def _is_blocked() -> Q:
    return Q(agent__daily_jobs_remaining__lte=0) | _has_no_credits()


def _has_no_credits() -> Q:
    is_told = Q(agent__free_credits__isnull=False) | Q(agent__paid_credits__isnull=False)
    return Q(is_told, left__lte=0)


def seen_since_column() -> Combinable:
    """Return since when the workspace of each open claim sees what its agent does, to be annotated to a query of these.

    A first claim brings the agent's past along. What it did while another workspace held it stays with that one.
    """
    elsewhere = Claim.objects.filter(agent=OuterRef("agent")).exclude(workspace=OuterRef("workspace"))
    left = Subquery(elsewhere.order_by("-released_at").values("released_at")[:1])
    return Coalesce(left, "agent__registered_at", "claimed_at")


def claim_page(workspace: Workspace, *, cursor: str) -> Page[Claim]:
    """Return a page of the workspace's claims, the newest first."""
    return page_get(claim_list(workspace), by="claimed_at", cursor=cursor, size=PAGE_SIZE)


def agent_list_ever(workspace: Workspace) -> QuerySet[Agent]:
    """Return the agents that a workspace holds or held."""
    return Agent.objects.filter(pk__in=Claim.objects.filter(workspace=workspace).values("agent"))


def agent_names(workspace: Workspace, *, limit: int) -> list[tuple[str, str]]:
    """Return (remote id, shown name) of so many agents that a workspace holds or held, by name."""
    return [(remote_id, shown_name(name, remote_id)) for remote_id, name in _names(limit)(workspace=workspace.pk)]


def agents_called(workspace: Workspace, said: str) -> list[tuple[str, str]]:
    """Return (remote id, shown name) of the agents that a workspace holds or held with this id or name; few at most."""
    rows = agent_list_ever(workspace).filter(Q(remote_id=said) | Q(name__iexact=said)).order_by("name", "pk")
    return [(remote_id, shown_name(name, remote_id)) for remote_id, name in rows.values_list("remote_id", "name")[:10]]


@cache
def _names(limit: int) -> Prepared[tuple[str, str]]:
    return Prepared(
        lambda workspace: (
            agent_list_ever(Workspace(pk=workspace)).order_by("name", "pk").values_list("remote_id", "name")[:limit]
        )
    )


def claim_get(workspace: Workspace, remote_id: str, **columns: Combinable) -> Claim:
    """Return the open claim on an agent; raises Http404 alike for "not yours" and "not there".

    `claim_told` and `claim_told_problem` say how telling Image Skill of the claim stands; None where it was not told.
    It carries `columns` as well.
    """
    claim = claim_list_told(workspace).annotate(**columns).filter(agent__remote_id=remote_id).first()
    if claim is None:
        raise Http404
    return claim


def claim_list_told(workspace: Workspace) -> QuerySet[Claim]:
    """Return the open claims of a workspace with their people, and with how telling Image Skill of each stands."""
    told = Instruction.objects.filter(agent_id=OuterRef("agent_id"), wish=Instruction.Wish.CLAIM)
    claims = claim_list(workspace).select_related("workspace", "claimed_by", "stopped_by")
    return claims.annotate(claim_told=told.values("state")[:1], claim_told_problem=told.values("problem")[:1])


def claim_of_agent(agent_id: int) -> Claim | None:
    """Return the open claim on an agent, whoever holds it; for background work and ceremonies alone."""
    open_claims = Claim.objects.filter(agent_id=agent_id, released_at=None)
    return open_claims.select_related("agent", "workspace").first()


def attempt_get(workspace: Workspace, user: User, key: UUID) -> ClaimAttempt:
    """Return an attempt that this person decides on in this workspace; raises Http404.

    Either they began it here, or an agent asked an address of theirs: then it is bound to this workspace in memory.
    """
    asked = Q(way=ClaimAttempt.Way.AGENT, contact__in=verified_addresses(user))
    mine = Q(workspace=workspace, started_by=user) | asked & (Q(workspace=None) | Q(workspace=workspace))
    attempt = ClaimAttempt.objects.filter(mine, key=key).first()
    if attempt is None:
        raise Http404
    attempt.workspace = workspace
    return attempt


def claim_requests_for(user: User) -> list[ClaimAttempt]:
    """Return the agents that wait for this person's answer at one of their confirmed addresses, the latest first."""
    return _asked_at(user=user.pk, at=timezone.now())


def claim_requests_open(user: User, *, at: datetime) -> QuerySet[ClaimAttempt]:
    """Return what waited at a moment for this person's answer."""
    return ClaimAttempt.objects.filter(
        way=ClaimAttempt.Way.AGENT,
        contact__in=verified_addresses(user),
        state=ClaimAttempt.State.PRESENTED,
        expires_at__gt=at,
    )


_asked_at = Prepared(lambda user, at: claim_requests_open(User(pk=user), at=at).order_by("-pk"))


def attempt_is_over(attempt: ClaimAttempt) -> bool:
    """Tell whether an open attempt has run out, before the sweep has written it down."""
    return attempt.state in ClaimAttempt.OPEN and attempt.expires_at <= timezone.now()


def known_claim(attempt: ClaimAttempt) -> Claim | None:
    """Return the claim that this workspace already holds on the presented agent: confirming renews its token."""
    if not attempt.remote_id:
        return None
    held = Claim.objects.filter(workspace=attempt.workspace, released_at=None)
    return held.select_related("agent").filter(agent__remote_id=attempt.remote_id).first()


def renewal_fault(attempt: ClaimAttempt) -> str:
    """Return why this agent cannot renew the link that the ceremony was begun for; empty if it can."""
    if attempt.renews is None:
        return ""
    if attempt.renews.released_at:
        return "has no link to renew any more"
    agent = attempt.renews.agent
    if (agent.remote_id, agent.organization_id) != (attempt.remote_id, attempt.organization_id):
        return "is another than the one whose link you renew"
    return ""
