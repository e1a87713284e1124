"""Puts the document together from one table of operations; only what this build serves is in it."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.urls import Resolver404, resolve

from sandbox.openapi import bodies
from sandbox.views import pages

Auth = Literal["agent", "optional", "none", "operator"]


@dataclass(frozen=True)
class Operation:
    """One method of one path; `query` names its parameters with their schemas."""

    method: str
    path: str
    summary: str
    auth: Auth = "agent"
    query: tuple[tuple[str, dict[str, Any]], ...] = ()
    body: dict[str, Any] | None = None


_TEXT: dict[str, Any] = {"type": "string"}
_SWITCH: dict[str, Any] = {"enum": ["true", "false"]}
_LIMIT: dict[str, Any] = {"type": "integer", "minimum": 1}
_FILTERS = (
    *((name, _SWITCH) for name in ("available", "executable", "catalog_only", "details")),
    *((name, _TEXT) for name in ("operation", "provider", "modality", "query")),
)
_REFERENCES = tuple((name, _TEXT) for name in ("quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id"))
_PAGE = (("cursor", _TEXT), ("limit", _LIMIT))
_BUY = "/v1/credit-purchases"

OPERATIONS = (
    Operation("get", "/healthz", "Whether the service is alive", "none"),
    Operation("post", "/v1/agent-signups", "Sign an agent up, or give it another token", "none", body=bodies.SIGN_UP),
    Operation("post", "/v1/agent-claims", "Name the person who should claim this agent", body=bodies.CLAIM),
    Operation("get", "/v1/whoami", "Who this token is"),
    Operation("get", "/v1/quota", "Credits and live jobs that are left"),
    Operation("get", "/v1/payment-methods", "Ways to pay", "none"),
    Operation("get", "/v1/credit-packs", "Packs and their prices", "none"),
    Operation("post", "/v1/credit-quotes", "Hold a price", body=bodies.QUOTE),
    Operation("post", _BUY, "Settle a test quote", body=bodies.PURCHASE),
    Operation("post", f"{_BUY}/stripe-checkout-sessions", "Open a checkout for a quote", body=bodies.PURCHASE),
    Operation("post", f"{_BUY}/stripe-x402-deposits", "Open a crypto deposit for a quote", body=bodies.PURCHASE),
    Operation("get", f"{_BUY}/status", "Where a payment stands", query=_REFERENCES),
    Operation("get", "/v1/models", "Models and what they cost", "none", query=_FILTERS),
    Operation("get", "/v1/models/{reference}", "One model", "none"),
    Operation("get", "/v1/capabilities", "Capabilities", "none"),
    Operation("get", "/v1/capabilities/{reference}", "One capability", "none"),
    Operation("post", "/v1/create", "Make media; a dry run needs no token", "optional", body=bodies.CREATE),
    Operation("post", "/v1/edit", "Make media from an own asset", body=bodies.EDIT),
    Operation("post", "/v1/upload", "Bring an image", body=bodies.UPLOAD),
    Operation("get", "/v1/jobs/{reference}", "One job"),
    Operation("get", "/v1/assets/{reference}", "One asset"),
    Operation("get", "/v1/activity", "The ledger, newest first", query=(("limit", _LIMIT), ("subject", _TEXT))),
    Operation("get", "/v1/activity/{reference}", "An event, or all that name a reference"),
    Operation("post", "/v1/feedback", "Report something", body=bodies.FEEDBACK),
    Operation("post", "/v1/cli", "A read-only command of the client", body=bodies.CLI),
    Operation("get", "/operator/v1/agents", "Agents of all organizations", "operator", query=_PAGE),
    Operation("get", "/operator/v1/agents/{reference}", "One agent", "operator"),
    *(
        Operation("post", f"/operator/v1/agents/{{reference}}/{verb}", summary, "operator", body=bodies.OPERATOR)
        for verb, summary in (
            ("claim", "Confirm a claim"),
            ("release", "Release a claim"),
            ("revoke", "Shut an agent out"),
            ("restore", "Let an agent in again"),
            ("guardrails", "Limit an agent"),
        )
    ),
    Operation("post", "/operator/v1/claim-requests/search", "Who asked for a contact", "operator", body=bodies.CLAIM),
    Operation("get", "/operator/v1/feedback", "Feedback of all organizations", "operator", query=_PAGE),
    Operation("get", "/operator/v1/feedback/{reference}", "One report", "operator"),
    Operation("post", "/operator/v1/feedback/{reference}/answer", "Answer a report", "operator", body=bodies.OPERATOR),
    Operation("get", "/operator/v1/payments", "Payments of all organizations", "operator", query=_PAGE),
    Operation("get", "/operator/v1/payments/{reference}", "One payment", "operator"),
    Operation(
        "post", "/operator/v1/payments/{reference}/refunds", "Refund a payment", "operator", body=bodies.OPERATOR
    ),
    Operation("post", "/operator/v1/payments/{reference}/fulfil", "Fulfil again", "operator", body=bodies.OPERATOR),
    Operation("get", "/operator/v1/reversals", "Refunds and disputes", "operator", query=_PAGE),
    Operation("get", "/operator/v1/ledger", "The ledger of all organizations", "operator", query=_PAGE),
    Operation(
        "get", "/operator/v1/changes", "What changed since a cursor", "operator", query=(*_PAGE, ("kind", _TEXT))
    ),
)
_SECURITY: dict[Auth, list[dict[str, list[str]]]] = {
    "agent": [{"agent": []}],
    "optional": [{}, {"agent": []}],
    "none": [],
    "operator": [{"operator": []}],
}


def build() -> dict[str, Any]:
    """OpenAPI 3.0.3, as a JSON value."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        if is_served(operation.path):
            paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Image Skill sandbox",
            "version": "v1",
            "description": "Every answer is the envelope; errors carry x-image-skill-exit-code.",
        },
        "servers": [{"url": settings.SANDBOX_PUBLIC_URL}],
        "paths": paths,
        "components": {"securitySchemes": _SCHEMES, "schemas": {"Envelope": _ENVELOPE}},
    }


