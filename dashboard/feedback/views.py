"""The product reviewer's desk: what the ledgers of linked agents tell of feedback."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import platform
from dashboard.accounts.models import PlatformRole
from dashboard.activity.selectors import event_page_of_types

# The text of a report is in no public endpoint (contract section 6): its events are all that can be read.
TYPES = ("feedback.created", "feedback.github_queue.processed")


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    page = event_page_of_types(TYPES, cursor=request.GET.get("page", ""))
    return render(request, "feedback/queue.html", {"page": page})
