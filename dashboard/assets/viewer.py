"""One asset with all that is known of it: who made it, with what, from what, for how much, and who paid."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.filter import EventFilter, event_list
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.agents.selectors import claim_list
from dashboard.assets.gallery import among_get
from dashboard.assets.lineage import Drawing, drawing_of
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_srcset, preview_url, preview_widths
from dashboard.assets.ratios import ratio_of
from dashboard.assets.selectors import lineage_get
from dashboard.catalog.models import CatalogModel
from dashboard.catalog.selectors import model_behind
from dashboard.credits.balance_selectors import interval_at
from dashboard.credits.funding import Payer, shares_by_event
from dashboard.credits.waiting import waiting_in

MOST_LINES = 20


@dataclass(frozen=True)
class AssetView:
    """What the viewer shows.

    `lines` are the ledger's lines of its job that took credits; `payers` is our allocation of the charge
    (dashboard/credits/allocation.py), None where it cannot be said; `is_linked`: its agent has a page here. `waiting`:
    how much waits for people, None where it was not counted.
    """

    asset: Asset
    newer: int | None
    older: int | None
    src: str
    srcset: str
    drawing: Drawing | None
    tags: list[str]
    model: CatalogModel | None
    lines: list[Event]
    payers: list[Payer] | None
    is_linked: bool
    waiting: int | None

    @property
    def ratio(self) -> int:
        """The step of its shape, a class of the stylesheet."""
        return ratio_of(self.asset.width, self.asset.height)

    @property
    def smallest(self) -> str:
        """The `srcset` of the smallest picture alone, which the gallery has shown already."""
        return self.srcset.partition(", ")[0]


def viewer_get(workspace: Workspace, pk: int, *, among: QuerySet[Asset]) -> AssetView:
    """Return an asset's page; `among` is the gallery that it was opened from. Raises Http404."""
    asset, newer, older, tags = among_get(workspace, pk, among)
    sizes = preview_widths(asset)
    counted = claim_list(workspace).annotate(waiting=waiting_in(workspace.pk, timezone.now()))
    claim = counted.filter(agent=asset.agent_id).first()
    lines = _lines(workspace, asset)
    return AssetView(
        asset=asset,
        newer=newer,
        older=older,
        src=preview_url(workspace.key, asset, sizes[-1][0]) if sizes else "",
        srcset=preview_srcset(workspace.key, asset),
        drawing=drawing_of(workspace, asset, lineage_get(asset)),
        tags=tags,
        model=model_behind(asset.capability_id),
        lines=lines,
        payers=_payers(claim, lines),
        is_linked=claim is not None,
        waiting=claim.waiting if claim else None,
    )


def _lines(workspace: Workspace, asset: Asset) -> list[Event]:
    if asset.job is None:
        return []
    named = event_list(workspace, EventFilter(reference=asset.job.remote_id, cost="spent"))
    return list(named.order_by("occurred_at", "pk")[:MOST_LINES])


def _payers(claim: Claim | None, lines: list[Event]) -> list[Payer] | None:
    """Return who paid for the job's charge; None where the workspace has no reading of the balance on both sides."""
    if claim is None or not lines or lines[0].occurred_at < claim.claimed_at:
        return None
    interval = interval_at(claim, lines[0].occurred_at)
    return shares_by_event(claim, interval, [lines[0]])[0][1] if interval else None
