"""The billing admin's desk: payments with their sides, and what the ledgers of linked agents tell of money."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_GET

from dashboard.accounts.access import platform
from dashboard.accounts.answers import kept_answer
from dashboard.accounts.models import PlatformRole
from dashboard.activity.selectors import event_page_of_types
from dashboard.billing.access import has_stripe, is_live
from dashboard.billing.detail import detail_get
from dashboard.billing.forms import ChainFilterForm
from dashboard.billing.selectors import chain_get, chain_page, coverage_get, feed_map, finding_open_count
from dashboard.remote import has_operator

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


def sight() -> dict[str, object]:
    """Return what every page of the desk says of itself: what is visible here, as of when, and how much is open."""
    return {
        "has_stripe": has_stripe(),
        "is_live": is_live(),
        "has_operator": has_operator(),
        # Read where a page says ages alone.
        "feeds": SimpleLazyObject(feed_map),
        "open_findings": finding_open_count(),
    }


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
@kept_answer
def desk(request: HttpRequest) -> HttpResponse:
    form = ChainFilterForm(request.GET)
    context: dict[str, object] = {"form": form, "tab": "purchases", "coverage": coverage_get(), **sight()}
    if form.is_valid():
        page, rows = chain_page(form.chains() if form.is_filtered else None, cursor=request.GET.get("page", ""))
        context |= {"page": page, "rows": rows, "is_filtered": form.is_filtered}
    return render(request, "billing/desk.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def chain_detail(request: HttpRequest, chain_key: UUID) -> HttpResponse:
    context = {"tab": "purchases", "detail": detail_get(chain_get(chain_key)), **sight()}
    return render(request, "billing/chain_detail.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    page = event_page_of_types(TYPES, cursor=request.GET.get("page", ""))
    return render(request, "billing/ledger.html", {"page": page, "tab": "ledger", **sight()})
