"""What agents ask of their people: payments, and what keeps them from working."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Claim
from dashboard.agents.selectors import claim_list, claim_list_blocked, claim_list_wanting
from dashboard.credits.machine import POLL_SECONDS
from dashboard.credits.models import HandOffMute, Purchase
from dashboard.credits.selectors import (
    hand_off_lately_list,
    hand_off_list,
    hand_offs_open,
    mute_list,
)
from dashboard.credits.withheld import Withheld, payment_withheld
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import cursor_map
from dashboard.freshness.services import cursors_hurry

LISTED = 50


@dataclass(frozen=True)
class Ask:
    """A payment that an agent asks for; `withheld` says why nobody is led to it now."""

    purchase: Purchase
    withheld: Withheld | None


@dataclass(frozen=True)
class Inbox:
    """`blocked` cannot work for want of credits or jobs; for `advised` the service says that credits run low."""

    asks: list[Ask]
    lately: list[Purchase]
    blocked: list[Claim]
    advised: list[Claim]
    muted: list[HandOffMute]

    @property
    def is_empty(self) -> bool:
        return not (self.asks or self.lately or self.blocked or self.advised)


def inbox_get(workspace: Workspace) -> Inbox:
    """Return the workspace's inbox, in as many queries whatever is in it."""
    wanting = list(claim_list_wanting(workspace).order_by("pk")[: 2 * LISTED])
    return Inbox(
        asks=_asks(workspace),
        lately=hand_off_lately_list(workspace, limit=LISTED),
        blocked=[claim for claim in wanting if claim.agent.is_blocked],
        advised=[claim for claim in wanting if not claim.agent.is_blocked],
        muted=mute_list(workspace),
    )


def inbox_look(inbox: Inbox) -> None:
    """Have the payments that somebody looks at read soon, so that what was paid elsewhere shows here."""
    watched = [ask.purchase.pk for ask in inbox.asks] + [one.pk for one in inbox.lately if one.is_under_way]
    lately = timezone.now() - timedelta(seconds=POLL_SECONDS)
    cursors_hurry(stream=Stream.PURCHASE, subject_ids=watched, unless_since=lately)


def inbox_count(workspace: Workspace) -> int:
    """Return how much waits for people, payments asked for and agents that cannot work, in one query."""
    blocked = claim_list_blocked(workspace).values("pk")
    return hand_offs_open(workspace).order_by().values("pk").union(blocked, all=True).count()


def _asks(workspace: Workspace) -> list[Ask]:
    purchases = hand_off_list(workspace, limit=LISTED)
    agent_ids = {purchase.agent_id for purchase in purchases}
    claims = {claim.agent_id: claim for claim in claim_list(workspace).filter(agent__in=agent_ids)}
    cursors = cursor_map(stream=Stream.AGENT, subject_ids=agent_ids)
    return [
        Ask(purchase, payment_withheld(purchase, claims[purchase.agent_id], cursors.get(purchase.agent_id)))
        for purchase in purchases
        if purchase.agent_id in claims
    ]
