"""Pages about agents: the list, the claim ceremony, unclaim. The agent's own page is in dashboard.web."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.agents.ceremony import TooManyCodes, attempt_start
from dashboard.agents.claim_requests import service_claim_requests_for
from dashboard.agents.forms import ConsentForm
from dashboard.agents.invitation import invitation_for
from dashboard.agents.models import ClaimAttempt
from dashboard.agents.selectors import attempt_get, attempt_is_over, claim_get, claim_page, known_claim
from dashboard.agents.services import ConsentRefused, claim_confirm, claim_refuse, claim_release
from dashboard.agents.standing import standing_of


@member()
@require_GET
def agent_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    page = claim_page(scope.workspace, cursor=request.GET.get("page", ""))
    may_claim = scope.may(OWNER_ONLY)
    context = {
        "scope": scope,
        "page": page,
        "rows": [(claim, standing_of(claim)) for claim in page.rows],
        "may_claim": may_claim,
        "service_requests": service_claim_requests_for(scope.user) if may_claim else [],
    }
    return render(request, "agents/agent_list.html", context)


@member(OWNER_ONLY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_start(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Explain, and on POST show the code once: it is in this answer alone, so it is rendered and not redirected to."""
    if request.method != "POST":
        return render(request, "agents/claim_start.html", {"scope": scope})
    try:
        attempt, code = attempt_start(workspace=scope.workspace, user=scope.user)
    except TooManyCodes:
        messages.error(request, "Too many claim codes within an hour. Try again later.")
        return render(request, "agents/claim_start.html", {"scope": scope}, status=429)
    invitation = invitation_for(code=code, sponsor=scope.user.display_name, workspace=scope.workspace.name)
    return render(
        request,
        "agents/claim_code.html",
        {"scope": scope, "invitation": invitation, **_attempt_context(attempt)},
    )


@member(OWNER_ONLY)
@never_cache
@require_GET
def claim_attempt(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """How a ceremony stands: a page, or its fragment for the page that polls."""
    attempt = attempt_get(scope.workspace, scope.user, key)
    template = "agents/_claim_attempt.html" if request.headers.get("X-Fragment") else "agents/claim_attempt.html"
    return render(request, template, {"scope": scope, **_attempt_context(attempt)})


@member(OWNER_ONLY)
@require_POST
def claim_consent(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    attempt = attempt_get(scope.workspace, scope.user, key)
    form = ConsentForm(request.POST)
    if form.is_valid():
        try:
            claim = claim_confirm(attempt=attempt, user=scope.user, **form.cleaned_data)
        except ConsentRefused as refusal:
            form.add_error("phrase", str(refusal))
            attempt.refresh_from_db()
        else:
            linked = "<bdi>{}</bdi> is linked to <bdi>{}</bdi>."
            messages.success(request, format_html(linked, claim.agent.display_name, scope.workspace.name))
            return redirect("web:agent_detail", scope.workspace.key, claim.agent.remote_id)
    context = {"scope": scope, **_attempt_context(attempt), "form": form}
    return render(request, "agents/claim_attempt.html", context, status=422)


@member(OWNER_ONLY)
@require_POST
def claim_decline(_request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    attempt = attempt_get(scope.workspace, scope.user, key)
    claim_refuse(attempt=attempt, user=scope.user)
    return redirect("agents:claim_attempt", scope.workspace.key, attempt.key)


@member(OWNER_ONLY)
@require_http_methods(["GET", "HEAD", "POST"])
def agent_release(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Say what unclaiming does and does not do, and on POST do it."""
    claim = claim_get(scope.workspace, remote_id)
    if request.method != "POST":
        return render(request, "agents/agent_release.html", {"scope": scope, "claim": claim})
    claim_release(claim=claim, user=scope.user)
    gone = "<bdi>{}</bdi> is no longer linked. It keeps working and spending."
    messages.success(request, format_html(gone, claim.agent.display_name))
    return redirect("agents:agent_list", scope.workspace.key)


def _attempt_context(attempt: ClaimAttempt) -> dict[str, object]:
    state = ClaimAttempt.State.EXPIRED if attempt_is_over(attempt) else ClaimAttempt.State(attempt.state)
    known = known_claim(attempt)
    return {
        "attempt": attempt,
        "state": state.value,
        "is_waiting": state == ClaimAttempt.State.WAITING,
        # Renewing a link must not silently drop the warning that stands.
        "form": ConsentForm(initial={"warn_credits_per_day": known.warn_credits_per_day} if known else None),
        "known_claim": known,
        "registered_at": parse_datetime(attempt.facts.get("registered_at") or ""),
    }
