"""Finds the agent behind a bearer token. Nothing of the token is kept, compared in clear or logged."""

from django.http import HttpRequest

from sandbox.errors import ApiError
from sandbox.guidance import command, docs
from sandbox.ids import token_digest
from sandbox.models import Agent
from sandbox.models.identity import ClaimState


def agent_from(request: HttpRequest) -> Agent | None:
    """None without an Authorization header; AUTH_REQUIRED for any that is not a live token (contract 1.4)."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header.strip():
        return None
    scheme, _, token = header.partition(" ")
    # Looked up by digest, so the comparison's timing tells nothing about any token.
    agent = Agent.objects.filter(token_hash=token_digest(token.strip())).first()
    if scheme.lower() != "bearer" or agent is None or agent.claim_state == ClaimState.REVOKED:
        raise auth_required("This token is not valid, was replaced or was revoked.")
    return agent


def auth_required(message: str) -> ApiError:
    """The one error for a missing or bad token."""
    signup = command("signup --agent --agent-name NAME --runtime RUNTIME --json")
    recovery = {"suggested_command": signup, "docs_url": docs("signup-agent")}
    return ApiError("AUTH_REQUIRED", message, recovery=recovery)
