"""Agents as operators see and steer them: claims with grants, revocation, limits (ours, INF)."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from sandbox import book, changes
from sandbox.errors import ApiError, invalid
from sandbox.identity import contact_digest
from sandbox.ids import iso
from sandbox.models import Agent
from sandbox.models.identity import ClaimState
from sandbox.models.operator import ChangeKind
from sandbox.operator import guardrails
from sandbox.payments import reversals
from sandbox.rules import contacts, fields, grants


def agent_row(agent: Agent) -> dict[str, Any]:
    """One agent; contacts only redacted. `guardrails` costs a query unless it was selected with the agent."""
    request = {"contact": agent.claim_contact_redacted, "requested_at": iso(agent.claim_requested_at)}
    return {
        "agent_id": agent.id,
        "organization_id": agent.organization_id,
        "agent_name": agent.name,
        "runtime": agent.runtime,
        "discovery_source": agent.discovery_source or None,
        "agent_contact": agent.contact_redacted or None,
        "claim_state": agent.claim_state,
        "claim_request": request if agent.claim_requested_at else None,
        "claimed_by": agent.claim_contact_redacted or None if agent.claimed_at else None,
        "claimed_at": iso(agent.claimed_at),
        "revoked_at": iso(agent.revoked_at),
        "grants": list(grants.grants_of(agent.claim_state, agent.granted)),
        "guardrails": guardrails.row(getattr(agent, "guardrails", None)),
        "token_created_at": iso(agent.token_created_at),
        "created_at": iso(agent.created_at),
    }


def agent_get(agent_id: str) -> Agent:
    """One agent of whatever organization. Raises AGENT_NOT_FOUND."""
    agent = Agent.objects.select_related("guardrails").filter(pk=agent_id).first()
    if agent is None:
        raise ApiError("AGENT_NOT_FOUND", "No agent has this id.")
    return agent


def read_grants(body: fields.Body) -> list[str] | None:
    """What a claim is confirmed with; None for all that there is. Raises INVALID_ARGUMENTS for an unknown one."""
    asked = body.get("grants")
    if asked is None:
        return None
    if not isinstance(asked, list) or any(grant not in grants.KNOWN for grant in asked):
        raise invalid("grants must be a list of known grants.", accepted_values=list(grants.KNOWN))
    return [grant for grant in grants.KNOWN if grant in asked]


@transaction.atomic
def claim_confirm(agent_id: str, contact: str, granted: list[str] | None) -> Agent:
    """A sponsor is attached. Confirming again changes the grants alone.

    `contact` is the inbox that the operator verified, normalized, or "". Raises CLAIM_CONFLICT for a revoked agent and
    where the agent asked somebody else: it may have changed its mind since the operator looked.
    """
    agent = book.lock(agent_get(agent_id))
    if agent.claim_state == ClaimState.REVOKED:
        raise ApiError("CLAIM_CONFLICT", "This agent is revoked; restore it first.")
    if contact and agent.claim_contact_hash not in {"", contact_digest(contact)}:
        raise ApiError("CLAIM_CONFLICT", "This agent asked somebody else to claim it.")
    if contact:
        agent.claim_contact_hash, agent.claim_contact_redacted = contact_digest(contact), contacts.redact(contact)
    if agent.claim_requested_at or not agent.claimed_at:
        agent.claimed_at = timezone.now()
    agent.claim_state, agent.claim_requested_at, agent.granted = ClaimState.CLAIMED, None, granted
    return _decided(agent)


@transaction.atomic
def claim_release(agent_id: str) -> Agent:
    """Ends a claim, or turns a request down. A revoked agent stays revoked."""
    agent = book.lock(agent_get(agent_id))
    agent.granted = agent.claimed_at = agent.claim_requested_at = None
    agent.claim_contact_hash = agent.claim_contact_redacted = ""
    if agent.claim_state == ClaimState.CLAIMED:
        agent.claim_state = _own_state(agent)
    return _decided(agent)


@transaction.atomic
def agent_revoke(agent_id: str) -> Agent:
    """Its token is refused from here on, and it cannot sign up again; a job that already runs is settled."""
    agent = book.lock(agent_get(agent_id))
    if agent.claim_state != ClaimState.REVOKED:
        agent.claim_state, agent.revoked_at = ClaimState.REVOKED, timezone.now()
    return _decided(agent)


@transaction.atomic
def agent_restore(agent_id: str) -> Agent:
    """Undoes a revocation: the same token works again, and a claim is what it was."""
    agent = book.lock(agent_get(agent_id))
    if agent.claim_state == ClaimState.REVOKED:
        agent.claim_state = ClaimState.CLAIMED if agent.claimed_at else _own_state(agent)
        agent.revoked_at = None
    return _decided(agent)


@transaction.atomic
def guardrails_set(agent_id: str, limits: dict[str, int | None]) -> Agent:
    """Puts these limits in the place of the earlier ones."""
    agent = book.lock(agent_get(agent_id))
    guardrails.put(agent, limits)
    return _decided(agent)


def _own_state(agent: Agent) -> ClaimState:
    """What an agent is without a sponsor (contract 3.1)."""
    is_backed = settings.SANDBOX_PAYMENT_BACKED_STATE and any(
        reversals.left(receipt) for receipt in agent.receipts.filter(is_live_money=True)
    )
    return ClaimState.PAYMENT_BACKED if is_backed else ClaimState.UNCLAIMED


def _decided(agent: Agent) -> Agent:
    agent.save()
    changes.note(agent, ChangeKind.AGENT)
    return agent
