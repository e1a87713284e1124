"""The steps of "Connect Stripe", each done or not, worked out from what is configured and what came."""

from django.conf import settings

from dashboard.billing.access import NO, THINGS
from dashboard.billing.models import Feed, StripeAccess, WebhookEvent
from dashboard.billing.stripe_feeds import EVENTS, WALKS
from dashboard.credits.light_steps import LightStep


def connect_steps(known: StripeAccess | None) -> list[LightStep]:
    """Return the steps in order; the first that is not done is the current one. `known`: what the key was tried for."""
    steps = [_key(), _tried(known), _read(), _secret(), _first_event()]
    first = next((place for place, step in enumerate(steps) if step.step != "done"), None)
    if first is not None and steps[first].step == "waiting":
        one = steps[first]
        steps[first] = LightStep("current", one.title, one.text, one.at, one.source)
    return steps


def _key() -> LightStep:
    if settings.STRIPE_API_KEY:
        return LightStep("done", "A key of Stripe is configured")
    return LightStep("waiting", "A key of Stripe", "Set STRIPE_API_KEY to a restricted key and start again.")


def _tried(known: StripeAccess | None) -> LightStep:
    if known is None:
        return LightStep("waiting", "What the key may do", "Press the button: everything the desk needs is tried once.")
    missing = [thing.need for thing in THINGS if known.grants.get(thing.name) == NO and not thing.is_write]
    if missing:
        return LightStep("failed", "The key may not read everything", f"Missing: {', '.join(missing)}.")
    return LightStep("done", "The key may read everything", "", known.checked_at, "tried")


def _read() -> LightStep:
    names = [EVENTS.name, *(line.name for line in WALKS)]
    feeds = Feed.objects.filter(name__in=names)
    broken = next((feed for feed in feeds if feed.error_code), None)
    if broken:
        return LightStep("failed", "Stripe's past", f"{broken.error_text} ({broken.name}); tried again by itself.")
    read = [feed.synced_at for feed in feeds if feed.complete_since and feed.synced_at]
    if len(read) < len(names):
        return LightStep("waiting", "Stripe's past is read", f"{len(read)} of {len(names)} lists; goes on by itself.")
    return LightStep("done", "Stripe's past is read", "", min(read), "read last")


def _secret() -> LightStep:
    if settings.STRIPE_WEBHOOK_SECRETS:
        return LightStep("done", "The webhook's signing secret is configured")
    text = "Add the endpoint below at Stripe, set STRIPE_WEBHOOK_SECRETS to its secret and start again."
    return LightStep("waiting", "A webhook endpoint", text)


def _first_event() -> LightStep:
    delivered = WebhookEvent.objects.filter(origin=WebhookEvent.Origin.DELIVERED).order_by("received_at")
    first = delivered.values_list("received_at", flat=True).first()
    if first is None:
        text = "Pay something in test mode, or send a test event from Stripe. Until then news come from Stripe's list."
        return LightStep("waiting", "The first verified event", text)
    return LightStep("done", "The first verified event came", "", first, "delivered")
