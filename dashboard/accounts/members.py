"""Changes to who is in a workspace and in which role."""

from collections.abc import Mapping

from django.db import transaction

from dashboard.accounts.changes import (
    ChangeRefused,
    Members,
    last_owner_keep,
    offers_end,
    owner_require,
    subject_of,
    workspace_change,
)
from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.accounts.selectors import verified_user_get
from dashboard.accounts.services import membership_add, workspace_create
from dashboard.audit.services import audit_record

MAX_OWNED_WORKSPACES = 20


def workspace_rename(*, workspace: Workspace, name: str, actor: User) -> None:
    """Give a workspace another name, audited."""
    with workspace_change(workspace, action="workspace.renamed", actor=actor, subject=_subject(workspace)) as members:
        owner_require(members, actor)
        before = Workspace.objects.get(pk=workspace.pk).name
        Workspace.objects.filter(pk=workspace.pk).update(name=name)
        _audit_workspace("workspace.renamed", workspace, actor, {"name": before}, {"name": name})


def workspace_add(*, name: str, owner: User) -> Workspace:
    """Make a further workspace; raises ChangeRefused for whoever owns many."""
    refusal = ChangeRefused(f"You own {MAX_OWNED_WORKSPACES} workspaces, and more are not possible.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        if owner.memberships.filter(role=Role.OWNER).count() < MAX_OWNED_WORKSPACES:
            return workspace_create(owner=owner, name=name)
        audit_record(action="workspace.created", actor=owner, subject=subject_of(owner), refused=str(refusal))
    raise refusal


def role_change(*, workspace: Workspace, user: User, role: Role, actor: User) -> None:
    """Give a member another role; raises ChangeRefused where nobody would own the workspace any more."""
    with workspace_change(
        workspace, action="membership.role_changed", actor=actor, subject=subject_of(user)
    ) as members:
        owner_require(members, actor)
        _member_require(members, user)
        if role != Role.OWNER:
            last_owner_keep(members, user.pk)
        role_set(members[user.pk], role, actor=actor)


def role_set(membership: Membership, role: Role, *, actor: User) -> None:
    """Write a role down, audited; only within a workspace_change."""
    before = membership.role
    if before == role:
        return
    Membership.objects.filter(pk=membership.pk).update(role=role)
    if before == Role.OWNER:
        offers_end(membership.workspace, membership.user_id)
    audit_record(
        action="membership.role_changed",
        actor=actor,
        workspace_id=membership.workspace_id,
        subject=subject_of(membership.user),
        before={"role": before},
        after={"role": role.value},
    )


def member_remove(*, workspace: Workspace, user: User, actor: User) -> None:
    """Take somebody out, or let them leave where `user` is `actor`; raises ChangeRefused for the last owner."""
    action = "membership.left" if user.pk == actor.pk else "membership.removed"
    with workspace_change(workspace, action=action, actor=actor, subject=subject_of(user)) as members:
        if user.pk != actor.pk:
            owner_require(members, actor)
        _member_require(members, user)
        last_owner_keep(members, user.pk)
        members[user.pk].delete()
        offers_end(workspace, user.pk)
        audit_record(
            action=action,
            actor=actor,
            workspace_id=workspace.pk,
            subject=subject_of(user),
            before={"role": members[user.pk].role},
        )


def ownership_reassign(*, workspace: Workspace, email: str, reason: str, is_sole: bool, actor: User) -> None:
    """Make the person with this confirmed address an owner, as an operator; raises ChangeRefused.

    `is_sole`: everybody who owned it becomes a viewer. The reason is kept in the audit log.
    """
    with workspace_change(
        workspace, action="ownership.reassigned", actor=actor, subject=_subject(workspace)
    ) as members:
        taker = verified_user_get(email)
        if taker is None:
            raise ChangeRefused("Nobody has signed up and confirmed this address.")
        if taker.pk == actor.pk:
            raise ChangeRefused("Operators give workspaces to others, never to themselves.")
        before = _owners(workspace)
        _role_give(members, workspace, taker, actor)
        for one in members.values():
            if is_sole and one.role == Role.OWNER and one.user_id != taker.pk:
                role_set(one, Role.VIEWER, actor=actor)
        after = {"owners": _owners(workspace), "reason": reason}
        _audit_workspace("ownership.reassigned", workspace, actor, {"owners": before}, after)


def _role_give(members: Members, workspace: Workspace, taker: User, actor: User) -> None:
    if taker.pk in members:
        role_set(members[taker.pk], Role.OWNER, actor=actor)
    else:
        membership_add(workspace=workspace, user=taker, role=Role.OWNER, actor=actor)


def _owners(workspace: Workspace) -> list[str]:
    held = Membership.objects.filter(workspace=workspace, role=Role.OWNER).order_by("pk")
    return list(held.values_list("user__email", flat=True))


def _member_require(members: Members, user: User) -> None:
    if user.pk not in members:
        raise ChangeRefused("This person is not a member any more.")


def _subject(workspace: Workspace) -> tuple[str, str, str]:
    return ("workspace", workspace.key, workspace.name)


def _audit_workspace(
    action: str, workspace: Workspace, actor: User, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=workspace.pk,
        subject=_subject(workspace),
        before=before,
        after=after,
    )
