"""Invitations: a one-time link, sent to one address, that gives a role to whoever signs in with that address."""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from dashboard.accounts.changes import ChangeRefused, Members, owner_require, workspace_change
from dashboard.accounts.models import Invitation, Membership, Role, User, Workspace
from dashboard.accounts.services import membership_add
from dashboard.audit.services import audit_record
from dashboard.notify.services import mail_name, mail_queue

INVITATION_DAYS = 7
# A person may own many workspaces, and an address may be invited to many: so each side has a limit of its own.
MAX_HOURLY_OF_WORKSPACE = 20
MAX_HOURLY_OF_INVITER = 20
MAX_HOURLY_OF_RECIPIENT = 3
MAX_DAILY_OF_RECIPIENT = 6
# The one answer for a link that is unknown, used, withdrawn, replaced, too old or another person's.
USELESS = "This invitation does not work, or not for the address that you are signed in with."


def invitation_send(*, workspace: Workspace, email: str, role: Role, actor: User) -> Invitation:
    """Invite an address for seven days; an older invitation of it to this workspace is superseded.

    Raises ChangeRefused: not an owner, a member already, too many.
    """
    email = email.strip().lower()
    with workspace_change(
        workspace, action="invitation.sent", actor=actor, subject=("invitation", email, email)
    ) as members:
        owner_require(members, actor)
        if any(email == one.user.email.lower() for one in members.values()):
            raise ChangeRefused("This person is a member already.")
        _limits_hold(workspace, actor, email)
        return _invitation_make(workspace, email, role, actor)


def _invitation_make(workspace: Workspace, email: str, role: Role, actor: User) -> Invitation:
    now, token = timezone.now(), secrets.token_urlsafe(32)
    older = Invitation.objects.filter(workspace=workspace, email=email, state=Invitation.State.OPEN)
    older.update(state=Invitation.State.SUPERSEDED)
    invitation = Invitation.objects.create(
        workspace=workspace,
        email=email,
        role=role,
        token_hash=token_hash(token),
        invited_by=actor,
        created_at=now,
        expires_at=now + timedelta(days=INVITATION_DAYS),
    )
    mail_queue(
        to=email,
        template="invitation",
        context={
            "inviter": mail_name(actor.name) or "Somebody",
            "workspace": mail_name(workspace.name) or "a workspace",
            "role": role.label.lower(),
            "days": INVITATION_DAYS,
            "url": settings.DASHBOARD_URL + reverse("accounts:invitation_open", args=[token]),
        },
        dedupe_key=f"invitation:{invitation.key}",
        is_secret=True,
    )
    _audit("invitation.sent", invitation, actor)
    return invitation


def _limits_hold(workspace: Workspace, actor: User, email: str) -> None:
    # The person's row is the lock for what they send from several workspaces at once.
    User.objects.select_for_update().get(pk=actor.pk)
    now = timezone.now()
    hour = Invitation.objects.filter(created_at__gt=now - timedelta(hours=1))
    day = Invitation.objects.filter(created_at__gt=now - timedelta(days=1))
    mailbox = _same_mailbox(email)
    if (
        hour.filter(workspace=workspace).count() >= MAX_HOURLY_OF_WORKSPACE
        or hour.filter(invited_by=actor).count() >= MAX_HOURLY_OF_INVITER
        or hour.filter(mailbox).count() >= MAX_HOURLY_OF_RECIPIENT
        or day.filter(mailbox).count() >= MAX_DAILY_OF_RECIPIENT
    ):
        raise ChangeRefused("That were many invitations in a short time. Try again later.")


def _same_mailbox(email: str) -> Q:
    """Match an address with and without a tag: a+1@ and a+2@ reach one person."""
    local, _, domain = email.rpartition("@")
    plain = local.partition("+")[0]
    return Q(email=f"{plain}@{domain}") | Q(email__startswith=f"{plain}+", email__endswith=f"@{domain}")


