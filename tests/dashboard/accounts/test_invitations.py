"""Invitations: to one address, once, for seven days; a stolen link is of no use and tells nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.invitations import (
    MAX_DAILY_OF_RECIPIENT,
    MAX_HOURLY_OF_INVITER,
    MAX_HOURLY_OF_RECIPIENT,
    MAX_HOURLY_OF_WORKSPACE,
    USELESS,
    invitation_accept,
    invitation_decline,
    invitation_resend,
    invitation_revoke,
    invitation_send,
)
from dashboard.accounts.members import member_remove, role_change
from dashboard.accounts.models import Invitation, Role, User, Workspace
from dashboard.accounts.services import workspace_create
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from dashboard.notify.services import mail_name, mail_send_due
from tests.dashboard.accounts.conftest import at_once, confirmed, link_token
from tests.dashboard.at_rest import tables_holding

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Browser]


@pytest.fixture
def invited(workspace: Workspace, owner: User, guest: User) -> Invitation:
    return invitation_send(workspace=workspace, email=guest.email, role=Role.BUYER, actor=owner)


@pytest.fixture
def token(invited: Invitation) -> str:
    return link_token()


def role_of(user: User, workspace: Workspace) -> str | None:
    held = workspace.memberships.filter(user=user).first()
    return held.role if held else None


def opened(browser: Browser, token: str) -> Any:
    """Open the link, follow it, and return what is shown."""
    return browser.get(f"/invitation/{token}/", follow=True)


def test_invited_person_joins_with_the_role_that_was_offered(
    token: str, guest: User, owner: User, workspace: Workspace, browser_of: Browsers
) -> None:
    browser = browser_of(guest)
    assert "Join <bdi>Olga&#x27;s studio</bdi>?" in opened(browser, token).content.decode()
    browser.post("/invitation/", {"answer": "accept", "role": "owner", "workspace": "other"})
    assert role_of(guest, workspace) == Role.BUYER
    entry = AuditEntry.objects.get(action="invitation.accepted")
    assert (entry.actor_label, entry.after) == (guest.email, {"role": "buyer", "invited_by": owner.email})


def test_link_leaves_the_address_at_once_and_waits_for_the_sign_in(
    token: str, guest: User, workspace: Workspace
) -> None:
    browser = Browser()
    answer = opened(browser, token)
    assert [step[0] for step in answer.redirect_chain] == ["/invitation/", "/account/login/?next=/invitation/"]
    assert token not in answer.content.decode()
    guest.set_password("correct horse battery")
    guest.save()
    fields = {"login": guest.email, "password": "correct horse battery", "next": "/invitation/"}
    assert "Join" in browser.post("/account/login/", fields, follow=True).content.decode()
    assert role_of(guest, workspace) is None


def test_declined_link_works_no_more(token: str, guest: User, workspace: Workspace, browser_of: Browsers) -> None:
    browser = browser_of(guest)
    opened(browser, token)
    browser.post("/invitation/", {"answer": "decline"})
    assert opened(browser, token).status_code == 404
    with pytest.raises(ChangeRefused):
        invitation_accept(token=token, user=guest)
    assert role_of(guest, workspace) is None


def test_every_useless_link_is_answered_alike(
    token: str, invited: Invitation, owner: User, guest: User, outsider: User, browser_of: Browsers
) -> None:
    """Unknown, another person's, withdrawn, expired and used: one status, one page."""
    browser = browser_of(guest)
    answers = [opened(browser, "nosuchlink")]
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, seconds=1)):
        answers.append(opened(browser_of(guest), token))
    invitation_revoke(invitation=invited, actor=owner)
    answers.append(opened(browser, token))
    invitation_send(workspace=invited.workspace, email=guest.email, role=Role.VIEWER, actor=owner)
    answers.append(opened(browser, token))
    used = link_token()
    invitation_accept(token=used, user=guest)
    answers.append(opened(browser, used))
    assert {answer.status_code for answer in answers} == {404}
    csrf = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert len({csrf.sub("", answer.content.decode()) for answer in answers}) == 1


