"""What is so now about spending, from the sums that the activity room keeps."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Exists, OuterRef, Q

from dashboard.activity.models import SpendDay
from dashboard.activity.slots import day_of
from dashboard.activity.usual import FLOOR_CREDITS, SPIKE_TIMES, usual_map
from dashboard.agents.models import Claim, GuardrailCrossing
from dashboard.agents.selectors import seen_since_column
from dashboard.alerts.facts import CHUNK, Fact, Reader, agent_fact, open_alert
from dashboard.alerts.kinds import Kind
from dashboard.alerts.spend_kinds import GUARDRAIL, RUNWAY, SPEND_SPIKE
from dashboard.credits.runway import MOST_DAYS, Runway
from dashboard.credits.runways import runway_columns, runway_get, runway_since

# A late ledger line may reach a limit of a period that is over: it is told all the same.
TOLD_LATE = timedelta(hours=1)
COMPARED_AT_ONCE = 500


def runway(now: datetime) -> Iterator[Fact]:
    """Yield the days left of each agent; whatever else its runway says is no figure."""
    held = Claim.objects.filter(released_at=None).select_related("agent").annotate(**runway_columns(runway_since(now)))
    for claim in held.order_by("pk").iterator(chunk_size=CHUNK):
        known = runway_get(claim, now=now)
        days = _days(known)
        yield agent_fact(claim, days, {} if days is None else {"days": days, **_untold(known.untold)})


def _days(known: Runway) -> int | None:
    """Return the days that a runway says; that at most many are left says nothing, for it may be few."""
    if known.untold and (known.days or 0) > RUNWAY.ladder.marks[0]:
        return None
    return MOST_DAYS if known.kind == "covered" else known.days


def _untold(charges: int) -> dict[str, int]:
    """Return the figure of charges that tell no credits, where there are any."""
    return {"untold": charges} if charges else {}


def spend_spike(now: datetime) -> Iterator[Fact]:
    """Yield who spends much today, in hundredths of what is usual; two queries for each COMPARED_AT_ONCE of them."""
    much = SpendDay.objects.filter(
        workspace=OuterRef("workspace"),
        agent=OuterRef("agent"),
        day=day_of(now),
        credits_spent__gte=FLOOR_CREDITS * SPIKE_TIMES,
    )
    held = Claim.objects.filter(released_at=None).alias(is_told=Exists(open_alert(SPEND_SPIKE)))
    busy = held.filter(Q(Exists(much)) | Q(is_told=True)).select_related("agent").order_by("pk")
    claims = busy.annotate(seen_since=seen_since_column()).iterator(chunk_size=CHUNK)
    while some := list(islice(claims, COMPARED_AT_ONCE)):
        known = usual_map(some, now=now)
        for claim in some:
            usual = known[claim.agent_id]
            figures = {"today": usual.today, "usual": usual.usual or 0, **_untold(usual.untold)}
            hundredths = int(usual.times * 100) if usual.times is not None and usual.is_said else None
            yield agent_fact(claim, hundredths, figures)


def guardrail(now: datetime) -> Iterator[Fact]:
    """Yield the guardrails that are reached, until their period ends or the limit is raised."""
    holds = Q(ends_at__gt=now) | Q(noticed_at__gt=now - TOLD_LATE)
    rows = GuardrailCrossing.objects.filter(holds, recovered_at=None).select_related("agent").order_by("pk")
    for row in rows.iterator(chunk_size=CHUNK):
        figures = {row.kind: row.limit, "figure": row.figure, "is_hard": int(row.is_hard)}
        name = row.agent.display_name[:200]
        yield Fact(row.workspace_id, str(row.pk), name, 1 + int(row.is_hard), figures, row.agent_id)


SPEND_READERS: dict[Kind, Reader] = {RUNWAY: runway, SPEND_SPIKE: spend_spike, GUARDRAIL: guardrail}
