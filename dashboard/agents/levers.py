"""What a stop reaches and what it does not: one sentence a lever, before it is pressed and after. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from dashboard.agents.models import Claim, Instruction
from dashboard.lib.presentation import credits_text, credits_unit, money_text


@dataclass(frozen=True)
class Lever:
    """One thing that can be done about an agent; `state` is a key of the glossary's `lever_state`."""

    title: str
    state: str
    reaches: str
    misses: str


def stop_levers(claim: Claim, access: Instruction | None, *, has_operator: bool) -> list[Lever]:
    """Return what Stop moves, the strongest first; `access` is what Image Skill was last told about the agent."""
    return [_revoke_lever(claim, access, has_operator=has_operator), _freeze_lever(claim)]


def most_it_can_spend(claim: Claim, *, has_operator: bool) -> str:
    """Return what the agent can still spend, from the mirrored balance: its age stands beside it on the page."""
    agent = claim.agent
    if claim.is_stopped and agent.claim_state == "revoked":
        return "Nothing more can be spent with its token. A job that was already running is still settled."
    if agent.credits is None:
        return f"{settings.PRODUCT_NAME} has not told its balance, so nobody here can say how much it can still spend."
    left = max(agent.credits, 0)
    amount = f"{credits_text(left)} {credits_unit(left)} ({money_text(left)})"
    refill = agent.free_credits_per_day
    more = "" if has_operator or not refill else f" Each day brings it {credits_text(refill)} free credits more."
    return f"At most {amount} can still be spent unless someone buys more.{more}"


def access_state(claim: Claim, access: Instruction | None, *, has_operator: bool) -> str:
    """Return how shutting the agent out stands: absent, ready, done, retried or refused."""
    told = access if access and claim.is_stopped and access.wish == Instruction.Wish.REVOKE else None
    if told is None:
        return "ready" if has_operator and not claim.is_stopped else "absent"
    return {Instruction.State.DONE: "done", Instruction.State.REFUSED: "refused"}.get(
        Instruction.State(told.state), "retried"
    )


def limits_state(told: Instruction | None, hard: Mapping[str, int], *, has_operator: bool) -> str:
    """Return how Image Skill stands to hard limits, by kind: absent (advisory), ready (not told yet), done, retried or
    refused; `told` is what it was last told of the agent's limits."""
    if not has_operator:
        return "absent"
    if told is None or told.limits != hard:
        return "ready"
    return {Instruction.State.DONE: "done", Instruction.State.REFUSED: "refused"}.get(
        Instruction.State(told.state), "retried"
    )


def limit_levers(state: str, *, problem: str = "") -> list[Lever]:
    """Return what a warning and a limit reach; `state` is that of `limits_state`."""
    reaches = {
        "absent": f"Advisory: this {settings.PRODUCT_NAME} cannot be told from here. "
        "We say when it is reached; you stop the agent.",
        "ready": f"{settings.PRODUCT_NAME} refuses what would go beyond it, as soon as you save it here.",
        "done": f"{settings.PRODUCT_NAME} refuses what would go beyond it, whoever holds the token.",
        "retried": f"{settings.PRODUCT_NAME} has not confirmed it yet. It is told again by itself until it answers.",
        "refused": f"{settings.PRODUCT_NAME} did not take it, so it is advisory. {problem}".strip(),
    }[state]
    misses = "jobs that are running already; uploads and dry runs, which cost nothing."
    return [
        Lever("Warning", "done", "We say here that it was reached.", "the agent: it goes on spending."),
        Lever("Limit", state, reaches, misses if state in {"ready", "done"} else "the agent: it goes on spending."),
    ]


def stays_shut_out(claim: Claim, access: Instruction | None, *, has_operator: bool) -> bool:
    """Tell whether Image Skill goes on refusing the agent, or soon will, when nobody here holds it any more."""
    is_ours = access_state(claim, access, has_operator=has_operator) in {"done", "retried"}
    return is_ours or claim.agent.claim_state == "revoked"


def _revoke_lever(claim: Claim, access: Instruction | None, *, has_operator: bool) -> Lever:
    state = access_state(claim, access, has_operator=has_operator)
    reaches = {
        "ready": f"{settings.PRODUCT_NAME} refuses its token at once, whoever holds it.",
        "done": f"{settings.PRODUCT_NAME} refuses its token, whoever holds it.",
        "retried": f"{settings.PRODUCT_NAME} has not confirmed it yet. It is told again by itself until it answers.",
        "refused": f"{settings.PRODUCT_NAME} did not do it. {access.problem if access else ''}".strip(),
        "absent": f"This {settings.PRODUCT_NAME} cannot be told from here. The token goes on working.",
    }[state]
    misses = "a job that is already running; a payment that was already made."
    return Lever(f"Shut out by {settings.PRODUCT_NAME}", state, reaches, misses if state in {"ready", "done"} else "")


def _freeze_lever(claim: Claim) -> Lever:
    return Lever(
        "Buying stops here",
        "done" if claim.is_stopped else "ready",
        "Nobody in this workspace can buy credits for it or hand a payment on.",
        "payment links that are already out; what the agent, or anybody elsewhere, buys for it.",
    )
