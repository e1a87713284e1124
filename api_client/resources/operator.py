"""The operator extension, `/operator/v1/` (ours, INF): docs/hosted-api.md describes each endpoint.

Writes may be repeated (the service says so), but are only sent again by themselves where nothing can have started:
between two tries of ours somebody else may have decided otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from api_client.records.operator import (
    ChangePage,
    Guardrails,
    LedgerPage,
    OperatorAgent,
    OperatorAgentPage,
    OperatorFeedback,
    OperatorFeedbackPage,
    OperatorPayment,
    OperatorPaymentPage,
    ReversalPage,
)
from api_client.resources.base import Resource, checked_key, given, inbox
from api_client.retry import Repeat
from api_client.secret import Secret
from api_client.transport import Call
from api_client.urls import segment

_ROOT = "/operator/v1"


class Paging(TypedDict, total=False):
    """`limit` is clamped at 500 by the service; `cursor` is an earlier page's `next_cursor`, None for the beginning."""

    limit: int
    cursor: str | None


class Span(Paging, total=False):
    """From `since` on, and before `until`."""

    since: datetime
    until: datetime


class Whose(Span, total=False):
    """Of one agent or one organization."""

    agent_id: str
    organization_id: str


class AgentFilters(Span, total=False):
    """What the list of agents can be narrowed to."""

    organization_id: str
    claim_state: str
    claim_requested: bool


class FeedbackFilters(Whose, total=False):
    """What the list of feedback can be narrowed to."""

    type: str
    severity: str
    confidence: str
    dedupe_key: str
    signal: str
    answered: bool


class PaymentFilters(Whose, total=False):
    """What the list of payments can be narrowed to."""

    status: str
    quote_id: str
    payment_method: str


class ReversalFilters(Whose, total=False):
    """What the list of reversals can be narrowed to; `kind` is refund or dispute."""

    receipt_id: str
    kind: str
    state: str


class LedgerFilters(Whose, total=False):
    """What the ledger can be narrowed to."""

    type: str


class ChangeFilters(Paging, total=False):
    """Of one kind alone: agent, feedback, payment or event; a cursor goes on with the kind that it began with."""

    kind: str


class OperatorAgents(Resource):
    """Agents of all organizations: claims with grants, revocation, limits."""

    def list(self, **filters: Unpack[AgentFilters]) -> OperatorAgentPage:
        """GET /operator/v1/agents."""
        return self._record(OperatorAgentPage, _read("agents", dict(filters)))

    def get(self, agent_id: str) -> OperatorAgent:
        """GET /operator/v1/agents/{agent_id}: with its balance and jobs. Raises NotFound."""
        return self._record(OperatorAgent, _read(f"agents/{segment(agent_id)}"), at="agent")

    def claim_requests_search(self, *, contact: Secret | str, **paging: Unpack[Paging]) -> OperatorAgentPage:
        """POST /operator/v1/claim-requests/search: the agents that asked this inbox to claim them. Changes nothing."""
        params, body = _query(dict(paging)), {"contact": inbox(contact).reveal()}
        call = Call("POST", f"{_ROOT}/claim-requests/search", params=params, body=body, repeat=Repeat.READ)
        return self._record(OperatorAgentPage, call)

    def claim(
        self, agent_id: str, *, contact: Secret | str | None = None, grants: Sequence[str] | None = None
    ) -> OperatorAgent:
        """POST .../claim: attach a sponsor whose inbox we verified; without `grants`, all that there are.

        Raises Conflict for a revoked agent and for one that asked somebody else.
        """
        contact = inbox(contact) if contact is not None else None
        body = given(contact=contact.reveal() if contact else None, grants=list(grants) if grants is not None else None)
        return self._steer(agent_id, "claim", **body)

    def release(self, agent_id: str) -> OperatorAgent:
        """POST .../release: end a claim, or turn a request down."""
        return self._steer(agent_id, "release")

    def revoke(self, agent_id: str) -> OperatorAgent:
        """POST .../revoke: its token is refused from here on; a job that already runs is settled."""
        return self._steer(agent_id, "revoke")

    def restore(self, agent_id: str) -> OperatorAgent:
        """POST .../restore: the same token works again, and its claim is what it was."""
        return self._steer(agent_id, "restore")

    def guardrails_set(self, agent_id: str, guardrails: Guardrails) -> OperatorAgent:
        """POST .../guardrails: these limits take the place of the earlier ones as a whole."""
        limits = {name: getattr(guardrails, name) for name in Guardrails.model_fields}
        return self._steer(agent_id, "guardrails", **limits)

    def _steer(self, agent_id: str, verb: str, **body: object) -> OperatorAgent:
        return self._record(OperatorAgent, _write(f"agents/{segment(agent_id)}/{verb}", **body), at="agent")


