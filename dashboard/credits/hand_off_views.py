"""What people answer to an agent that asks them to pay, besides paying."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from dashboard.accounts.access import MAY_BUY, Scope, member
from dashboard.agents.selectors import claim_get
from dashboard.credits.choices import hand_off_dismiss, hand_offs_mute, hand_offs_unmute
from dashboard.credits.selectors import purchase_get


@member(MAY_BUY)
@require_POST
def dismissal(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    hand_off_dismiss(purchase=purchase_get(scope.workspace, key), user=scope.user)
    messages.success(request, "Not now. The request is out of the inbox; its checkout stays open until it runs out.")
    return redirect("web:inbox", scope.workspace.key)


@member(MAY_BUY)
@require_POST
def mute(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    hand_offs_mute(claim=claim, user=scope.user)
    said = "<bdi>{}</bdi> will not ask here again. You can undo that at the foot of this page."
    messages.success(request, format_html(said, claim.agent.display_name))
    return redirect("web:inbox", scope.workspace.key)


@member(MAY_BUY)
@require_POST
def unmute(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    hand_offs_unmute(claim=claim, user=scope.user)
    messages.success(request, format_html("<bdi>{}</bdi> may ask again.", claim.agent.display_name))
    return redirect("web:inbox", scope.workspace.key)
