"""Reading people and memberships."""

from dataclasses import dataclass
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from dashboard.accounts.models import Handover, Invitation, Membership, PlatformRole, Role, User, Workspace
from dashboard.lib.prepared import Prepared

PEOPLE_FOUND = 20


_memberships = Prepared(lambda user: Membership.objects.filter(user=user).select_related("workspace").order_by("pk"))


def membership_list(user: User) -> list[Membership]:
    """Return the person's memberships with their workspaces, oldest first; read once a request.

    Kept on the user object, which lives as long as the request: access, navigation and the page share one query.
    """
    kept: list[Membership] | None = getattr(user, "_memberships", None)
    if kept is None:
        kept = _memberships(user=user.pk)
        user._memberships = kept  # type: ignore[attr-defined]  # noqa: SLF001
    return kept


def owner_list(workspace: Workspace) -> list[User]:
    """Return the active owners of a workspace: the people to tell when something needs them."""
    owners = User.objects.filter(memberships__workspace=workspace, memberships__role=Role.OWNER, is_active=True)
    return list(owners.order_by("pk"))


def platform_holder_list(role: PlatformRole) -> list[User]:
    """Return the active holders of a platform role."""
    named = User.objects.filter(platform_roles__icontains=role.value, is_active=True).order_by("pk")
    return [one for one in named if role in one.platform_roles]


def owned_workspaces(user: User) -> list[Workspace]:
    """Return the workspaces that this person owns, the oldest membership first."""
    return [one.workspace for one in membership_list(user) if one.role == Role.OWNER]


def member_list(workspace: Workspace) -> list[Membership]:
    """Return everybody in a workspace, the longest there first."""
    return list(workspace.memberships.select_related("user").order_by("pk"))


def member_get(workspace: Workspace, member_id: int) -> Membership:
    """Return a membership of this workspace; raises Http404 alike for "elsewhere" and "not there"."""
    found = workspace.memberships.select_related("user", "workspace").filter(pk=member_id).first()
    if found is None:
        raise Http404
    return found


def invitation_list(workspace: Workspace) -> list[Invitation]:
    """Return the invitations that wait for an answer, the latest first; those that ran out too, to be sent again."""
    waiting = workspace.invitations.filter(state=Invitation.State.OPEN)
    return list(waiting.select_related("invited_by").order_by("-pk")[:100])


def invitation_get(workspace: Workspace, key: UUID) -> Invitation:
    """Return an open invitation of this workspace; raises Http404."""
    found = workspace.invitations.select_related("workspace", "invited_by").filter(key=key).first()
    if found is None or found.state != Invitation.State.OPEN:
        raise Http404
    return found


def handover_open(workspace: Workspace) -> Handover | None:
    """Return the offer of ownership that waits for an answer."""
    offers = workspace.handovers.filter(state=Handover.State.OPEN, expires_at__gt=timezone.now())
    return offers.select_related("giver", "taker", "workspace").first()


def handover_get(workspace: Workspace) -> Handover:
    """Return the open offer of ownership; raises Http404."""
    found = handover_open(workspace)
    if found is None:
        raise Http404
    return found


def verified_user_get(email: str) -> User | None:
    """Return the active person who confirmed this address."""
    confirmed = User.objects.filter(emailaddress__email__iexact=email, emailaddress__verified=True, is_active=True)
    return confirmed.first()


@dataclass(frozen=True)
class People:
    """What an operator's search found."""

    users: list[User]
    workspaces: list[Workspace]


def people_search(text: str) -> People:
    """Find people by part of their address or name and workspaces by part of a name or the whole key; for operators."""
    text = text.strip()[:160]
    if not text:
        return People([], [])
    of_people = Q(email__icontains=text) | Q(name__icontains=text)
    users = User.objects.filter(of_people).prefetch_related("memberships__workspace").order_by("email")
    workspaces = Workspace.objects.filter(Q(name__icontains=text) | Q(key=text)).order_by("name", "pk")
    counted = workspaces.annotate(members=Count("memberships"))
    return People(list(users[:PEOPLE_FOUND]), list(counted[:PEOPLE_FOUND]))


def workspace_get(key: str) -> Workspace:
    """Return any workspace, for an operator; raises Http404."""
    found = Workspace.objects.filter(key=key).first()
    if found is None:
        raise Http404
    return found


def platform_role_list(user: User) -> list[PlatformRole]:
    """Return the platform roles held, in the order of their navigation."""
    return [role for role in PlatformRole if role in user.platform_roles]


def other_session_get(user: User, *, pk: int, current_key: str | None) -> UserSession:
    """Return one of the person's sessions in another browser; Http404 for the current one and anybody else's."""
    session: UserSession = get_object_or_404(UserSession.objects.exclude(session_key=current_key), pk=pk, user=user)
    return session
