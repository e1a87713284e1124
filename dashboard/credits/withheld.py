"""Why somebody may not buy now: one reason, the most pressing one, or none. Nothing here calls the service."""

from dataclasses import dataclass

from django.utils import timezone

from api_client import PaymentMethod
from dashboard.agents.models import Claim
from dashboard.agents.standing import buying_block
from dashboard.credits.models import Purchase
from dashboard.credits.prices import Prices, prices_get
from dashboard.credits.terms import OPENABLE_METHODS, Terms
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import cursor_get, is_stale

# Failures in a row, some minutes, after which the figures on the page are not to be trusted with money.
FAILING_AFTER = 3


@dataclass(frozen=True)
class Withheld:
    """`code` is for tests and pages to tell reasons apart, the sentence for people."""

    code: str
    sentence: str


UNLINKED = Withheld("unlinked", "This agent is not linked to this workspace any more.")
OVER = Withheld("over", "Its time ran out. If somebody paid in the last moment, it still counts, and appears here.")


class BuyingWithheld(Exception):
    """Nothing was bought; `reason` says why."""

    def __init__(self, reason: Withheld) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


def buying_withheld(claim: Claim) -> Withheld | None:
    """Return why nothing can be bought for this agent now, whatever the terms; None when it can."""
    reason = paying_withheld(claim, cursor_get(stream=Stream.AGENT, subject_id=claim.agent_id))
    if reason:
        return reason
    prices = prices_get()
    if prices is None or prices.is_old:
        return Withheld("no_prices", "The price list could not be read lately. Buying waits until it is known again.")
    return None


def paying_withheld(claim: Claim, cursor: SyncCursor | None) -> Withheld | None:
    """Return why nobody should be led to pay for this agent now, not even where the price is known already."""
    if claim.released_at:
        return UNLINKED
    blocked = buying_block(claim)
    if blocked:
        return Withheld("blocked", blocked)
    if is_stale(claim.agent.quota_at) or _is_failing(cursor):
        return Withheld("stale", "Its balance could not be read lately. Buying waits until it is known again.")
    return None


def payment_withheld(purchase: Purchase, claim: Claim | None, cursor: SyncCursor | None) -> Withheld | None:
    """Return why nobody should be led to a payment that stands open; `claim` is None where the link was cut."""
    if claim is None:
        return UNLINKED
    if purchase.expires_at and purchase.expires_at <= timezone.now():
        return OVER
    return paying_withheld(claim, cursor)


def terms_withheld(prices: Prices, terms: Terms) -> Withheld | None:
    """Return why these terms cannot be chosen; None when they can."""
    method = prices.method(terms.payment_method)
    reason = rail_reason(method)
    if method is None or reason:
        return Withheld("rail", reason)
    listed = prices.listed(terms)
    if listed is None:
        return Withheld("terms", "This pack or amount is not on sale.")
    _, cents = listed
    low, high = method.min_amount_cents, method.max_amount_cents
    if (low is not None and cents < low) or (high is not None and cents > high):
        return Withheld("limits", "This way to pay is not offered for this amount.")
    return None


def rail_reason(method: PaymentMethod | None) -> str:
    """Return why a rail cannot be chosen (contract 4.18), in the service's words where it gave some; empty: it can."""
    if method is None or not method.is_offerable:
        told = method.unavailable_reason if method else None
        return told or "This way to pay is not offered now."
    return "" if method.method_id in OPENABLE_METHODS else "This dashboard cannot follow this way to pay."


def _is_failing(cursor: SyncCursor | None) -> bool:
    return cursor is None or bool(cursor.stopped) or cursor.attempts >= FAILING_AFTER
