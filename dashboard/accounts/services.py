"""Changes to people, workspaces and roles."""

from django.db import transaction

from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace
from dashboard.audit.services import audit_record


def workspace_create(*, owner: User, name: str) -> Workspace:
    """Make a workspace with its first owner."""
    with transaction.atomic():
        workspace = Workspace.objects.create(name=name)
        membership_add(workspace=workspace, user=owner, role=Role.OWNER, actor=owner)
    return workspace


def membership_add(*, workspace: Workspace, user: User, role: Role, actor: User) -> Membership:
    """Give a person a role in a workspace, audited."""
    with transaction.atomic():
        membership = Membership.objects.create(workspace=workspace, user=user, role=role)
        audit_record(
            action="membership.added",
            actor=actor,
            workspace_id=workspace.pk,
            subject=("user", str(user.pk), user.email),
            after={"role": role.value},
        )
    return membership


def platform_role_grant(*, user: User, role: PlatformRole, actor: User | None) -> bool:
    """Give a person a platform role, audited; False when they held it already. `actor` None: the command line."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if role in user.platform_roles:
            return False
        before = list(user.platform_roles)
        user.platform_roles = [*before, role.value]
        user.save(update_fields=["platform_roles"])
        audit_record(
            action="platform_role.granted",
            actor=actor,
            subject=("user", str(user.pk), user.email),
            before={"platform_roles": before},
            after={"platform_roles": user.platform_roles},
        )
    return True


class LastOperator(Exception):
    """Nobody could run the service any more."""


def platform_role_revoke(*, user: User, role: PlatformRole, actor: User | None, is_forced: bool = False) -> bool:
    """Take a platform role away, audited; False when the person did not hold it.

    Raises LastOperator, audited too, for the only active operator, unless forced.
    """
    with transaction.atomic():
        # Every holder's row is the lock: of two operators taken away at once, one is the last and stays.
        named = User.objects.select_for_update().filter(platform_roles__icontains=role.value).order_by("pk")
        holders = {one.pk: one for one in named if role in one.platform_roles}
        held = holders.pop(user.pk, None)
        if held is None:
            return False
        others = [one for one in holders.values() if one.is_active]
        is_refused = role == PlatformRole.OPERATOR and not others and not is_forced
        before = list(held.platform_roles)
        after = before if is_refused else [one for one in before if one != role]
        held.platform_roles = after
        held.save(update_fields=["platform_roles"])
        audit_record(
            action="platform_role.revoked",
            actor=actor,
            subject=("user", str(held.pk), held.email),
            before={"platform_roles": before},
            after={"platform_roles": after},
            refused="the last operator" if is_refused else "",
        )
    if is_refused:
        raise LastOperator
    return True


def profile_update(*, user: User, name: str, time_zone: str, theme: str) -> None:
    user.name, user.time_zone, user.theme = name, time_zone, theme
    user.save(update_fields=["name", "time_zone", "theme"])


def theme_set(*, user: User, theme: User.Theme) -> None:
    user.theme = theme
    user.save(update_fields=["theme"])
