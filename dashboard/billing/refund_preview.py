"""What a refund would come to, before any money moves: reckoned from rows, shown, and reckoned again at the press."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.utils import timezone

from dashboard.agents.models import Agent
from dashboard.agents.selectors import claim_of_agent
from dashboard.billing.models import Chain, HostedPayment, RefundOrder, StripePayment, StripeRefund
from dashboard.credits.allocation import taken
from dashboard.credits.funding import funds_get
from dashboard.credits.models import Receipt

NO_LONGER_AT_STRIPE = ("failed", "canceled")
NOT_PAID = "Stripe has taken no money for this, so there is none to give back."
UNDER_WAY = "A refund of this payment is on its way to Stripe. Wait for what becomes of it."
DISPUTED = "A dispute holds this money: Stripe refunds nothing beside it, and the payer would get it twice."
ALL_BACK = "All of it has been given back."
TOO_MUCH = "More than is left of the payment."
OTHER_MODE = "This payment is of Stripe's other mode than the key that is configured."


@dataclass(frozen=True)
class Preview:
    """Figures of one refund: cents of `currency`, whole credits; None where nobody told.

    `spent` and `unspent` are credits of this purchase by our allocation. `balance` is the agent's paid credits, read
    at `balance_at` (UTC). `why_not` holds the reason where the refund cannot be made, else nothing.
    """

    currency: str
    amount_cents: int
    paid_cents: int
    refunded_cents: int
    refundable_cents: int
    fee_cents: int | None
    granted: int
    taken_before: int
    spent: int | None
    balance: int | None
    balance_at: datetime | None
    why_not: str = ""

    @property
    def credits_taken(self) -> int:
        """What the service takes back: a credit for each cent (contract 1), and no more than is left of the grant."""
        return min(self.amount_cents, max(self.granted - self.taken_before, 0))

    @property
    def unspent(self) -> int | None:
        return None if self.spent is None else max(self.granted - self.taken_before - self.spent, 0)

    @property
    def balance_after(self) -> int | None:
        return None if self.balance is None else self.balance - self.credits_taken

    @property
    def is_negative_after(self) -> bool:
        return self.balance_after is not None and self.balance_after < 0

    @property
    def digest(self) -> str:
        """What was agreed to. A balance that an agent spends from moves all the time: only its sign is part of it."""
        agreed = (self.currency, self.amount_cents, self.paid_cents, self.refundable_cents, self.granted)
        outcome = (self.credits_taken, self.is_negative_after, self.why_not)
        return hashlib.sha256(repr((agreed, outcome)).encode()).hexdigest()[:32]


def preview_get(chain: Chain, payment: StripePayment, amount_cents: int | None = None) -> Preview:
    """Return what refunding `amount_cents` of a payment (None: all that is left) comes to, as the rows are now."""
    refunded = _refunded(payment)
    left = max(payment.amount_cents - refunded, 0) if payment.is_paid else 0
    amount = left if amount_cents is None else amount_cents
    hosted, agent = chain.hosted_payment, Agent.objects.filter(remote_id=chain.agent_remote_id).first()
    granted, taken_before, receipt = _granted(chain, hosted)
    return Preview(
        currency=payment.currency,
        amount_cents=amount,
        paid_cents=payment.amount_cents if payment.is_paid else 0,
        refunded_cents=refunded,
        refundable_cents=left,
        fee_cents=payment.fee_cents,
        granted=granted,
        taken_before=taken_before,
        spent=_spent(agent, receipt),
        balance=agent.paid_credits if agent else None,
        balance_at=agent.quota_at if agent else None,
        why_not=_why_not(payment, amount, left),
    )


def _refunded(payment: StripePayment) -> int:
    """Return what is with the payer or on its way there: the charge's own figure may be older than a refund's row."""
    rows = StripeRefund.objects.filter(payment=payment).exclude(status__in=NO_LONGER_AT_STRIPE)
    return max(payment.refunded_cents, rows.aggregate(total=Sum("amount_cents"))["total"] or 0)


def _why_not(payment: StripePayment, amount: int, left: int) -> str:
    if not payment.is_paid:
        return NOT_PAID
    if RefundOrder.objects.filter(payment=payment, state=RefundOrder.State.PENDING).exists():
        return UNDER_WAY
    if any(dispute.has_taken for dispute in payment.stripedisputes.all()):
        return DISPUTED
    if not left:
        return ALL_BACK
    return TOO_MUCH if amount > left else ""


def _granted(chain: Chain, hosted: HostedPayment | None) -> tuple[int, int, Receipt | None]:
    """Return the credits that were granted and taken back again, and the receipt here, if a workspace has one."""
    receipt = Receipt.objects.filter(purchase=chain.purchase).first() if chain.purchase else None
    if hosted and hosted.receipt_id:
        return hosted.receipt_credits or 0, hosted.credits_reversed, receipt
    if receipt is None:
        return 0, 0, None
    moved = receipt.purchase.reversals.aggregate(total=Sum("credits_delta"))["total"] or 0
    return receipt.credits or 0, max(-moved, 0), receipt


def _spent(agent: Agent | None, receipt: Receipt | None) -> int | None:
    """Return how many credits of a purchase were spent, oldest purchase first; None where that cannot be seen."""
    claim = claim_of_agent(agent.pk) if agent else None
    if (
        claim is None
        or receipt is None
        or receipt.workspace_id != claim.workspace_id
        or claim.agent.paid_credits is None
    ):
        return None
    queue = funds_get(claim).queue(timezone.now())
    used = max(sum(lot.credits for lot in queue) - claim.agent.paid_credits, 0)
    shares = taken(queue, start=0, stop=used)
    return sum(share.credits for share in shares if share.lot and share.lot.receipt_pk == receipt.pk)
