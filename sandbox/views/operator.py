"""The operator extension, `/operator/v1/` (ours, INF); every path needs the operator's key."""

from collections.abc import Callable

from django.db.models import Q, QuerySet
from django.urls import path

from sandbox import access
from sandbox.endpoint import Handler, P, View, endpoint
from sandbox.envelope import Call, Reply
from sandbox.identity import contact_digest, contact_or_refuse
from sandbox.models import Agent, Event, Feedback, Reversal
from sandbox.operator import agents, feed, guardrails, lists, payments, reports
from sandbox.operator.lists import equal, filtered, of_organization, present, since, until
from sandbox.quota import standing_get
from sandbox.rules import fields

_WHOSE = {"agent_id": equal("agent_id"), "organization_id": of_organization("agent_id")}
_WHEN = {"since": since("created_at"), "until": until("created_at")}
_AGENT_FILTERS = {
    "organization_id": equal("organization_id"),
    "claim_state": equal("claim_state"),
    "claim_requested": present("claim_requested_at"),
    **_WHEN,
}
_FEEDBACK_FILTERS = {
    **_WHOSE,
    **_WHEN,
    "type": equal("fields__type"),
    "severity": equal("fields__severity"),
    "confidence": equal("fields__confidence"),
    "dedupe_key": equal("fields__dedupe_key"),
    "signal": equal("quality__signal"),
    "answered": present("answer"),
}
_REVERSAL_FILTERS = {
    "agent_id": equal("receipt__agent_id"),
    "organization_id": of_organization("receipt__agent_id"),
    "receipt_id": equal("receipt_id"),
    "kind": equal("kind"),
    "state": equal("state"),
    **_WHEN,
}
_LEDGER_FILTERS = {**_WHOSE, "type": equal("type"), "since": since("occurred_at"), "until": until("occurred_at")}
_PAYMENT_FILTERS = {
    **_WHOSE,
    **_WHEN,
    "status": equal("status"),
    "quote_id": equal("quote_id"),
    "payment_method": equal("quote__payment_method"),
}


def operator(method: str, name: str) -> Callable[[Handler[P]], View[P]]:
    """An endpoint behind the operator's key."""
    return endpoint(method, f"operator {name}", auth="none", gate=access.operator)


@operator("GET", "agents list")
def agent_list(call: Call) -> Reply:
    """Agents of all organizations."""
    return _agents(call, Agent.objects.all())


@operator("POST", "claim-requests search")
def claim_request_search(call: Call) -> Reply:
    """Agents that asked this inbox to claim them. The inbox is in the body, since addresses end up in logs."""
    body = call.body()
    contact = contact_or_refuse(fields.required_text(body, "contact", limit=254), "contact")
    return _agents(
        call, Agent.objects.filter(claim_contact_hash=contact_digest(contact), claim_requested_at__isnull=False)
    )


@operator("GET", "agents show")
def agent_show(_call: Call, agent_id: str) -> Reply:
    """One agent with what it has left."""
    agent = agents.agent_get(agent_id)
    standing = standing_get(agent)
    left = {"limits": standing.balance.limits(), "daily_jobs": standing.daily_jobs()}
    return Reply({"agent": agents.agent_row(agent) | left})


@operator("POST", "claims confirm")
def claim_confirm(call: Call, agent_id: str) -> Reply:
    """Attaches a sponsor, with grants."""
    body = call.body()
    contact = fields.text(body, "contact", limit=254)
    verified = contact_or_refuse(contact, "contact") if contact else ""
    return _agent(agents.claim_confirm(agent_id, verified, agents.read_grants(body)))


@operator("POST", "claims release")
def claim_release(_call: Call, agent_id: str) -> Reply:
    """Ends a claim, or turns a request down."""
    return _agent(agents.claim_release(agent_id))


@operator("POST", "agents revoke")
def agent_revoke(_call: Call, agent_id: str) -> Reply:
    """Shuts an agent out."""
    return _agent(agents.agent_revoke(agent_id))


@operator("POST", "agents restore")
def agent_restore(_call: Call, agent_id: str) -> Reply:
    """Lets it in again."""
    return _agent(agents.agent_restore(agent_id))


@operator("POST", "guardrails set")
def guardrails_set(call: Call, agent_id: str) -> Reply:
    """Limits what one agent may spend."""
    return _agent(agents.guardrails_set(agent_id, guardrails.read(call.body())))


