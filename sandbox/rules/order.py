"""Reads the body of a create into an order: what will be drawn, at which price, under which conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.errors import ApiError, invalid
from sandbox.rules import catalog, fields, parameters
from sandbox.rules.catalog import Model
from sandbox.rules.pricing import Bill, Price
from sandbox.rules.sizes import Size, size_of

PROVIDER_FAILURE_MARK = "[sandbox:provider_failure]"
POLICY_MARK = "[sandbox:policy]"
PROMPT_LIMIT = 10_000
_DRAFT = {"cheap", "budget", "draft", "test"}
_DRAFT_MODEL = "fal.flux-dev"


@dataclass(frozen=True)
class Order:
    """A create that passed every check which needs no account. The prompt lives here and nowhere else."""

    prompt: str = field(repr=False)
    model: Model
    reason: str
    intent: str | None
    aspect_ratio: str
    outputs: int
    parameters: Mapping[str, Any]
    given: tuple[str, ...]
    defaults_applied: tuple[str, ...]
    size: Size
    price: Price
    key: str = field(repr=False)
    is_dry_run: bool

    @property
    def bill(self) -> Bill:
        """The whole job; each output is rounded up by itself."""
        return self.price.bill(self.outputs)

    @property
    def terms(self) -> dict[str, Any]:
        """Everything that decides what comes out, for telling a replay from a conflict."""
        return {
            "prompt": self.prompt,
            "model": self.model.id,
            "intent": self.intent,
            "aspect_ratio": self.aspect_ratio,
            "outputs": self.outputs,
            "parameters": dict(self.parameters),
        }

    def request(self) -> dict[str, Any]:
        """The `request` of answers and jobs (contract 2.17): names of parameters, never their values or the prompt."""
        return {
            "output_count": self.outputs,
            "selection": {
                "policy": "hosted_default_create_v1",
                "reason": self.reason,
                "intent": self.intent,
                "capability": {"id": self.model.capability_id},
                "model_parameters": {
                    "keys": sorted(self.given),
                    "defaults_applied": sorted(self.defaults_applied),
                    "source": "request" if self.given else "defaults",
                },
                "output": {
                    "resolution_class": self.size.resolution_class,
                    "expected_width": self.size.width,
                    "expected_height": self.size.height,
                    "expected_min_short_edge": min(self.size.width, self.size.height),
                },
            },
        }


def read_order(body: fields.Body) -> Order:
    """Every rule of contract 2.17 that needs no account. Raises the matching ApiError; nothing is reserved by then."""
    prompt = fields.required_text(body, "prompt", limit=PROMPT_LIMIT)
    # Free text may hold the prompt itself, so only a plain word is kept.
    intent = fields.slug(fields.text(body, "intent").lower())
    model, reason = _choose_model(fields.text(body, "model"), fields.text(body, "provider").lower(), intent)
    aspect_ratio = _aspect_ratio(model, fields.text(body, "aspect_ratio") or "1:1")
    outputs = fields.whole(body, "output_count", low=1, high=model.max_outputs) or 1
    if body.get("references"):
        raise invalid("This sandbox takes no references yet.")
    given = body.get("model_parameters")
    clean, applied = parameters.resolve(model.schemas, given)
    size = size_of(clean, aspect_ratio)
    order = Order(
        prompt=prompt,
        model=model,
        reason=reason,
        intent=intent,
        aspect_ratio=aspect_ratio,
        outputs=outputs,
        parameters=clean,
        given=tuple(given or ()),
        defaults_applied=tuple(applied),
        size=size,
        price=model.price(clean, size.width, size.height),
        key=fields.key(body),
        is_dry_run=fields.flag(body, "dry_run"),
    )
    _guard_policy(order)
    _guard_budget(order, body)
    return order


def _choose_model(wanted: str, provider: str, intent: str | None) -> tuple[Model, str]:
    if wanted:
        model = catalog.find(wanted)
        if model is None:
            raise ApiError("MODEL_NOT_FOUND", "No model has this id.")
        reason = "requested_model"
    elif provider:
        own = [model for model in catalog.MODELS.values() if model.provider_id == provider and model.is_runnable]
        if not own:
            raise invalid("provider is not one of fal, xai, openai.")
        model, reason = next((m for m in own if m.is_default), own[0]), "requested_provider"
    elif intent in _DRAFT:
        model, reason = catalog.MODELS[_DRAFT_MODEL], "draft_intent"
    else:
        model, reason = catalog.DEFAULT, "default_model"
    if provider and model.provider_id != provider:
        raise invalid("model and provider do not belong together.")
    if not model.is_runnable:
        raise ApiError("MODEL_NOT_EXECUTABLE", model.availability_reason or "This model does not run.")
    return model, reason


def _aspect_ratio(model: Model, wanted: str) -> str:
    ratio = "1:1" if wanted == "auto" else wanted
    if ratio not in model.ratios:
        raise invalid(f"aspect_ratio must be one of {', '.join(model.ratios)}.", accepted_values=list(model.ratios))
    return ratio


def _guard_policy(order: Order) -> None:
    if POLICY_MARK in order.prompt:
        raise ApiError("INPUT_POLICY_DENIED", "The content policy does not allow this input.")


def _guard_budget(order: Order, body: fields.Body) -> None:
    """Guards look at what the agent is debited, not at the provider's cost (contract 4.16)."""
    debit = order.price.debit_usd
    limits: list[tuple[str, Decimal]] = [
        ("max_estimated_usd_per_image", debit),
        ("max_usd", debit * order.outputs),
    ]
    for name, cost in limits:
        limit = fields.amount(body, name)
        if limit is not None and cost > limit:
            raise ApiError("BUDGET_EXCEEDED", f"This would debit ${cost}, which is above {name}.")
    accepts = fields.flag(body, "accept_unknown_cost")
    if not (order.price.is_known or accepts or order.is_dry_run):
        raise ApiError(
            "BUDGET_REQUIRES_CONFIRMATION",
            "The cost of this operation is not known before it runs.",
            recovery={"required_flag": "--accept-unknown-cost"},
        )
