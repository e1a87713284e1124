"""Reading refunds: those that were ordered here and those that were made elsewhere, and how far each has come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import Http404

from dashboard.billing.models import Chain, HostedReversal, RefundOrder, StripeRefund
from dashboard.billing.refund_preview import NO_LONGER_AT_STRIPE
from dashboard.billing.stages import chain_rows
from dashboard.lib.paging import Page, page_get
from dashboard.lib.presentation import credits_text, credits_unit

PAGE_SIZE = 50
VIEWS = {
    "all": Q(),
    "here": ~Q(order_key=""),
    "elsewhere": Q(order_key=""),
    "failed": Q(status__in=NO_LONGER_AT_STRIPE),
}


@dataclass(frozen=True)
class Step:
    """One step of a refund, as components/_step.html draws it; `at` is UTC."""

    step: str
    title: str
    text: str = ""
    at: datetime | None = None
    source: str = ""


def refund_page(view: str, *, cursor: str) -> Page[StripeRefund]:
    """Return a page of Stripe's refunds, newest first, with what they belong to."""
    rows = StripeRefund.objects.filter(VIEWS.get(view, Q()))
    rows = rows.select_related("payment__chain__workspace", "payment__chain__purchase__agent", "order__ordered_by")
    return page_get(rows, by="created_at", cursor=cursor, size=PAGE_SIZE)


def orders_open() -> QuerySet[RefundOrder]:
    """Return the orders that Stripe has not answered yet, the oldest first; PAGE_SIZE of them at most."""
    waiting = RefundOrder.objects.filter(state=RefundOrder.State.PENDING)
    return waiting.select_related("chain", "payment", "ordered_by").order_by("ordered_at")[:PAGE_SIZE]


def order_get(key: UUID) -> RefundOrder:
    """Return an order with all that its page shows; raises Http404."""
    rows = RefundOrder.objects.select_related("chain__purchase__agent", "payment", "refund", "ordered_by")
    order = rows.filter(key=key).first()
    if order is None:
        raise Http404
    return order


def chain_to_refund(key: UUID) -> Chain:
    """Return a payment with its sides; raises Http404, also where Stripe has no part in it."""
    chain = chain_rows().filter(key=key).exclude(stripe_payment=None).first()
    if chain is None:
        raise Http404
    return chain


def refund_steps(order: RefundOrder) -> list[Step]:
    """Return where an order stands: ordered, refunded by Stripe, credits taken back by the service."""
    ordered = Step("done", "Ordered", order.comment, order.ordered_at, order.ordered_by.display_name)
    return [ordered, _at_stripe(order), _in_ledger(order)]


def _at_stripe(order: RefundOrder) -> Step:
    refund, title = order.refund, "Given back by Stripe"
    if refund is None:
        is_refused = order.state == RefundOrder.State.REFUSED
        text = order.problem or "Stripe is asked."
        return Step("failed" if is_refused else "current", title, text)
    if refund.has_taken:
        return Step("done", title, "It can take 5 to 10 days to reach the payer's bank.", refund.created_at, "Stripe")
    if refund.status in NO_LONGER_AT_STRIPE:
        return Step("failed", title, "Stripe could not give it back: the money is with you again.")
    return Step("current", title, "Under way, Stripe says.", refund.created_at, "Stripe")


def _in_ledger(order: RefundOrder) -> Step:
    title = "Credits taken back"
    found = HostedReversal.objects.filter(provider_id=order.refund.refund_id).first() if order.refund else None
    if found is None:
        return Step(
            "waiting", title, f"{settings.PRODUCT_NAME} has not told of it yet, usually under a minute after Stripe."
        )
    amount = f"{credits_text(found.credits)} {credits_unit(found.credits)}"
    looks = {"applied": ("done", f"{amount} were taken."), "rejected": ("failed", "There were none left to take.")}
    step, text = looks.get(found.state, ("current", f"{settings.PRODUCT_NAME} says: {found.state}."))
    return Step(step, title, text, found.created_at, settings.PRODUCT_NAME)
