"""Sign-up, token rotation and claim requests (contract 2.2, 2.3)."""

from dataclasses import dataclass, field
from typing import Literal

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from sandbox import book, changes
from sandbox.errors import ApiError, invalid
from sandbox.ids import new_id, new_token, token_digest
from sandbox.models import Agent
from sandbox.models.identity import ClaimState
from sandbox.models.operator import ChangeKind
from sandbox.rules import contacts


@dataclass(frozen=True)
class Applicant:
    """Who signs up; `contact` is normalized or "" for an anonymous one."""

    name: str
    runtime: str
    contact: str = field(default="", repr=False)
    discovery_source: str = ""


@dataclass(frozen=True)
class SignedUp:
    """The identity and its one live token, which exists in clear only here."""

    agent: Agent
    token: str = field(repr=False)
    is_new: bool


# Clients since 0.1.25 know these sentences and put friendlier advice in their place (contract 2.2).
_NO_INBOX = {
    "agent_contact": "agent_contact must be an email-shaped durable contact inbox",
    "human_email": "human_email must be a valid email address",
    "contact": "contact must be an email-shaped durable contact inbox",
}


def contact_or_refuse(text: str, field_name: str) -> str:
    """A normalized inbox. Raises INVALID_ARGUMENTS in the words of the field."""
    contact = contacts.normalize(text)
    if contact is None:
        raise invalid(_NO_INBOX[field_name])
    return contact


@transaction.atomic
def agent_sign_up(applicant: Applicant) -> SignedUp:
    """A new agent, or with a known contact the same agent with another token; the old token dies at once.

    The contact's hash is unique, so of parallel first sign-ups one creates and the rest rotate; whoever commits
    last holds the one live token.
    """
    token, now = new_token(), timezone.now()
    fresh = {
        "id": new_id("agt"),
        "organization_id": new_id("org"),
        "name": applicant.name,
        "runtime": applicant.runtime,
        "discovery_source": applicant.discovery_source,
        "token_hash": token_digest(token),
        "token_created_at": now,
        "created_at": now,
    }
    if not applicant.contact:
        agent, is_new = Agent.objects.create(**fresh), True
    else:
        fresh["contact_redacted"] = contacts.redact(applicant.contact)
        agent, is_new = Agent.objects.select_for_update().get_or_create(
            contact_hash=contact_digest(applicant.contact), defaults=fresh
        )
    # Otherwise signing up again would undo what an operator decided.
    if agent.claim_state == ClaimState.REVOKED:
        raise ApiError("CAPABILITY_DENIED", "This agent was revoked.")
    # Also when the token is not asked for: whoever signs up again says that the old one is no longer wanted.
    if not is_new:
        agent.token_hash, agent.token_created_at = token_digest(token), now
        agent.save(update_fields=["token_hash", "token_created_at"])
    book.open_day(agent, now)
    changes.note(agent, ChangeKind.AGENT)
    return SignedUp(agent, token, is_new)


@transaction.atomic
def claim_request(agent: Agent, contact: str) -> Literal["attached", "unchanged"]:
    """Notes who is asked to claim the agent; it proves nothing and changes no right. The same again is unchanged."""
    locked = Agent.objects.select_for_update().get(pk=agent.pk)
    hashed = contact_digest(contact)
    if locked.claim_contact_hash == hashed:
        return "unchanged"
    locked.claim_contact_hash = hashed
    locked.claim_contact_redacted = contacts.redact(contact)
    locked.claim_requested_at = timezone.now()
    locked.save(update_fields=["claim_contact_hash", "claim_contact_redacted", "claim_requested_at"])
    changes.note(locked, ChangeKind.AGENT)
    return "attached"


def contact_digest(contact: str) -> str:
    """A normalized inbox as it is kept; keyed, since addresses could be guessed from a plain hash."""
    return salted_hmac("sandbox.contact", contact, algorithm="sha256").hexdigest()
