"""Pages of the claim ceremony: its beginning, by code or by hand, how it stands, and the decision."""

import re
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.accounts.selectors import owned_workspaces
from dashboard.agents.agent_first import request_report
from dashboard.agents.ceremony import TooManyCodes, attempt_by_hand, attempt_start
from dashboard.agents.forms import ConsentForm, TokenForm
from dashboard.agents.inquiry import ClaimRefusal
from dashboard.agents.invitation import invitation_for, request_text_for
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.selectors import attempt_get, attempt_is_over, claim_get, known_claim, renewal_fault
from dashboard.agents.services import ConsentRefused, claim_confirm, claim_refuse
from dashboard.lib.converters import RemoteId

TOO_MANY = "Too many claim codes within an hour. Try again later."


@member(OWNER_ONLY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_start(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Explain, and on POST show the code once: it is in this answer alone, so it is rendered and not redirected to."""
    if request.method != "POST":
        return _start_page(request, scope)
    try:
        attempt, code = attempt_start(workspace=scope.workspace, user=scope.user, renews=_renewed(request, scope))
    except TooManyCodes:
        messages.error(request, TOO_MANY)
        return _start_page(request, scope, status=429)
    invitation = invitation_for(code=code, sponsor=scope.user.display_name, workspace=scope.workspace.name)
    return render(
        request,
        "agents/claim_code.html",
        {"invitation": invitation, **_attempt_context(attempt, scope)},
    )


@sensitive_post_parameters("token")
@member(OWNER_ONLY)
@never_cache
@require_POST
def claim_by_hand(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Take a token that the sponsor pasted; no answer repeats it."""
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            attempt = attempt_by_hand(
                workspace=scope.workspace,
                user=scope.user,
                token=form.cleaned_data["token"],
                renews=_renewed(request, scope),
            )
        except (ClaimRefusal, TooManyCodes) as refusal:
            form.add_error("token", str(refusal) or TOO_MANY)
        else:
            return redirect("agents:claim_attempt", scope.workspace.key, attempt.key)
    return _start_page(request, scope, form=form, status=422)


@member(OWNER_ONLY)
@never_cache
@require_GET
def claim_attempt(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """How a ceremony stands: a page, or its fragment for the page that polls."""
    attempt = attempt_get(scope.workspace, scope.user, key)
    template = "agents/_claim_attempt.html" if request.headers.get("X-Fragment") else "agents/claim_attempt.html"
    return render(request, template, _attempt_context(attempt, scope))


@member(OWNER_ONLY)
@require_POST
def claim_consent(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    attempt = attempt_get(scope.workspace, scope.user, key)
    form = _consent_form(attempt, known_claim(attempt), request.POST)
    if form.is_valid():
        try:
            claim = claim_confirm(attempt=attempt, user=scope.user, **form.cleaned_data)
        except ConsentRefused as refusal:
            form.add_error("phrase" if attempt.asks_phrase else None, str(refusal))
            attempt = attempt_get(scope.workspace, scope.user, key)
        else:
            linked = "<bdi>{}</bdi> is linked to <bdi>{}</bdi>."
            messages.success(request, format_html(linked, claim.agent.display_name, scope.workspace.name))
            return redirect("web:agent_detail", scope.workspace.key, claim.agent.remote_id)
    context = {**_attempt_context(attempt, scope), "form": form}
    return render(request, "agents/claim_attempt.html", context, status=422)


@member(OWNER_ONLY)
@require_POST
def claim_decline(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """Refuse; of an agent that asked by itself also report and block it, if so pressed."""
    attempt = attempt_get(scope.workspace, scope.user, key)
    if attempt.is_agent_first and request.POST.get("answer") == "report":
        request_report(attempt=attempt, user=scope.user)
        messages.success(request, "Reported. This agent cannot ask you again.")
    else:
        claim_refuse(attempt=attempt, user=scope.user)
    return redirect("agents:claim_attempt", scope.workspace.key, attempt.key)


def _start_page(
    request: HttpRequest, scope: Scope, *, form: TokenForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "scope": scope,
        "form": form or TokenForm(),
        "renewed": _renewed(request, scope),
        "request_text": request_text_for(contact=scope.user.email),
    }
    return render(request, "agents/claim_start.html", context, status=status)


def _renewed(request: HttpRequest, scope: Scope) -> Claim | None:
    """Return the link that the page's address says is renewed."""
    remote_id = request.GET.get("agent")
    if remote_id is None:
        return None
    if not re.fullmatch(RemoteId.regex, remote_id):
        raise Http404
    return claim_get(scope.workspace, remote_id)


def _consent_form(attempt: ClaimAttempt, known: Claim | None, data: object = None) -> ConsentForm:
    renews_broken = bool(known and known.needs_relink)
    return ConsentForm(data, asks_phrase=attempt.asks_phrase, renews=bool(known), renews_broken=renews_broken)


def _attempt_context(attempt: ClaimAttempt, scope: Scope) -> dict[str, object]:
    state = ClaimAttempt.State.EXPIRED if attempt_is_over(attempt) else ClaimAttempt.State(attempt.state)
    known = known_claim(attempt)
    return {
        "scope": scope,
        "attempt": attempt,
        "elsewhere": [one for one in owned_workspaces(scope.user) if one != scope.workspace],
        "state": state.value,
        "is_waiting": state == ClaimAttempt.State.WAITING,
        "form": _consent_form(attempt, known),
        "known_claim": known,
        "fault": renewal_fault(attempt),
        "registered_at": parse_datetime(attempt.facts.get("registered_at") or ""),
    }
