"""Asking the hosted API whose token was presented, and what the sponsor should know before consenting."""

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from api_client import ActivityEvent, ApiError, AuthRefused, Client, MalformedEvent, Whoami
from dashboard.lib.converters import RemoteId
from dashboard.lib.dates import showable
from dashboard.lib.spent import CHARGE, Spent
from dashboard.remote import client_with

# What a header can carry, and as much of it as any token is long.
TOKEN_PATTERN = r"[!-~]{1,512}"  # noqa: S105 - the shape of a token, not one
WHOAMI_SECONDS = 3.0


class ClaimRefusal(Exception):
    """Why what an agent sent was not taken: a `state` for the agent, a sentence, and an HTTP status."""

    def __init__(self, state: str, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.state, self.sentence, self.status = state, sentence, status


@dataclass(frozen=True)
class Facts:
    """What the sponsor sees before consenting; None means that the service did not tell.

    `credits_spent` is the least that was spent where `charges_untold`, so many charges that tell no credits, is not 0.
    """

    agent_name: str = ""
    runtime: str = ""
    claim_state: str = ""
    registered_at: str | None = None
    free_credits: int | None = None
    paid_credits: int | None = None
    credits_spent: int | None = None
    charges_untold: int = 0
    events_seen: int = 0


@contextmanager
def asking(token: str, *, slots: threading.BoundedSemaphore) -> Iterator[Client]:
    """Yield a client for a presented token while one of a few `slots` is held; raises ClaimRefusal.

    What goes wrong with the calls inside becomes a ClaimRefusal too.
    """
    if not slots.acquire(blocking=False):
        raise ClaimRefusal("too_many", "Too many claims at this moment; try again in a few seconds.", 429)
    try:
        with client_with(token, deadline_seconds=WHOAMI_SECONDS) as client:
            yield client
    except AuthRefused:
        raise ClaimRefusal("wrong_token", f"{settings.PRODUCT_NAME} does not accept this token.", 401) from None
    except ApiError:
        raise ClaimRefusal("pending", f"{settings.PRODUCT_NAME} does not answer; try again in a minute.", 503) from None
    finally:
        slots.release()


def token_require(token: str) -> None:
    """Raise ClaimRefusal for what can be no token: it is sent nowhere."""
    if not re.fullmatch(TOKEN_PATTERN, token):
        raise ClaimRefusal("wrong_token", "The Authorization header holds no agent token.", 401)


def identify(client: Client) -> Whoami:
    """Return whom Image Skill takes the token for; raises ClaimRefusal for an agent that no page could name."""
    whoami = client.identity.whoami()
    if not re.fullmatch(RemoteId.regex, whoami.actor.actor_id):
        raise ClaimRefusal("pending", f"{settings.PRODUCT_NAME} names this agent in a way we do not understand.", 503)
    return whoami


def facts_read(client: Client, whoami: Whoami) -> Facts:
    """Return what the consent page shows; what cannot be read now stays unknown, for the claim does not need it."""
    known = Facts(
        agent_name=(whoami.agent_name or "")[:200],
        runtime=(whoami.runtime or "")[:100],
        claim_state=(whoami.claim_state or "")[:64],
        registered_at=_iso(whoami.agent_created_at or whoami.token_created_at),
    )
    try:
        quota = client.quota.get()
        events = client.activity.list(limit=200).events
    except ApiError:
        return known
    spent = _spent(events)
    return replace(
        known,
        free_credits=quota.remaining_credits,
        paid_credits=quota.payment_backed_remaining_credits,
        credits_spent=spent.told,
        charges_untold=spent.untold,
        events_seen=len(events),
    )


def _spent(events: Iterable[ActivityEvent | MalformedEvent]) -> Spent:
    charges = [event.credits_delta for event in events if isinstance(event, ActivityEvent) and event.type == CHARGE]
    return Spent(-sum(delta for delta in charges if delta and delta < 0), charges.count(None))


def _iso(moment: datetime | None) -> str | None:
    return showable(moment).isoformat() if moment else None
