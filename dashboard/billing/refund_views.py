"""Refunds at the desk: the list, the preview with its order, and the page on which an order is followed."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.billing.models import Chain
from dashboard.billing.refund_forms import AmountForm, RefundForm
from dashboard.billing.refund_preview import preview_get
from dashboard.billing.refund_selectors import (
    VIEWS,
    chain_to_refund,
    order_get,
    orders_open,
    refund_page,
    refund_steps,
)
from dashboard.billing.refunds import RefundRefused, refund_order
from dashboard.billing.selectors import chain_named

TABS = {"all": "All", "here": "Ordered here", "elsewhere": "Made elsewhere", "failed": "Failed"}


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def refund_list(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("view", "all")
    shown = shown if shown in VIEWS else "all"
    page = refund_page(shown, cursor=request.GET.get("page", ""))
    context = {"page": page, "shown": shown, "views": TABS.items(), "orders": orders_open()}
    return render(request, "billing/refund_list.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def refund_new(request: HttpRequest, chain_key: UUID) -> HttpResponse:
    """Show what a refund comes to; on POST order what was shown, and nothing else."""
    form, refusal = RefundForm(request.POST or None), ""
    if form.is_valid():
        try:
            order = refund_order(chain=chain_to_refund(chain_key), wish=form.wish, user=viewer(request))
        except RefundRefused as refused:
            refusal = str(refused)
        else:
            return redirect("billing:refund_detail", order.key)
    context = _offer(request, chain_to_refund(chain_key), form) | {"refusal": refusal}
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "billing/refund_new.html", context, status=status)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def refund_detail(request: HttpRequest, order_key: UUID) -> HttpResponse:
    order = order_get(order_key)
    steps = refund_steps(order)
    is_waiting = any(step.step in ("current", "waiting") for step in steps)
    template = "billing/_refund.html" if request.headers.get("X-Fragment") else "billing/refund_detail.html"
    return render(request, template, {"order": order, "steps": steps, "is_waiting": is_waiting})


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def refund_of(_request: HttpRequest, kind: str, key: UUID) -> HttpResponse:
    """Lead from what a sponsor calls it (a purchase or a receipt of theirs) to refunding it."""
    chain = chain_named(kind, key)
    if chain is None:
        raise Http404
    return redirect("billing:refund_new", chain.key)


def _offer(request: HttpRequest, chain: Chain, form: RefundForm) -> dict[str, object]:
    """Return the figures of the amount in the address, or of all that is left, and a form that agrees to just those.

    Whoever comes back with a refusal agrees to what is shown now, not to what was shown before.
    """
    amount, payment = AmountForm(request.GET), chain.stripe_payment
    if payment is None:
        raise Http404
    preview = preview_get(chain, payment, amount.cents if amount.is_valid() else None)
    if not form.errors:
        written = form.cleaned_data if form.is_bound else {}
        form = RefundForm(initial={**written, "amount_cents": preview.amount_cents, "seen": preview.digest})
    return {"chain": chain, "payment": payment, "preview": preview, "amount_form": amount, "form": form}
