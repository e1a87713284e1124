"""The operator extension's records (ours, INF; no public contract has them). Times are UTC, amounts whole cents."""

from typing import ClassVar

from pydantic import Field

from api_client.records.activity import ActivityEvent, MalformedEvent, read_event
from api_client.records.base import Answer, Id, JsonObject, Moment, Record, Text, Url, Whole, Word, Words
from api_client.records.quota import DailyJobs, lift_limits
from api_client.records.wire import lift, part, rows


class OperatorPage(Answer):
    """A page of a list that runs from the oldest to the newest; rows that could not be read are in `extra`.

    `next_cursor` leads on even from the last page, to what comes later; None where nothing was ever there.
    """

    next_cursor: Word | None = None
    has_more: bool = False


class Guardrails(Record):
    """Limits of one agent that the service enforces, in whole credits and jobs of a UTC day; None does not limit."""

    daily_jobs: Whole | None = None
    credits_per_day: Whole | None = None
    credits_per_week: Whole | None = None
    credits_per_month: Whole | None = None
    credits_per_job: Whole | None = None


class OperatorAgent(Record):
    """An agent of whatever organization. Contacts come redacted; the three last come with one agent alone."""

    agent_id: Id
    organization_id: Id
    claim_state: Word
    agent_name: Text | None = None
    runtime: Text | None = None
    discovery_source: Text | None = None
    agent_contact: Text | None = Field(default=None, repr=False)
    claim_requested_of: Text | None = Field(default=None, repr=False)
    claim_requested_at: Moment | None = None
    claimed_by: Text | None = Field(default=None, repr=False)
    claimed_at: Moment | None = None
    revoked_at: Moment | None = None
    grants: Words = ()
    guardrails: Guardrails = Guardrails()
    token_created_at: Moment | None = None
    created_at: Moment | None = None
    remaining_credits: Whole | None = None
    payment_backed_remaining_credits: Whole | None = None
    daily_jobs: DailyJobs | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "claim_request", claim_requested_of="contact", claim_requested_at="requested_at")
        lift_limits(wire)
        return wire


class OperatorAgentPage(OperatorPage):
    """Agents by their creation."""

    agents: tuple[OperatorAgent, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "agents", OperatorAgent)
        return wire


class FeedbackAnswer(Record):
    """What the people of the service said to a feedback item."""

    text: Text
    decision: Word | None = None
    url: Url | None = None
    answered_at: Moment | None = None


class OperatorFeedback(Record):
    """A feedback item with its text, as the agent sent it, in the fields of contract 3.14.

    `request_trace_id` is the trace of the request that brought it, `trace_id` the one that the agent cites.
    """

    feedback_id: Id
    agent_id: Id
    organization_id: Id
    created_at: Moment
    request_trace_id: Word | None = None
    title: str = Field(default="", repr=False)
    body: str = Field(default="", repr=False)
    type: Word | None = None
    severity: Word | None = None
    confidence: Word | None = None
    next_state: Word | None = None
    surface: Words = ()
    evidence: tuple[str, ...] = Field(default=(), repr=False)
    command: str = Field(default="", repr=False)
    expected: str = Field(default="", repr=False)
    actual: str = Field(default="", repr=False)
    friction: str = Field(default="", repr=False)
    proof_needed: str = Field(default="", repr=False)
    strategic_reason: str = Field(default="", repr=False)
    dedupe_key: str = ""
    source: str = ""
    trace_id: Word | None = None
    allow_weak_signal: bool | None = None
    quality: JsonObject = Field(default_factory=dict)
    answer: FeedbackAnswer | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        if isinstance(wire.get("evidence"), list):
            wire["evidence"] = tuple(wire["evidence"])
        return wire


class OperatorFeedbackPage(OperatorPage):
    """Feedback items by their creation."""

    feedback: tuple[OperatorFeedback, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "feedback", OperatorFeedback)
        return wire


class OperatorReceipt(Record):
    """What was granted for a payment, and how many of its credits were taken back."""

    receipt_id: Id
    credits: Whole
    amount_cents: Whole
    credit_event_id: Word | None = None
    credits_reversed: Whole = 0
    live_money: bool | None = None
    issued_at: Moment | None = None


class Reversal(Record):
    """A refund or a dispute; `credits` is what is taken because of it now."""

    payment_reversal_id: Id
    receipt_id: Id
    payment_attempt_id: Id
    agent_id: Id
    organization_id: Id
    kind: Word
    state: Word
    amount_cents: Whole
    credits: Whole
    provider_id: Word | None = None
    provider_status: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


class ReversalPage(OperatorPage):
    """Refunds and disputes by their creation."""

    reversals: tuple[Reversal, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "reversals", Reversal)
        return wire


class OperatorPayment(Record):
    """A try to pay one quote, whatever became of it, with its receipt and what was reversed."""

    payment_attempt_id: Id
    agent_id: Id
    organization_id: Id
    quote_id: Id
    status: Word
    credits: Whole
    amount_cents: Whole
    currency: Word = "USD"
    pack_id: Word | None = None
    payment_method: Word | None = None
    live_money: bool | None = None
    checkout_session_id: Word | None = None
    payment_intent_id: Word | None = None
    trace_id: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    expires_at: Moment | None = None
    receipt: OperatorReceipt | None = None
    reversals: tuple[Reversal, ...] = ()

    # A payment whose receipt or reversals cannot be read must not pass for one that has none.
    unforgiving: ClassVar[frozenset[str]] = frozenset({"receipt", "reversals"})

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        if isinstance(wire.get("reversals"), list):
            wire["reversals"] = tuple(wire["reversals"])
        return wire


class OperatorPaymentPage(OperatorPage):
    """Payment attempts by their creation."""

    payments: tuple[OperatorPayment, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "payments", OperatorPayment)
        return wire


class LedgerEvent(ActivityEvent):
    """A line of the ledger of all organizations, with whose it is."""

    agent_id: Id
    organization_id: Id


class LedgerPage(OperatorPage):
    """Lines of the ledger in the order they were written."""

    events: tuple[LedgerEvent | MalformedEvent, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        if isinstance(wire.get("events"), list):
            wire["events"] = tuple(read_event(raw, LedgerEvent) for raw in wire["events"])
        return wire


class Change(Record):
    """Something that changed, in its present state; just one of the four is there, none for a kind of tomorrow."""

    kind: Word
    id: Id
    agent_id: Id
    organization_id: Id
    changed_at: Moment
    agent: OperatorAgent | None = None
    feedback: OperatorFeedback | None = None
    payment: OperatorPayment | None = None
    event: LedgerEvent | MalformedEvent | None = None

    # What cannot be read must show as a malformed row, and not as a change of nothing.
    unforgiving: ClassVar[frozenset[str]] = frozenset({"agent", "feedback", "payment", "event"})

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        kind, item = wire.get("kind"), part(wire, "item")
        if kind == "event":
            wire["event"] = read_event(item, LedgerEvent)
        elif kind in ("agent", "feedback", "payment"):
            wire[kind] = item
        else:
            return wire
        del wire["item"]
        return wire


class ChangePage(OperatorPage):
    """Everything that changed behind the cursor. A row may come again; none is ever passed over."""

    changes: tuple[Change, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "changes", Change)
        return wire
