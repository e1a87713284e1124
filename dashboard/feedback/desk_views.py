"""The rest of the reviewers' desk: what looks alike, whose voice is muted, the queue as a file."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.views import READ_OR_SEND
from dashboard.audit.services import audit_record
from dashboard.feedback.deciding import FeedbackRefused, Stale
from dashboard.feedback.export import COLUMNS, export_rows
from dashboard.feedback.forms import QueueForm, SourceForm, SuggestionsForm
from dashboard.feedback.insight import DAYS, insight_get
from dashboard.feedback.item import suggestion_list
from dashboard.feedback.merging import suggestion_accept, suggestions_refuse
from dashboard.feedback.sources import source_hear, source_list, source_mute
from dashboard.lib.export import file_answer
from dashboard.lib.forms import FileKindForm

SUGGESTIONS_SHOWN = 50


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_http_methods(READ_OR_SEND)
def suggestions(request: HttpRequest) -> HttpResponse:
    """What looks alike, to be merged or not, one by one or all that is chosen."""
    user = viewer(request)
    shown = suggestion_list(user, limit=SUGGESTIONS_SHOWN)
    if request.method != "POST":
        return render(request, "feedback/suggestions.html", {"suggestions": shown})
    form = SuggestionsForm(request.POST, shown=[one.pk for one in shown])
    if not form.is_valid():
        messages.error(request, "Choose some that are still there.")
        return redirect("feedback:suggestions")
    chosen = [one for one in shown if one.pk in form.cleaned_data["suggestion"]]
    if form.cleaned_data["act"] == "refuse":
        suggestions_refuse(chosen, user=user)
        messages.success(request, f"{len(chosen)} will not be suggested again.")
        return redirect("feedback:suggestions")
    merged = 0
    for one in chosen:
        try:
            suggestion_accept(one.pk, user=user)
        except (FeedbackRefused, Stale):
            continue
        merged += 1
    messages.success(request, f"{merged} of {len(chosen)} merged.")
    return redirect("feedback:suggestions")


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_http_methods(READ_OR_SEND)
def sources(request: HttpRequest) -> HttpResponse:
    """Who reports most, and who is muted."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        agent, user = form.cleaned_data["agent"], viewer(request)
        if form.cleaned_data["act"] == "mute":
            source_mute(agent_remote_id=agent, user=user, why=form.cleaned_data["why"])
        else:
            source_hear(agent_remote_id=agent, user=user)
        return redirect("feedback:sources")
    context = {"sources": source_list(), "form": form}
    return render(request, "feedback/sources.html", context, status=422 if form.errors else 200)


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_GET
def insight(request: HttpRequest) -> HttpResponse:
    return render(request, "feedback/insight.html", {"insight": insight_get(viewer(request)), "span": DAYS})


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer with what the queue's filter finds, as a file."""
    user, wanted, form = viewer(request), QueueForm(request.GET).wanted, FileKindForm(request.POST)
    if not form.is_valid():
        return redirect("feedback:queue")
    kind = form.cleaned_data["kind"]
    used = {name: value for name, value in vars(wanted).items() if value}
    audit_record(
        action="feedback.exported", actor=user, subject=("feedback", "queue", "queue"), after={"kind": kind, **used}
    )
    return file_answer("feedback", kind, COLUMNS, export_rows(wanted, user))