def invitation_resend(*, invitation: Invitation, actor: User) -> Invitation:
    """Send a new link for the same address and role; the older link stops working. Raises ChangeRefused."""
    return invitation_send(
        workspace=invitation.workspace, email=invitation.email, role=Role(invitation.role), actor=actor
    )


def invitation_revoke(*, invitation: Invitation, actor: User) -> None:
    """Withdraw an invitation; raises ChangeRefused for whoever is no owner."""
    with workspace_change(
        invitation.workspace, action="invitation.revoked", actor=actor, subject=_subject(invitation)
    ) as members:
        owner_require(members, actor)
        if _end(invitation, Invitation.State.REVOKED):
            _audit("invitation.revoked", invitation, actor)


def invitation_for(*, token: str, user: User) -> Invitation | None:
    """Return the invitation that this link is, for this person; None alike for every link that is of no use to them."""
    found = _live(token)
    return found if found and _is_for(found, user) else None


def invitation_accept(*, token: str, user: User) -> Membership:
    """Take the role that the link offers, once; raises ChangeRefused."""
    found = _for_answer(token, user)
    with workspace_change(
        found.workspace, action="invitation.accepted", actor=user, subject=_subject(found)
    ) as members:
        if user.pk in members:
            raise ChangeRefused("You are a member of this workspace already. An owner can change your role.")
        if not _inviter_owns(members, found) or not _end(found, Invitation.State.ACCEPTED):
            raise ChangeRefused(USELESS)
        _audit("invitation.accepted", found, user)
        return membership_add(workspace=found.workspace, user=user, role=Role(found.role), actor=user)


def invitation_decline(*, token: str, user: User) -> None:
    """Refuse what the link offers; it works no more. Raises ChangeRefused."""
    found = _for_answer(token, user)
    with workspace_change(found.workspace, action="invitation.declined", actor=user, subject=_subject(found)):
        if not _end(found, Invitation.State.DECLINED):
            raise ChangeRefused(USELESS)
        _audit("invitation.declined", found, user)


def token_hash(token: str) -> str:
    """Return the keyed hash under which a link is kept: useless without our secret key."""
    return salted_hmac("dashboard.accounts.invitation", token, algorithm="sha256").hexdigest()


def _live(token: str) -> Invitation | None:
    kept = Invitation.objects.filter(token_hash=token_hash(token), state=Invitation.State.OPEN)
    return kept.select_related("workspace", "invited_by").filter(expires_at__gt=timezone.now()).first()


def _is_for(invitation: Invitation, user: User) -> bool:
    own = EmailAddress.objects.filter(user=user, email__iexact=invitation.email, verified=True)
    return bool(own.exists())


def _for_answer(token: str, user: User) -> Invitation:
    found = _live(token)
    if found is None:
        raise ChangeRefused(USELESS)
    if not _is_for(found, user):
        # Somebody holds a link that was sent to another: the owners should be able to see that.
        _audit("invitation.accepted", found, user, refused="signed in with another address")
        raise ChangeRefused(USELESS)
    return found


def _inviter_owns(members: Members, invitation: Invitation) -> bool:
    inviter = members.get(invitation.invited_by_id)
    return inviter is not None and inviter.role == Role.OWNER


def _end(invitation: Invitation, state: Invitation.State) -> bool:
    """End an open invitation; False when somebody was quicker, or it ran out."""
    still = Invitation.objects.filter(pk=invitation.pk, state=Invitation.State.OPEN, expires_at__gt=timezone.now())
    return bool(still.update(state=state))


def _subject(invitation: Invitation) -> tuple[str, str, str]:
    return ("invitation", str(invitation.key), invitation.email)


def _audit(action: str, invitation: Invitation, actor: User, *, refused: str = "") -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=invitation.workspace_id,
        subject=_subject(invitation),
        after={"role": invitation.role, "invited_by": invitation.invited_by.email},
        refused=refused,
    )
