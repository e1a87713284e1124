"""Stop, Start again, and replacing a token. "Token exposed" itself, which shows activity too, is in dashboard.web."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.accounts.access import MAY_STOP, OWNER_ONLY, Scope, member
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.agents.custody import agent_start, agent_stop
from dashboard.agents.custody_forms import ReplacementForm
from dashboard.agents.instructions import instruction_get
from dashboard.agents.levers import access_state, most_it_can_spend, stop_levers
from dashboard.agents.models import Claim, Instruction
from dashboard.agents.replacement import ReplacementRefused, addresses_of, token_replace
from dashboard.agents.selectors import claim_get
from dashboard.remote import has_operator


@member(MAY_STOP)
@never_cache
@require_http_methods(READ_OR_SEND)
def stop(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Say what stopping does and does not reach; on POST do it; afterwards say how each lever stands."""
    claim = claim_get(scope.workspace, remote_id)
    if request.method == "POST":
        agent_stop(claim=claim, user=scope.user)
        return redirect("agents:stop", scope.workspace.key, remote_id)
    template = "agents/_stop.html" if request.headers.get("X-Fragment") else "agents/stop.html"
    context = {"scope": scope, "may_start": scope.may(OWNER_ONLY), **stop_context(claim)}
    return render(request, template, context)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def start(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Say what starting again does, and on POST do it."""
    claim = claim_get(scope.workspace, remote_id)
    if request.method != "POST":
        return render(request, "agents/start.html", {"scope": scope, **stop_context(claim)})
    if agent_start(claim=claim, user=scope.user):
        messages.success(request, format_html("<bdi>{}</bdi> is started again.", claim.agent.display_name))
    return redirect("web:agent_detail", scope.workspace.key, remote_id)


@member(OWNER_ONLY)
@require_POST
@fresh_sign_in
def replace(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Replace the token; what came of it is on the page that this leads to."""
    claim = claim_get(scope.workspace, remote_id)
    form = ReplacementForm(request.POST, addresses=addresses_of(scope.user))
    if not form.is_valid():
        messages.error(request, "Choose one of your own confirmed addresses.")
    else:
        try:
            token_replace(claim=claim, user=scope.user, address=form.cleaned_data["address"])
        except ReplacementRefused as refusal:
            messages.error(request, str(refusal))
    return redirect("web:token_exposed", scope.workspace.key, remote_id)


def stop_context(claim: Claim) -> dict[str, object]:
    """Return what every page about a stop shows of it."""
    access, reaches_service = instruction_get(claim.agent_id, Instruction.Matter.ACCESS), has_operator()
    state = access_state(claim, access, has_operator=reaches_service)
    return {
        "claim": claim,
        "levers": stop_levers(claim, access, has_operator=reaches_service),
        "most": most_it_can_spend(claim, has_operator=reaches_service),
        "access_state": state,
        "is_waiting": state == "retried",
    }