def test_stolen_link_is_of_no_use_to_another_address_and_the_owners_can_see_it(
    token: str, outsider: User, workspace: Workspace, browser_of: Browsers
) -> None:
    EmailAddress.objects.create(user=outsider, email=outsider.email, verified=True, primary=True)
    browser = browser_of(outsider)
    stolen, unknown = opened(browser, token), opened(browser, "nosuchlink")
    csrf = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
    assert (stolen.status_code, csrf.sub(b"", stolen.content)) == (404, csrf.sub(b"", unknown.content))
    opened(browser, token)
    for answer in ("accept", "decline"):
        assert USELESS in browser.post("/invitation/", {"answer": answer}).content.decode()
    assert role_of(outsider, workspace) is None
    assert Invitation.objects.get().state == "open"
    entry = AuditEntry.objects.filter(outcome="refused").latest("pk")
    assert (entry.workspace_id, entry.actor_label) == (workspace.pk, outsider.email)


def test_address_that_is_not_confirmed_opens_nothing(
    token: str, guest: User, outsider: User, workspace: Workspace
) -> None:
    EmailAddress.objects.filter(user=guest).update(verified=False)
    with pytest.raises(ChangeRefused):
        invitation_accept(token=token, user=guest)
    assert role_of(guest, workspace) is None


@pytest.mark.django_db(transaction=True)
def test_invitation_accepted_twice_at_once_is_accepted_once(token: str, guest: User, workspace: Workspace) -> None:
    accepting = [lambda: invitation_accept(token=token, user=guest)] * 2
    assert at_once(accepting) == ["done", "refused"]
    assert workspace.memberships.filter(user=guest).count() == 1
    assert AuditEntry.objects.filter(action="membership.added", subject_id=str(guest.pk)).count() == 1


@pytest.mark.django_db(transaction=True)
def test_acceptance_beside_a_withdrawal_ends_in_one_of_two(
    token: str, invited: Invitation, owner: User, guest: User, workspace: Workspace
) -> None:
    at_once(
        [
            lambda: invitation_accept(token=token, user=guest),
            lambda: invitation_revoke(invitation=invited, actor=owner),
        ]
    )
    assert (Invitation.objects.get().state == "accepted") == (role_of(guest, workspace) is not None)


@pytest.mark.django_db(transaction=True)
def test_many_accept_at_once_and_each_is_in(owner: User, workspace: Workspace) -> None:
    acts = []
    for number in range(4):
        user = confirmed(f"guest{number}@example.net")
        invitation_send(workspace=workspace, email=user.email, role=Role.VIEWER, actor=owner)
        acts.append(partial(invitation_accept, token=link_token(), user=user))
    assert at_once(acts) == ["done"] * 4
    assert workspace.memberships.count() == 5


def test_sending_again_supersedes_the_older_link(
    token: str, invited: Invitation, guest: User, owner: User, workspace: Workspace
) -> None:
    invitation_resend(invitation=invited, actor=owner)
    with pytest.raises(ChangeRefused):
        invitation_accept(token=token, user=guest)
    invitation_accept(token=link_token(), user=guest)
    assert role_of(guest, workspace) == Role.BUYER
    assert sorted(Invitation.objects.values_list("state", flat=True)) == ["accepted", "superseded"]


def test_invitation_ends_with_the_power_of_who_sent_it(
    owner: User, buyer: User, guest: User, workspace: Workspace
) -> None:
    role_change(workspace=workspace, user=buyer, role=Role.OWNER, actor=owner)
    invitation_send(workspace=workspace, email=guest.email, role=Role.OWNER, actor=buyer)
    member_remove(workspace=workspace, user=buyer, actor=owner)
    with pytest.raises(ChangeRefused):
        invitation_accept(token=link_token(), user=guest)
    assert Invitation.objects.get().state == "revoked"


def test_member_is_not_invited_and_keeps_their_role(owner: User, guest: User, workspace: Workspace, token: str) -> None:
    invitation_accept(token=token, user=guest)
    with pytest.raises(ChangeRefused, match="member already"):
        invitation_send(workspace=workspace, email=guest.email.upper(), role=Role.VIEWER, actor=owner)
    EmailAddress.objects.create(user=guest, email="other@example.net", verified=True)
    invitation_send(workspace=workspace, email="other@example.net", role=Role.OWNER, actor=owner)
    with pytest.raises(ChangeRefused, match="member of this workspace already"):
        invitation_accept(token=link_token(), user=guest)
    assert role_of(guest, workspace) == Role.BUYER


