"""Guardrails held against what was spent: how much of each is used, and which was reached when.

Figures are of rows that are counted already; whoever asks holds the agent's row, so that a crossing is noted once
whatever comes twice or at once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Subquery
from django.db.models.expressions import OuterRef
from django.db.models.functions import JSONObject

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event, SpendDay
from dashboard.activity.rollups import SPENT, job_of, lines_of, spent
from dashboard.activity.slots import day_of
from dashboard.agents.guardrail_rules import NEAR, Kind, doublings_of, is_reached, limit_text, period_of
from dashboard.agents.models import Claim, Guardrail, GuardrailCrossing

# How far ahead of ours the service's clock may be.
CLOCKS_AGREE = timedelta(days=1)
Period = tuple[datetime, datetime]
# Jobs, credits and charges whose credits are not told, of a UTC day.
DAY_FIGURES = ("jobs", "credits_spent", "untold")
JOBS, CREDITS, UNTOLD = range(3)
Days = dict[int, tuple[int, int, int]]


@dataclass(frozen=True)
class Use:
    """How much of a guardrail is used in the period that runs; `used` None: one job's limit adds nothing up.

    `untold`: so many charges of the period tell no credits, so that of credits at least `used` are.
    """

    rule: Guardrail
    used: int | None
    untold: int
    ends_at: datetime

    @property
    def is_near(self) -> bool:
        return self.used is not None and self.used >= NEAR * self.rule.limit

    @property
    def is_reached(self) -> bool:
        return self.used is not None and is_reached(self.rule.kind, figure=self.used, limit=self.rule.limit)


def guardrails_watch(*, claim: Claim, events: Sequence[Event], at: datetime) -> bool:
    """Note which guardrails new events have reached; True while one is near or over, so that it pays to look often."""
    rules = list(Guardrail.objects.filter(claim=claim))
    if not rules:
        return False
    crossings_note(claim=claim, rules=rules, moments=[event.occurred_at for event in events], at=at)
    _dear_jobs_note(claim, rules, events, at)
    return any(use.is_near for use in uses_of(claim, rules, at=at))


def crossings_note(*, claim: Claim, rules: Sequence[Guardrail], moments: Iterable[datetime], at: datetime) -> None:
    """Note the guardrails that are reached in the periods of these moments.

    A late line counts where it happened. What was over before a limit was set is not held against it, nor what the
    service dates ahead of its time.
    """
    moments = {period_of(Kind.CREDITS_DAY, moment)[0] for moment in moments if moment <= at + CLOCKS_AGREE}
    touched = [
        (rule, period)
        for rule in rules
        if rule.kind != Kind.CREDITS_JOB
        for period in {period_of(rule.kind, moment) for moment in moments}
        if period[1] > rule.set_at
    ]
    if not touched:
        return
    days = _days(claim, min(start for _, (start, _) in touched), max(end for _, (_, end) in touched))
    found = [(rule, period, _figure(rule.kind, days, period)) for rule, period in touched]
    _note(
        _crossing(claim, rule, period, figure=figure, at=at)
        for rule, period, figure in found
        if is_reached(rule.kind, figure=figure, limit=rule.limit)
    )


def uses_of(claim: Claim, rules: Sequence[Guardrail], *, at: datetime) -> list[Use]:
    """Return how much of each guardrail is used at a moment; one query."""
    periods = {rule.pk: period_of(rule.kind, at) for rule in rules}
    if not periods:
        return []
    days = _days(claim, min(start for start, _ in periods.values()), max(end for _, end in periods.values()))
    return [
        Use(
            rule,
            None if rule.kind == Kind.CREDITS_JOB else _figure(rule.kind, days, periods[rule.pk]),
            0 if rule.kind == Kind.JOBS_DAY else _sum(days, periods[rule.pk], place=UNTOLD),
            periods[rule.pk][1],
        )
        for rule in rules
    ]


def crossing_list(*, since: datetime, workspace: Workspace | None = None) -> QuerySet[GuardrailCrossing]:
    """Return the crossings that were noticed, or taken back by a raised limit, after a moment; the oldest first.

    For alerts: each has its `agent` and `workspace`. It holds until `recovered_at`, where that is told, else until
    `ends_at`; of a late line both may lie behind us.
    """
    rows = GuardrailCrossing.objects.filter(Q(noticed_at__gt=since) | Q(recovered_at__gt=since))
    mine = rows.filter(workspace=workspace) if workspace else rows
    return mine.select_related("agent", "workspace").order_by("pk")


def crossing_ended_list(*, since: datetime, until: datetime) -> QuerySet[GuardrailCrossing]:
    """Return the crossings whose period ended after `since` and not after `until`, none of them taken back before."""
    rows = GuardrailCrossing.objects.filter(recovered_at=None, ends_at__gt=since, ends_at__lte=until)
    return rows.select_related("agent", "workspace").order_by("ends_at", "pk")


@dataclass(frozen=True)
class Noted:
    """A crossing as a page shows it: `limit` in words, and whether it is over by now."""

    crossing: GuardrailCrossing
    limit: str
    is_over: bool

    @property
    def has_period(self) -> bool:
        """Tell whether it ends by itself: one job that was too dear is nothing that begins anew."""
        return self.crossing.kind != Kind.CREDITS_JOB


def crossing_latest(claim: Claim, *, at: datetime, limit: int) -> list[Noted]:
    """Return an agent's latest crossings since this workspace holds it, newest first."""
    mine = GuardrailCrossing.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id)
    rows = mine.filter(noticed_at__gte=claim.claimed_at).order_by("-noticed_at", "-pk")[:limit]
    return [
        Noted(row, limit_text(row.kind, row.limit), row.recovered_at is not None or row.ends_at <= at) for row in rows
    ]


