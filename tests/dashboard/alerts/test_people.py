"""Who is told: by preset, exception, role, and in place of whoever left, the owners. Nobody's alert is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from dashboard.accounts.members import member_remove, role_change
from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.agents.models import Agent, ClaimInbox, ServiceClaimRequest
from dashboard.alerts.models import Alert, Delivery, Exemption, Preference
from dashboard.alerts.selectors import inheritance_list
from dashboard.alerts.services import inheritance_end
from dashboard.credits.models import Purchase
from tests.dashboard.alerts.conftest import credits_set, mailed, swept

pytestmark = pytest.mark.django_db


def told() -> set[tuple[str, str, str]]:
    """Who is told what: (address, kind, change)."""
    rows = Delivery.objects.exclude(state="dropped")
    return set(rows.values_list("user__email", "crossing__alert__kind", "crossing__change"))


def people_told() -> set[str]:
    return {email for email, _, _ in told()}


@pytest.mark.parametrize(("preset", "levels"), [("quiet", {3}), ("balanced", {2, 3}), ("everything", {1, 2, 3})])
def test_preset_decides_from_which_level_on(held: Any, chosen: Any, preset: str, levels: set[int]) -> None:
    chosen(preset=preset)
    claim = held()
    for balance in (90, 15, 0):
        credits_set(claim, balance)
        swept()
    assert set(Delivery.objects.values_list("crossing__level", flat=True)) == levels


@pytest.mark.parametrize(
    ("exemptions", "is_told"),
    [
        ([], True),
        ([("low_balance", False, False)], False),
        ([("", True, False)], False),
        # The narrower one wins, whatever it says.
        ([("low_balance", False, False), ("", True, True)], True),
        ([("", True, False), ("low_balance", True, True)], True),
        ([("low_balance", False, True), ("", True, False)], False),
    ],
)
def test_narrowest_exception_wins(
    held: Any, chosen: Any, exemptions: list[tuple[str, bool, bool]], is_told: bool
) -> None:
    claim, kept = held(), chosen()
    for kind, of_agent, wanted in exemptions:
        Exemption.objects.create(preference=kept, kind=kind, agent=claim.agent if of_agent else None, is_told=wanted)
    credits_set(claim, 0)
    swept()
    assert bool(told()) == is_told


def test_members_who_have_not_chosen_are_told_by_their_role(held: Any, owner: User, buyer: User, viewer: User) -> None:
    claim = held()
    credits_set(claim, 15)
    swept()
    assert people_told() == {owner.email}
    credits_set(claim, 0)
    swept()
    assert people_told() == {owner.email, buyer.email}


def test_recovery_is_told_to_whoever_heard_that_it_began(held: Any, owner: User, buyer: User) -> None:
    claim = held()
    credits_set(claim, 15)
    swept()
    credits_set(claim, 500)
    swept()
    assert told() == {(owner.email, "low_balance", "opened"), (owner.email, "low_balance", "recovered")}


def test_whoever_heard_of_a_level_hears_once_that_it_is_left(
    held: Any, chosen: Any, owner: User, buyer: User, viewer: User
) -> None:
    for user, role, preset in (
        (owner, "owner", "everything"),
        (buyer, "buyer", "balanced"),
        (viewer, "viewer", "quiet"),
    ):
        chosen(user, role, preset=preset, has_mail=True)
    claim = held()
    for balance in (90, 15, 0, 10, 40, 0, 40, 130):
        credits_set(claim, balance)
        swept()

    def heard(user: User) -> list[tuple[str, int]]:
        rows = Delivery.objects.filter(user=user).order_by("crossing__number")
        return list(rows.values_list("crossing__change", "crossing__level"))

    out_and_back = [("worsened", 3), ("eased", 3)]
    assert heard(owner) == [
        ("opened", 1), ("worsened", 2), *out_and_back, ("eased", 2), *out_and_back, ("recovered", 1),
    ]  # fmt: skip
    assert heard(buyer) == [("worsened", 2), *out_and_back, ("eased", 2), *out_and_back]
    # Of 20 credits they never heard, so not that there are more either.
    assert heard(viewer) == [*out_and_back, *out_and_back]


@pytest.mark.parametrize(("preset", "levels"), [("quiet", [3]), ("balanced", [3, 2]), ("everything", [3, 2, 1])])
def test_levels_that_were_reached_at_once_are_left_one_by_one_for_whoever_is_told_of_them(
    held: Any, chosen: Any, preset: str, levels: list[int]
) -> None:
    chosen(preset=preset)
    claim = held()
    for balance in (0, 10, 40, 500):
        credits_set(claim, balance)
        swept()
    left = Delivery.objects.exclude(crossing__change="opened").order_by("crossing__number")
    assert list(left.values_list("crossing__level", flat=True)) == levels


def test_buyer_who_leaves_leaves_their_alerts_to_the_owners(
    held: Any, chosen: Any, owner: User, buyer: User, workspace: Workspace
) -> None:
    chosen(preset="quiet")
    chosen(buyer, "buyer", preset="everything")
    claim = held()
    swept()
    member_remove(workspace=workspace, user=buyer, actor=owner)
    credits_set(claim, 90)
    swept()
    assert people_told() == {owner.email}
    inheritance_end(preference=inheritance_list(workspace)[0], actor=owner)
    credits_set(claim, 500)
    swept()
    credits_set(claim, 90)
    swept()
    assert len(told()) == 2, "the recovery is still told, the next crossing is not"


def test_mail_that_waits_for_somebody_who_leaves_goes_to_the_owners(
    held: Any, chosen: Any, owner: User, buyer: User, workspace: Workspace, mailoutbox: list[Any]
) -> None:
    chosen(has_mail=True, preset="quiet")
    chosen(buyer, "buyer", preset="everything")
    credits_set(held(), 90)
    swept()
    assert people_told() == {buyer.email}
    member_remove(workspace=workspace, user=buyer, actor=owner)
    assert mailed() == 0
    assert mailed() == 1
    assert mailoutbox[0].to == [owner.email]
    assert Delivery.objects.get(user=buyer).state == "dropped"


def test_recovery_of_what_a_departed_member_heard_goes_to_the_owners(
    held: Any, chosen: Any, owner: User, buyer: User, workspace: Workspace
) -> None:
    chosen(preset="quiet")
    chosen(buyer, "buyer", preset="everything")
    claim = held()
    credits_set(claim, 90)
    swept()
    mailed()
    member_remove(workspace=workspace, user=buyer, actor=owner)
    credits_set(claim, 500)
    swept()
    assert (owner.email, "low_balance", "recovered") in told()


def test_buyer_who_may_not_pay_any_more_is_not_asked_to(
    held: Any, chosen: Any, owner: User, buyer: User, workspace: Workspace
) -> None:
    chosen(preset="quiet")
    chosen(buyer, "buyer", preset="balanced")
    claim = held()
    role_change(workspace=workspace, user=buyer, role=Role.VIEWER, actor=owner)
    Purchase.objects.create(
        workspace=workspace, agent=claim.agent, origin="agent", opened_at=timezone.now(), state="open",
        status_at=timezone.now(), credits=500,
    )  # fmt: skip
    swept()
    assert told() == {(owner.email, "hand_off", "opened")}


def test_disabled_person_counts_as_gone(held: Any, chosen: Any, owner: User, buyer: User) -> None:
    chosen(preset="quiet")
    chosen(buyer, "buyer", preset="everything")
    User.objects.filter(pk=buyer.pk).update(is_active=False)
    credits_set(held(), 90)
    swept()
    assert people_told() == {owner.email}


def test_whoever_is_promoted_is_told_what_their_new_role_is(
    held: Any, owner: User, viewer: User, workspace: Workspace
) -> None:
    swept()
    role_change(workspace=workspace, user=viewer, role=Role.OWNER, actor=owner)
    credits_set(held(), 15)
    swept()
    assert people_told() == {owner.email, viewer.email}


def test_whoever_wants_no_mails_inherits_none(
    held: Any, chosen: Any, buyer: User, workspace: Workspace, owner: User
) -> None:
    chosen(has_mail=False)
    chosen(buyer, "buyer", preset="everything")
    member_remove(workspace=workspace, user=buyer, actor=owner)
    credits_set(held(), 0)
    swept()
    assert told() == set()
    assert Alert.objects.get().is_open


def because(mails: list[Any], user: User) -> str:
    """Why a person got their latest mail, as both of its forms say."""
    mail = next(one for one in reversed(mails) if one.to == [user.email])
    html = " ".join(mail.alternatives[0][0].split())
    said = [text.partition("you get this because ")[2].partition(". ")[0] for text in (mail.body, html)]
    assert said[0] == said[1].partition(". <a")[0]
    return str(said[0])


def test_mail_says_that_the_preset_asked_for_it(held: Any, owner: User, mailoutbox: list[Any]) -> None:
    credits_set(held(), 15)
    swept()
    mailed()
    assert because(mailoutbox, owner) == "your alerts are set to “Balanced”"


def test_mail_says_that_an_exception_asked_for_it(held: Any, chosen: Any, owner: User, mailoutbox: list[Any]) -> None:
    Exemption.objects.create(preference=chosen(preset="quiet"), kind="low_balance", is_told=True)
    claim = held()
    credits_set(claim, 15)
    swept()
    mailed()
    assert because(mailoutbox, owner) == "an exception of yours asks for it"
    Agent.objects.filter(pk=claim.agent_id).update(paid_credits=-40)
    swept()
    mailed(), mailed()
    assert because(mailoutbox, owner) == "your alerts are set to “Quiet”"


def test_mail_says_that_it_was_meant_for_somebody_who_is_out(
    held: Any, chosen: Any, owner: User, buyer: User, workspace: Workspace, mailoutbox: list[Any]
) -> None:
    chosen(preset="quiet")
    chosen(buyer, "buyer", preset="everything")
    member_remove(workspace=workspace, user=buyer, actor=owner)
    credits_set(held(), 90)
    swept()
    mailed()
    assert because(mailoutbox, owner) == "somebody who is out was told of it, and you answer for them"


def test_mail_of_what_began_before_another_choice_says_so(
    held: Any, chosen: Any, owner: User, mailoutbox: list[Any]
) -> None:
    chosen(preset="everything")
    claim = held()
    credits_set(claim, 90)
    swept()
    chosen(preset="quiet")
    credits_set(held(), 0)
    swept()
    mailed()
    assert because(mailoutbox, owner) == (
        "your alerts are set to “Quiet”, and because it began before you chose otherwise"
    )


def test_members_of_another_workspace_hear_nothing(held: Any, owner: User, outsider: User) -> None:
    credits_set(held(), 0)
    swept()
    assert people_told() == {owner.email}


def test_claim_request_is_for_the_person_whose_address_was_named(
    owner: User, workspace: Workspace, buyer: User
) -> None:
    Membership.objects.filter(user=buyer).update(role=Role.OWNER)
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True)
    inbox = ClaimInbox.objects.create(address=owner.email)
    ServiceClaimRequest.objects.create(inbox=inbox, remote_id="agt_asks", agent_name="asking-bot")
    swept()
    swept()
    assert told() == {(owner.email, "claim_request", "opened")}
    assert Alert.objects.get().user == owner
    ServiceClaimRequest.objects.all().delete()
    swept()
    assert (owner.email, "claim_request", "recovered") in told()


def test_each_member_has_a_row_once(owner: User, buyer: User, viewer: User, workspace: Workspace) -> None:
    swept()
    swept()
    kept = Preference.objects.filter(workspace=workspace).order_by("pk")
    assert list(kept.values_list("role", "preset", "has_mail")) == [
        ("owner", "balanced", True),
        ("buyer", "quiet", True),
        ("viewer", "quiet", False),
    ]


def test_role_that_rises_keeps_what_was_chosen(
    chosen: Callable[..., Preference], owner: User, viewer: User, workspace: Workspace
) -> None:
    chosen(viewer, "viewer", preset="everything", has_mail=False)
    role_change(workspace=workspace, user=viewer, role=Role.BUYER, actor=owner)
    swept()
    kept = Preference.objects.get(user=viewer)
    assert (kept.role, kept.preset, kept.has_mail) == ("buyer", "everything", False)
