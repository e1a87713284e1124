"""Reading balances and what moved them, for the workspace that holds the agent and since it does."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Count, Exists, IntegerField, Model, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.agents.selectors import claim_list, claim_list_nearest_empty
from dashboard.credits.balance import (
    CLOCKS_AGREE,
    Anchor,
    Interval,
    Movement,
    Stretch,
    intervals_between,
    movements_joined,
)
from dashboard.credits.balance_chart import Chart, chart_of
from dashboard.credits.funding import event_list, event_list_from, events_within
from dashboard.credits.models import Receipt
from dashboard.credits.runway import Runway
from dashboard.credits.runways import runway_columns, runway_get, runway_since
from dashboard.freshness.models import KnownGap, Stream
from dashboard.lib.paging import Page, cursor_to, page_first, page_get
from dashboard.lib.prepared import Prepared

PAGE_SIZE = 25
LISTED_AGENTS = 100
CHARTED_READINGS = 400
CHUNK = 200
LISTED_GAPS, MOST_GAPS = 20, 200
INSTANT = timedelta(microseconds=1)
_OCCURRED_AT = '"activity_event"."occurred_at"'

Movements = tuple[Movement, ...]
_NOTHING: Movements = ()
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Balance:
    """One page of an agent's history: intervals, newest first, and on the last page the first reading of all.

    `gaps` are the latest stretches within the page that could not be read, newest first.
    """

    intervals: list[Interval]
    newer: str | None
    older: str | None
    first: Anchor | None
    pending: Movements
    gaps: list[KnownGap]

    @cached_property
    def pending_credits(self) -> int:
        """Credits of lines that no reading can tell yet: they happened after the latest anchor, or within its doubt."""
        return sum(movement.credits for movement in self.pending)


def balance_list(workspace: Workspace) -> list[tuple[Claim, Runway]]:
    """Return the workspace's claims with how long each agent's credits last, nearest empty first; no sum, since credits
    belong to one agent."""
    claims = claim_list_nearest_empty(workspace, limit=LISTED_AGENTS)
    now = timezone.now()
    rows = claims.annotate(**runway_columns(runway_since(now)))
    return [(claim, runway_get(claim, now=now)) for claim in rows]


def balance_count(workspace: Workspace) -> int:
    return claim_list(workspace).count()


def anchor_list(claim: Claim) -> QuerySet[QuotaSnapshot]:
    """Return the readings that are anchors: both purses told, and no line within the doubt of the clocks."""
    told = QuotaSnapshot.objects.filter(
        agent=claim.agent_id, taken_at__gte=claim.claimed_at, free_credits__isnull=False, paid_credits__isnull=False
    )
    # One lower bound: of two, SQLite reads its index from the one that is the same for all readings.
    since = Greatest(OuterRef("taken_at") - CLOCKS_AGREE, Value(claim.claimed_at))
    near = event_list_from(claim, since).filter(occurred_at__lte=OuterRef("taken_at") + CLOCKS_AGREE)
    return told.filter(~Exists(near))


def balance_page(claim: Claim, *, cursor: str, size: int = PAGE_SIZE) -> Balance:
    """Return a page of intervals, newest first; the first page begins with the latest reading, whatever it says.

    Pages overlap by one anchor: where the oldest interval of one begins, the newest of the next ends. Three statements.
    """
    if cursor or size != PAGE_SIZE:
        page = page_get(anchor_list(claim), by="taken_at", cursor=cursor, size=size + 1)
    else:
        page = page_first(_newest_anchors(**_held(claim)), "taken_at", size + 1)
    anchors = [anchor_of(row) for row in reversed(page.rows)]
    gaps = gap_list_between(claim, anchors[0].at if anchors else None, anchors[-1].at if page.newer else None)
    if page.newer:
        movements, pending = _movements_between(claim, anchors), _NOTHING
    else:
        anchors, movements, pending = _with_latest(claim, anchors)
    intervals = intervals_between(anchors, movements, _stretches(gaps))
    return Balance(
        intervals=[one for one in reversed(intervals) if not one.is_still],
        newer=page.newer and cursor_to("n", page.rows[1], "taken_at"),
        older=page.older and cursor_to("o", page.rows[-2], "taken_at"),
        first=anchors[0] if anchors and page.older is None else None,
        pending=pending,
        gaps=gaps[::-1][:LISTED_GAPS],
    )


def interval_get(claim: Claim, number: int) -> Interval:
    """Return the interval that ends with a reading (0: the latest); raises Http404 where there is none."""
    rows = anchor_list(claim)
    end = [anchor_of(row) for row in rows.filter(pk=number)] if number else _latest(claim, [])
    before = rows.filter(taken_at__lt=end[0].at).order_by("-taken_at").first() if end else None
    if before is None:
        raise Http404
    return _intervals(claim, [anchor_of(before), *end])[0]


def interval_at(claim: Claim, at: datetime) -> Interval | None:
    """Return the interval in which a moment lies; None where no two readings embrace it yet."""
    rows = anchor_list(claim)
    before = rows.filter(taken_at__lt=at).order_by("-taken_at").first()
    after = rows.filter(taken_at__gte=at).order_by("taken_at").first()
    end = [anchor_of(after)] if after else [one for one in _latest(claim, []) if one.at >= at]
    return _intervals(claim, [anchor_of(before), *end])[0] if before and end else None


def interval_event_page(claim: Claim, interval: Interval, *, cursor: str, size: int = PAGE_SIZE * 2) -> Page[Event]:
    """Return a page of the lines that moved credits in an interval, newest first."""
    return page_get(events_within(claim, interval), by="occurred_at", cursor=cursor, size=size)


def interval_stream(claim: Claim) -> Iterator[Interval]:
    """Yield every interval, oldest first, in chunks: an export holds some hundred readings at a time."""
    rows = anchor_list(claim).order_by("taken_at")
    begin: datetime | None = None
    while chunk := [anchor_of(row) for row in (rows.filter(taken_at__gte=begin) if begin else rows)[: CHUNK + 1]]:
        is_last = len(chunk) <= CHUNK
        anchors = chunk + _latest(claim, chunk) if is_last else chunk
        yield from _intervals(claim, anchors)
        if is_last:
            return
        begin = chunk[-1].at


def balance_chart(claim: Claim) -> Chart | None:
    """Return the drawing of the latest readings, with the purchases among them; one statement."""
    readings: list[Anchor] = []
    purchases: list[Anchor] = []
    for is_purchase, at, free, paid in sorted(_charted(**_held(claim))):
        (purchases if is_purchase else readings).append(Anchor(at, free, paid))
    readings += _now(claim, readings)
    return chart_of(readings, [(one.at, one.free) for one in purchases]) if readings else None


def _points(claim: Claim) -> QuerySet[Any, tuple[int, datetime, int, int]]:
    """Return the latest readings (0, moment, free, paid credits) and purchases (1, moment, credits, 0)."""
    told = QuotaSnapshot.objects.filter(agent=claim.agent_id, taken_at__gte=claim.claimed_at)
    told = told.filter(free_credits__isnull=False, paid_credits__isnull=False)
    bought = Receipt.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id, issued_at__gte=claim.claimed_at)
    drawn = _latest_of(told, "taken_at").values_list(Value(0), "taken_at", "free_credits", "paid_credits")
    marked = _latest_of(bought, "issued_at").values_list(Value(1), "issued_at", "credits", Value(0))
    return drawn.union(marked, all=True)


def _held(claim: Claim) -> dict[str, Any]:
    """Return what the prepared queries below ask of a claim."""
    return {"agent_id": claim.agent_id, "workspace_id": claim.workspace_id, "claimed_at": claim.claimed_at}


_charted = Prepared(lambda **held: _points(Claim(**held)))
_newest_anchors = Prepared(lambda **held: anchor_list(Claim(**held)).order_by("-taken_at", "-pk")[: PAGE_SIZE + 2])


def _latest_of(rows: QuerySet[Row], by: str) -> QuerySet[Row]:
    """Return the latest rows as a query that may stand in a union: SQLite takes no LIMIT there."""
    latest = rows.order_by(f"-{by}").values("pk")[:CHARTED_READINGS]
    return rows.model._default_manager.filter(pk__in=latest)  # noqa: SLF001 - Django's documented way to its manager


def anchor_of(row: QuotaSnapshot) -> Anchor:
    return Anchor(row.taken_at, row.free_credits or 0, row.paid_credits or 0, row.pk)


def _now(claim: Claim, known: Sequence[Anchor]) -> list[Anchor]:
    """The latest reading where it is no row: a snapshot is written only when the balance differs."""
    agent = claim.agent
    if agent.quota_at is None or agent.free_credits is None or agent.paid_credits is None:
        return []
    if known and agent.quota_at <= known[-1].at:
        return []
    return [Anchor(agent.quota_at, agent.free_credits, agent.paid_credits)]


def _latest(claim: Claim, known: Sequence[Anchor]) -> list[Anchor]:
    """The latest reading, if it is later than those known and no line is within the doubt of the clocks."""
    found = _now(claim, known)
    if not found:
        return []
    near = (found[0].at - CLOCKS_AGREE, found[0].at + CLOCKS_AGREE)
    return [] if event_list(claim).filter(occurred_at__range=near).exists() else found


def _intervals(claim: Claim, anchors: Sequence[Anchor]) -> list[Interval]:
    if len(anchors) < 2:
        return []
    gaps = gap_list_between(claim, anchors[0].at, anchors[-1].at)
    return intervals_between(anchors, _movements_between(claim, anchors), _stretches(gaps))


def _movements_between(claim: Claim, anchors: Sequence[Anchor]) -> list[Movements]:
    """Return what moved from each anchor to the next."""
    lines = event_list(claim).filter(occurred_at__gt=anchors[0].at, occurred_at__lte=anchors[-1].at)
    return movement_list(lines, [one.at for one in anchors[1:]])[:-1]


def _with_latest(claim: Claim, anchors: list[Anchor]) -> tuple[list[Anchor], list[Movements], Movements]:
    """Return the anchors up to the latest reading, what moved from each to the next, and what since; in one query.

    The latest reading is an anchor, too, where no line is within the doubt of the clocks. Such a line is later than the
    anchor before it, or that were none.
    """
    lines = event_list(claim).filter(occurred_at__gt=anchors[0].at) if anchors else event_list(claim)
    now = _now(claim, anchors)
    doubt = [at for one in now for at in (one.at - CLOCKS_AGREE - INSTANT, one.at + CLOCKS_AGREE)]
    *told, since = movement_list(lines, [*(one.at for one in anchors[1:]), *doubt])
    if not now:
        return anchors, told, since
    *told, before, near = told
    if near:
        return anchors, told, movements_joined([before, near, since])
    return [*anchors, *now], [*told, before], since


def movement_list(lines: QuerySet[Event], stops: Sequence[datetime]) -> list[Movements]:
    """Sum the lines by type and by the stop until which (included) they happened, in one query; last, those after all.

    The SQL stands here as text: Django takes longer to put so many alternatives together than the database to answer.
    """
    cases = "".join(f" WHEN {_OCCURRED_AT} <= %s THEN {number}" for number in range(len(stops)))
    at = [connection.ops.adapt_datetimefield_value(stop) for stop in stops]
    place = RawSQL(f"CASE{cases} ELSE {len(stops)} END", at, IntegerField()) if stops else Value(0)  # noqa: S611 - values apart
    sums: dict[int, list[Movement]] = defaultdict(list)
    grouped = lines.order_by().annotate(place=place).values("place", "type")
    counted = grouped.annotate(
        number=Count("pk"), moved=Sum("credits_delta"), untold=Count("pk", filter=Q(credits_delta=None))
    )
    for row in counted.order_by("place", "type"):
        sums[row["place"]].append(Movement(row["type"], row["number"], row["moved"] or 0, row["untold"]))
    return [tuple(sums[number]) for number in range(len(stops) + 1)]


def gap_list_between(claim: Claim, since: datetime | None, until: datetime | None) -> list[KnownGap]:
    """Return the stretches of the ledger that could not be read and touch a time, oldest first; None: no bound."""
    rows = KnownGap.objects.filter(stream=Stream.AGENT, subject_id=claim.agent_id)
    rows = rows.filter(before_at__gt=since) if since else rows
    rows = rows.filter(Q(after_at=None) | Q(after_at__lt=until)) if until else rows
    return list(rows.order_by("-before_at")[:MOST_GAPS])[::-1]


def _stretches(gaps: Sequence[KnownGap]) -> list[Stretch]:
    return [Stretch(row.after_at, row.before_at) for row in gaps]
