"""Handing a workspace over: offered by an owner, taken by the member who was asked, in one step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.handovers import handover_accept, handover_decline, handover_start
from dashboard.accounts.members import member_remove, role_change
from dashboard.accounts.models import Handover, Role, User, Workspace
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from tests.dashboard.accounts.conftest import at_once

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Browser]


@pytest.fixture
def handover(workspace: Workspace, owner: User, buyer: User) -> Handover:
    return handover_start(workspace=workspace, taker=buyer, actor=owner)


def roles(workspace: Workspace) -> dict[str, str]:
    return dict(workspace.memberships.values_list("user__email", "role"))


def url(name: str, workspace: Workspace) -> str:
    return reverse(f"accounts:{name}", args=[workspace.key])


def test_offer_alone_changes_nothing_and_is_mailed(handover: Handover, workspace: Workspace, buyer: User) -> None:
    assert roles(workspace) == {"olga@example.com": "owner", "boris@example.com": "buyer"}
    assert OutboxMail.objects.get().to == buyer.email


def test_accepting_swaps_the_roles_and_the_log_has_both(
    workspace: Workspace, owner: User, buyer: User, browser_of: Browsers
) -> None:
    chosen = workspace.memberships.get(user=buyer).pk
    browser_of(owner).post(url("handover_new", workspace), {"member": chosen})
    browser = browser_of(buyer)
    assert "Accept the ownership" in browser.get(url("settings", workspace)).content.decode()
    browser.post(url("handover_acceptance", workspace))
    assert roles(workspace) == {"olga@example.com": "buyer", "boris@example.com": "owner"}
    entry = AuditEntry.objects.get(action="ownership.handed_over")
    assert entry.before == {"olga@example.com": "owner", "boris@example.com": "buyer"}
    assert entry.after == {"olga@example.com": "buyer", "boris@example.com": "owner"}


def test_giver_may_leave_afterwards(handover: Handover, workspace: Workspace, owner: User, buyer: User) -> None:
    handover_accept(handover=handover, user=buyer)
    member_remove(workspace=workspace, user=owner, actor=owner)
    assert roles(workspace) == {"boris@example.com": "owner"}


def test_nobody_else_takes_what_was_offered(
    handover: Handover, workspace: Workspace, viewer: User, owner: User, browser_of: Browsers
) -> None:
    before = roles(workspace)
    for somebody in (viewer, owner):
        browser_of(somebody).post(url("handover_acceptance", workspace))
    browser_of(viewer).post(url("handover_refusal", workspace))
    handover.refresh_from_db()
    assert (roles(workspace), handover.state) == (before, "open")
    assert AuditEntry.objects.filter(outcome="refused").count() == 3


@pytest.mark.parametrize(("who", "state"), [("buyer", "declined"), ("owner", "withdrawn")])
def test_declined_or_taken_back_it_is_over(
    who: str, state: str, handover: Handover, workspace: Workspace, owner: User, buyer: User, browser_of: Browsers
) -> None:
    browser_of({"buyer": buyer, "owner": owner}[who]).post(url("handover_refusal", workspace))
    handover.refresh_from_db()
    assert handover.state == state
    with pytest.raises(ChangeRefused, match="over"):
        handover_accept(handover=handover, user=buyer)


def test_offer_ends_after_seven_days(handover: Handover, workspace: Workspace, buyer: User) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, seconds=1)), pytest.raises(ChangeRefused):
        handover_accept(handover=handover, user=buyer)
    assert roles(workspace)["boris@example.com"] == "buyer"


def test_offer_ends_with_the_power_of_who_made_it(
    handover: Handover, workspace: Workspace, owner: User, buyer: User, viewer: User
) -> None:
    role_change(workspace=workspace, user=viewer, role=Role.OWNER, actor=owner)
    role_change(workspace=workspace, user=owner, role=Role.VIEWER, actor=viewer)
    with pytest.raises(ChangeRefused):
        handover_accept(handover=handover, user=buyer)
    assert roles(workspace)["boris@example.com"] == "buyer"


def test_newer_offer_replaces_the_older(
    handover: Handover, workspace: Workspace, owner: User, buyer: User, viewer: User
) -> None:
    handover_start(workspace=workspace, taker=viewer, actor=owner)
    with pytest.raises(ChangeRefused):
        handover_accept(handover=handover, user=buyer)


@pytest.mark.parametrize("who", ["owner", "outsider"])
def test_offer_goes_to_members_who_are_no_owners_alone(
    who: str, workspace: Workspace, owner: User, outsider: User, browser_of: Browsers
) -> None:
    taker = {"owner": owner, "outsider": outsider}[who]
    with pytest.raises(ChangeRefused):
        handover_start(workspace=workspace, taker=taker, actor=owner)
    there = taker.memberships.get().pk
    assert browser_of(owner).post(url("handover_new", workspace), {"member": there}).status_code == 422
    assert not Handover.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_acceptance_beside_a_withdrawal_leaves_one_owner(
    handover: Handover, workspace: Workspace, owner: User, buyer: User
) -> None:
    at_once(
        [
            lambda: handover_accept(handover=handover, user=buyer),
            lambda: handover_decline(handover=handover, user=owner),
        ]
    )
    assert sorted(roles(workspace).values()) == ["buyer", "owner"]


@pytest.mark.django_db(transaction=True)
def test_accepted_twice_at_once_it_is_taken_once(handover: Handover, workspace: Workspace, buyer: User) -> None:
    assert at_once([lambda: handover_accept(handover=handover, user=buyer)] * 2) == ["done", "refused"]
    assert AuditEntry.objects.filter(action="ownership.handed_over", outcome="done").count() == 1