def crossing_column(at: datetime) -> Subquery:
    """Return the crossing of each claim that holds at a moment, a hard one first; a JSON object
    {kind, is_hard, limit, figure}, to be annotated to a query of claims that is made anyway."""
    mine = GuardrailCrossing.objects.filter(workspace=OuterRef("workspace"), agent=OuterRef("agent"))
    open_now = mine.filter(recovered_at=None, ends_at__gt=at).order_by("-is_hard", "-pk")
    said = JSONObject(kind="kind", is_hard="is_hard", limit="limit", figure="figure")
    return Subquery(open_now.values(said=said)[:1])


def _dear_jobs_note(claim: Claim, rules: Sequence[Guardrail], events: Sequence[Event], at: datetime) -> None:
    limits = [rule for rule in rules if rule.kind == Kind.CREDITS_JOB]
    paid = [event for event in events if spent(event)]
    if not limits or not paid:
        return
    costs = _costs(claim, {job_of(event) for event in paid} - {""})
    found = [
        (rule, event.job_id, period_of(rule.kind, event.occurred_at), costs.get(job_of(event), spent(event)))
        for rule in limits
        for event in paid
    ]
    _note(
        _crossing(claim, rule, period, figure=cost, at=at, job_id=job_id)
        for rule, job_id, period, cost in found
        if is_reached(rule.kind, figure=cost, limit=rule.limit) and rule.set_at < period[1]
    )


def _costs(claim: Claim, jobs: set[str]) -> dict[str, int]:
    """Return what these jobs cost in all, in whichever pages their lines came."""
    costs = Counter[str]()
    for line in lines_of(claim, jobs, SPENT):
        costs[line.job_id] += spent(line)
    return costs


def _days(claim: Claim, start: datetime, end: datetime) -> Days:
    rows = SpendDay.objects.filter(
        workspace=claim.workspace_id, agent=claim.agent_id, day__gte=day_of(start), day__lt=day_of(end)
    )
    return {day: (jobs, taken, untold) for day, jobs, taken, untold in rows.values_list("day", *DAY_FIGURES)}


def _figure(kind: str, days: Days, period: Period) -> int:
    return _sum(days, period, place=JOBS if kind == Kind.JOBS_DAY else CREDITS)


def _sum(days: Days, period: Period, *, place: int) -> int:
    first, end = day_of(period[0]), day_of(period[1])
    return sum(figures[place] for day, figures in days.items() if first <= day < end)


def _crossing(
    claim: Claim, rule: Guardrail, period: Period, *, figure: int, at: datetime, job_id: str = ""
) -> GuardrailCrossing:
    return GuardrailCrossing(
        workspace_id=claim.workspace_id,
        agent_id=claim.agent_id,
        kind=rule.kind,
        is_hard=rule.is_hard,
        limit=rule.limit,
        figure=figure,
        job_id=job_id,
        doublings=doublings_of(rule.kind, figure=figure, limit=rule.limit),
        starts_at=period[0],
        ends_at=period[1],
        noticed_at=at,
    )


def _note(crossings: Iterable[GuardrailCrossing]) -> None:
    """Write crossings down, each unless it is noted: the constraint knows, whoever else looks at the same time."""
    GuardrailCrossing.objects.bulk_create(list(crossings), ignore_conflicts=True)
