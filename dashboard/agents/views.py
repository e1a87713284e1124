"""Pages about agents: the list, and unclaim. The agent's own page is in dashboard.web."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.agents.claim_requests import asking_for
from dashboard.agents.instructions import instruction_get
from dashboard.agents.levers import stays_shut_out
from dashboard.agents.models import Instruction
from dashboard.agents.selectors import claim_get, claim_page
from dashboard.agents.services import claim_release
from dashboard.agents.standing import standing_of
from dashboard.freshness.selectors import is_stale, oldest_reading
from dashboard.remote import has_operator


@member()
@require_GET
def agent_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    page = claim_page(scope.workspace, cursor=request.GET.get("page", ""))
    may_claim = scope.may(OWNER_ONLY)
    context = {
        "scope": scope,
        "page": page,
        "rows": [(claim, standing_of(claim), is_stale(claim.agent.quota_at)) for claim in page.rows],
        "as_of": oldest_reading(claim.agent.quota_at for claim in page.rows),
        "may_claim": may_claim,
        "asking": asking_for(scope.user) if may_claim else None,
    }
    return render(request, "agents/agent_list.html", context)


@member(OWNER_ONLY)
@require_http_methods(["GET", "HEAD", "POST"])
def agent_release(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Say what unclaiming does and does not do, and on POST do it."""
    claim = claim_get(scope.workspace, remote_id)
    access = instruction_get(claim.agent_id, Instruction.Matter.ACCESS)
    shut_out = stays_shut_out(claim, access, has_operator=has_operator())
    if request.method != "POST":
        context = {"scope": scope, "claim": claim, "shut_out": shut_out}
        return render(request, "agents/agent_release.html", context)
    claim_release(claim=claim, user=scope.user)
    then = "It stays shut out." if shut_out else "It keeps working and spending."
    messages.success(request, format_html("<bdi>{}</bdi> is no longer linked. {}", claim.agent.display_name, then))
    return redirect("agents:agent_list", scope.workspace.key)
