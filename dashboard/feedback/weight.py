"""How much a cluster weighs: severity x confidence x agents hit x recency. Pure.

    weight = S x C x A x 2 ^ (-(time since the last report) / HALF_LIFE)

S: low 1, medium 2, high 4, critical 8. C: low 1, medium 2, high 3. A: how many agents report it, at least 1.

Weights fall with time, all at the same pace, so their order never changes by itself. It is the order of the moments at
which each falls to 1: those are kept, and an index of them is the queue at any time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import log2

from dashboard.feedback.models import Level, Sureness
from dashboard.lib.dates import showable

HALF_LIFE = timedelta(days=7)
SEVERITY = {Level.LOW: 1, Level.MEDIUM: 2, Level.HIGH: 4, Level.CRITICAL: 8}
CONFIDENCE = {Sureness.LOW: 1, Sureness.MEDIUM: 2, Sureness.HIGH: 3}
# Alone an agent cannot call anything critical: the highest level counts once two of them say it.
ALONE_AT_MOST = Level.HIGH
# Above so many reports in a day that say more than medium, one agent's further ones count as medium.
LOUD_A_DAY = 10
WORDS = {"low": Level.LOW, "minor": Level.LOW, "medium": Level.MEDIUM, "high": Level.HIGH, "critical": Level.CRITICAL}


def level_of(word: str) -> Level:
    """Return the level of an agent's word; the contract publishes only "medium", which an unknown one counts as."""
    return WORDS.get(word.casefold(), Level.MEDIUM)


def sureness_of(word: str) -> Sureness:
    return {"low": Sureness.LOW, "high": Sureness.HIGH}.get(word.casefold(), Sureness.MEDIUM)


def severity_of(said: Iterable[tuple[str, int]]) -> Level:
    """Return how bad a cluster counts from what (agent, level) its reports say: no agent shouts alone."""
    loudest: dict[str, int] = {}
    for agent, level in said:
        loudest[agent] = max(loudest.get(agent, 0), level)
    levels = sorted(loudest.values(), reverse=True) or [Level.MEDIUM]
    alone = min(levels[0], ALONE_AT_MOST)
    return Level(max(alone, levels[1] if len(levels) > 1 else alone))


def ranks_at(*, severity: int, confidence: int, agents: int, last_at: datetime) -> datetime:
    """Return when the weight will have fallen to 1; `last_at` lies within a year of the calendar's ends at most."""
    fresh = SEVERITY[Level(severity)] * CONFIDENCE[Sureness(confidence)] * max(agents, 1)
    return showable(last_at) + HALF_LIFE * log2(fresh)


def weight_at(rank: datetime, now: datetime) -> float:
    """Return the weight at a moment, from the moment at which it falls to 1."""
    return float(2 ** max(min((rank - now) / HALF_LIFE, 60.0), -60.0))


def weight_text(rank: datetime, now: datetime) -> str:
    """Return a weight as the queue says it: whole above 10, else with one digit."""
    weight = weight_at(rank, now)
    return f"{weight:,.0f}" if weight >= 10 else f"{weight:.1f}"