@operator("GET", "feedback list")
def feedback_list(call: Call) -> Reply:
    """Feedback of all organizations, with its text."""
    rows = filtered(Feedback.objects.select_related("agent", "answer"), call.request.GET, _FEEDBACK_FILTERS)
    found, ending = lists.by_creation(rows, lists.read_page(call.request.GET))
    return Reply({"feedback": [reports.feedback_row(report) for report in found], **ending})


@operator("GET", "feedback show")
def feedback_show(_call: Call, feedback_id: str) -> Reply:
    """One item."""
    return Reply({"feedback": reports.feedback_row(reports.feedback_get(feedback_id))})


@operator("POST", "feedback answer")
def feedback_answer(call: Call, feedback_id: str) -> Reply:
    """Says something to the agent that sent it."""
    report = reports.feedback_answer(feedback_id, reports.read_answer(call.body()))
    return Reply({"feedback": reports.feedback_row(report)})


@operator("GET", "payments list")
def payment_list(call: Call) -> Reply:
    """Payments of all organizations."""
    rows = filtered(payments.attempts(), call.request.GET, _PAYMENT_FILTERS)
    found, ending = lists.by_creation(rows, lists.read_page(call.request.GET))
    return Reply({"payments": [payments.payment_row(attempt) for attempt in found], **ending})


@operator("GET", "payments show")
def payment_show(_call: Call, attempt_id: str) -> Reply:
    """One payment."""
    return Reply({"payment": payments.payment_row(payments.attempt_get(attempt_id))})


@operator("POST", "payments fulfil")
def payment_fulfil(_call: Call, attempt_id: str) -> Reply:
    """Runs the fulfilment of one payment again."""
    return Reply({"payment": payments.payment_row(payments.attempt_fulfil(attempt_id))})


@operator("POST", "payments refund")
def payment_refund(call: Call, attempt_id: str) -> Reply:
    """Pays money back."""
    return Reply({"payment": payments.payment_row(payments.attempt_refund(attempt_id, call.body()))})


@operator("GET", "reversals list")
def reversal_list(call: Call) -> Reply:
    """Refunds and disputes of all organizations."""
    rows = filtered(Reversal.objects.select_related("receipt__agent"), call.request.GET, _REVERSAL_FILTERS)
    found, ending = lists.by_creation(rows, lists.read_page(call.request.GET))
    return Reply({"reversals": [payments.reversal_row(reversal) for reversal in found], **ending})


@operator("GET", "ledger list")
def ledger_list(call: Call) -> Reply:
    """The activity of all organizations, in the order it was written."""
    events = filtered(Event.objects.all(), call.request.GET, _LEDGER_FILTERS)
    rows, ending = feed.ledger_page(events, lists.read_page(call.request.GET))
    return Reply({"events": rows, **ending})


@operator("GET", "changes list")
def change_list(call: Call) -> Reply:
    """Everything that changed behind the cursor."""
    query = call.request.GET
    filtered(Event.objects.none(), query, {"kind": lambda _: Q()})
    rows, ending = feed.changes_page(lists.read_page(query), feed.read_kind(query.get("kind", "")))
    return Reply({"changes": rows, **ending})


def _agents(call: Call, rows: QuerySet[Agent]) -> Reply:
    chosen = filtered(rows.select_related("guardrails"), call.request.GET, _AGENT_FILTERS)
    found, ending = lists.by_creation(chosen, lists.read_page(call.request.GET))
    return Reply({"agents": [agents.agent_row(agent) for agent in found], **ending})


def _agent(agent: Agent) -> Reply:
    return Reply({"agent": agents.agent_row(agent)})


urlpatterns = [
    path("agents", agent_list),
    path("agents/<str:agent_id>", agent_show),
    path("agents/<str:agent_id>/claim", claim_confirm),
    path("agents/<str:agent_id>/release", claim_release),
    path("agents/<str:agent_id>/revoke", agent_revoke),
    path("agents/<str:agent_id>/restore", agent_restore),
    path("agents/<str:agent_id>/guardrails", guardrails_set),
    path("claim-requests/search", claim_request_search),
    path("feedback", feedback_list),
    path("feedback/<str:feedback_id>", feedback_show),
    path("feedback/<str:feedback_id>/answer", feedback_answer),
    path("payments", payment_list),
    path("payments/<str:attempt_id>", payment_show),
    path("payments/<str:attempt_id>/fulfil", payment_fulfil),
    path("payments/<str:attempt_id>/refunds", payment_refund),
    path("reversals", reversal_list),
    path("ledger", ledger_list),
    path("changes", change_list),
]
