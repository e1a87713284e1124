"""Token exposed: what can be done about it, what each lever reaches, and what the agent did since."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.activity.selectors import doings_since
from dashboard.agents.custody_forms import ReplacementForm
from dashboard.agents.custody_views import stop_context
from dashboard.agents.instructions import is_shut_out
from dashboard.agents.models import Claim
from dashboard.agents.replacement import addresses_of, replacement_latest
from dashboard.agents.selectors import claim_get
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import cursor_map
from dashboard.web.forms import SinceForm

EVENTS_SHOWN = 100


@member(OWNER_ONLY)
@require_GET
def token_exposed(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    context = {
        "scope": scope,
        "replacement": replacement_latest(claim),
        "replace_form": ReplacementForm(None, addresses=addresses_of(scope.user)),
        "shut_out": is_shut_out(claim),
        **stop_context(claim),
        **_doings(request, scope, claim),
    }
    return render(request, "web/token_exposed.html", context)


def _doings(request: HttpRequest, scope: Scope, claim: Claim) -> dict[str, object]:
    """Return what the agent did since the moment in the address; the last day where there is none."""
    cursor = cursor_map(stream=Stream.AGENT, subject_ids=[claim.agent_id]).get(claim.agent_id)
    yesterday = timezone.localtime() - timedelta(days=1)
    form = SinceForm(request.GET if "since" in request.GET else {"since": yesterday.strftime(SinceForm.FORMAT)})
    shown: dict[str, object] = {
        "since_form": form,
        "synced_at": cursor.synced_at if cursor else None,
        "limit": EVENTS_SHOWN,
    }
    if form.is_valid():
        since = form.cleaned_data["since"]
        shown |= {"since": since, "doings": doings_since(scope.workspace, claim.agent, since, limit=EVENTS_SHOWN)}
    return shown