def is_served(path: str) -> bool:
    """Whether the path leads anywhere in this build."""
    try:
        return resolve(re.sub(r"\{\w+\}", "x", path)).func is not pages.not_found
    except Resolver404:
        return False


def _described(operation: Operation) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", operation.path)
    described: dict[str, Any] = {
        "summary": operation.summary,
        "security": _SECURITY[operation.auth],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names),
            *({"name": name, "in": "query", "schema": schema} for name, schema in operation.query),
        ],
        "responses": {"200": _answer("Done"), "default": _answer("Refused, or failed")},
    }
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Envelope"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_SCHEMES = {
    "agent": {"type": "http", "scheme": "bearer", "description": "A restricted agent token, isk_r_…"},
    "operator": {"type": "http", "scheme": "bearer", "description": "SANDBOX_OPERATOR_KEY"},
}
_ENVELOPE = {
    "type": "object",
    "required": ["ok", "command", "trace_id", "actor", "data", "warnings", "error"],
    "additionalProperties": False,
    "properties": {
        "ok": {"type": "boolean"},
        "command": _TEXT,
        "trace_id": {"type": "string", "pattern": "^trace_[0-9a-f]{24}$"},
        "actor": bodies.record(
            ("actor_type", "actor_id", "organization_id", "claim_state"),
            **dict.fromkeys(("actor_type", "actor_id", "organization_id", "claim_state"), _TEXT),
        )
        | {"nullable": True},
        "data": {"type": "object", "nullable": True},
        "warnings": {"type": "array", "items": _TEXT},
        "error": bodies.record(
            ("code", "message", "retryable", "recovery"),
            code=_TEXT,
            message=_TEXT,
            retryable={"type": "boolean"},
            recovery={"type": "object", "nullable": True},
        )
        | {"nullable": True},
    },
}
