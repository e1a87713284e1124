"""Asking for a fresh reading."""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.accounts.access import Scope, member
from dashboard.agents.selectors import claim_get
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_hurry
from dashboard.sync.tasks import agent_sync

# A page that is looked at asks every few seconds; what is this fresh is not read again.
FRESH_FOR = timedelta(seconds=5)


@member()
@require_POST
def agent_refresh(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    if cursor_hurry(stream=Stream.AGENT, subject_id=claim.agent_id, unless_since=timezone.now() - FRESH_FOR):
        # robust: a queue that is down costs a few seconds (the sweep finds the row), never the page.
        transaction.on_commit(lambda: agent_sync.delay(claim.agent_id), robust=True)
    if request.headers.get("X-Fragment"):
        return HttpResponse(status=204)
    return redirect("web:agent_detail", scope.workspace.key, remote_id)
