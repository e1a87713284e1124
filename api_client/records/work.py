"""What agents make: jobs, assets, and what making them cost (contract 2.17 to 2.21, 3.4, 3.9, 3.10).

Costs are the provider's, in micro-dollars; debits are whole credits. Times are UTC.
"""

from api_client.records.base import Answer, Id, JsonObject, Moment, Record, Text, Url, Whole, Word, Words
from api_client.records.wire import lift, rows, usd_to_micros


class CreditPricing(Record):
    """How a debit follows from a cost (contract 3.4); the extended figures are in `extra` as sent."""

    credits_required: Whole | None = None
    estimated_provider_cost_usd_micros: Whole | None = None
    estimated_revenue_usd_micros: Whole | None = None
    pricing_confidence: Word | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        usd_to_micros(wire, "estimated_provider_cost_usd", "estimated_provider_cost_usd_micros")
        usd_to_micros(wire, "estimated_revenue_usd", "estimated_revenue_usd_micros")
        return wire


class Cost(Record):
    """`estimated_usd_micros` is the provider's cost, `credits` the debit (INF)."""

    estimated_usd_micros: Whole | None = None
    credits: Whole | None = None
    credit_pricing: CreditPricing | None = None
    provider_reported_usd_ticks: Whole | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        usd_to_micros(wire, "estimated_usd", "estimated_usd_micros")
        return wire


class Asset(Record):
    """One file that an agent owns. `content_length` is in bytes, `width` and `height` in pixels.

    `url` is public to whoever has it; check scheme and host before fetching or linking it.
    """

    asset_id: Id
    job_id: Word | None = None
    url: Url | None = None
    mime_type: Word | None = None
    content_length: Whole | None = None
    width: Whole | None = None
    height: Whole | None = None
    kind: Word | None = None
    source: Word | None = None
    capability_id: Word | None = None
    created_at: Moment | None = None  # ours (INF)

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "capability", capability_id="id")
        return wire


class JobInput(Record):
    """An asset that a job worked from (INF)."""

    asset_id: Id
    role: Word | None = None


class JobFailure(Record):
    """Why a failed job failed (INF)."""

    code: Word
    message: Text | None = None
    retryable: bool | None = None


class Job(Record):
    """One job. `status` is completed, failed, canceled or planned; other words mean that it still runs.

    A planned job has a `plan_receipt` and neither assets nor debit: never show it as completed work (4.11).
    """

    job_id: Id
    status: Word
    operation: Word | None = None
    trace_id: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    completed_at: Moment | None = None
    capability_id: Word | None = None
    cost: Cost | None = None
    safety_status: Word | None = None
    inputs: tuple[JobInput, ...] = ()
    request: JsonObject | None = None
    assets: tuple[Asset, ...] = ()
    plan_receipt: JsonObject | None = None
    failure: JobFailure | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "capability", capability_id="id")
        lift(wire, "safety", safety_status="status")
        rows(wire, "inputs", JobInput)
        rows(wire, "assets", Asset)
        return wire


class CreateResult(Answer):
    """The answer to create and edit (contract 2.17, 2.19). Debits are credits; a dry run consumes none.

    `job_id` is None only for the dry run of a caller without a token: it leaves no job behind.
    """

    job_id: Id | None = None
    asset_ids: Words = ()
    assets: tuple[Asset, ...] = ()
    status: Word | None = None
    capability_id: Word | None = None
    cost: Cost | None = None
    safety_status: Word | None = None
    consumed_credits: Whole | None = None
    credits_required: Whole | None = None
    top_up: JsonObject | None = None
    request: JsonObject | None = None
    plan_receipt: JsonObject | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "capability", capability_id="id")
        lift(wire, "safety", safety_status="status")
        lift(wire, "quota", consumed_credits="consumed_credits", credits_required="credits_required", top_up="top_up")
        rows(wire, "assets", Asset)
        return wire


class LiveResult(CreateResult):
    """What live work answers: without its job nobody could find out what was spent."""

    job_id: Id


class Upload(Answer):
    """An uploaded file, with an asset and a job of its own (contract 2.18); `size_bytes` is the service's count."""

    asset: Asset
    size_bytes: Whole | None = None
    mime_type: Word | None = None
    sha256: Word | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        lift(wire, "upload", size_bytes="bytes", mime_type="mime_type", sha256="sha256")
        return wire


class Download(Record):
    """A media file that was written whole: its length in bytes, its SHA-256 in hex, its declared type."""

    size_bytes: int
    sha256: str
    content_type: str | None = None
