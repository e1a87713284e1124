"""The mailed link of an agent that asks to be linked: whoever has the mail may block, its reader signs in to decide."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import public
from dashboard.accounts.models import User
from dashboard.accounts.selectors import owned_workspaces
from dashboard.agents.agent_first import request_block, request_of_link
from dashboard.agents.models import ClaimAttempt
from dashboard.agents.secrets import keyed_hash
from dashboard.agents.selectors import attempt_is_over, claim_requests_for

SESSION_KEY = "claim_request"


@public
@never_cache
@require_GET
def claim_link_open(request: HttpRequest, token: str) -> HttpResponse:
    """Take the link out of the address at once: its keyed hash waits in the session."""
    request.session[SESSION_KEY] = keyed_hash(token[:100])
    return redirect("agents:claim_link")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim_link(request: HttpRequest) -> HttpResponse:
    """Lead the one who was asked to the decision; anybody else who has the mail may block the agent, and no more."""
    attempt = request_of_link(str(request.session.get(SESSION_KEY, "")))
    if attempt is None:
        return render(request, "agents/claim_link_useless.html", status=404)
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST":
        request_block(attempt=attempt, user=user)
        return render(request, "agents/claim_link_blocked.html", {"attempt": attempt})
    is_mine = user is not None and attempt in claim_requests_for(user)
    owned = owned_workspaces(user) if user else []
    if is_mine and owned:
        return redirect("agents:claim_attempt", owned[0].key, attempt.key)
    context = {"attempt": attempt, "is_over": _is_over(attempt), "is_mine": is_mine}
    return render(request, "agents/claim_link.html", context)


def _is_over(attempt: ClaimAttempt) -> bool:
    return attempt.state != ClaimAttempt.State.PRESENTED or attempt_is_over(attempt)
