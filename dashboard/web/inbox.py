"""What agents ask of their people: payments, and what keeps them from working."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Claim
from dashboard.agents.selectors import claim_list, claim_list_wanting
from dashboard.credits.lines import AskedLine
from dashboard.credits.machine import POLL_SECONDS
from dashboard.credits.models import HandOffMute, Purchase
from dashboard.credits.selectors import (
    hand_off_lately_list,
    hand_off_list,
    hand_offs_open,
    mute_list,
)
from dashboard.credits.waiting import waiting_in
from dashboard.credits.withheld import Withheld, payment_withheld
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import cursor_map
from dashboard.freshness.services import cursors_hurry
from dashboard.lib.prepared import Prepared

LISTED = 50


@dataclass(frozen=True)
class Ask:
    """A payment that an agent asks for; `withheld` says why nobody is led to it now."""

    purchase: Purchase
    withheld: Withheld | None


@dataclass(frozen=True)
class Inbox:
    """`blocked` cannot work for want of credits or jobs; for `advised` the service says that credits run low.

    `waiting` is the number that the navigation shows: of the blocked it counts those that credits would help.
    """

    asks: list[Ask]
    lately: list[AskedLine]
    blocked: list[Claim]
    advised: list[Claim]
    muted: list[HandOffMute]
    waiting: int

    @property
    def is_empty(self) -> bool:
        return not (self.asks or self.lately or self.blocked or self.advised)


def inbox_get(workspace: Workspace) -> Inbox:
    """Return the workspace's inbox, in as many queries whatever is in it."""
    purchases = hand_off_list(workspace, limit=LISTED)
    claims = _concerned(workspace=workspace.pk, at=timezone.now())
    wanting = [claim for claim in claims if claim.is_wanting]
    return Inbox(
        asks=_asks(purchases, {claim.agent_id: claim for claim in claims}),
        lately=hand_off_lately_list(workspace, limit=LISTED),
        blocked=[claim for claim in wanting if claim.agent.is_blocked],
        advised=[claim for claim in wanting if not claim.agent.is_blocked],
        muted=mute_list(workspace),
        waiting=claims[0].waiting if claims else 0,
    )


def _claims_concerned(workspace: Workspace, at: datetime) -> QuerySet[Claim]:
    """Return the claims whose agents ask for a payment, are blocked or advised to top up, and how much waits."""
    is_asking = Q(agent__in=hand_offs_open(workspace, at=at).values("agent"))
    is_wanting = Q(pk__in=claim_list_wanting(workspace).order_by("pk").values("pk")[: 2 * LISTED])
    concerned = claim_list(workspace).filter(is_asking | is_wanting).order_by("pk")
    return concerned.annotate(is_wanting=is_wanting, waiting=waiting_in(workspace.pk, at))


_concerned: Prepared[Any] = Prepared(lambda workspace, at: _claims_concerned(Workspace(pk=workspace), at))


def inbox_look(inbox: Inbox) -> None:
    """Have the payments that somebody looks at read soon, so that what was paid elsewhere shows here."""
    watched = [ask.purchase.pk for ask in inbox.asks] + [one.pk for one in inbox.lately if one.is_under_way]
    lately = timezone.now() - timedelta(seconds=POLL_SECONDS)
    cursors_hurry(stream=Stream.PURCHASE, subject_ids=watched, unless_since=lately)


def _asks(purchases: Sequence[Purchase], claims: Mapping[int, Claim]) -> list[Ask]:
    cursors = cursor_map(stream=Stream.AGENT, subject_ids={purchase.agent_id for purchase in purchases})
    return [
        Ask(purchase, payment_withheld(purchase, claims[purchase.agent_id], cursors.get(purchase.agent_id)))
        for purchase in purchases
        if purchase.agent_id in claims
    ]
