"""Can this agent work, and if not, why: one sentence from what the mirror knows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.conf import settings

from dashboard.agents.guardrail_rules import limit_text
from dashboard.agents.models import Claim

LOW_CREDITS = 20

Tone = Literal["good", "warn", "bad", "neutral"]


@dataclass(frozen=True)
class Standing:
    """`until` (UTC) is when it passes by itself, where the service told; `asks` when the sponsor should act."""

    tone: Tone
    sentence: str
    until: datetime | None = None
    asks: bool = False


def standing_of(claim: Claim) -> Standing:
    """Return the most pressing truth about an agent; the order is the order of urgency."""
    agent = claim.agent
    shut = _shut_out(claim)
    if shut:
        return shut
    if agent.quota_at is None:
        return Standing("neutral", "Not read yet.")
    if agent.has_no_jobs:
        return Standing("warn", "All jobs of today are used.", until=agent.resets_at)
    if agent.credits is None:
        return Standing("neutral", f"{settings.PRODUCT_NAME} does not tell its credits.")
    if agent.credits <= 0:
        return Standing("bad", "Out of credits.", until=agent.credits_reset_at, asks=True)
    if agent.credits <= LOW_CREDITS:
        return Standing("warn", "Few credits left.", asks=True)
    return Standing("good", "Can work.")


def buying_block(claim: Claim) -> str | None:
    """Return why nothing may be bought for an agent, in a sentence for people; None where nothing stands against it.

    A stop freezes buying and hand-offs for everybody; so does a token that stopped working, which may have been taken
    over (product.md, "Token replacement").
    """
    if claim.is_stopped:
        return "This agent is stopped. Nothing is bought for it until an owner starts it again."
    if claim.needs_relink:
        return f"{settings.PRODUCT_NAME} refuses its token. Claim the agent again before buying for it."
    if claim.agent.claim_state == "revoked":
        return f"{settings.PRODUCT_NAME} has revoked this agent: it could not spend what you buy."
    return None


def warning_of(crossing: Mapping[str, Any] | None) -> Standing | None:
    """Return what to say of a guardrail that is reached now, {kind, is_hard, limit, figure}; None where none is."""
    if crossing is None:
        return None
    limit = limit_text(crossing["kind"], crossing["limit"])
    if crossing["is_hard"]:
        return Standing("bad", f"Reached its limit of {limit}.", asks=True)
    return Standing("warn", f"Reached your warning at {limit}.", asks=True)


def _shut_out(claim: Claim) -> Standing | None:
    """Return why the agent cannot work whatever it has: it was stopped, or the service turns it away."""
    is_revoked = claim.agent.claim_state == "revoked"
    if claim.is_stopped and is_revoked:
        return Standing("bad", f"Stopped: {settings.PRODUCT_NAME} refuses its token.")
    if claim.is_stopped:
        return Standing("bad", "Stopped here: nothing is bought for it, but it may still spend what it has.")
    if claim.needs_relink:
        return Standing(
            "bad", f"{settings.PRODUCT_NAME} refuses its token. Claim it again to renew the link.", asks=True
        )
    if is_revoked:
        return Standing("bad", f"{settings.PRODUCT_NAME} has revoked this agent.", asks=True)
    return None
