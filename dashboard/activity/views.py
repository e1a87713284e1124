"""The ledger page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import Scope, member
from dashboard.activity.selectors import event_page, linked_ids


@member()
@require_GET
def event_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    page = event_page(scope.workspace, cursor=request.GET.get("page", ""))
    context = {"scope": scope, "page": page, "linked_ids": linked_ids(scope.workspace, page.rows)}
    return render(request, "activity/event_list.html", context)
