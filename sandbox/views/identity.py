"""Health, sign-up, claim request, whoami, quota."""

from typing import Any

from sandbox import identity, jobs, quota
from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply, actor_of
from sandbox.ids import iso
from sandbox.models import Agent, Guardrails
from sandbox.operator import guardrails
from sandbox.rules import fields, quotas
from sandbox.rules.grants import grants_of

API_VERSION = "v1"


@endpoint("GET", "doctor", auth="none")
def health(_call: Call) -> Reply:
    """The process is alive; no database is asked."""
    return Reply({"status": "ok", "api_version": API_VERSION})


@endpoint("POST", "signup", auth="none")
def agent_signups(call: Call) -> Reply:
    """All three published shapes: `agent_contact`, its legacy name `human_email`, or no contact at all."""
    body = call.body()
    stated = {name: fields.text(body, name, limit=254) for name in ("agent_contact", "human_email")}
    name = "agent_contact" if stated["agent_contact"] else "human_email"
    applicant = identity.Applicant(
        name=fields.required_text(body, "agent_name"),
        runtime=fields.required_text(body, "runtime"),
        contact=identity.contact_or_refuse(stated[name], name) if stated[name] else "",
        discovery_source=_discovery_source(body),
    )
    wants_token = fields.flag(body, "return_token")
    signed_up = identity.agent_sign_up(applicant)
    agent = signed_up.agent
    return Reply(
        {
            "token": signed_up.token if wants_token else None,
            "token_presented": wants_token,
            "agent_contact": agent.contact_redacted or None,
            "agent_name": agent.name,
            "runtime": agent.runtime,
            "claim_state": agent.claim_state,
            "is_new": signed_up.is_new,
            "actor": actor_of(agent),
        }
    )


@endpoint("POST", "claim request")
def agent_claims(call: Call) -> Reply:
    """Names the person who should claim this agent; no proof of anything."""
    contact = identity.contact_or_refuse(fields.required_text(call.body(), "contact", limit=254), "contact")
    state = identity.claim_request(call.agent, contact)
    call.agent.refresh_from_db()
    return Reply(
        {
            "state": state,
            "claim_state": call.agent.claim_state,
            "claim_request_state": call.agent.claim_request_state,
            "agent_contact": call.agent.claim_contact_redacted,
        }
    )


@endpoint("GET", "whoami")
def whoami(call: Call) -> Reply:
    """Who this token is."""
    agent = call.agent
    return Reply(
        {
            "authenticated": True,
            "actor": actor_of(agent),
            "organization": {"organization_id": agent.organization_id},
            "agent": {
                "agent_id": agent.id,
                "agent_name": agent.name,
                "runtime": agent.runtime,
                "created_at": iso(agent.created_at),
            },
            "agent_contact": agent.contact_redacted or None,
            "claim_state": agent.claim_state,
            "claim_request_state": agent.claim_request_state,
            "token_class": "restricted",
            "token_status": "active",
            "token_created_at": iso(agent.token_created_at),
            "session_origin": "loaded_from_config",
            "grants": list(grants_of(agent.claim_state, agent.granted)),
        }
    )


@endpoint("GET", "quota")
def quota_show(call: Call) -> Reply:
    """Credits, live jobs left today, and how to get more."""
    return Reply(quota_row(call.agent))


def quota_row(agent: Agent) -> dict[str, Any]:
    """The quota on the wire; a payment status without a reference answers the same. `guardrails` where some are set."""
    jobs.settle_stale(agent)
    standing = quota.standing_get(agent)
    started_at = quotas.day_start(standing.at)
    window = {"kind": "utc_day", "started_at": iso(started_at), "resets_at": iso(quotas.resets_at(standing.at))}
    limits = Guardrails.objects.filter(agent=agent).first()
    return {
        "authenticated": True,
        "claim_state": agent.claim_state,
        "claim_request_state": agent.claim_request_state,
        "token_status": "active",
        "limits": standing.balance.limits(),
        "daily_jobs": standing.daily_jobs(),
        "reset_window": window,
        "top_up": standing.top_up(),
        **({"guardrails": guardrails.row(limits)} if limits else {}),
    }


def _discovery_source(body: fields.Body) -> str:
    """A slug; anything else is dropped, since it only says where an agent heard of the service."""
    return fields.slug(fields.text(body, "discovery_source").lower()) or ""
