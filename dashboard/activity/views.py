"""The ledger page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import Scope, member
from dashboard.activity.selectors import event_page


@member()
@require_GET
def event_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    page = event_page(scope.workspace, cursor=request.GET.get("page", ""))
    return render(request, "activity/event_list.html", {"scope": scope, "page": page})
