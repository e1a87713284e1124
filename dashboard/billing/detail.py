"""One payment with everything that its page shows."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from dashboard.billing.models import (
    Chain,
    Finding,
    LedgerLine,
    RefundOrder,
    StripeDispute,
    StripeRefund,
    WebhookEvent,
)
from dashboard.billing.models.chain import CHAIN_IDS
from dashboard.billing.rows import DeskRow, amount_text, desk_line, desk_row
from dashboard.credits.apply import GRANTED, REVERSALS

MOST_ROWS = 50
ID_NAMES = {
    "quote_id": "Quote",
    "payment_attempt_id": "Attempt",
    "checkout_session_id": "Checkout session",
    "payment_intent_id": "Payment intent",
    "charge_id": "Charge",
    "receipt_id": "Receipt",
    "credit_event_id": "Credit event",
    "trace_id": "Trace",
}


@dataclass(frozen=True)
class Detail:
    """A chain with its sides loaded; the rest is read when it is shown, MOST_ROWS of each at most."""

    chain: Chain
    agent_name: str

    @cached_property
    def row(self) -> DeskRow:
        kinds = tuple(one.kind for one in self.findings if one.state == "open")
        return desk_row(desk_line(self.chain, self.agent_name), kinds)

    @cached_property
    def findings(self) -> list[Finding]:
        return list(self.chain.findings.select_related("assignee").order_by("state", "-pk")[:MOST_ROWS])

    @cached_property
    def lines(self) -> list[LedgerLine]:
        return list(self.chain.lines.order_by("occurred_at", "pk")[:MOST_ROWS])

    @cached_property
    def refunds(self) -> list[StripeRefund]:
        payment = self.chain.stripe_payment
        if payment is None:
            return []
        return list(payment.striperefunds.select_related("order").order_by("created_at")[:MOST_ROWS])

    @cached_property
    def orders(self) -> list[RefundOrder]:
        """The refunds ordered here that Stripe has made nothing of, yet or for good."""
        unmade = self.chain.refund_orders.filter(refund=None).select_related("ordered_by")
        return list(unmade.order_by("ordered_at")[:MOST_ROWS])

    @cached_property
    def disputes(self) -> list[StripeDispute]:
        payment = self.chain.stripe_payment
        return list(payment.stripedisputes.order_by("created_at")[:MOST_ROWS]) if payment else []

    @cached_property
    def events(self) -> list[WebhookEvent]:
        intent = self.chain.payment_intent_id
        rows = WebhookEvent.objects.filter(payment_intent_id=intent).defer("body").order_by("-created_at", "-pk")
        return list(rows[:MOST_ROWS]) if intent else []

    @property
    def is_refundable(self) -> bool:
        """Tell whether a refund can be offered: its own page says what it comes to, and what stands in its way."""
        payment = self.chain.stripe_payment
        if payment is None or not payment.is_refundable:
            return False
        return not any(dispute.has_taken for dispute in self.disputes)

    @property
    def stripe_amount(self) -> str:
        """Return what Stripe took, in words; only where there is a payment that it took."""
        payment = self.chain.stripe_payment
        return amount_text(payment.amount_cents, payment.currency) if payment else ""

    @property
    def granted(self) -> int | None:
        """Return the credits that the ledger granted, all grants together; None without one."""
        grants = [line.credits_delta or 0 for line in self.lines if line.type == GRANTED]
        return sum(grants) if grants else None

    @property
    def taken(self) -> int:
        """Return the credits that reversals hold now."""
        return -sum(line.credits_delta or 0 for line in self.lines if line.type in REVERSALS)

    @property
    def ids(self) -> list[tuple[str, str]]:
        return [(ID_NAMES[name], getattr(self.chain, name)) for name in ID_NAMES if name in CHAIN_IDS]

    @property
    def stripe_url(self) -> str:
        """Return the payment's page at Stripe; empty where Stripe is played by something else."""
        return stripe_page(f"payments/{self.chain.payment_intent_id}") if self.chain.payment_intent_id else ""


def detail_get(chain: Chain) -> Detail:
    agent = chain.purchase.agent if chain.purchase else None
    return Detail(chain, agent.display_name if agent else "")


def stripe_page(path: str) -> str:
    """Return an address of Stripe's own dashboard in the key's mode; empty where Stripe is played locally."""
    if settings.STRIPE_API_BASE or not settings.STRIPE_API_KEY:
        return ""
    mode = "" if settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_")) else "test/"
    return f"https://dashboard.stripe.com/{mode}{path}"
