"""Balances: the workspace's agents, one agent's history, what moved between two readings, the history as a file."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import EVERY_ROLE, Scope, member
from dashboard.accounts.answers import kept_answer
from dashboard.agents.selectors import claim_get
from dashboard.audit.services import audit_record
from dashboard.credits.balance_export import COLUMNS, export_rows
from dashboard.credits.balance_selectors import (
    balance_chart,
    balance_count,
    balance_list,
    balance_page,
    interval_event_page,
    interval_get,
)
from dashboard.credits.funding import shares_by_event
from dashboard.credits.waiting import counted_claim_get
from dashboard.lib.export import file_answer


@member(EVERY_ROLE)
@require_GET
def balance_overview(request: HttpRequest, scope: Scope) -> HttpResponse:
    claims = balance_list(scope.workspace)
    context = {"scope": scope, "claims": claims, "count": balance_count(scope.workspace)}
    return render(request, "credits/balance/balance_overview.html", context)


@member(EVERY_ROLE)
@require_GET
@kept_answer
def balance_detail(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = counted_claim_get(scope.workspace, remote_id)
    balance = balance_page(claim, cursor=request.GET.get("page", ""))
    context = {
        "scope": scope,
        "claim": claim,
        "inbox_waiting": vars(claim)["waiting"],
        "balance": balance,
        "chart": balance_chart(claim),
        "gaps": balance.gaps,
    }
    return render(request, "credits/balance/balance_detail.html", context)


@member(EVERY_ROLE)
@require_GET
def balance_interval(request: HttpRequest, scope: Scope, remote_id: str, number: int) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    interval = interval_get(claim, number)
    page = interval_event_page(claim, interval, cursor=request.GET.get("page", ""))
    context = {
        "scope": scope,
        "claim": claim,
        "interval": interval,
        "page": page,
        "lines": shares_by_event(claim, interval, page.rows),
    }
    return render(request, "credits/balance/balance_interval.html", context)


@member(EVERY_ROLE)
@require_POST
def balance_export(_request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponseBase:
    """Answer with the whole history as CSV; the export stands in the audit log before its first line leaves."""
    claim = claim_get(scope.workspace, remote_id)
    audit_record(
        action="balance.exported",
        actor=scope.user,
        workspace_id=scope.workspace.pk,
        subject=("agent", claim.agent.remote_id, claim.agent.display_name),
        after={"format": "csv"},
    )
    return file_answer(f"balance-{claim.agent_id}", "csv", COLUMNS, export_rows(claim))
