"""Reading balances and what moved them, for the workspace that holds the agent and since it does."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Sum, When
from django.http import Http404

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.agents.selectors import claim_list, claim_list_nearest_empty
from dashboard.credits.balance import CLOCKS_AGREE, Anchor, Interval, Movement, Stretch, intervals_between
from dashboard.credits.balance_chart import Chart, chart_of
from dashboard.credits.funding import event_list, events_within
from dashboard.credits.models import Receipt
from dashboard.freshness.models import KnownGap, Stream
from dashboard.lib.paging import Page, page_get

PAGE_SIZE = 25
LISTED_AGENTS = 100
CHARTED_READINGS = 400
CHUNK = 200


@dataclass(frozen=True)
class Balance:
    """One page of an agent's history: intervals, newest first, and on the last page the first reading of all."""

    claim: Claim
    intervals: list[Interval]
    newer: str | None
    older: str | None
    first: Anchor | None
    pending: tuple[Movement, ...]

    @cached_property
    def pending_credits(self) -> int:
        """Credits of lines that no reading can tell yet: they happened after the latest anchor, or within its doubt."""
        return sum(movement.credits for movement in self.pending)


def balance_list(workspace: Workspace) -> list[Claim]:
    """Return the workspace's claims, nearest empty first; no sum, since credits belong to one agent."""
    return list(claim_list_nearest_empty(workspace, limit=LISTED_AGENTS))


def balance_count(workspace: Workspace) -> int:
    return claim_list(workspace).count()


def anchor_list(claim: Claim) -> QuerySet[QuotaSnapshot]:
    """Return the readings that are anchors: both purses told, and no line within the doubt of the clocks."""
    told = QuotaSnapshot.objects.filter(
        agent=claim.agent_id, taken_at__gte=claim.claimed_at, free_credits__isnull=False, paid_credits__isnull=False
    )
    near = {
        "occurred_at__gte": OuterRef("taken_at") - CLOCKS_AGREE,
        "occurred_at__lte": OuterRef("taken_at") + CLOCKS_AGREE,
    }
    return told.filter(~Exists(event_list(claim).filter(**near)))


def balance_page(claim: Claim, *, cursor: str, size: int = PAGE_SIZE) -> Balance:
    """Return a page of intervals, newest first; the first page begins with the latest reading, whatever it says."""
    rows = anchor_list(claim)
    page = page_get(rows, by="taken_at", cursor=cursor, size=size)
    anchors = [anchor_of(row) for row in reversed(page.rows)]
    if page.older and anchors:
        before = rows.filter(taken_at__lt=anchors[0].at).order_by("-taken_at").first()
        anchors = [anchor_of(before), *anchors] if before else anchors
    if page.newer is None:
        anchors += _latest(claim, anchors)
    first = anchors[0] if anchors and page.older is None else None
    found = [one for one in _intervals(claim, anchors) if not one.is_still]
    pending = _pending(claim, anchors) if page.newer is None else ()
    return Balance(claim, found[::-1], page.newer, page.older, first, pending)


def interval_get(claim: Claim, number: int) -> Interval:
    """Return the interval that ends with a reading (0: the latest); raises Http404 where there is none."""
    rows = anchor_list(claim)
    end = [anchor_of(row) for row in rows.filter(pk=number)] if number else _latest(claim, [])
    before = rows.filter(taken_at__lt=end[0].at).order_by("-taken_at").first() if end else None
    if before is None:
        raise Http404
    return _intervals(claim, [anchor_of(before), *end])[0]


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
    """Return the drawing of the latest readings, with the purchases among them."""
    told = QuotaSnapshot.objects.filter(agent=claim.agent_id, taken_at__gte=claim.claimed_at)
    told = told.filter(free_credits__isnull=False, paid_credits__isnull=False)
    readings = [anchor_of(row) for row in told.order_by("-taken_at")[:CHARTED_READINGS]][::-1]
    readings += _now(claim, readings)
    if not readings:
        return None
    bought = Receipt.objects.filter(workspace=claim.workspace_id, agent=claim.agent_id, issued_at__gte=readings[0].at)
    return chart_of(readings, list(bought.order_by("issued_at").values_list("issued_at", "credits")[:CHARTED_READINGS]))


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


def _pending(claim: Claim, anchors: Sequence[Anchor]) -> tuple[Movement, ...]:
    since = anchors[-1].at if anchors else claim.claimed_at
    return _movements(event_list(claim).filter(occurred_at__gt=since), [since, since])[0]


def _intervals(claim: Claim, anchors: Sequence[Anchor]) -> list[Interval]:
    if len(anchors) < 2:
        return []
    lines = event_list(claim).filter(occurred_at__gt=anchors[0].at, occurred_at__lte=anchors[-1].at)
    movements = _movements(lines, [anchor.at for anchor in anchors])
    return intervals_between(anchors, movements, _gaps(claim, anchors[0], anchors[-1]))


def _movements(lines: QuerySet[Event], moments: Sequence[datetime]) -> list[tuple[Movement, ...]]:
    """Sum the lines by type and by the interval in which they happened, in one query; what is later than all moments
    stands in the last interval."""
    stops = list(enumerate(moments[1:]))
    place = Case(
        *(When(occurred_at__lte=stop, then=number) for number, stop in stops),
        default=len(stops) - 1,
        output_field=IntegerField(),
    )
    sums: dict[int, list[Movement]] = defaultdict(list)
    grouped = lines.order_by().annotate(place=place).values("place", "type")
    counted = grouped.annotate(
        number=Count("pk"), moved=Sum("credits_delta"), untold=Count("pk", filter=Q(credits_delta=None))
    )
    for row in counted.order_by("place", "type"):
        sums[row["place"]].append(Movement(row["type"], row["number"], row["moved"] or 0, row["untold"]))
    return [tuple(sums[number]) for number, _ in stops]


def _gaps(claim: Claim, first: Anchor, last: Anchor) -> list[Stretch]:
    rows = KnownGap.objects.filter(stream=Stream.AGENT, subject_id=claim.agent_id, before_at__gt=first.at)
    rows = rows.filter(Q(after_at=None) | Q(after_at__lt=last.at)).order_by("before_at")
    return [Stretch(row.after_at, row.before_at) for row in rows]
