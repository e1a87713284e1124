"""A payment as a row of the desk shows it: plain values, so that its HTML can be kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from dashboard.agents.models import shown_name
from dashboard.billing.access import has_stripe
from dashboard.billing.models import Chain, StripePayment
from dashboard.lib.presentation import money_text

LIGHTS = (
    ("paid", "Paid at Stripe"),
    ("settled", f"Settled by {settings.PRODUCT_NAME}"),
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


class DeskLine(NamedTuple):
    """What a row is made of, as plain values: making models of six tables for each row costs more than finding them."""

    pk: int
    key: UUID
    opened_at: datetime
    stage: str
    granted_at: datetime | None
    is_money: bool
    agent_remote_id: str
    agent_name: str | None
    workspace__name: str | None
    stripe_payment__state: str | None
    stripe_payment__livemode: bool | None
    stripe_payment__amount_cents: int | None
    stripe_payment__currency: str | None
    stripe_payment__fee_cents: int | None
    stripe_payment__paid_at: datetime | None
    stripe_payment__created_at: datetime | None
    stripe_payment__payout__payout_id: str | None
    hosted_payment: int | None
    hosted_payment__amount_cents: int | None
    hosted_payment__credits: int | None
    hosted_payment__receipt_id: str | None
    hosted_payment__issued_at: datetime | None
    purchase: int | None
    purchase__price_cents: int | None
    purchase__credits: int | None
    purchase__paid_at: datetime | None
    purchase__settled_at: datetime | None
    purchase__balance_moved_at: datetime | None
    purchase__agent__name: str | None
    purchase__agent__remote_id: str | None


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


def desk_line(chain: Chain, agent_name: str | None) -> DeskLine:
    """Return the values of a payment whose sides are loaded."""
    return DeskLine._make(_value(chain, lookup) for lookup in DeskLine._fields)._replace(agent_name=agent_name)


def _value(chain: Chain, lookup: str) -> object:
    found: object = chain
    for name in lookup.split("__"):
        found = getattr(found, name, None)
    return found


def desk_row(line: DeskLine, findings: tuple[str, ...]) -> DeskRow:
    """Return a payment with what its sides tell of it; the service's order goes before our own record of it."""
    has_payment = line.stripe_payment__state is not None
    hosted, purchase = line.hosted_payment is not None, line.purchase is not None
    order_cents = line.hosted_payment__amount_cents if hosted else line.purchase__price_cents
    return DeskRow(
        key=str(line.key),
        amount_cents=line.stripe_payment__amount_cents if has_payment else order_cents,
        currency=line.stripe_payment__currency or "" if has_payment else "USD",
        credits=line.hosted_payment__credits if hosted else line.purchase__credits,
        fee_cents=line.stripe_payment__fee_cents,
        payout_id=line.stripe_payment__payout__payout_id or "",
        agent_name=(
            shown_name(line.purchase__agent__name or "", line.purchase__agent__remote_id or "")
            if purchase
            else line.agent_name or ""
        ),
        agent_remote_id=line.agent_remote_id,
        workspace_name=line.workspace__name or "",
        stage=line.stage,
        is_money=line.is_money,
        is_test=line.stripe_payment__livemode is False,
        lights=_lights(line),
        findings=findings,
        opened_at=line.opened_at,
    )


def _lights(line: DeskLine) -> tuple[Light, ...]:
    """Return the four lights: a light without a source of its own here is hidden, not off."""
    is_paid = line.stripe_payment__state == StripePayment.State.PAID
    by_stripe = (line.stripe_payment__paid_at or line.stripe_payment__created_at) if is_paid else None
    settled = line.hosted_payment__issued_at if line.hosted_payment__receipt_id else line.purchase__settled_at
    has_purchase = line.purchase is not None
    has_order = has_purchase or line.hosted_payment is not None
    moments = (
        (by_stripe or line.purchase__paid_at, has_stripe(), "Stripe" if by_stripe else settings.PRODUCT_NAME),
        (settled, has_order, "Receipt"),
        (line.granted_at, has_order, "Activity ledger"),
        (line.purchase__balance_moved_at, has_purchase, "Balance"),
    )
    return tuple(
        Light(name, title, "done" if at else "waiting" if is_visible else "hidden", at, source if at else "")
        for (name, title), (at, is_visible, source) in zip(LIGHTS, moments, strict=True)
    )
