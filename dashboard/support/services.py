"""Opening a thread, writing in it, reading it, looking after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.audit.services import audit_record
from dashboard.lib.credentials import screened
from dashboard.support.mails import message_mail
from dashboard.support.models import Message, ReadMark, Side, Thread

MAX_HOURLY_THREADS_OF_PERSON = 5
MAX_HOURLY_THREADS_OF_WORKSPACE = 10
# Each message is a mail to others. Billing answers many in an hour, and is trusted to.
MAX_HOURLY_MESSAGES_OF_SPONSOR = 20
TOO_MANY = "That were many messages in a short time. Everything sent so far has arrived; try again in an hour."


class SupportRefused(Exception):
    """Nothing was written; the sentence is for whoever asked."""


@dataclass(frozen=True)
class Subject:
    """What a thread is about, as the audit log names things. The room that owns it made sure that it is there."""

    kind: str
    id: str
    label: str


def thread_open(*, workspace: Workspace, user: User, subject: Subject, problem: str, text: str, key: UUID) -> Thread:
    """Tell billing that something is wrong; the same press again (`key`) returns the thread that it opened.

    Raises SupportRefused, audited: too many in an hour.
    """
    press = uuid5(key, "\n".join((str(workspace.pk), subject.kind, subject.id, problem, text)))
    with _refusals_audited(workspace, user, (subject.kind, subject.id, subject.label), "thread.opened"):
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        # The person's row is the lock for what they open in several workspaces at once.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        sent = _sent(user, press)
        if sent:
            return sent.thread
        _flood_stop(workspace, user)
        now = timezone.now()
        thread = Thread.objects.create(
            workspace=workspace,
            opened_by=user,
            subject_kind=subject.kind,
            subject_id=subject.id,
            subject_label=subject.label[:254],
            problem=problem,
            opened_at=now,
            turned_at=now,
            last_at=now,
        )
        _write(thread, user=user, side=Side.SPONSOR, text=text, key=press, state=Thread.State.WAITS_BILLING)
        about = {"problem": problem, "about": f"{subject.kind} {subject.label}", "state": thread.state}
        _audit("thread.opened", thread, user, after=about)
    return thread


def message_send(*, thread: Thread, user: User, side: Side, text: str, key: UUID, is_solving: bool = False) -> Message:
    """Write in a thread, which makes it the other side's turn or, `is_solving`, solved; the same press writes once.

    The thread's row is the lock: of two that write at once both are kept, in order. Raises SupportRefused, audited.
    """
    press = uuid5(key, f"{thread.pk}\n{is_solving}\n{text}")
    with _refusals_audited(thread.workspace, user, _subject(thread), "thread.written"):
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        held = Thread.objects.select_for_update(no_key=True).get(pk=thread.pk)
        sent = _sent(user, press)
        if sent:
            return sent
        if side == Side.SPONSOR:
            _chatter_stop(user)
        before = held.state
        state = _next_state(held, side, is_solving=is_solving)
        message = _write(held, user=user, side=side, text=text, key=press, state=state)
        said = {"message": str(message.number), "side": side.value, "state": held.state}
        _audit(_action(held), held, user, before={"state": before}, after=said)
    return message


def thread_assign(*, thread: Thread, assignee: User | None, actor: User) -> None:
    """Write down who of billing looks after a thread; None: nobody any more. Audited where it changes anything."""
    with transaction.atomic():
        held = Thread.objects.select_for_update(of=("self",), no_key=True).select_related("assignee").get(pk=thread.pk)
        if held.assignee == assignee:
            return
        before = {"assignee": held.assignee.email if held.assignee else ""}
        held.assignee = assignee
        held.save(update_fields=["assignee"])
        after = {"assignee": assignee.email if assignee else ""}
        _audit("thread.assigned", held, actor, before=before, after=after)


def thread_mark_read(*, thread: Thread, user: User, side: Side) -> None:
    """Remember that a person has seen the thread as far as `thread` was loaded; it never goes backwards."""
    seen = {"read_count": thread.message_count, "read_at": timezone.now()}
    mark, is_new = ReadMark.objects.get_or_create(thread=thread, user=user, side=side, defaults=seen)
    if not is_new and mark.read_count < thread.message_count:
        ReadMark.objects.filter(pk=mark.pk, read_count__lt=thread.message_count).update(**seen)


def _write(thread: Thread, *, user: User, side: Side, text: str, key: UUID, state: Thread.State) -> Message:
    if screened(text).found:
        raise ValueError("A text with a credential in it is never kept; the form has to refuse it.")
    now = timezone.now()
    if state != thread.state:
        thread.state, thread.turned_at = state, now
    thread.message_count += 1
    thread.last_at = now
    thread.save(update_fields=["state", "turned_at", "message_count", "last_at"])
    message = Message.objects.create(
        thread=thread, number=thread.message_count, side=side, author=user, key=key, text=text, state=state, at=now
    )
    message_mail(message)
    return message


def _next_state(thread: Thread, side: Side, *, is_solving: bool) -> Thread.State:
    if is_solving:
        return Thread.State.SOLVED
    if side == Side.BILLING:
        return Thread.State.WAITS_SPONSOR
    was_over = thread.state in (Thread.State.SOLVED, Thread.State.REOPENED)
    return Thread.State.REOPENED if was_over else Thread.State.WAITS_BILLING


def _action(thread: Thread) -> str:
    actions = {Thread.State.SOLVED: "thread.solved", Thread.State.REOPENED: "thread.reopened"}
    return actions.get(Thread.State(thread.state), "thread.written")


def _sent(user: User, key: UUID) -> Message | None:
    return Message.objects.select_related("thread").filter(author=user, key=key).first()


def _flood_stop(workspace: Workspace, user: User) -> None:
    recent = Thread.objects.filter(opened_at__gt=_hour_ago())
    if (
        recent.filter(opened_by=user).count() >= MAX_HOURLY_THREADS_OF_PERSON
        or recent.filter(workspace=workspace).count() >= MAX_HOURLY_THREADS_OF_WORKSPACE
    ):
        raise SupportRefused(TOO_MANY)
    _chatter_stop(user)


def _chatter_stop(user: User) -> None:
    recent = Message.objects.filter(author=user, side=Side.SPONSOR, at__gt=_hour_ago())
    if recent.count() >= MAX_HOURLY_MESSAGES_OF_SPONSOR:
        raise SupportRefused(TOO_MANY)


def _hour_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)


@contextmanager
def _refusals_audited(workspace: Workspace, user: User, subject: tuple[str, str, str], action: str) -> Iterator[None]:
    """Make a change whole or not at all; a refusal undoes it and stands in the log."""
    try:
        with transaction.atomic():
            yield
    except SupportRefused as refusal:
        audit_record(action=action, actor=user, workspace_id=workspace.pk, subject=subject, refused=str(refusal))
        raise


def _subject(thread: Thread) -> tuple[str, str, str]:
    return ("thread", str(thread.key), thread.subject_label)


def _audit(
    action: str,
    thread: Thread,
    actor: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=thread.workspace_id,
        subject=_subject(thread),
        before=before,
        after=after,
    )
