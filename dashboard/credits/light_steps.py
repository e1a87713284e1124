"""The four lights as steps of the Follow page. Pure."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from dashboard.credits.models import Purchase, Source

State = Purchase.State

NO_STRIPE = f"Not visible here: no Stripe account is connected. It turns when {settings.PRODUCT_NAME} says so."
SECOND_HAND = f"{settings.PRODUCT_NAME} says so. Stripe itself is not visible here."
NOT_YET = "Stripe has taken nothing yet."
AHEAD_OF_STRIPE = f"{settings.PRODUCT_NAME} says so. Stripe has not told us yet."


@dataclass(frozen=True)
class LightStep:
    """`step` is a look of components/_step.html; `at` (UTC) and `source` where the light is on."""

    step: str
    title: str
    text: str = ""
    at: datetime | None = None
    source: str = ""


def light_steps(purchase: Purchase, *, has_stripe: bool = False) -> list[LightStep]:
    """Return paid, settled, granted and balance moved, in this order; `has_stripe`: Stripe is visible here."""
    return [_paid(purchase, has_stripe=has_stripe), _settled(purchase), _granted(purchase), _balance_moved(purchase)]


def _paid(purchase: Purchase, *, has_stripe: bool) -> LightStep:
    if purchase.paid_at:
        second_hand = AHEAD_OF_STRIPE if has_stripe else SECOND_HAND
        text = "" if purchase.paid_source == Source.STRIPE else second_hand
        return LightStep("done", "Paid", text, purchase.paid_at, purchase.paid_source)
    if purchase.state == State.PROCESSING:
        return LightStep("current", "Paid", f"Under way, {settings.PRODUCT_NAME} says.")
    return LightStep("waiting", "Paid", NOT_YET) if has_stripe else LightStep("hidden", "Paid", NO_STRIPE)


def _settled(purchase: Purchase) -> LightStep:
    if purchase.settled_at:
        return LightStep(
            "done", f"Settled by {settings.PRODUCT_NAME}", "", purchase.settled_at, purchase.settled_source
        )
    if purchase.paid_at:
        return LightStep(
            "current", f"Settled by {settings.PRODUCT_NAME}", "It checks the payment and writes the receipt."
        )
    return LightStep("waiting", f"Settled by {settings.PRODUCT_NAME}")


def _granted(purchase: Purchase) -> LightStep:
    if purchase.granted_at:
        return LightStep("done", "Credits granted", "", purchase.granted_at, purchase.granted_source)
    if purchase.settled_at:
        return LightStep("current", "Credits granted", "The agent's ledger is read for it.")
    return LightStep("waiting", "Credits granted")


def _balance_moved(purchase: Purchase) -> LightStep:
    if purchase.balance_moved_at:
        moved_at, source = purchase.balance_moved_at, purchase.balance_moved_source
        return LightStep("done", "Balance moved", "", moved_at, source)
    if purchase.granted_at:
        return LightStep("current", "Balance moved", "The next reading of the balance shows it.")
    return LightStep("waiting", "Balance moved")
