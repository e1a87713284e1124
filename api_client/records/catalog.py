"""What the service can make (contract 2.14 to 2.16, 3.12, 3.13).

Prices are provider costs in micro-dollars, debits are whole credits.
"""

from api_client.records.base import Answer, Id, JsonObject, Record, Text, Whole, Word, Words
from api_client.records.wire import lift, rows, usd_to_micros


class ModelRow(Record):
    """One model, read from the compact row or from the nested full one; the nested groups' rest is in `extra`."""

    id: Id
    default: bool | None = None
    display_name: Text | None = None
    provider_id: Word | None = None
    mode: Word | None = None
    status: Word | None = None
    availability_reason: Text | None = None
    modality: Word | None = None
    supports: Words = ()
    operations: Words = ()
    task_tags: Words = ()
    estimated_usd_micros_per_image: Whole | None = None
    credits_required: Whole | None = None
    pricing_confidence: Word | None = None
    cost_known: bool | None = None
    budget_required_for_live: bool | None = None
    max_outputs_per_request: Whole | None = None
    max_resolution: Word | None = None
    artifact_storage: Word | None = None
    model_execution_status: Word | None = None
    grants_required: Words = ()
    capability_id: Word | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        for name in ("estimated_usd_per_image", "cost_known", "budget_required_for_live"):
            lift(wire, "economics", **{name: name})
        lift(
            wire,
            "economics.credit_pricing",
            credits_required="credits_required",
            pricing_confidence="pricing_confidence",
        )
        lift(
            wire,
            "media.output",
            max_outputs_per_request="max_outputs_per_request",
            max_resolution="max_resolution",
        )
        lift(wire, "execution", model_execution_status="model_execution_status", artifact_storage="artifact_storage")
        lift(wire, "capability", capability_id="id", grants_required="grants_required")
        usd_to_micros(wire, "estimated_usd_per_image", "estimated_usd_micros_per_image")
        return wire

    @property
    def is_runnable(self) -> bool:
        """Contract 3.12: available and executable."""
        return self.status == "available" and self.model_execution_status == "executable"


class ModelCatalog(Answer):
    """The models asked for; `summary` counts them. Unreadable rows are in `extra["malformed_models"]`."""

    models: tuple[ModelRow, ...]
    summary: JsonObject | None = None

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "models", ModelRow)
        return wire


class Capability(Record):
    """What a grant or a job names; beyond its id the shape is unpublished, so all else is in `extra`."""

    id: Id
    display_name: Text | None = None
    operation: Word | None = None
    status: Word | None = None
    grants_required: Words = ()


class CapabilityCatalog(Answer):
    """All capabilities; unreadable rows are in `extra["malformed_capabilities"]`."""

    capabilities: tuple[Capability, ...]

    @classmethod
    def unfold(cls, wire: JsonObject) -> JsonObject:
        rows(wire, "capabilities", Capability)
        return wire
