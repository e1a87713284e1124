"""What pages that join several rooms show."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.crossings import crossing_column
from dashboard.activity.filter import EventFilter, event_list
from dashboard.activity.models import SpendSlot
from dashboard.activity.selectors import EventLine, day_start, event_lines, spent_columns, spent_of
from dashboard.agents.claim_requests import asking_columns
from dashboard.agents.models import Claim, Guardrail
from dashboard.agents.selectors import claim_list, claim_list_nearest_empty, claim_list_told
from dashboard.agents.standing import LOW_CREDITS, Standing, standing_of, warning_of
from dashboard.alerts.selectors import alarms_in
from dashboard.assets.latest import latest_list
from dashboard.assets.models import Asset
from dashboard.credits.models import Purchase
from dashboard.credits.runway import Runway
from dashboard.credits.runways import runway_columns, runway_get, runway_since
from dashboard.credits.selectors import purchase_awaited_lists
from dashboard.credits.waiting import waiting_in
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.freshness.selectors import cursor_get, cursor_list, is_stale, oldest_reading
from dashboard.lib.prepared import Prepared
from dashboard.lib.spent import Spent

OVERVIEW_AGENTS = 50
OVERVIEW_PURCHASES = 5
SEARCH_RESULTS = 20


@dataclass(frozen=True)
class AgentRow:
    """One agent as the overview and its own page show it; credits are whole credits."""

    claim: Claim
    cursor: SyncCursor | None

    @cached_property
    def spent_today(self) -> Spent:
        return spent_of(self.claim)

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.claim)

    @cached_property
    def warning(self) -> Standing | None:
        return warning_of(getattr(self.claim, "crossing", None))

    @cached_property
    def runway(self) -> Runway:
        return runway_get(self.claim)

    @property
    def synced_at(self) -> datetime | None:
        return self.cursor.synced_at if self.cursor else None

    @property
    def is_stale(self) -> bool:
        return is_stale(self.synced_at)

    @cached_property
    def shown(self) -> tuple[Hashable, ...]:
        """Everything that a row of the overview is made of; how old a stale row is passes by, so by the minute."""
        agent, age = self.claim.agent, timezone.now() - self.synced_at if self.is_stale and self.synced_at else None
        return (
            *(agent.remote_id, agent.name, agent.free_credits, agent.paid_credits),
            *(agent.daily_jobs_remaining, agent.daily_jobs_limit, self.spent_today, self.standing),
            *(self.runway.sentence, self.runway.until),
            *(self.is_stale, self.synced_at if age else None, age and age // timedelta(minutes=1)),
        )

    @property
    def is_low(self) -> bool:
        """Tell whether credits would help: little is left of those that are told."""
        credits_left = self.claim.agent.credits
        return credits_left is not None and credits_left <= LOW_CREDITS and not self.claim.needs_relink

    @property
    def is_failing(self) -> bool:
        return bool(self.cursor and self.cursor.error_code and not self.cursor.stopped)

    @property
    def outage(self) -> SyncCursor | None:
        """The cursor, while the service is away."""
        return self.cursor if getattr(self.cursor, "away_since", None) else None

    @property
    def needs(self) -> list[Standing]:
        """What asks for the sponsor: its standing, then the sponsor's own warning."""
        return [one for one in (self.standing, self.warning) if one and one.asks]


@dataclass(frozen=True)
class Overview:
    """`purchases` are under way; `asks` are payments that agents ask for now; `waiting` counts the inbox.

    `alarms` counts the alerts that say what no row does. `asked_here` and `asked_elsewhere`: whether an agent may ask
    the reader to be linked (`asking_for`); `latest` is what was made last.
    """

    rows: list[AgentRow]
    purchases: list[Purchase]
    asks: list[Purchase]
    waiting: int
    alarms: int
    asked_here: bool
    asked_elsewhere: bool
    latest: list[Asset]

    @property
    def shown(self) -> tuple[Hashable, ...]:
        """Everything that the table is made of."""
        return tuple(row.shown for row in self.rows)

    @cached_property
    def needing(self) -> list[AgentRow]:
        """Who asks for the sponsor, the worst first."""
        return sorted((row for row in self.rows if row.needs), key=lambda row: row.needs[0].tone != "bad")

    @property
    def failing(self) -> list[AgentRow]:
        return [row for row in self.rows if row.is_failing]

    @property
    def outage(self) -> SyncCursor | None:
        return next((row.outage for row in self.rows if row.outage), None)

    @property
    def as_of(self) -> datetime | None:
        """The age of the whole, but for stale rows, which carry their own."""
        return oldest_reading(row.synced_at for row in self.rows)

    @property
    def failing_since(self) -> datetime | None:
        return min((row.synced_at for row in self.failing if row.synced_at), default=None)


