"""Pages that join several apps: landing, overview, one agent, search, profile."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import (
    EVERY_ROLE,
    MAY_ASK,
    MAY_BUY,
    MAY_STOP,
    OWNER_ONLY,
    Scope,
    member,
    signed_in,
    viewer,
)
from dashboard.accounts.answers import kept_answer
from dashboard.accounts.factors import session_end
from dashboard.accounts.navigation import landing_url
from dashboard.accounts.selectors import other_session_get
from dashboard.accounts.services import profile_update, theme_set
from dashboard.accounts.sessions import session_list
from dashboard.activity.filter import EventFilter, event_list
from dashboard.activity.selectors import event_page
from dashboard.agents.claim_requests import asking_for
from dashboard.assets.latest import latest_list_of_agent
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import gap_list
from dashboard.lib.fragments import page_or_fragment
from dashboard.web.forms import ProfileForm, ThemeForm
from dashboard.web.inbox import inbox_get, inbox_look
from dashboard.web.selectors import agent_row_get, overview_get, search

RECENT_EVENTS = 20


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect(landing_url(viewer(request)))


@member(EVERY_ROLE)
@require_GET
@kept_answer
def overview(request: HttpRequest, scope: Scope) -> HttpResponse:
    may_claim = scope.may(OWNER_ONLY)
    found = overview_get(scope.workspace, scope.user)
    context = {
        "scope": scope,
        "overview": found,
        "inbox_waiting": found.waiting,
        "may_claim": may_claim,
        "may_buy": scope.may(MAY_BUY),
        "may_stop": scope.may(MAY_STOP),
        "asking": asking_for(scope.user, here=found.asked_here, elsewhere=found.asked_elsewhere) if may_claim else None,
    }
    return render(request, page_or_fragment(request, "web/overview.html"), context)


@member(EVERY_ROLE)
@require_GET
def inbox(request: HttpRequest, scope: Scope) -> HttpResponse:
    found = inbox_get(scope.workspace)
    inbox_look(found)
    may_claim = scope.may(OWNER_ONLY)
    context = {
        "scope": scope,
        "inbox": found,
        "inbox_waiting": found.waiting,
        "may_buy": scope.may(MAY_BUY),
        # Who asks for one of the viewer's own addresses: theirs to see, whatever the workspace.
        "asking": asking_for(scope.user) if may_claim else None,
    }
    return render(request, page_or_fragment(request, "web/inbox.html"), context)


@member(EVERY_ROLE)
@require_GET
@kept_answer
def agent_detail(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    row, waiting = agent_row_get(scope.workspace, remote_id)
    events = event_list(scope.workspace, EventFilter(agent=remote_id))
    context = {
        "scope": scope,
        "row": row,
        "inbox_waiting": waiting,
        "page": event_page(events, cursor="", size=RECENT_EVENTS),
        "latest": latest_list_of_agent(scope.workspace, row.claim.agent_id),
        "gaps": gap_list(stream=Stream.AGENT, subject_id=row.claim.agent_id),
        "may_unclaim": scope.may(OWNER_ONLY),
        "may_ask": scope.may(MAY_ASK),
        "may_stop": scope.may(MAY_STOP),
        "may_buy": scope.may(MAY_BUY),
    }
    return render(request, page_or_fragment(request, "web/agent_detail.html"), context)


@member(EVERY_ROLE)
@require_GET
def search_results(request: HttpRequest, scope: Scope) -> HttpResponse:
    text = request.GET.get("q", "")
    return render(request, "web/search.html", {"scope": scope, "text": text, "found": search(scope.workspace, text)})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    kept = {"name": user.name, "time_zone": user.time_zone, "theme": user.theme}
    form = ProfileForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        profile_update(user=user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("web:profile")
    return render(request, "web/profile.html", {"form": form})


@signed_in
@require_POST
def profile_theme(request: HttpRequest) -> HttpResponse:
    """Switch the theme from any page and go back to it."""
    form = ThemeForm(request.POST)
    if form.is_valid():
        theme_set(user=viewer(request), theme=form.cleaned_data["theme"])
    return redirect(_local_path(request.POST.get("next", "")))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """List the visitor's signed-in browsers, and on POST sign all others out."""
    listed = session_list(viewer(request))
    if request.method == "POST":
        for one in listed:
            if one.session_key != request.session.session_key:
                session_end(one)
        messages.success(request, "All other browsers are signed out.")
        return redirect("usersessions_list")
    return render(request, "usersessions/usersession_list.html", {"sessions": listed})


@signed_in
@require_POST
def other_session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign another browser of the visitor's out."""
    session_end(other_session_get(viewer(request), pk=pk, current_key=request.session.session_key))
    messages.success(request, "That browser is signed out.")
    return redirect("usersessions_list")


def _local_path(wanted: str) -> str:
    """Return a path of this host alone: an address of another one leads to the profile."""
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if is_ours else reverse("web:profile")
