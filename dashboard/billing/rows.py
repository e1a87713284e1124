"""A payment as a row of the desk shows it: plain values, so that its HTML can be kept."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.billing.access import has_stripe
from dashboard.billing.models import Chain
from dashboard.lib.presentation import money_text

SIDES = ("stripe_payment__payout", "hosted_payment", "purchase__agent", "workspace")
# What `desk_row` reads of a chain and its sides: reading all columns of six tables costs more than finding them.
READ = (
    *("key", "opened_at", "stage", "granted_at", "is_money", "agent_remote_id"),
    *("stripe_payment", "hosted_payment", "purchase", "workspace__name"),
    *(f"stripe_payment__{name}" for name in ("amount_cents", "currency", "fee_cents", "livemode", "state")),
    *(f"stripe_payment__{name}" for name in ("paid_at", "created_at", "payout__payout_id")),
    *(f"hosted_payment__{name}" for name in ("amount_cents", "credits", "receipt_id", "issued_at")),
    *(f"purchase__{name}" for name in ("price_cents", "credits", "paid_at", "settled_at", "balance_moved_at")),
    *(f"purchase__agent__{name}" for name in ("name", "remote_id")),
)
LIGHTS = (
    ("paid", "Paid at Stripe"),
    ("settled", "Settled by Image Skill"),
    ("granted", "Credits granted"),
    ("balance", "Balance moved"),
)


@dataclass(frozen=True)
class Light:
    """One of the four: `look` is done, waiting or hidden ("not visible here"); `source` who says that it is on."""

    name: str
    title: str
    look: str
    at: datetime | None = None
    source: str = ""


@dataclass(frozen=True)
class DeskRow:
    """Cents and whole credits, moments UTC; None: nobody told."""

    key: str
    amount_cents: int | None
    currency: str
    credits: int | None
    fee_cents: int | None
    payout_id: str
    agent_name: str
    agent_remote_id: str
    workspace_name: str
    stage: str
    is_money: bool
    is_test: bool
    lights: tuple[Light, ...]
    findings: tuple[str, ...]
    opened_at: datetime

    @property
    def amount_text(self) -> str:
        return amount_text(self.amount_cents, self.currency)


def amount_text(cents: int | None, currency: str) -> str:
    """Return an amount in words of its currency; a dash where nobody told it."""
    if cents is None:
        return "\N{EN DASH}"
    return money_text(cents) if currency in ("", "USD") else f"{cents / 100:,.2f} {currency}"


def desk_row(chain: Chain, findings: tuple[str, ...], agent_name: str | None) -> DeskRow:
    """Return a payment with its loaded sides as a row."""
    payment, hosted, purchase = chain.stripe_payment, chain.hosted_payment, chain.purchase
    order_cents = hosted.amount_cents if hosted else purchase.price_cents if purchase else None
    credits_ = hosted.credits if hosted else purchase.credits if purchase else None
    return DeskRow(
        key=str(chain.key),
        amount_cents=payment.amount_cents if payment else order_cents,
        currency=payment.currency if payment else "USD",
        credits=credits_,
        fee_cents=payment.fee_cents if payment else None,
        payout_id=payment.payout.payout_id if payment and payment.payout else "",
        agent_name=purchase.agent.display_name if purchase else agent_name or "",
        agent_remote_id=chain.agent_remote_id,
        workspace_name=chain.workspace.name if chain.workspace else "",
        stage=chain.stage,
        is_money=chain.is_money,
        is_test=bool(payment and not payment.livemode),
        lights=lights(chain),
        findings=findings,
        opened_at=chain.opened_at,
    )


def lights(chain: Chain) -> tuple[Light, ...]:
    """Return the four lights of a payment: a light without a source of its own here is hidden, not off."""
    payment, hosted, purchase = chain.stripe_payment, chain.hosted_payment, chain.purchase
    by_stripe = (payment.paid_at or payment.created_at) if payment and payment.is_paid else None
    settled = hosted.issued_at if hosted and hosted.receipt_id else purchase.settled_at if purchase else None
    has_order = bool(hosted or purchase)
    moments = (
        (by_stripe or (purchase.paid_at if purchase else None), has_stripe(), "Stripe" if by_stripe else "Image Skill"),
        (settled, has_order, "Receipt"),
        (chain.granted_at, has_order, "Activity ledger"),
        (purchase.balance_moved_at if purchase else None, bool(purchase), "Balance"),
    )
    return tuple(
        Light(name, title, "done" if at else "waiting" if is_visible else "hidden", at, source if at else "")
        for (name, title), (at, is_visible, source) in zip(LIGHTS, moments, strict=True)
    )
