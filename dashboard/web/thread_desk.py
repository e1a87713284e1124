"""Threads as billing sees them: the queue of all workspaces, and one thread beside the facts of what it is about."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.views import READ_OR_SEND
from dashboard.billing.detail import Detail, detail_get
from dashboard.billing.selectors import chain_named
from dashboard.feedback.goodwill import goodwill_list
from dashboard.feedback.goodwill_notes import goodwill_note
from dashboard.feedback.item_forms import GoodwillNoteForm
from dashboard.lib.fragments import page_or_fragment
from dashboard.support.forms import MessageForm, ThreadFilterForm
from dashboard.support.models import Side, Thread
from dashboard.support.selectors import (
    QUEUE_STATES,
    message_list,
    queue_counts,
    queue_list,
    queue_page,
    seen_at,
    thread_get_any,
    unread_map,
)
from dashboard.support.services import thread_assign, thread_mark_read
from dashboard.web.subjects import Known, subject_find
from dashboard.web.threads import message_is_sent

TABS = {"waiting": "Waiting for us", "answered": "Waiting for the sponsor", "solved": "Solved", "all": "All"}


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def thread_queue(request: HttpRequest) -> HttpResponse:
    user, form = viewer(request), ThreadFilterForm(request.GET)
    tab = request.GET.get("tab", "")
    tab = tab if tab in QUEUE_STATES else "waiting"
    context: dict[str, object] = {"form": form, "tab": tab}
    if form.is_valid():
        threads = queue_list(form.wanted, user=user)
        page, counts = queue_page(threads, tab=tab, cursor=request.GET.get("page", "")), queue_counts(threads)
        context |= {"page": page, "unread": unread_map(page.rows, user=user, side=Side.BILLING)}
        context |= {"tabs": [(name, label, counts[name]) for name, label in TABS.items()]}
        context |= {"is_filtered": any(vars(form.wanted).values())}
    return render(request, "support/thread_queue.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_http_methods(READ_OR_SEND)
def thread_desk(request: HttpRequest, thread_key: UUID) -> HttpResponse:
    thread, form = thread_get_any(thread_key), MessageForm(request.POST or None)
    if request.method == "POST" and message_is_sent(request, form, thread, Side.BILLING):
        return redirect("web:thread_desk", thread.key)
    return _desk(request, thread, form, GoodwillNoteForm())


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def thread_goodwill(request: HttpRequest, thread_key: UUID) -> HttpResponse:
    """Write down what the sponsor should get; it stands with the other goodwill notes and grants nothing."""
    thread, form = thread_get_any(thread_key), GoodwillNoteForm(request.POST)
    if not form.is_valid():
        return _desk(request, thread, MessageForm(), form)
    said = form.cleaned_data
    goodwill_note(thread=thread, credits_=said["credits"], text=said["text"], user=viewer(request))
    return redirect("web:thread_desk", thread.key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def thread_assignment(request: HttpRequest, thread_key: UUID) -> HttpResponse:
    """Take a thread, also from a colleague, or put it back for anybody."""
    thread, user = thread_get_any(thread_key), viewer(request)
    thread_assign(thread=thread, assignee=user if request.POST.get("who") == "me" else None, actor=user)
    return redirect("web:thread_desk", thread.key)


def _desk(request: HttpRequest, thread: Thread, form: MessageForm, goodwill_form: GoodwillNoteForm) -> HttpResponse:
    thread_mark_read(thread=thread, user=viewer(request), side=Side.BILLING)
    known = subject_find(thread.workspace, thread.subject_kind, thread.subject_id)
    context = {
        "thread": thread,
        "form": form,
        "texts": message_list(thread),
        "seen_at": seen_at(thread, by=Side.SPONSOR),
        "known": known,
        "payment": _payment(known),
        "notes": goodwill_list(thread),
        "goodwill_form": goodwill_form,
    }
    template = page_or_fragment(request, "support/thread_desk.html")
    return render(request, template, context, status=422 if form.errors or goodwill_form.errors else 200)


def _payment(known: Known | None) -> Detail | None:
    """Return the payment behind a purchase or a receipt, as the billing desk knows it."""
    if known is None or known.subject.kind not in ("purchase", "receipt"):
        return None
    chain = chain_named(known.subject.kind, UUID(known.subject.id))
    return detail_get(chain) if chain else None
