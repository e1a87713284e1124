"""The local Stripe's two secrets. Unless they are named by environment they follow from the sandbox's own key."""

from django.conf import settings
from django.utils.crypto import salted_hmac


def api_key() -> str:
    """The secret key, `sk_test_...`."""
    return settings.SANDBOX_STRIPE_STAND_IN_KEY or f"sk_test_{_derived('api')}"


def webhook_secret() -> str:
    """What webhooks are signed with, `whsec_...`."""
    return settings.SANDBOX_STRIPE_WEBHOOK_SECRET or f"whsec_{_derived('webhook')}"


def _derived(purpose: str) -> str:
    return salted_hmac("sandbox.stripe_stand_in", purpose, algorithm="sha256").hexdigest()[:48]
