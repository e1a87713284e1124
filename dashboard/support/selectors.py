"""Reading threads: a workspace's own, or for billing everybody's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from dashboard.accounts.models import User, Workspace
from dashboard.lib.paging import Page, page_get
from dashboard.support.models import Message, ReadMark, Side, Thread

PAGE_SIZE = 50
# The newest so many of a thread; hourly limits make more of them the work of months.
MESSAGES_SHOWN = 200
QUEUE_STATES = {
    "waiting": Thread.FOR_BILLING,
    "answered": (Thread.State.WAITS_SPONSOR,),
    "solved": (Thread.State.SOLVED,),
    "all": tuple(Thread.State),
}


@dataclass(frozen=True)
class ThreadFilter:
    """What of the queue is wanted, beside its tab; an empty field asks for nothing. `owner`: mine, nobody."""

    problem: str = ""
    owner: str = ""
    text: str = ""


def threads_about(workspace: Workspace, kind: str, subject_id: str) -> list[Thread]:
    """Return the workspace's threads about one thing, the latest movement first."""
    about = Thread.objects.filter(workspace=workspace, subject_kind=kind, subject_id=subject_id)
    return list(about.select_related("opened_by").order_by("-last_at", "-pk")[:PAGE_SIZE])


def thread_page(workspace: Workspace, *, cursor: str) -> Page[Thread]:
    """Return a page of the workspace's threads, the latest movement first."""
    own = Thread.objects.filter(workspace=workspace).select_related("opened_by")
    return page_get(own, by="last_at", cursor=cursor, size=PAGE_SIZE)


def thread_get(workspace: Workspace, key: UUID) -> Thread:
    """Return a thread of this workspace; raises Http404 alike for "elsewhere" and "not there"."""
    return _one(Thread.objects.filter(workspace=workspace), key)


def thread_get_any(key: UUID) -> Thread:
    """Return a thread of any workspace, for billing alone; raises Http404."""
    return _one(Thread.objects.all(), key)


def _one(threads: QuerySet[Thread], key: UUID) -> Thread:
    found = threads.select_related("workspace", "opened_by", "assignee").filter(key=key).first()
    if found is None:
        raise Http404
    return found


def queue_list(wanted: ThreadFilter, *, user: User) -> QuerySet[Thread]:
    """Return what a filter finds in all workspaces, whatever its state; for billing alone."""
    threads = Thread.objects.select_related("workspace", "assignee")
    if wanted.problem:
        threads = threads.filter(problem=wanted.problem)
    if wanted.owner:
        threads = threads.filter(assignee=user if wanted.owner == "mine" else None)
    if wanted.text:
        names = Q(subject_label__icontains=wanted.text) | Q(workspace__name__icontains=wanted.text)
        threads = threads.filter(names | Q(subject_id=wanted.text) | Q(workspace__key=wanted.text))
    return threads


def queue_page(threads: QuerySet[Thread], *, tab: str, cursor: str) -> Page[Thread]:
    """Return a page of one tab, whoever has waited longest first."""
    of_tab = threads.filter(state__in=QUEUE_STATES[tab])
    return page_get(of_tab, by="turned_at", cursor=cursor, size=PAGE_SIZE, oldest_first=True)


def queue_counts(threads: QuerySet[Thread]) -> dict[str, int]:
    """Return how many threads each tab holds."""
    counted = {tab: Count("pk", filter=Q(state__in=states)) for tab, states in QUEUE_STATES.items()}
    return threads.order_by().aggregate(**counted)


def message_list(thread: Thread) -> list[Message]:
    """Return what was written, in order; of a very long thread its newest part."""
    newest = thread.messages.select_related("author").order_by("-number")[:MESSAGES_SHOWN]
    return list(newest)[::-1]


def unread_map(threads: list[Thread], *, user: User, side: Side) -> dict[int, int]:
    """Return by thread id how many messages this person has not seen; threads seen whole are left out."""
    marks = ReadMark.objects.filter(thread__in=threads, user=user, side=side)
    read = dict(marks.values_list("thread_id", "read_count"))
    unread = {thread.pk: thread.message_count - read.get(thread.pk, 0) for thread in threads}
    return {pk: count for pk, count in unread.items() if count > 0}


def seen_at(thread: Thread, *, by: Side) -> datetime | None:
    """Return when somebody of a side first saw the latest message; None while nobody has."""
    marks = thread.read_marks.filter(side=by, read_count=thread.message_count)
    return marks.order_by("read_at").values_list("read_at", flat=True).first()
