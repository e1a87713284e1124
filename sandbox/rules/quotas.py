"""Free credits by the UTC day, the daily cap, and what to say when either runs short (contract 3.5, 11)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sandbox.rules.catalog import DEFAULT
from sandbox.rules.payments import CHECKOUT, X402

DEFAULT_IMAGE_CREDITS = DEFAULT.price({}, 1024, 1024).credits
_URGENCY = {
    "available": ("available", 0),
    "self_fund_setup_missing": ("setup_recommended", 60),
    "low_remaining_credits": ("near_wall", 80),
    "credits_depleted": ("blocked", 100),
    "daily_job_cap_reached": ("blocked", 100),
}


@dataclass(frozen=True)
class Split:
    """One debit over both purses, in credits."""

    free: int
    paid: int


def day_start(now: datetime) -> datetime:
    """00:00 UTC of this day."""
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def resets_at(now: datetime) -> datetime:
    """00:00 UTC of the next day."""
    return day_start(now) + timedelta(days=1)


def reset_delta(allotment: int, free: int, free_reserved: int) -> int:
    """What sets the free purse back to the allotment; credits on hold are part of it, as they may come back."""
    return allotment - free - free_reserved


def split(needed: int, *, free: int, paid: int) -> Split | None:
    """Free credits first; None where both purses together do not reach."""
    from_free = min(needed, max(free, 0))
    return Split(from_free, needed - from_free) if needed - from_free <= max(paid, 0) else None


def top_up_reason(*, free: int, paid: int, jobs_remaining: int) -> str:
    """The published reason that fits best, the hardest wall first."""
    total = max(free, 0) + max(paid, 0)
    if total < 1:
        return "credits_depleted"
    if jobs_remaining < 1:
        return "daily_job_cap_reached"
    if total < DEFAULT_IMAGE_CREDITS:
        return "low_remaining_credits"
    return "available"


def top_up(reason: str, program: str) -> dict[str, Any]:
    """The whole `top_up` of contract 3.5. Buying does not lift the daily cap, so that reason recommends nothing."""
    urgency, score = _URGENCY[reason]
    commands = _commands(program)
    order = ("inspect_methods", "inspect_packs", "quote", "buy", "status")
    effect = {
        "label": "quote_only",
        "no_spend": True,
        "payment_object": "quote",
        "credit_debit": False,
        "media_write": False,
    }
    return {
        "available": True,
        "recommended": reason in {"low_remaining_credits", "credits_depleted"},
        "recommendation_reason": reason,
        "urgency": urgency,
        "urgency_score": score,
        "urgency_reasons": [reason],
        "path": "credits",
        "preferred_payment_method": X402,
        "first_command": commands["inspect_methods"],
        "quote_command": commands["quote"],
        "quote_command_copy_runnable": True,
        "quote_command_effect": effect,
        "commands": commands,
        "workflow": {"steps": [{"command": commands[name]} for name in order]},
    }


def next_actions(program: str) -> dict[str, Any]:
    """`next_actions` of reads: how an agent pays for itself (contract 2.17, 2.20 to 2.22; the inner shape is ours)."""
    commands = _commands(program)
    effect = {
        "label": "read_only",
        "no_spend": True,
        "payment_object": None,
        "credit_debit": False,
        "media_write": False,
    }
    return {
        "self_fund": {
            "purpose": "self_fund",
            "command": commands["inspect_methods"],
            "quote_command": commands["quote"],
            "status_command": commands["status"],
            "requires_auth": False,
            "command_effect": effect,
        }
    }


def _commands(program: str) -> dict[str, str]:
    money = f"{program} credits"
    quote, buy = f"{money} quote --pack starter-500 --payment-method", f"{money} buy --quote-id QUOTE_ID"
    return {
        "inspect_methods": f"{money} methods --json",
        "inspect_packs": f"{money} packs list --json",
        "quote": f"{quote} {X402} --json",
        "buy": f"{buy} --provider stripe_x402 --idempotency-key purchase:QUOTE_ID --json",
        "status": f"{money} status --quote-id QUOTE_ID --json",
        "fallback_quote": f"{quote} {CHECKOUT} --json",
        "fallback_buy": f"{buy} --provider stripe --idempotency-key purchase:QUOTE_ID --json",
    }
