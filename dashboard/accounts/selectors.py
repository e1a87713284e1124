"""Reading people and memberships."""

from allauth.usersessions.models import UserSession
from django.shortcuts import get_object_or_404

from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace


def membership_list(user: User) -> list[Membership]:
    """Return the person's memberships with their workspaces, oldest first; read once a request.

    Kept on the user object, which lives as long as the request: access, navigation and the page share one query.
    """
    kept: list[Membership] | None = getattr(user, "_memberships", None)
    if kept is None:
        kept = list(user.memberships.select_related("workspace").order_by("pk"))
        user._memberships = kept  # type: ignore[attr-defined]  # noqa: SLF001
    return kept


def owner_list(workspace: Workspace) -> list[User]:
    """Return the active owners of a workspace: the people to tell when something needs them."""
    owners = User.objects.filter(memberships__workspace=workspace, memberships__role=Role.OWNER, is_active=True)
    return list(owners.order_by("pk"))


def platform_role_list(user: User) -> list[PlatformRole]:
    """Return the platform roles held, in the order of their navigation."""
    return [role for role in PlatformRole if role in user.platform_roles]


def other_session_get(user: User, *, pk: int, current_key: str | None) -> UserSession:
    """Return one of the person's sessions in another browser; Http404 for the current one and anybody else's."""
    session: UserSession = get_object_or_404(UserSession.objects.exclude(session_key=current_key), pk=pk, user=user)
    return session