class OperatorFeedbacks(Resource):
    """Feedback of all organizations with its text, and the answer to it."""

    def list(self, **filters: Unpack[FeedbackFilters]) -> OperatorFeedbackPage:
        """GET /operator/v1/feedback."""
        return self._record(OperatorFeedbackPage, _read("feedback", dict(filters)))

    def get(self, feedback_id: str) -> OperatorFeedback:
        """GET /operator/v1/feedback/{feedback_id}. Raises NotFound."""
        return self._record(OperatorFeedback, _read(f"feedback/{segment(feedback_id)}"), at="feedback")

    def answer(
        self, feedback_id: str, *, text: str, decision: str | None = None, url: str | None = None
    ) -> OperatorFeedback:
        """POST .../answer: another answer replaces this one; the agent finds it in the item's events."""
        body = given(text=text, decision=decision, url=url)
        call = _write(f"feedback/{segment(feedback_id)}/answer", **body)
        return self._record(OperatorFeedback, call, at="feedback")


class OperatorPayments(Resource):
    """Payments of all organizations."""

    def list(self, **filters: Unpack[PaymentFilters]) -> OperatorPaymentPage:
        """GET /operator/v1/payments: every attempt, whatever became of it."""
        return self._record(OperatorPaymentPage, _read("payments", dict(filters)))

    def get(self, payment_attempt_id: str) -> OperatorPayment:
        """GET /operator/v1/payments/{attempt_id}. Raises NotFound."""
        return self._record(OperatorPayment, _read(f"payments/{segment(payment_attempt_id)}"), at="payment")

    def fulfil(self, payment_attempt_id: str) -> OperatorPayment:
        """POST .../fulfil: fetch the payment again and do what is still to do; grants nothing twice."""
        call = _write(f"payments/{segment(payment_attempt_id)}/fulfil")
        return self._record(OperatorPayment, call, at="payment")

    def refund(
        self, payment_attempt_id: str, *, idempotency_key: str, amount_cents: int | None = None
    ) -> OperatorPayment:
        """POST .../refunds: pay back this much, or all that is left; the same key refunds once.

        Raises Conflict where there is nothing to pay back.
        """
        body = given(amount_cents=amount_cents, idempotency_key=checked_key(idempotency_key))
        call = _write(f"payments/{segment(payment_attempt_id)}/refunds", **body)
        return self._record(OperatorPayment, call, at="payment")


class OperatorReversals(Resource):
    """Refunds and disputes of all organizations."""

    def list(self, **filters: Unpack[ReversalFilters]) -> ReversalPage:
        """GET /operator/v1/reversals."""
        return self._record(ReversalPage, _read("reversals", dict(filters)))


class OperatorLedger(Resource):
    """The activity of all organizations."""

    def list(self, **filters: Unpack[LedgerFilters]) -> LedgerPage:
        """GET /operator/v1/ledger: each line as its agent sees it, with whose it is."""
        return self._record(LedgerPage, _read("ledger", dict(filters)))


class OperatorChanges(Resource):
    """One cursor over everything that changes."""

    def list(self, **filters: Unpack[ChangeFilters]) -> ChangePage:
        """GET /operator/v1/changes. A row may come again; none is passed over."""
        return self._record(ChangePage, _read("changes", dict(filters)))


def _query(asked: Mapping[str, object]) -> dict[str, str]:
    return {name: _param(value) for name, value in asked.items() if value is not None}


def _param(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: str, asked: Mapping[str, object] | None = None) -> Call:
    return Call("GET", f"{_ROOT}/{path}", params=_query(asked or {}), repeat=Repeat.READ)


def _write(path: str, **body: object) -> Call:
    return Call("POST", f"{_ROOT}/{path}", body=body, repeat=Repeat.KEYED)
