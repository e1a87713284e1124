"""Agents that asked Image Skill, not us, to be claimed by one of our people (operator extension).

A task asks for each confirmed address now and then; pages read what it found.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.utils import timezone

from api_client import ApiError, OperatorAgent
from dashboard.accounts.addresses import verified_addresses
from dashboard.accounts.models import Membership, Role, User
from dashboard.agents.models import Claim, ClaimAttempt, ClaimInbox, ServiceClaimRequest
from dashboard.agents.selectors import claim_requests_for, claim_requests_open
from dashboard.lib.dates import showable
from dashboard.lib.prepared import Prepared
from dashboard.remote import has_operator, operator_client

log = structlog.get_logger(__name__)

CALL_SECONDS = 5.0
ASKED_AGAIN_AFTER = timedelta(minutes=5)
INBOXES_AT_ONCE = 20
REQUESTS_KEPT = 100


@dataclass(frozen=True)
class Asking:
    """Agents that wait for one person: those that asked us, and those of which only Image Skill knows."""

    here: list[ClaimAttempt]
    elsewhere: list[ServiceClaimRequest]

    def __len__(self) -> int:
        return len(self.here) + len(self.elsewhere)


def asking_for(user: User, *, here: bool = True, elsewhere: bool = True) -> Asking:
    """Return who asks this person to be linked; whoever asked in both places is decided on here.

    A page that knows from `asking_columns` that nobody asked in one of the places says so, and it is not looked at.
    """
    asked = claim_requests_for(user) if here else []
    known = {attempt.remote_id for attempt in asked}
    others = service_claim_requests_for(user) if elsewhere else []
    return Asking(asked, [one for one in others if one.remote_id not in known])


def asking_columns(user: int, at: datetime) -> dict[str, Combinable]:
    """Return whether anybody asks this person, here and elsewhere, as expressions that are the same for every row."""
    person = User(pk=user)
    return {
        "asked_here": Exists(claim_requests_open(person, at=at)),
        "asked_elsewhere": Exists(_service_requests(person)),
    }


def service_claim_requests_for(user: User) -> list[ServiceClaimRequest]:
    """Return the agents that ask for this person's confirmed addresses and that nobody here holds, newest first."""
    return _asking_elsewhere(user=user.pk)


def _service_requests(user: User) -> QuerySet[ServiceClaimRequest]:
    held = Claim.objects.filter(agent__remote_id=OuterRef("remote_id"), released_at=None)
    asking = ServiceClaimRequest.objects.filter(~Exists(held), inbox__address__in=verified_addresses(user))
    return asking.order_by(F("requested_at").desc(nulls_last=True), "pk")[:REQUESTS_KEPT]


_asking_elsewhere = Prepared(lambda user: _service_requests(User(pk=user)))


def claim_requests_read() -> int:
    """Ask Image Skill for the addresses that were not asked for lately; return for how many it answered."""
    if not has_operator():
        return 0
    _inboxes_follow()
    due = ClaimInbox.objects.filter(Q(asked_at=None) | Q(asked_at__lte=timezone.now() - ASKED_AGAIN_AFTER))
    inboxes = list(due.order_by(F("asked_at").asc(nulls_first=True), "pk")[:INBOXES_AT_ONCE])
    return sum(_inbox_read(inbox) for inbox in inboxes)


def _inboxes_follow() -> None:
    """Keep a row for each confirmed address of somebody who may claim, and no other."""
    owners = Membership.objects.filter(role=Role.OWNER, user__is_active=True).values("user_id")
    confirmed = EmailAddress.objects.filter(verified=True, user_id__in=owners).annotate(lower=Lower("email"))
    ClaimInbox.objects.exclude(address__in=confirmed.values("lower")).delete()
    known = ClaimInbox.objects.filter(address=OuterRef("lower"))
    missing = confirmed.filter(~Exists(known)).values_list("lower", flat=True)[:INBOXES_AT_ONCE]
    ClaimInbox.objects.bulk_create([ClaimInbox(address=address) for address in missing], ignore_conflicts=True)


def _inbox_read(inbox: ClaimInbox) -> bool:
    """Ask for one address; a failure leaves what was known and lets the others come first."""
    now = timezone.now()
    client = operator_client(deadline_seconds=CALL_SECONDS)
    if client is None:
        return False
    try:
        with client:
            page = client.agents.claim_requests_search(contact=inbox.address, limit=REQUESTS_KEPT)
    except ApiError as error:
        log.info("claim_requests_unread", inbox_id=inbox.pk, code=error.code, trace_id=error.trace_id)
        ClaimInbox.objects.filter(pk=inbox.pk).update(asked_at=now)
        return False
    with transaction.atomic():
        if not ClaimInbox.objects.filter(pk=inbox.pk).update(asked_at=now):
            return False
        inbox.requests.exclude(remote_id__in=[agent.agent_id for agent in page.agents]).delete()
        ServiceClaimRequest.objects.bulk_create(
            [_request(inbox, agent) for agent in page.agents],
            update_conflicts=True,
            unique_fields=["inbox", "remote_id"],
            update_fields=["agent_name", "runtime", "requested_at"],
        )
    return True


def _request(inbox: ClaimInbox, agent: OperatorAgent) -> ServiceClaimRequest:
    at = agent.claim_requested_at
    return ServiceClaimRequest(
        inbox=inbox,
        remote_id=agent.agent_id,
        agent_name=(agent.agent_name or "")[:200],
        runtime=(agent.runtime or "")[:100],
        requested_at=showable(at) if at else None,
    )
