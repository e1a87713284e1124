"""The platform billing admin's desk: what the ledgers of linked agents tell of money."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import platform
from dashboard.accounts.models import PlatformRole
from dashboard.activity.selectors import event_page_of_types

# The published ledger types about money (contract section 3.11).
TYPES = (
    "payment.checkout_session.created",
    "credits.payment_backed_granted",
    "credits.payment_backed_refunded",
    "credits.payment_backed_disputed",
    "credits.payment_backed_reinstated",
    "credits.payment_backed_reversal_pending",
    "credits.payment_backed_reversal_rejected",
)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    page = event_page_of_types(TYPES, cursor=request.GET.get("page", ""))
    return render(request, "billing/desk.html", {"page": page})
