"""Threads as a workspace sees them: "Something is wrong" about one of its things, and what billing answers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, MAY_ASK, Scope, member, viewer
from dashboard.accounts.views import READ_OR_SEND
from dashboard.lib.fragments import page_or_fragment
from dashboard.support.forms import MessageForm, ThreadForm
from dashboard.support.models import Side, Thread
from dashboard.support.selectors import (
    message_list,
    seen_at,
    thread_get,
    thread_page,
    threads_about,
    unread_map,
)
from dashboard.support.services import SupportRefused, message_send, thread_mark_read, thread_open
from dashboard.web.subjects import subject_find, subject_get


@member(EVERY_ROLE)
@require_GET
def thread_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    page = thread_page(scope.workspace, cursor=request.GET.get("page", ""))
    unread = unread_map(page.rows, user=scope.user, side=Side.SPONSOR)
    return render(request, "support/thread_list.html", {"scope": scope, "page": page, "unread": unread})


@member(MAY_ASK)
@require_http_methods(READ_OR_SEND)
def thread_new(request: HttpRequest, scope: Scope, kind: str, subject_id: str) -> HttpResponse:
    known = subject_get(scope.workspace, kind, subject_id)
    form = ThreadForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            thread = thread_open(workspace=scope.workspace, user=scope.user, subject=known.subject, **form.cleaned_data)
        except SupportRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("web:thread_detail", scope.workspace.key, thread.key)
    before = threads_about(scope.workspace, kind, subject_id)
    unread = unread_map(before, user=scope.user, side=Side.SPONSOR)
    context = {"scope": scope, "known": known, "form": form, "threads": before, "unread": unread}
    return render(request, "support/thread_new.html", context, status=422 if form.errors else 200)


@member(EVERY_ROLE)
@require_GET
def thread_detail(request: HttpRequest, scope: Scope, thread_key: UUID) -> HttpResponse:
    return _thread(request, scope, thread_get(scope.workspace, thread_key), MessageForm())


@member(MAY_ASK)
@require_POST
def thread_message(request: HttpRequest, scope: Scope, thread_key: UUID) -> HttpResponse:
    thread = thread_get(scope.workspace, thread_key)
    form = MessageForm(request.POST)
    if message_is_sent(request, form, thread, Side.SPONSOR):
        return redirect("web:thread_detail", scope.workspace.key, thread.key)
    return _thread(request, scope, thread, form)


def _thread(request: HttpRequest, scope: Scope, thread: Thread, form: MessageForm) -> HttpResponse:
    thread_mark_read(thread=thread, user=scope.user, side=Side.SPONSOR)
    context = {
        "scope": scope,
        "thread": thread,
        "form": form,
        "may_ask": scope.may(MAY_ASK),
        "texts": message_list(thread),
        "seen_at": seen_at(thread, by=Side.BILLING),
        "known": subject_find(scope.workspace, thread.subject_kind, thread.subject_id),
    }
    template = page_or_fragment(request, "support/thread_detail.html")
    return render(request, template, context, status=422 if form.errors else 200)


def message_is_sent(request: HttpRequest, form: MessageForm, thread: Thread, side: Side) -> bool:
    """Send what the form holds; False leaves in it why that was not possible."""
    if not form.is_valid():
        return False
    is_solving = request.POST.get("ending") == Thread.State.SOLVED
    try:
        message_send(thread=thread, user=viewer(request), side=side, is_solving=is_solving, **form.cleaned_data)
    except SupportRefused as refusal:
        form.add_error(None, str(refusal))
    return not form.errors
