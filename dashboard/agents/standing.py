"""Can this agent work, and if not, why: one sentence from what the mirror knows. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
    if claim.needs_relink:
        return Standing("bad", "Image Skill refuses its token. Claim it again to renew the link.", asks=True)
    if agent.claim_state == "revoked":
        return Standing("bad", "Image Skill has revoked this agent.", asks=True)
    if agent.quota_at is None:
        return Standing("neutral", "Not read yet.")
    if agent.daily_jobs_remaining is not None and agent.daily_jobs_remaining <= 0:
        return Standing("warn", "All jobs of today are used.", until=agent.resets_at)
    if agent.credits is None:
        return Standing("neutral", "Image Skill does not tell its credits.")
    if agent.credits <= 0:
        return Standing("bad", "Out of credits.", until=agent.resets_at, asks=True)
    if agent.credits <= LOW_CREDITS:
        return Standing("warn", "Few credits left.", asks=True)
    return Standing("good", "Can work.")


def warning_of(claim: Claim, spent_today: int) -> Standing | None:
    """Return the sponsor's own warning when today's spending has passed it."""
    limit = claim.warn_credits_per_day
    if limit is None or spent_today <= limit:
        return None
    return Standing("warn", f"Spent {spent_today:,} credits today, above your warning at {limit:,}.", asks=True)
