"""Reading purchases, receipts and what agents ask for, always within a workspace."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.agents.selectors import claim_list
from dashboard.credits.lines import AskedLine
from dashboard.credits.models import BuyingRule, HandOffMute, Purchase, Receipt, Reversal
from dashboard.lib.prepared import Prepared

PAGE_SIZE = MOST_LISTED = 50
ENDED_SHOWN = timedelta(days=1)
TAKEN = (Purchase.State.PROCESSING, Purchase.State.PAID, Purchase.State.SUCCEEDED)
UNPAID = (Purchase.State.EXPIRED, Purchase.State.FAILED, Purchase.State.CANCELED)
AWAITED_COLUMNS = (
    *("key", "workspace", "origin", "state", "credits", "price_cents", "opened_at"),
    *("agent__remote_id", "agent__name"),
)


def purchase_list(workspace: Workspace) -> QuerySet[Purchase]:
    """Return the purchases of a workspace with agent, buyer and receipt."""
    return Purchase.objects.filter(workspace=workspace).select_related("agent", "opened_by", "receipt")


def purchase_get(workspace: Workspace, key: UUID) -> Purchase:
    """Return one purchase; raises Http404 alike for "not yours" and "not there"."""
    found = _purchases_of_key(workspace=workspace.pk, key=key)
    if not found:
        raise Http404
    return found[0]


_purchases_of_key = Prepared(
    lambda workspace, key: (
        purchase_list(Workspace(pk=workspace)).select_related("workspace", "dismissed_by").filter(key=key)
    )
)


def purchase_awaited_lists(workspace: Workspace, *, limit: int) -> tuple[list[Purchase], list[Purchase]]:
    """Return what was opened here and has not ended, and what agents ask to be paid, newest first; in one query.

    Of each it has what a line says, and its agent's name.
    """
    rows = _awaited(workspace=workspace.pk, at=timezone.now())
    # Few by nature, so they are sorted here: asked for in order, SQLite would walk through all that ever was.
    found = sorted(rows, key=lambda row: row.opened_at, reverse=True)
    own, asked = [row for row in found if row.is_sponsors], [row for row in found if not row.is_sponsors]
    return own[:limit], asked[:limit]


def _purchases_awaited(workspace: Workspace, at: datetime) -> QuerySet[Purchase]:
    asked = hand_offs_open(workspace, at=at).order_by("-opened_at").values("pk")[:MOST_LISTED]
    wanted = Q(origin=Purchase.Origin.SPONSOR) | Q(pk__in=asked)
    awaited = Purchase.objects.filter(wanted, workspace=workspace, state__in=Purchase.UNDER_WAY)
    return awaited.select_related("agent").only(*AWAITED_COLUMNS)


_awaited = Prepared(lambda workspace, at: _purchases_awaited(Workspace(pk=workspace), at))


def hand_offs_open(workspace: Workspace, *, at: datetime | None = None) -> QuerySet[Purchase]:
    """Return what agents of this workspace ask their people to pay now, or `at` a moment (UTC).

    Only what the service's own status says is open, and whose time is not over: not the muted, the dismissed, nor what
    was granted already.
    """
    rows = _asked(workspace).filter(state=Purchase.State.OPEN, status_at__isnull=False, granted_at=None)
    return rows.exclude(expires_at__lte=at or timezone.now())


def hand_off_list(workspace: Workspace, *, limit: int) -> list[Purchase]:
    """Return what agents ask their people to pay now, newest first."""
    return _hand_offs_open(workspace=workspace.pk, at=timezone.now())[:limit]


_hand_offs_open = Prepared(
    lambda workspace, at: hand_offs_open(Workspace(pk=workspace), at=at).order_by("-opened_at")[:MOST_LISTED]
)


def purchase_by_id(agent_id: int, name: str, value: str) -> QuerySet[Purchase]:
    """Return the purchase of an agent that carries an id of the service (`name` is its field); for background work."""
    # The empty one is excluded by name, so that the constraint's partial index can be used.
    return Purchase.objects.filter(agent=agent_id, **{name: value}).exclude(**{name: ""})


def hand_off_lately_list(workspace: Workspace, *, limit: int) -> list[AskedLine]:
    """Return what agents asked for within the last day and somebody paid, or nobody in time, newest first.

    What was put off or is muted shows only if it was paid. What ran out may still be `open`: nobody said otherwise yet.
    """
    now = timezone.now()
    return [
        AskedLine._make(row) for row in _asked_lately(workspace=workspace.pk, since=now - ENDED_SHOWN, at=now)[:limit]
    ]


def _lately(workspace: Workspace, since: datetime, at: datetime) -> QuerySet[Purchase]:
    is_over = Q(state__in=UNPAID) | Q(state=Purchase.State.OPEN, expires_at__lte=at)
    # Bounded by time in itself, or it would be the list of all that ever ran out.
    ended = Q(pk__in=_asked(workspace).filter(is_over, opened_at__gte=since).values("pk"))
    rows = Purchase.objects.filter(workspace=workspace, origin=Purchase.Origin.AGENT, opened_at__gte=since)
    return rows.filter(Q(state__in=TAKEN) | ended, agent__in=claim_list(workspace).values("agent"))


_asked_lately: Prepared[tuple[Any, ...]] = Prepared(
    lambda workspace, since, at: (
        _lately(Workspace(pk=workspace), since, at)
        .order_by("-opened_at", "-pk")[:MOST_LISTED]
        .values_list(*AskedLine._fields)
    )
)


def mute_list(workspace: Workspace) -> list[HandOffMute]:
    """Return the agents of this workspace that it does not want to be asked by, by name."""
    return _mutes(workspace=workspace.pk)


_mutes = Prepared(
    lambda workspace: (
        HandOffMute.objects.filter(workspace=workspace, agent__in=claim_list(Workspace(pk=workspace)).values("agent"))
        .select_related("agent")
        .order_by("agent__name", "pk")
    )
)


def is_muted(workspace: Workspace, agent: Agent) -> bool:
    """Tell whether the workspace said "don't ask for this again" of this agent."""
    return HandOffMute.objects.filter(workspace=workspace, agent=agent).exists()


def receipt_list(workspace: Workspace, *, live: bool = True) -> QuerySet[Receipt]:
    """Return the receipts of a workspace: of live money, or (`live=False`) the test settlements set apart."""
    rows = Receipt.objects.filter(workspace=workspace, live_money=live)
    return rows.select_related("agent", "opened_by", "purchase")


def receipt_get(workspace: Workspace, key: UUID) -> Receipt:
    """Return one receipt, live or not; raises Http404 alike for "not yours" and "not there"."""
    rows = Receipt.objects.select_related("agent", "opened_by", "purchase", "workspace")
    receipt = rows.filter(workspace=workspace, key=key).first()
    if receipt is None:
        raise Http404
    return receipt


def reversal_list(purchase: Purchase) -> list[Reversal]:
    """Return the steps of refunds and disputes of a purchase, oldest first."""
    return list(purchase.reversals.order_by("occurred_at", "pk"))


def buying_rule_get(workspace: Workspace) -> BuyingRule:
    """Return what the workspace asks of its buyers; unsaved defaults where no owner has said."""
    return BuyingRule.objects.filter(workspace=workspace).first() or BuyingRule(workspace=workspace)


def needs_fresh_sign_in(workspace: Workspace, cents: int) -> bool:
    """Tell whether buying for so many cents of live money asks for a fresh sign-in here."""
    return cents > buying_rule_get(workspace).fresh_sign_in_cents


def _asked(workspace: Workspace) -> QuerySet[Purchase]:
    muted = HandOffMute.objects.filter(workspace=workspace, agent=OuterRef("agent"))
    held = claim_list(workspace).filter(agent=OuterRef("agent"))
    rows = purchase_list(workspace).filter(origin=Purchase.Origin.AGENT, dismissed_at=None)
    return rows.filter(Exists(held), ~Exists(muted))


def claim_of(purchase: Purchase) -> Claim | None:
    """Return the open claim by which a purchase can be followed: its workspace's, on its agent; None: unlinked."""
    return next(iter(_open_claims(workspace=purchase.workspace_id, agent=purchase.agent_id)), None)


_open_claims = Prepared(
    lambda workspace, agent: Claim.objects.filter(workspace=workspace, agent=agent, released_at=None).select_related(
        "agent", "workspace"
    )
)
