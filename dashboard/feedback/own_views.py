"""Pages about feedback for others than its reviewers: the sponsors' list, and billing's goodwill notes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import EVERY_ROLE, Scope, member, platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.feedback.goodwill import agent_names, goodwill_page, spent_around
from dashboard.feedback.goodwill_notes import goodwill_settle
from dashboard.feedback.models import Goodwill
from dashboard.feedback.own import own_page
from dashboard.remote import has_operator


@member(EVERY_ROLE)
@require_GET
def own_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    remote_id = request.GET.get("report", "")
    page = own_page(scope.workspace, cursor=request.GET.get("page", ""), remote_id=remote_id)
    names = agent_names({report.agent_remote_id for report in page.rows})
    context = {"scope": scope, "page": page, "names": names, "has_text": has_operator(), "remote_id": remote_id}
    return render(request, "feedback/own_list.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def goodwill_list(request: HttpRequest) -> HttpResponse:
    page = goodwill_page(cursor=request.GET.get("page", ""))
    names = agent_names({note.agent_remote_id for note in page.rows})
    return render(
        request, "feedback/goodwill_list.html", {"page": page, "spent": spent_around(page.rows), "names": names}
    )


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def goodwill_settled(request: HttpRequest, note_id: int) -> HttpResponse:
    """Note that billing has dealt with it, whichever way."""
    goodwill_settle(get_object_or_404(Goodwill.objects.select_related("thread"), pk=note_id), user=viewer(request))
    return redirect("feedback:goodwill_list")
