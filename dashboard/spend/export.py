"""Spending as rows of a file: one line a day (or hour) and group, the newest first."""

from collections.abc import Iterator, Mapping
from datetime import UTC

from django.db.models import Sum

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.spend.figures import SUMMED, Sums, parts_of
from dashboard.spend.forms import SpendForm
from dashboard.spend.kinds import asset_type_of

COLUMNS = ("from", "day", "split_by", "id", "name", "credits", "spends", "assets", "untold")
BATCH = 2_000


def export_rows(workspace: Workspace, form: SpendForm) -> Iterator[dict[str, object]]:
    """Yield the lines of what a valid form asks for; their sums are the page's.

    `spends` are charges that tell their credits, `untold` those that do not; where all are untold, no credits stand.
    """
    span, kind = form.span, form.kind
    begins = {bucket.number: bucket.at for bucket in span.buckets}
    names = _agent_names(workspace) if kind.name == "agent" else {}
    rows = parts_of(workspace, span, form.wanted).filter(slot__gte=span.start)
    grouped = rows.order_by().annotate(bucket=span.numbered()).values_list("bucket", kind.column)
    summed = grouped.annotate(*(Sum(column) for column in SUMMED))
    for bucket, key, *figures in summed.order_by("-bucket", kind.column).iterator(chunk_size=BATCH):
        at, sums = begins[bucket], Sums(*figures)
        remote_id, name = names.get(key, ("", "")) if kind.name == "agent" else (key, key)
        yield {
            "from": at.astimezone(UTC).isoformat(),
            "day": at.date().isoformat(),
            "split_by": kind.name,
            "id": remote_id,
            "name": asset_type_of(name) if kind.name == "asset" else name,
            "credits": sums.told,
            "spends": sums.spends,
            "assets": sums.assets,
            "untold": sums.untold,
        }


def _agent_names(workspace: Workspace) -> Mapping[int, tuple[str, str]]:
    agents = Agent.objects.filter(claims__workspace=workspace).distinct()
    return {agent.pk: (agent.remote_id, agent.display_name) for agent in agents}
