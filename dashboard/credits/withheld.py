"""Why somebody may not buy now: one reason, the most pressing one, or none. Nothing here calls the service."""

from dataclasses import dataclass

from api_client import PaymentMethod
from dashboard.agents.models import Claim
from dashboard.agents.standing import buying_block
from dashboard.credits.prices import Prices, prices_get
from dashboard.credits.terms import MAX_CREDITS, MIN_CREDITS, Terms
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import cursor_map, is_stale

# Failures in a row, some minutes, after which the figures on the page are not to be trusted with money.
FAILING_AFTER = 3


@dataclass(frozen=True)
class Withheld:
    """`code` is for tests and pages to tell reasons apart, the sentence for people."""

    code: str
    sentence: str


class BuyingWithheld(Exception):
    """Nothing was bought; `reason` says why."""

    def __init__(self, reason: Withheld) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


def buying_withheld(claim: Claim) -> Withheld | None:
    """Return why nothing can be bought for this agent now, whatever the terms; None when it can."""
    cursors = cursor_map(stream=Stream.AGENT, subject_ids=[claim.agent_id])
    reason = paying_withheld(claim, cursors.get(claim.agent_id))
    if reason:
        return reason
    prices = prices_get()
    if prices is None or prices.is_old:
        return Withheld("no_prices", "The price list could not be read lately. Buying waits until it is known again.")
    return None


def paying_withheld(claim: Claim, cursor: SyncCursor | None) -> Withheld | None:
    """Return why nobody should be led to pay for this agent now, not even where the price is known already."""
    if claim.released_at:
        return Withheld("unlinked", "This agent is not linked to this workspace any more.")
    blocked = buying_block(claim)
    if blocked:
        return Withheld("blocked", blocked)
    if is_stale(claim.agent.quota_at) or _is_failing(cursor):
        return Withheld("stale", "Its balance could not be read lately. Buying waits until it is known again.")
    return None


def terms_withheld(prices: Prices, terms: Terms) -> Withheld | None:
    """Return why these terms cannot be chosen; None when they can (contract 4.18 for the rail)."""
    method = prices.method(terms.payment_method)
    if method is None or not method.is_offerable:
        return Withheld("rail", rail_sentence(method))
    cents = price_cents(prices, terms)
    if cents is None:
        return Withheld("terms", "This pack or amount is not on sale.")
    low, high = method.min_amount_cents, method.max_amount_cents
    if (low is not None and cents < low) or (high is not None and cents > high):
        return Withheld("limits", "This way to pay is not offered for this amount.")
    return None


def rail_sentence(method: PaymentMethod | None) -> str:
    """Return why a rail cannot be chosen, in the service's words where it gave some."""
    told = method.unavailable_reason if method else None
    return told or "This way to pay is not offered now."


def price_cents(prices: Prices, terms: Terms) -> int | None:
    """Return what the price list asks for some terms, in cents; None where they are not on sale."""
    if terms.pack_id:
        pack = prices.pack(terms.pack_id)
        return pack.amount_cents if pack else None
    offer = prices.offer
    if terms.credits is None or not offer.custom_supported:
        return None
    low, high = offer.custom_min_credits or MIN_CREDITS, offer.custom_max_credits or MAX_CREDITS
    return terms.credits * (offer.credit_unit_cents or 1) if low <= terms.credits <= high else None


def _is_failing(cursor: SyncCursor | None) -> bool:
    return cursor is None or bool(cursor.stopped) or cursor.attempts >= FAILING_AFTER