@pytest.mark.parametrize("character", ["buyer", "viewer"])
def test_who_is_no_owner_invites_nobody(
    character: str, buyer: User, viewer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    user = {"buyer": buyer, "viewer": viewer}[character]
    address = reverse("accounts:invitation_new", args=[workspace.key])
    assert browser_of(user).post(address, {"email": "x@example.net", "role": "owner"}).status_code == 403
    with pytest.raises(ChangeRefused):
        invitation_send(workspace=workspace, email="x@example.net", role=Role.OWNER, actor=user)
    assert not OutboxMail.objects.exists()


def test_invitation_of_another_workspace_is_not_there(
    invited: Invitation, outsider: User, browser_of: Browsers
) -> None:
    theirs = outsider.memberships.get().workspace
    for name in ("invitation_again", "invitation_withdrawal"):
        address = reverse(f"accounts:{name}", args=[theirs.key, invited.key])
        assert browser_of(outsider).post(address).status_code == 404
    invited.refresh_from_db()
    assert invited.state == "open"


def test_one_mailbox_is_not_bombed_by_tags_or_by_many_workspaces(owner: User) -> None:
    for number in range(MAX_HOURLY_OF_RECIPIENT):
        elsewhere = workspace_create(owner=owner, name=f"w{number}")
        invitation_send(workspace=elsewhere, email=f"victim+{number}@example.net", role=Role.VIEWER, actor=owner)
    with pytest.raises(ChangeRefused, match="Try again later"):
        invitation_send(
            workspace=workspace_create(owner=owner, name="w"), email="victim@example.net", role=Role.VIEWER, actor=owner
        )
    assert OutboxMail.objects.count() == MAX_HOURLY_OF_RECIPIENT
    assert AuditEntry.objects.latest("pk").outcome == "refused"


def test_day_has_a_limit_for_a_recipient_too(owner: User, workspace: Workspace) -> None:
    start, sent = datetime.now(UTC), 0
    for hour in range(4):
        with time_machine.travel(start + timedelta(hours=hour, minutes=hour)):
            for _ in range(MAX_HOURLY_OF_RECIPIENT):
                try:
                    invitation_send(workspace=workspace, email="v@example.net", role=Role.VIEWER, actor=owner)
                except ChangeRefused:
                    continue
                sent += 1
    assert sent == MAX_DAILY_OF_RECIPIENT


def test_workspace_and_inviter_have_limits(owner: User, workspace: Workspace) -> None:
    for number in range(MAX_HOURLY_OF_WORKSPACE):
        invitation_send(workspace=workspace, email=f"p{number}@example.net", role=Role.VIEWER, actor=owner)
    assert MAX_HOURLY_OF_INVITER == MAX_HOURLY_OF_WORKSPACE
    for where in (workspace, workspace_create(owner=owner, name="other")):
        with pytest.raises(ChangeRefused, match="Try again later"):
            invitation_send(workspace=where, email="last@example.net", role=Role.VIEWER, actor=owner)


def test_link_is_kept_nowhere_once_the_mail_is_out(token: str, guest: User) -> None:
    mail_send_due()
    assert token in str(mail.outbox[-1].body)
    assert tables_holding(token) == []


@pytest.mark.parametrize(
    ("name", "in_mail"),
    [
        ("Olga's studio", "Olga's studio"),
        ("Müller & Söhne, Inc.", "Müller & Söhne, Inc."),
        ("स्टूडियो", "स्टूडियो"),
        ("Win at https://evil.test/x", "Win at https evil. test x"),
        ("pay evil.test now", "pay evil. test now"),
        ("a@evil.test", "a evil. test"),
        ("one\r\nBcc: x@evil.test\n\nHello", "one Bcc x evil. test Hello"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}b\u2028c\x00d", "a b c d"),
        ("<b>x</b>", "b x b"),
        ("y" * 200, "y" * 60),
        ("\u200b", ""),
    ],
)
def test_name_in_a_mail_is_one_short_line_without_a_link(name: str, in_mail: str) -> None:
    assert mail_name(name) == in_mail


def test_mail_says_nothing_but_the_two_names(owner: User, workspace: Workspace, guest: User) -> None:
    User.objects.filter(pk=owner.pk).update(name="Bank\nhttps://evil.test")
    Workspace.objects.filter(pk=workspace.pk).update(name="x" * 80)
    owner.refresh_from_db()
    workspace.refresh_from_db()
    invitation_send(workspace=workspace, email=guest.email, role=Role.VIEWER, actor=owner)
    sent = OutboxMail.objects.latest("pk")
    assert "evil.test" not in sent.subject + sent.text + sent.html
    assert "x" * 61 not in sent.subject + sent.text + sent.html
    assert owner.email not in sent.text


def test_late_answer_declines_nothing(token: str, guest: User) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8)), pytest.raises(ChangeRefused):
        invitation_decline(token=token, user=guest)
