"""What guardrails mean: their periods, which is looser than another, how they are said. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from dashboard.agents.models import Guardrail
from dashboard.lib.presentation import credits_text

Kind = Guardrail.Kind
# Which limit is meant (its kind, and whether it is a hard one) -> credits or jobs.
Limits = Mapping[tuple[Kind, bool], int]
# From so much of a limit on an agent is read as often as can be.
NEAR = 0.8
# What a limit counts, and in what.
_UNITS = {
    Kind.CREDITS_DAY: ("credit", "a day"),
    Kind.CREDITS_WEEK: ("credit", "a week"),
    Kind.CREDITS_MONTH: ("credit", "a month"),
    Kind.JOBS_DAY: ("job", "a day"),
    Kind.CREDITS_JOB: ("credit", "a job"),
}


def period_of(kind: str, moment: datetime) -> tuple[datetime, datetime]:
    """Return the UTC period of a kind that a moment lies in: its beginning, and the first moment after it.

    One job has no period: that it was too dear is noted once a day, and again when another is twice as dear.
    """
    day = datetime.combine(moment.astimezone(UTC).date(), time(), UTC)
    if kind == Kind.CREDITS_WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    if kind == Kind.CREDITS_MONTH:
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    return day, day + timedelta(days=1)


def is_reached(kind: str, *, figure: int, limit: int) -> bool:
    """A day's, week's or month's limit is reached when it is used up; a job's when one cost more than it may."""
    return figure > limit if kind == Kind.CREDITS_JOB else figure >= limit


def doublings_of(kind: str, *, figure: int, limit: int) -> int:
    """Return how often a job's limit can be doubled within a figure above it: 0 below twice, and for other kinds."""
    return (figure // max(limit, 1)).bit_length() - 1 if kind == Kind.CREDITS_JOB else 0


def loosened(before: Limits, after: Limits) -> set[tuple[Kind, bool]]:
    """Return which limits are raised or taken away between two states."""
    return {which for which, limit in before.items() if after.get(which, limit + 1) > limit}


def limit_text(kind: str, limit: int) -> str:
    """Return a limit in words: "100 credits a day"."""
    noun, per = _UNITS[Kind(kind)]
    return f"{credits_text(limit)} {noun}{'' if limit == 1 else 's'} {per}"


def limits_said(limits: Limits) -> dict[str, object]:
    """Return limits as the audit log keeps them."""
    said = {("hard " if is_hard else "warning ") + kind.value: limit for (kind, is_hard), limit in limits.items()}
    return dict(sorted(said.items()))
