"""What every change of people has in common: one at a time in a workspace, and its refusal audited."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from dashboard.accounts.models import Handover, Invitation, Membership, Role, User, Workspace
from dashboard.audit.services import audit_record

Members = dict[int, Membership]


class ChangeRefused(Exception):
    """A change of people was not made; the sentence is for whoever asked."""


@contextmanager
def workspace_change(
    workspace: Workspace, *, action: str, actor: User, subject: tuple[str, str, str]
) -> Iterator[Members]:
    """Make a change alone in its workspace, given its members by user id; a ChangeRefused undoes and audits it.

    The workspace's row is the lock: of two owners who leave at once, the second finds the first gone.
    """
    try:
        with transaction.atomic():
            Workspace.objects.select_for_update().get(pk=workspace.pk)
            held = Membership.objects.filter(workspace=workspace).select_related("user").order_by("pk")
            yield {membership.user_id: membership for membership in held}
    except ChangeRefused as refusal:
        audit_record(action=action, actor=actor, workspace_id=workspace.pk, subject=subject, refused=str(refusal))
        raise


def owner_require(members: Members, user: User) -> None:
    """Refuse whoever is no owner now, whatever they were when their page was made."""
    held = members.get(user.pk)
    if held is None or held.role != Role.OWNER:
        raise ChangeRefused("Only an owner of this workspace can do that.")


def last_owner_keep(members: Members, user_id: int) -> None:
    """Refuse to take the role of the only owner who can still sign in."""
    others = [one for one in members.values() if one.role == Role.OWNER and one.user_id != user_id]
    if members[user_id].role == Role.OWNER and not any(one.user.is_active for one in others):
        raise ChangeRefused("A workspace keeps at least one owner. Hand the ownership over first.")


def offers_end(workspace: Workspace, user_id: int) -> None:
    """End what a person offered or was offered as an owner: no offer outlives the power behind it."""
    mine = Invitation.objects.filter(workspace=workspace, invited_by_id=user_id, state=Invitation.State.OPEN)
    mine.update(state=Invitation.State.REVOKED)
    open_offers = Handover.objects.filter(workspace=workspace, state=Handover.State.OPEN)
    (open_offers.filter(giver_id=user_id) | open_offers.filter(taker_id=user_id)).update(state=Handover.State.WITHDRAWN)


def subject_of(user: User) -> tuple[str, str, str]:
    """Return a person as the audit log names them."""
    return ("user", str(user.pk), user.email)
