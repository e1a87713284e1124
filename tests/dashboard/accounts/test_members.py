"""Roles, removal, leaving and names: who may, who stays, and what the audit log keeps."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.members import (
    MAX_OWNED_WORKSPACES,
    member_remove,
    ownership_reassign,
    role_change,
    workspace_add,
)
from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.audit.models import AuditEntry
from tests.dashboard.accounts.conftest import at_once

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Browser]


def role_of(user: User, workspace: Workspace) -> str | None:
    held = Membership.objects.filter(user=user, workspace=workspace).first()
    return held.role if held else None


def url(name: str, workspace: Workspace, user: User | None = None) -> str:
    more = [workspace.memberships.get(user=user).pk] if user else []
    return reverse(f"accounts:{name}", args=[workspace.key, *more])


def latest() -> AuditEntry:
    return AuditEntry.objects.latest("pk")


@pytest.fixture
def second_owner(buyer: User, workspace: Workspace, owner: User) -> User:
    role_change(workspace=workspace, user=buyer, role=Role.OWNER, actor=owner)
    return buyer


def test_owner_changes_a_role_and_the_log_keeps_both(
    owner: User, buyer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    browser_of(owner).post(url("member_role", workspace, buyer), {"role": "viewer"})
    assert role_of(buyer, workspace) == Role.VIEWER
    entry = latest()
    assert (entry.action, entry.before, entry.after) == (
        "membership.role_changed",
        {"role": "buyer"},
        {"role": "viewer"},
    )
    assert (entry.actor_label, entry.subject_label) == (owner.email, buyer.email)


def test_last_owner_can_neither_step_down_nor_leave(owner: User, workspace: Workspace, browser_of: Browsers) -> None:
    browser = browser_of(owner)
    stepped = browser.post(url("member_role", workspace, owner), {"role": "buyer"})
    left = browser.post(url("member_leave", workspace))
    assert (stepped.status_code, left.status_code) == (422, 422)
    assert "Hand the ownership over first" in left.content.decode()
    assert role_of(owner, workspace) == Role.OWNER
    assert list(AuditEntry.objects.filter(outcome="refused").values_list("action", flat=True)) == [
        "membership.role_changed",
        "membership.left",
    ]


def test_owner_who_is_disabled_does_not_count(owner: User, second_owner: User, workspace: Workspace) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(ChangeRefused):
        member_remove(workspace=workspace, user=second_owner, actor=second_owner)


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays(owner: User, second_owner: User, workspace: Workspace) -> None:
    leaving = [lambda who=who: member_remove(workspace=workspace, user=who, actor=who) for who in (owner, second_owner)]
    assert at_once(leaving) == ["done", "refused"]
    assert workspace.memberships.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_demote_each_other_at_once_one_stays(
    owner: User, second_owner: User, workspace: Workspace
) -> None:
    pairs = ((owner, second_owner), (second_owner, owner))
    demoting = [
        lambda actor=actor, user=user: role_change(workspace=workspace, user=user, role=Role.VIEWER, actor=actor)
        for actor, user in pairs
    ]
    assert at_once(demoting) == ["done", "refused"]
    assert workspace.memberships.filter(role=Role.OWNER).count() == 1


def test_removed_member_is_out_and_may_not_act(
    owner: User, buyer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    browser = browser_of(buyer)
    assert browser_of(owner).post(url("member_removal", workspace, buyer)).status_code == 302
    assert role_of(buyer, workspace) is None
    assert (latest().action, latest().before) == ("membership.removed", {"role": "buyer"})
    assert browser.get(url("settings", workspace)).status_code == 404


def test_member_leaves(viewer: User, workspace: Workspace, browser_of: Browsers) -> None:
    browser = browser_of(viewer)
    assert browser.post(url("member_leave", workspace)).status_code == 302
    assert role_of(viewer, workspace) is None


def test_owner_demoted_meanwhile_changes_nobody(
    owner: User, second_owner: User, viewer: User, workspace: Workspace
) -> None:
    role_change(workspace=workspace, user=owner, role=Role.BUYER, actor=second_owner)
    with pytest.raises(ChangeRefused, match="Only an owner"):
        role_change(workspace=workspace, user=viewer, role=Role.OWNER, actor=owner)
    assert latest().outcome == "refused"


@pytest.mark.parametrize("character", ["buyer", "viewer"])
def test_who_is_no_owner_changes_no_role_not_even_their_own(
    character: str, buyer: User, viewer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    user = {"buyer": buyer, "viewer": viewer}[character]
    answer = browser_of(user).post(url("member_role", workspace, user), {"role": "owner"})
    assert answer.status_code == 403
    assert role_of(user, workspace) == character


def test_extra_fields_raise_nobody(owner: User, viewer: User, workspace: Workspace, browser_of: Browsers) -> None:
    extra = {"role": "owner", "platform_roles": "operator", "is_active": "1", "user": str(viewer.pk)}
    browser = browser_of(viewer)
    browser.post(url("workspace_name", workspace), {"name": "Mine", **extra})
    browser_of(owner).post(url("workspace_name", workspace), {"name": "Ours", **extra})
    viewer.refresh_from_db()
    workspace.refresh_from_db()
    assert (role_of(viewer, workspace), viewer.platform_roles, workspace.name) == ("viewer", [], "Ours")


@pytest.mark.parametrize("role", ["operator", "", "OWNER", "admin"])
def test_role_that_is_none_is_refused(
    role: str, owner: User, buyer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    answer = browser_of(owner).post(url("member_role", workspace, buyer), {"role": role})
    assert answer.status_code == 422
    assert role_of(buyer, workspace) == Role.BUYER


def test_member_of_another_workspace_is_not_there(
    owner: User, outsider: User, workspace: Workspace, browser_of: Browsers
) -> None:
    theirs = outsider.memberships.get().pk
    for name in ("member_role", "member_removal"):
        address = reverse(f"accounts:{name}", args=[workspace.key, theirs])
        assert browser_of(owner).post(address, {"role": "viewer"}).status_code == 404
    assert outsider.memberships.get().role == Role.OWNER


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("member_role", {"role": "viewer"}),
        ("member_removal", {}),
        ("invitation_new", {"email": "new@example.net", "role": "viewer"}),
        ("handover_new", {"member": "1"}),
    ],
)
def test_change_of_people_asks_for_a_fresh_sign_in_and_then_goes_on(
    name: str, fields: dict[str, str], owner: User, buyer: User, workspace: Workspace, browser_of: Browsers
) -> None:
    owner.set_password("correct horse battery")
    owner.save()
    browser = browser_of(owner, is_fresh=False)
    address = url(name, workspace, buyer if name.startswith("member") else None)
    fields = {**fields, "member": str(workspace.memberships.get(user=buyer).pk)} if "member" in fields else fields
    entries = AuditEntry.objects.count()
    asked = browser.post(address, fields)
    assert asked["Location"].startswith("/account/reauthenticate/")
    assert AuditEntry.objects.count() == entries
    answer = browser.post(asked["Location"], {"password": "correct horse battery"})
    assert answer["Location"] == url("settings", workspace)
    assert AuditEntry.objects.count() == entries + 1


def test_further_workspace_is_its_makers_and_there_is_a_limit(owner: User, browser_of: Browsers) -> None:
    answer = browser_of(owner).post("/workspaces/new/", {"name": "Second"})
    second = Workspace.objects.get(name="Second")
    assert answer["Location"] == reverse("web:overview", args=[second.key])
    assert role_of(owner, second) == Role.OWNER
    for number in range(MAX_OWNED_WORKSPACES - 1):
        workspace_add(name=f"more {number}", owner=owner)
    with pytest.raises(ChangeRefused):
        workspace_add(name="one too many", owner=owner)
    assert latest().outcome == "refused"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\N{RIGHT-TO-LEFT OVERRIDE}b", "a\x00b"])
def test_name_that_cannot_be_shown_is_refused(
    name: str, owner: User, workspace: Workspace, browser_of: Browsers
) -> None:
    assert browser_of(owner).post(url("workspace_name", workspace), {"name": name}).status_code == 422
    workspace.refresh_from_db()
    assert workspace.name == "Olga's studio"


class TestReassignment:
    @pytest.fixture
    def address(self, workspace: Workspace) -> str:
        return reverse("accounts:workspace_people", args=[workspace.key])

    def fields(self, email: str, **more: str) -> dict[str, str]:
        return {"email": email, "present_owners": "viewers", "reason": "ticket 12", **more}

    def test_operator_gives_a_workspace_to_somebody_else(
        self, operator: User, owner: User, guest: User, workspace: Workspace, address: str, browser_of: Browsers
    ) -> None:
        assert browser_of(operator).post(address, self.fields(guest.email.upper())).status_code == 302
        assert (role_of(guest, workspace), role_of(owner, workspace)) == (Role.OWNER, Role.VIEWER)
        entry = latest()
        assert (entry.action, entry.actor_label) == ("ownership.reassigned", operator.email)
        assert entry.before == {"owners": [owner.email]}
        assert entry.after == {"owners": [guest.email], "reason": "ticket 12"}

    def test_present_owners_may_stay(
        self, operator: User, owner: User, guest: User, workspace: Workspace, address: str, browser_of: Browsers
    ) -> None:
        browser_of(operator).post(address, self.fields(guest.email, present_owners="stay"))
        assert (role_of(guest, workspace), role_of(owner, workspace)) == (Role.OWNER, Role.OWNER)

    def test_operator_never_takes_a_workspace(self, operator: User, workspace: Workspace) -> None:
        operator.emailaddress_set.create(email=operator.email, verified=True, primary=True)
        with pytest.raises(ChangeRefused, match="never to themselves"):
            ownership_reassign(workspace=workspace, email=operator.email, reason="mine", is_sole=True, actor=operator)
        assert role_of(operator, workspace) is None
        assert latest().outcome == "refused"

    def test_unconfirmed_address_gets_nothing(
        self, operator: User, buyer: User, workspace: Workspace, address: str, browser_of: Browsers
    ) -> None:
        assert browser_of(operator).post(address, self.fields(buyer.email)).status_code == 422
        assert role_of(buyer, workspace) == Role.BUYER

    def test_reason_is_wanted(
        self, operator: User, guest: User, workspace: Workspace, address: str, browser_of: Browsers
    ) -> None:
        assert browser_of(operator).post(address, self.fields(guest.email, reason=" ")).status_code == 422
        assert role_of(guest, workspace) is None

    def test_search_finds_people_and_workspaces(
        self, operator: User, owner: User, workspace: Workspace, browser_of: Browsers
    ) -> None:
        for text in (owner.email[:4], workspace.key, "studio"):
            assert workspace.key in browser_of(operator).get("/people/", {"q": text}).content.decode()
        nothing = browser_of(operator).get("/people/", {"q": "no such place"}).content.decode()
        assert "Nobody and nothing found" in nothing
