"""Refusals of a content policy that a setting plays (INF)."""

from django.conf import settings

from sandbox.errors import ApiError
from sandbox.rules.idempotency import terms_digest


def refuse(prompt: str) -> None:
    """Raises INPUT_POLICY_DENIED for the set share of prompts; one prompt always gets one verdict."""
    verdict = int(terms_digest(settings.SECRET_KEY, {"moderation": prompt})[:8], 16) % 100
    if verdict < settings.SANDBOX_MODERATION_PERCENT:
        raise ApiError("INPUT_POLICY_DENIED", "The content policy does not allow this input.")
