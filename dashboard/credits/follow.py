"""One purchase with everything that its page needs to know, read from the rows."""

from django.conf import settings
from django.utils import timezone

from dashboard.credits.following import Following
from dashboard.credits.models import Purchase
from dashboard.credits.prices import prices_get
from dashboard.credits.selectors import claim_of
from dashboard.credits.terms import Terms
from dashboard.credits.withheld import UNLINKED, buying_withheld, payment_withheld
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import cursor_get


def following_get(purchase: Purchase) -> Following:
    """Return how a purchase stands now, and whether anybody may be led on to pay for it."""
    claim, now, has_stripe = claim_of(purchase), timezone.now(), bool(settings.STRIPE_API_KEY)
    if purchase.state == Purchase.State.QUOTED:
        withheld = buying_withheld(claim) if claim else UNLINKED
        return Following(purchase, claim, now, withheld, _listed(purchase), has_stripe=has_stripe)
    if purchase.state == Purchase.State.OPEN:
        cursor = cursor_get(stream=Stream.AGENT, subject_id=purchase.agent_id)
        return Following(purchase, claim, now, payment_withheld(purchase, claim, cursor), has_stripe=has_stripe)
    return Following(purchase, claim, now, has_stripe=has_stripe)


def _listed(purchase: Purchase) -> tuple[int, int] | None:
    prices = prices_get()
    amount = None if purchase.pack_id else purchase.credits
    return prices.listed(Terms(amount, purchase.pack_id, purchase.payment_method)) if prices else None
