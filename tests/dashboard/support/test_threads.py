"""A thread: whose turn it is, who is told, what is kept, however often and by however many it is pressed."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from dashboard.accounts.models import PlatformRole, Role, User, Workspace
from dashboard.accounts.services import membership_add, workspace_create
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from dashboard.support.models import Message, Side, Thread
from dashboard.support.selectors import seen_at, threads_about, unread_map
from dashboard.support.services import (
    MAX_HOURLY_MESSAGES_OF_SPONSOR,
    MAX_HOURLY_THREADS_OF_PERSON,
    MAX_HOURLY_THREADS_OF_WORKSPACE,
    Subject,
    SupportRefused,
    thread_assign,
    thread_mark_read,
)
from tests.dashboard.accounts.conftest import at_once
from tests.dashboard.conftest import person, platform_person
from tests.dashboard.support.conftest import SUBJECT, Open, write

pytestmark = pytest.mark.django_db


def told() -> set[str]:
    """Return who has a mail that nobody had before, and forget the mails."""
    found = set(OutboxMail.objects.values_list("to", flat=True))
    OutboxMail.objects.all().delete()
    return found


def logged(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")


def test_turn_goes_back_and_forth_until_it_is_solved_and_opened_again(
    thread: Thread, owner: User, billing_admin: User
) -> None:
    assert thread.state == "waits_billing"
    write(thread, billing_admin, Side.BILLING)
    assert thread.state == "waits_sponsor"
    write(thread, owner, Side.SPONSOR)
    assert thread.state == "waits_billing"
    write(thread, billing_admin, Side.BILLING, "They are there now.", is_solving=True)
    assert thread.state == "solved"
    write(thread, owner, Side.SPONSOR, "They are not.")
    assert thread.state == "reopened"
    write(thread, owner, Side.SPONSOR, "Really not.")
    assert thread.state == "reopened"
    write(thread, owner, Side.SPONSOR, "Now they are.", is_solving=True)
    assert thread.state == "solved"
    assert [one.number for one in thread.messages.order_by("pk")] == [1, 2, 3, 4, 5, 6, 7]


def test_waiting_counts_from_the_first_message_of_a_turn(thread: Thread, owner: User) -> None:
    turned = thread.turned_at
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        write(thread, owner, Side.SPONSOR, "Are you there?")
    assert thread.turned_at == turned
    assert thread.last_at > turned


def test_other_side_gets_a_mail_with_a_link_and_without_the_text(
    open_thread: Open, workspace: Workspace, billing_admin: User
) -> None:
    thread = open_thread("my unmistakable words")
    mail = OutboxMail.objects.get()
    assert mail.to == billing_admin.email
    assert "agent" in mail.subject
    assert SUBJECT.label in mail.subject
    for part in (mail.subject, mail.text, mail.html):
        assert "unmistakable" not in part
    assert f"/threads/{thread.key}/" in mail.text
    told()
    write(thread, billing_admin, Side.BILLING, "more unmistakable words")
    mail = OutboxMail.objects.get()
    assert mail.to == thread.opened_by.email
    assert f"/w/{workspace.key}/threads/{thread.key}/" in mail.html
    assert "unmistakable" not in mail.subject + mail.text + mail.html


def test_hostile_name_of_a_thing_makes_no_link_in_a_mail(open_thread: Open, billing_admin: User) -> None:
    hostile = Subject("agent", "agt_1", "Refund at https://evil.example/now\nSubject: x <b>")
    open_thread(subject=hostile)
    mail = OutboxMail.objects.get()
    assert "evil.example" not in mail.subject + mail.text + mail.html
    assert "<b> " not in mail.html
    assert "\n" not in mail.subject


def test_all_of_billing_are_told_until_one_of_them_looks_after_it(thread: Thread, owner: User) -> None:
    bill = platform_person("bill@imageskill.test", PlatformRole.BILLING_ADMIN)
    bea = platform_person("bea@imageskill.test", PlatformRole.BILLING_ADMIN)
    platform_person("oscar@imageskill.test", PlatformRole.OPERATOR)
    told()
    write(thread, owner, Side.SPONSOR)
    assert told() == {bill.email, bea.email}
    thread_assign(thread=thread, assignee=bea, actor=bea)
    write(thread, owner, Side.SPONSOR)
    assert told() == {bea.email}
    User.objects.filter(pk=bea.pk).update(platform_roles=[])
    write(thread, owner, Side.SPONSOR)
    assert told() == {bill.email}


def test_answer_reaches_who_wrote_while_they_may_and_else_the_owners(
    open_thread: Open, workspace: Workspace, owner: User, buyer: User, viewer: User, billing_admin: User
) -> None:
    thread = open_thread(user=buyer)
    told()
    write(thread, billing_admin, Side.BILLING)
    assert told() == {buyer.email}
    workspace.memberships.filter(user=buyer).update(role=Role.VIEWER)
    write(thread, billing_admin, Side.BILLING)
    assert told() == {owner.email}


def test_same_press_opens_one_thread_and_writes_one_message(open_thread: Open, owner: User) -> None:
    key = uuid4()
    first, second = open_thread(key=key), open_thread(key=key)
    assert first == second
    assert first.messages.count() == 1
    press = uuid4()
    write(first, owner, Side.SPONSOR, "Hello?", key=press)
    write(first, owner, Side.SPONSOR, "Hello?", key=press)
    assert first.message_count == first.messages.count() == 2
    assert AuditEntry.objects.filter(action__startswith="thread.").count() == 2


def test_other_words_under_the_same_key_are_another_message(thread: Thread, owner: User, billing_admin: User) -> None:
    press = uuid4()
    for author, side in ((owner, Side.SPONSOR), (billing_admin, Side.BILLING)):
        write(thread, author, side, "Back button", key=press)
        write(thread, author, side, "Back button, and words added", key=press)
    assert thread.message_count == 5


def test_every_change_is_in_the_log_with_before_and_after_and_never_the_text(
    open_thread: Open, workspace: Workspace, owner: User, billing_admin: User
) -> None:
    thread = open_thread("my unmistakable words")
    write(thread, billing_admin, Side.BILLING, "more unmistakable words", is_solving=True)
    thread_assign(thread=thread, assignee=billing_admin, actor=billing_admin)
    thread_assign(thread=thread, assignee=billing_admin, actor=billing_admin)
    write(thread, owner, Side.SPONSOR, "unmistakable again")
    assert logged("thread.opened").after == {
        "problem": "missing_credits",
        "about": "agent render-bot",
        "state": "waits_billing",
    }
    assert logged("thread.solved").before == {"state": "waits_billing"}
    assert logged("thread.solved").after == {"message": "2", "side": "billing", "state": "solved"}
    assert logged("thread.reopened").before == {"state": "solved"}
    assert AuditEntry.objects.get(action="thread.assigned").before == {"assignee": ""}
    assert logged("thread.assigned").after == {"assignee": billing_admin.email}
    for entry in AuditEntry.objects.filter(action__startswith="thread."):
        assert entry.workspace_id == workspace.pk
        assert "unmistakable" not in f"{entry.before} {entry.after} {entry.subject_label} {entry.reason}"


def test_one_person_opens_so_many_an_hour_and_the_refusal_is_in_the_log(open_thread: Open, outsider: User) -> None:
    for number in range(MAX_HOURLY_THREADS_OF_PERSON):
        open_thread(f"number {number}")
    with pytest.raises(SupportRefused):
        open_thread("one more")
    assert Thread.objects.count() == MAX_HOURLY_THREADS_OF_PERSON
    assert logged("thread.opened").outcome == "refused"
    open_thread(user=outsider, workspace=outsider.memberships.get().workspace)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        open_thread("an hour later")


def test_person_with_many_workspaces_opens_no_more(open_thread: Open, owner: User) -> None:
    for number in range(MAX_HOURLY_THREADS_OF_PERSON):
        open_thread(workspace=workspace_create(owner=owner, name=f"number {number}"))
    with pytest.raises(SupportRefused):
        open_thread()


def test_workspace_with_many_people_opens_so_many_an_hour(open_thread: Open, workspace: Workspace, owner: User) -> None:
    for number in range(MAX_HOURLY_THREADS_OF_WORKSPACE):
        user = person(f"buyer{number}@example.com")
        membership_add(workspace=workspace, user=user, role=Role.BUYER, actor=owner)
        open_thread(user=user)
    with pytest.raises(SupportRefused):
        open_thread()


def test_sponsor_writes_so_many_messages_an_hour_and_billing_is_not_counted(
    thread: Thread, owner: User, billing_admin: User
) -> None:
    for number in range(MAX_HOURLY_MESSAGES_OF_SPONSOR - 1):
        write(thread, owner, Side.SPONSOR, f"number {number}")
    with pytest.raises(SupportRefused):
        write(thread, owner, Side.SPONSOR, "one more")
    for number in range(MAX_HOURLY_MESSAGES_OF_SPONSOR + 1):
        write(thread, billing_admin, Side.BILLING, f"answer {number}")
    assert thread.message_count == 2 * MAX_HOURLY_MESSAGES_OF_SPONSOR + 1


def test_credential_is_never_kept_whoever_forgets_to_ask(open_thread: Open) -> None:
    with pytest.raises(ValueError, match="credential"):
        open_thread("my card is 4242 4242 4242 4242")
    assert not Thread.objects.exists()
    assert not OutboxMail.objects.exists()


def test_messages_are_new_until_they_are_read_and_a_late_tab_unreads_nothing(
    thread: Thread, owner: User, buyer: User, billing_admin: User
) -> None:
    early = Thread.objects.get(pk=thread.pk)
    write(thread, billing_admin, Side.BILLING)
    assert unread_map([thread], user=owner, side=Side.SPONSOR) == {thread.pk: 2}
    assert seen_at(thread, by=Side.SPONSOR) is None
    thread_mark_read(thread=thread, user=owner, side=Side.SPONSOR)
    thread_mark_read(thread=early, user=owner, side=Side.SPONSOR)
    assert unread_map([thread], user=owner, side=Side.SPONSOR) == {}
    assert unread_map([thread], user=buyer, side=Side.SPONSOR) == {thread.pk: 2}
    assert seen_at(thread, by=Side.SPONSOR) is not None
    assert seen_at(thread, by=Side.BILLING) is None


def test_threads_about_a_thing_are_those_of_this_workspace_alone(
    thread: Thread, open_thread: Open, workspace: Workspace, outsider: User
) -> None:
    open_thread(user=outsider, workspace=outsider.memberships.get().workspace)
    open_thread(subject=Subject("purchase", SUBJECT.id, "another kind"))
    assert threads_about(workspace, "agent", SUBJECT.id) == [thread]


@pytest.mark.django_db(transaction=True)
def test_two_of_billing_who_answer_at_once_are_both_kept_in_order(thread: Thread, billing_admin: User) -> None:
    bea = platform_person("bea@imageskill.test", PlatformRole.BILLING_ADMIN)
    answers: list[Any] = [
        partial(write, Thread.objects.get(pk=thread.pk), author, Side.BILLING, f"{author.name} {number}")
        for author in (billing_admin, bea)
        for number in range(3)
    ]
    at_once(answers)
    kept = list(thread.messages.order_by("number"))
    assert [one.number for one in kept] == list(range(1, 8))
    assert len({one.text for one in kept}) == 7
    assert kept == list(thread.messages.order_by("at"))
    assert Thread.objects.get().message_count == 7


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_open_one_thread_with_one_message(open_thread: Open, billing_admin: User) -> None:
    at_once([partial(open_thread, key=uuid4())] * 8)
    assert Thread.objects.count() == Message.objects.count() == OutboxMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_presses_at_once_stay_within_the_limit(open_thread: Open) -> None:
    refused: list[str] = []

    def press(number: int) -> None:
        try:
            open_thread(f"number {number}")
        except SupportRefused as refusal:
            refused.append(str(refusal))

    at_once([partial(press, number) for number in range(MAX_HOURLY_THREADS_OF_PERSON + 3)])
    assert Thread.objects.count() == MAX_HOURLY_THREADS_OF_PERSON
    assert len(refused) == 3
