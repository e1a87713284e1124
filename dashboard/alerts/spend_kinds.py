"""The kinds of alerts about spending: how long credits last, what is unusual, which guardrail was reached."""

from datetime import timedelta

from dashboard.activity.usual import SPIKE_TIMES
from dashboard.agents.guardrail_rules import limit_text
from dashboard.agents.models import Guardrail
from dashboard.alerts.kinds import Figures, Kind, number
from dashboard.alerts.levels import Ladder
from dashboard.alerts.models import Audience
from dashboard.credits.runway import MOST_DAYS, SHORT_DAYS
from dashboard.lib.words import Tone

# These read sums of days: dearer than a look at a balance, and no quicker to change.
SOME_MINUTES = timedelta(minutes=5)
WEEK = 7


def _days_said(_level: int, figures: Figures) -> str:
    days = figures["days"]
    about = "at most" if figures.get("untold") else "about"
    left = f"{about} {number(days, 'day')}" if days else "less than a day"
    return f"At its pace, credits last {left}."


def _days_recovered(_level: int, figures: Figures) -> str:
    days = figures["days"]
    left = "" if days >= MOST_DAYS else f": about {number(days, 'day')}"
    return f"At its pace, credits last longer again{left}."


def _spike_said(_level: int, figures: Figures) -> str:
    spent = f"{'at least ' if figures.get('untold') else ''}{number(figures['today'], 'credit')}"
    return f"Spent {spent} today, and usually {figures['usual']:,} by this time of day."


def _limit(figures: Figures) -> str:
    return next(limit_text(kind, figures[kind]) for kind in Guardrail.Kind.values if kind in figures)


def _guardrail_said(_level: int, figures: Figures) -> str:
    return f"Reached your {_which(figures)} of {_limit(figures)}: {figures['figure']:,}."


def _guardrail_recovered(_level: int, figures: Figures) -> str:
    """One job that was too dear has no period that begins anew: nothing recovers it."""
    if Guardrail.Kind.CREDITS_JOB in figures:
        return ""
    return f"Your {_which(figures)} of {_limit(figures)} began anew, or was raised or taken away."


def _which(figures: Figures) -> str:
    return "limit" if figures["is_hard"] else "warning"


RUNWAY = Kind(
    "runway",
    Audience.WORKSPACE,
    "Runway",
    f"At its pace an agent's credits last less than a week, and then less than {SHORT_DAYS} days.",
    "calendar",
    said=_days_said,
    recovered=_days_recovered,
    balanced=2,
    ladder=Ladder((WEEK - 1, SHORT_DAYS - 1), falls=True, slack_least=2),
    tones=(Tone.INFO, Tone.WARN),
    levels=("at a week", f"at {SHORT_DAYS} days"),
    lapses=True,
    pause=SOME_MINUTES,
    has_stop=True,
)
SPEND_SPIKE = Kind(
    "spend_spike",
    Audience.WORKSPACE,
    "Spend spike",
    f"An agent has spent {SPIKE_TIMES} times as much today (UTC) as it usually has by this time.",
    "spend",
    said=_spike_said,
    recovered=lambda _level, _figures: "No longer spends unusually much.",
    quiet=1,
    ladder=Ladder((SPIKE_TIMES * 100,)),
    tones=(Tone.BAD,),
    lapses=True,
    pause=SOME_MINUTES,
    has_stop=True,
)
GUARDRAIL = Kind(
    "guardrail",
    Audience.WORKSPACE,
    "Guardrail reached",
    "An agent reached a warning or a hard limit that you set for it.",
    "shield",
    said=_guardrail_said,
    recovered=_guardrail_recovered,
    quiet=2,
    ladder=Ladder((1, 2), slack_percent=0),
    levels=("warnings too", "hard limits alone"),
    tones=(Tone.WARN, Tone.BAD),
    has_stop=True,
)

SPEND_KINDS = (RUNWAY, SPEND_SPIKE, GUARDRAIL)
