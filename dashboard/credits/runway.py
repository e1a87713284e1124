"""How long an agent's credits will last, or why nobody can say. Pure: whole credits and days.

The pace is that of whole days of the service (UTC) and today so far; a runway without the window that it was computed
on is a guess, so each carries it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings

from dashboard.activity.slots import day_of, day_start_utc
from dashboard.agents.models import Agent, Claim
from dashboard.freshness.selectors import STALE_AFTER

WINDOW_DAYS = 7
LEAST_HISTORY = timedelta(days=1)
MOST_DAYS = 365
# From here on a runway asks for the sponsor.
SHORT_DAYS = 3

Kind = Literal["days", "covered", "empty", "blocked", "unknown"]


@dataclass(frozen=True)
class Runway:
    """What can be said of how long the credits last.

    `days`: about so many are left (0: less than one); `covered`: each day's free credits cover the pace; `empty`:
    nothing is left; `blocked`: today's jobs are used, so that credits are not what it waits for; `unknown`: cannot
    say, and `why` is the reason as a sentence. `until` (UTC): when empty or blocked passes by itself, where the
    service told. `window_days` is what the pace was computed on; 0 where there is no pace. `untold`: so many charges of
    the window tell no credits; then the pace is at least so, and `days` are at most so many.
    """

    kind: Kind
    days: int | None = None
    window_days: int = 0
    pace: float = 0.0
    untold: int = 0
    until: datetime | None = None
    why: str = ""

    @property
    def is_short(self) -> bool:
        return self.kind == "empty" or (self.kind == "days" and (self.days or 0) < SHORT_DAYS)

    @property
    def window(self) -> str:
        """The window in words; empty where there is no pace."""
        beside = f", {_charges_text(self.untold)} not told" if self.untold else ""
        return f"at the pace of the {_window_text(self.window_days)}{beside}" if self.window_days else ""

    @property
    def left(self) -> str:
        """What is left, in a few words, where there is a pace."""
        return (
            "Free credits cover it" if self.kind == "covered" else _left_text(self.days or 0, is_most=self.untold > 0)
        )

    @property
    def sentence(self) -> str:
        """The runway in words, without `until`, which is said in the viewer's own zone."""
        match self.kind:
            case "days":
                return f"{self.left}, {self.window}."
            case "covered":
                return f"Each day's free credits cover it, {self.window}."
            case "empty":
                return "Out of credits."
            case "blocked":
                return "Today's jobs are used."
            case "unknown":
                return f"Cannot say: {self.why}"


def runway_of(
    claim: Claim, *, spent: int, since: datetime, now: datetime, untold: int = 0, has_test_money: bool = False
) -> Runway:
    """Return the runway of a claimed agent that spent so many credits since `window_start(now)`.

    What keeps us from saying comes first, then what keeps it from working, then the days. `since`: from when on its
    spending is seen. `untold`: so many charges of the window tell no credits. `has_test_money`: some of its credits
    were settled as a test, and nobody knows whether they are among those that the service tells.
    """
    agent = claim.agent
    if why := _unsayable(claim, now):
        return Runway("unknown", why=why)
    if agent.has_no_jobs:
        return Runway("blocked", until=_ahead(agent.resets_at, now))
    if agent.credits is None:
        return Runway("unknown", why=f"{settings.PRODUCT_NAME} does not tell its credits.")
    if agent.credits <= 0:
        return Runway("empty", until=_ahead(agent.credits_reset_at, now))
    if has_test_money:
        return Runway("unknown", why="some of its credits came from a test payment.")
    history = now - since
    if history < LEAST_HISTORY:
        return Runway("unknown", why="it is known for less than a day.")
    elapsed = min(history, now - window_start(now)) / timedelta(days=1)
    window_days = min(max(int(elapsed), 1), WINDOW_DAYS)
    known = _at_pace(agent, pace=spent / elapsed, window_days=window_days)
    return _at_most(known, window_days=window_days, untold=untold) if untold else known


def window_start(now: datetime) -> datetime:
    """Return since when spending makes the pace: WINDOW_DAYS whole days of UTC, and today's part."""
    return day_start_utc(day_of(now) - WINDOW_DAYS)


def _unsayable(claim: Claim, now: datetime) -> str:
    """Return why the balance says nothing about what lies ahead; empty where it does."""
    if claim.is_stopped:
        return "it is stopped."
    if claim.needs_relink or claim.agent.claim_state == "revoked":
        return f"{settings.PRODUCT_NAME} turns it away, so its balance is not read."
    if claim.agent.quota_at is None:
        return "its balance was not read yet."
    return "its balance is out of date." if now - claim.agent.quota_at >= STALE_AFTER else ""


def _at_pace(agent: Agent, *, pace: float, window_days: int) -> Runway:
    if pace <= 0:
        return Runway("unknown", why=f"it spent nothing in the {_window_text(window_days)}.")
    # Where the service tells that it gives free credits anew each day, only what goes beyond them is used up.
    drain = pace - (agent.free_credits_per_day or 0)
    if drain <= 0:
        return Runway("covered", window_days=window_days, pace=pace)
    days = _days_left(agent, pace=pace, drain=drain)
    return Runway("days", days=min(int(days), MOST_DAYS), window_days=window_days, pace=pace)


def _at_most(known: Runway, *, window_days: int, untold: int) -> Runway:
    """Return what a runway says once charges are untold: at most its days. Where it would last, nobody can say."""
    if known.kind == "days" and (known.days or 0) < MOST_DAYS:
        return replace(known, untold=untold)
    charges, window = _charges_text(untold), _window_text(window_days)
    return Runway("unknown", why=f"{settings.PRODUCT_NAME} does not tell what {charges} of the {window} took.")


def _days_left(agent: Agent, *, pace: float, drain: float) -> float:
    """Return how many days pass until a day cannot be paid for: free credits first, as the service spends them."""
    free, paid = agent.free_credits or 0, agent.paid_credits or 0
    after_today = paid - max(pace - free, 0)
    is_filled_up = bool(agent.free_credits_per_day) and after_today >= 0
    return 1 + after_today / drain if is_filled_up else (free + paid) / pace


def _ahead(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment and moment > now else None


def _left_text(days: int, *, is_most: bool) -> str:
    if days >= MOST_DAYS:
        return "More than a year"
    about = "At most" if is_most else "About"
    return f"{about} {days} day{'' if days == 1 else 's'}" if days else "Less than a day"


def _charges_text(number: int) -> str:
    return f"{number:,} charge{'' if number == 1 else 's'}"


def _window_text(days: int) -> str:
    return "last day" if days == 1 else f"last {days} days"
