"""A month of a workspace's money: what was there before, what each agent's purchases and their reversals moved."""

from dataclasses import dataclass
from functools import reduce
from operator import add

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.credits.models import Receipt, Reversal
from dashboard.credits.months import Month
from dashboard.credits.receipt_figures import BACK, COUNTED, PAID, Figures, figures_by_agent, steps_counted


@dataclass(frozen=True)
class StatementRow:
    """What moved for one agent within the month."""

    agent: Agent
    figures: Figures
    url: str

    @property
    def name(self) -> str:
        return self.agent.display_name


@dataclass(frozen=True)
class Statement:
    """`before` is everything until the month began; `tests` counts test settlements, `foreign` receipts in another
    currency than US dollars: both are in no figure.

    A refund counts in the month in which it happened, whenever the purchase was.
    """

    workspace: Workspace
    month: Month
    before: Figures
    rows: tuple[StatementRow, ...]
    tests: int
    foreign: int

    @property
    def moved(self) -> Figures:
        return reduce(add, (row.figures for row in self.rows), Figures())


def statement_get(workspace: Workspace, month: Month) -> Statement:
    """Return a month's statement; a constant number of statements to the database."""
    receipts = Receipt.objects.filter(workspace=workspace)
    steps = Reversal.objects.filter(purchase__workspace=workspace)
    within = receipts.filter(issued_at__gte=month.start, issued_at__lt=month.end)
    moved = figures_by_agent(within, steps.filter(occurred_at__gte=month.start, occurred_at__lt=month.end))
    agents = Agent.objects.in_bulk(moved)
    rows = [StatementRow(agents[pk], figures, _url(workspace, agents[pk], month)) for pk, figures in moved.items()]
    earlier = steps_counted(steps).filter(occurred_at__lt=month.start)
    apart = within.exclude(**COUNTED).aggregate(
        tests=Count("pk", filter=Q(live_money=False)), foreign=Count("pk", filter=Q(live_money=True))
    )
    return Statement(
        workspace=workspace,
        month=month,
        before=Figures.of(
            receipts.filter(issued_at__lt=month.start, **COUNTED).aggregate(**PAID), earlier.aggregate(**BACK)
        ),
        rows=tuple(sorted(rows, key=lambda row: (-row.figures.paid_cents, row.name.lower(), row.agent.pk))),
        **apart,
    )


def month_list(workspace: Workspace) -> list[Month]:
    """Return the months from the first receipt to now, newest first; this month at least."""
    rows = Receipt.objects.filter(workspace=workspace).order_by("issued_at", "pk")
    first = rows.values_list("issued_at", flat=True).first()
    now = Month.now()
    oldest = min(Month.of(first), now) if first else now
    count = (now.year - oldest.year) * 12 + now.month - oldest.month + 1
    return [now.shifted(-back) for back in range(count)]


def _url(workspace: Workspace, agent: Agent, month: Month) -> str:
    chosen = urlencode({"agent": agent.remote_id, "month": str(month)})
    return f"{reverse('receipts:receipt_list', args=[workspace.key])}?{chosen}"
