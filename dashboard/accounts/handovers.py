"""Handing a workspace over: an owner offers it to a member, who becomes the owner by accepting."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.changes import ChangeRefused, owner_require, subject_of, workspace_change
from dashboard.accounts.members import role_set
from dashboard.accounts.models import Handover, Role, User, Workspace
from dashboard.audit.services import audit_record
from dashboard.notify.services import mail_name, mail_queue

HANDOVER_DAYS = 7


def handover_start(*, workspace: Workspace, taker: User, actor: User) -> Handover:
    """Offer a member the ownership for seven days; an older offer ends. Nothing changes until they accept.

    Raises ChangeRefused.
    """
    with workspace_change(workspace, action="ownership.offered", actor=actor, subject=subject_of(taker)) as members:
        owner_require(members, actor)
        held = members.get(taker.pk)
        if held is None or held.role == Role.OWNER or not taker.is_active:
            raise ChangeRefused("Choose a member who is not an owner yet.")
        now = timezone.now()
        Handover.objects.filter(workspace=workspace, state=Handover.State.OPEN).update(state=Handover.State.WITHDRAWN)
        handover = Handover.objects.create(
            workspace=workspace,
            giver=actor,
            taker=taker,
            created_at=now,
            expires_at=now + timedelta(days=HANDOVER_DAYS),
        )
        _mail(handover)
        _audit("ownership.offered", handover, actor)
    return handover


def handover_accept(*, handover: Handover, user: User) -> None:
    """Make the taker the owner and the giver a buyer, in one step; raises ChangeRefused for an offer that is over."""
    workspace = handover.workspace
    with workspace_change(
        workspace, action="ownership.handed_over", actor=user, subject=subject_of(handover.taker)
    ) as members:
        owner_require(members, handover.giver)
        if user.pk != handover.taker_id or user.pk not in members or not _end(handover, Handover.State.ACCEPTED):
            raise ChangeRefused("This offer is over.")
        before = {handover.giver.email: members[handover.giver_id].role, user.email: members[user.pk].role}
        role_set(members[user.pk], Role.OWNER, actor=user)
        role_set(members[handover.giver_id], Role.BUYER, actor=user)
        after = {handover.giver.email: Role.BUYER.value, user.email: Role.OWNER.value}
        _audit("ownership.handed_over", handover, user, before=before, after=after)


def handover_decline(*, handover: Handover, user: User) -> None:
    """End an offer: the taker does not want it, or an owner takes it back."""
    is_taker = user.pk == handover.taker_id
    action = "ownership.declined" if is_taker else "ownership.offer_withdrawn"
    with workspace_change(handover.workspace, action=action, actor=user, subject=subject_of(handover.taker)) as members:
        if not is_taker:
            owner_require(members, user)
        if _end(handover, Handover.State.DECLINED if is_taker else Handover.State.WITHDRAWN):
            _audit(action, handover, user)


def _end(handover: Handover, state: Handover.State) -> bool:
    still = Handover.objects.filter(pk=handover.pk, state=Handover.State.OPEN, expires_at__gt=timezone.now())
    return bool(still.update(state=state))


def _mail(handover: Handover) -> None:
    mail_queue(
        to=handover.taker.email,
        template="handover",
        context={
            "giver": mail_name(handover.giver.name) or "An owner",
            "workspace": mail_name(handover.workspace.name) or "a workspace",
            "days": HANDOVER_DAYS,
            "url": settings.DASHBOARD_URL + reverse("accounts:settings", args=[handover.workspace.key]),
        },
        dedupe_key=f"handover:{handover.pk}",
    )


def _audit(
    action: str,
    handover: Handover,
    actor: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=handover.workspace_id,
        subject=subject_of(handover.taker),
        before=before or {"owner": handover.giver.email},
        after=after or {"offered_to": handover.taker.email},
    )