def overview_get(workspace: Workspace, reader: User) -> Overview:
    """Return the workspace's agents, the one nearest empty first, what is being bought, asked for and was made last."""
    claims = _overview_claims(workspace=workspace.pk, reader=reader.pk, **_row_values())
    purchases, asks = purchase_awaited_lists(workspace, limit=OVERVIEW_PURCHASES)
    cursors = {cursor.subject_id: cursor for cursor in _overview_cursors(workspace=workspace.pk)}
    rows = [AgentRow(claim, cursors.get(claim.agent_id)) for claim in claims]
    first = claims[0] if claims else None
    return Overview(
        *(rows, purchases, asks, first.waiting if first else 0, first.alarms if first else 0),
        # Without an agent nothing is known of who asks: it is looked up.
        *(first is None or first.asked_here, first is None or first.asked_elsewhere),
        latest_list(workspace),
    )


def agent_row_get(workspace: Workspace, remote_id: str) -> tuple[AgentRow, int]:
    """Return one agent's row, and how much waits in the inbox; raises Http404 for "not yours" and "not there"."""
    found = _row_claims(workspace=workspace.pk, remote_id=remote_id, **_row_values())
    if not found:
        raise Http404
    (claim,) = found
    cursor = cursor_get(stream=Stream.AGENT, subject_id=claim.agent_id)
    return AgentRow(claim, cursor), claim.waiting


def _row_values() -> dict[str, Any]:
    """Return what of a row's columns depends on the time."""
    now = timezone.now()
    today = int(day_start().timestamp()) // SpendSlot.SECONDS
    return {"at": now, "since_day": runway_since(now), "since_slot": today}


def _row_columns(workspace: int, at: datetime, since_day: int, since_slot: int) -> dict[str, Combinable]:
    """Return what an AgentRow reads of its claim beside the claim itself, and how much waits."""
    rules = Guardrail.objects.filter(claim=OuterRef("pk")).order_by().values("claim")
    return {
        **runway_columns(since_day),
        "crossing": crossing_column(at),
        "guardrails_set": Subquery(rules.annotate(number=Count("pk")).values("number")),
        **spent_columns(since_slot),
        "waiting": waiting_in(workspace, at),
    }


_overview_claims: Prepared[Any] = Prepared(
    lambda workspace, reader, at, **values: claim_list_nearest_empty(
        Workspace(pk=workspace), limit=OVERVIEW_AGENTS
    ).annotate(alarms=alarms_in(workspace), **asking_columns(reader, at), **_row_columns(workspace, at, **values))
)
_overview_cursors: Prepared[SyncCursor] = Prepared(
    lambda workspace: cursor_list(
        stream=Stream.AGENT,
        subjects=claim_list_nearest_empty(Workspace(pk=workspace), limit=OVERVIEW_AGENTS).values("agent"),
    )
)
_row_claims: Prepared[Any] = Prepared(
    lambda workspace, remote_id, **values: (
        claim_list_told(Workspace(pk=workspace))
        .annotate(**_row_columns(workspace, **values))
        .filter(agent__remote_id=remote_id)
    )
)


@dataclass(frozen=True)
class Found:
    claims: list[Claim]
    events: list[EventLine]


def search(workspace: Workspace, text: str) -> Found:
    """Find agents by part of a name or id, and events by the whole id of anything they name."""
    text = text.strip()[:160]
    if not text:
        return Found([], [])
    names = Q(agent__name__icontains=text) | Q(agent__remote_id__icontains=text)
    events = event_lines(event_list(workspace, EventFilter(reference=text)))
    return Found(
        list(claim_list(workspace).filter(names).order_by("agent__name", "pk")[:SEARCH_RESULTS]),
        list(events.order_by("-occurred_at", "-pk")[:SEARCH_RESULTS]),
    )
