"""Telling the other side of a message by mail: which thing it is about and where to read it, never what it says."""

from django.conf import settings
from django.urls import reverse

from dashboard.accounts.access import MAY_ASK
from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.selectors import owner_list, platform_holder_list
from dashboard.lib.glossary import word_for
from dashboard.notify.services import mail_name, mail_queue
from dashboard.support.models import Message, Side, Thread


def message_mail(message: Message) -> None:
    """Queue one mail for each person whom this message concerns; only within the transaction that writes it."""
    to_billing = message.side == Side.SPONSOR
    thread = message.thread
    context = {
        "to_billing": to_billing,
        "is_first": message.number == 1,
        "is_solved": message.state == Thread.State.SOLVED,
        "kind": word_for("thread_subject", thread.subject_kind).text.lower(),
        "label": mail_name(thread.subject_label) or "a thing without a name",
        "workspace": mail_name(thread.workspace.name) or "a workspace",
        "url": settings.DASHBOARD_URL + _path(thread, to_billing),
    }
    for person in _billing_people(thread) if to_billing else _sponsors(thread):
        if person.pk != message.author_id:
            mail_queue(
                to=person.email,
                template="thread_message",
                context=context,
                dedupe_key=f"thread:{message.pk}:{person.pk}",
            )


def _path(thread: Thread, to_billing: bool) -> str:
    if to_billing:
        return reverse("web:thread_desk", args=[thread.key])
    return reverse("web:thread_detail", args=[thread.workspace.key, thread.key])


def _billing_people(thread: Thread) -> list[User]:
    """Return whoever looks after the thread, while they may; else everybody of billing."""
    holders = platform_holder_list(PlatformRole.BILLING_ADMIN)
    return [one for one in holders if one.pk == thread.assignee_id] or holders


def _sponsors(thread: Thread) -> list[User]:
    """Return who wrote for the workspace and may still; else its owners."""
    wrote = thread.messages.filter(side=Side.SPONSOR).values("author")
    held = thread.workspace.memberships.filter(user__in=wrote, user__is_active=True, role__in=MAY_ASK)
    return [one.user for one in held.select_related("user").order_by("pk")] or owner_list(thread.workspace)
