"""Reads the body of a create or an edit into an order: what will be made, at which price, under which conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from sandbox.errors import ApiError, invalid
from sandbox.rules import catalog, fields, parameters, references
from sandbox.rules.catalog import Model
from sandbox.rules.pricing import Bill, Price
from sandbox.rules.references import Find, Input, Source
from sandbox.rules.sizes import Size

PROVIDER_FAILURE_MARK = "[sandbox:provider_failure]"
POLICY_MARK = "[sandbox:policy]"
CANCELED_MARK = "[sandbox:canceled]"
RUNNING_MARK = "[sandbox:running]"
# What a prompt may ask the sandbox to play, and what then happens (INF).
MARKS = {
    PROVIDER_FAILURE_MARK: "the provider fails; nothing is charged",
    POLICY_MARK: "the content policy refuses",
    CANCELED_MARK: "the job ends as canceled; nothing is charged",
    RUNNING_MARK: "the job stays running until its credits come back after 15 minutes",
}
PROMPT_LIMIT = 10_000
_DRAFT = {"cheap", "budget", "draft", "test"}
_DRAFT_MODEL = "fal.flux-dev"

Operation = Literal["create", "edit"]


@dataclass(frozen=True)
class Order:
    """Work that passed every check which needs no account. The prompt lives here and nowhere else.

    `size` is None where the result is no picture. `inputs` are the edited asset, its mask and all references.
    """

    operation: Operation
    prompt: str = field(repr=False)
    model: Model
    reason: str
    intent: str | None
    aspect_ratio: str
    outputs: int
    inputs: tuple[Input, ...]
    parameters: Mapping[str, Any]
    given: tuple[str, ...]
    defaults_applied: tuple[str, ...]
    size: Size | None
    price: Price
    key: str = field(repr=False)
    is_dry_run: bool

    @property
    def bill(self) -> Bill:
        """The whole job; each output is rounded up by itself."""
        return self.price.bill(self.outputs)

    @property
    def grants_required(self) -> tuple[str, ...]:
        """What the agent must hold for it."""
        return self.model.grants_for(self.operation)

    @property
    def terms(self) -> dict[str, Any]:
        """Everything that decides what comes out, for telling a replay from a conflict."""
        return {
            "operation": self.operation,
            "prompt": self.prompt,
            "model": self.model.id,
            "intent": self.intent,
            "aspect_ratio": self.aspect_ratio,
            "outputs": self.outputs,
            "parameters": dict(self.parameters),
            "inputs": [one.terms for one in self.inputs],
        }

    def sources(self, *roles: str) -> tuple[Source, ...]:
        """The assets in these roles, in the caller's order."""
        return tuple(one.source for one in self.inputs if one.role in roles)

    @property
    def references(self) -> tuple[Source, ...]:
        """The assets in every other role than the two of an edit."""
        return tuple(one.source for one in self.inputs if one.role not in {"input", "mask"})

    def request(self) -> dict[str, Any]:
        """The `request` of answers and jobs (contract 2.17): names of parameters, never their values or the prompt."""
        return {
            "output_count": self.outputs,
            "selection": {
                "policy": f"hosted_default_{self.operation}_v1",
                "reason": self.reason,
                "intent": self.intent,
                "capability": {"id": self.model.capability_id},
                "model_parameters": {
                    "keys": sorted(self.given),
                    "defaults_applied": sorted(self.defaults_applied),
                    "source": "request" if self.given else "defaults",
                },
                "output": _expected(self.size),
            },
        }


def read_order(body: fields.Body, find: Find = references.none_found) -> Order:
    """A create: every rule of contract 2.17 that needs no account. Nothing is reserved when it raises its ApiError."""
    prompt = fields.required_text(body, "prompt", limit=PROMPT_LIMIT)
    choice = _choose(body, "create")
    ratio = _aspect_ratio(choice.model, fields.text(body, "aspect_ratio") or "1:1", None)
    inputs = references.read(body, choice.model.reference_rule("create"), find)
    return _priced(body, "create", prompt=prompt, choice=choice, ratio=ratio, inputs=inputs)


def read_edit(body: fields.Body, find: Find) -> Order:
    """An edit of an owned picture (contract 2.19). The same conditions as a create; some models take no prompt."""
    input_id = references.asset_id(body.get("input_asset_id"), "input_asset_id")
    if not input_id:
        raise invalid("input_asset_id is required.", required_flag="--input")
    mask_id = references.asset_id(body.get("mask_asset_id"), "mask_asset_id")
    prompt = fields.text(body, "prompt", limit=PROMPT_LIMIT)
    choice = _choose(body, "edit")
    model = choice.model
    if bool(prompt) is model.is_promptless:
        raise invalid("This model takes no prompt." if prompt else "prompt is required.")
    if mask_id and not model.takes_mask:
        raise invalid("This model takes no mask.")
    wanted_ratio = fields.text(body, "aspect_ratio") or "auto"
    source = _picture(find(input_id), "input_asset_id")
    inputs = [Input(source, "input")]
    if mask_id:
        inputs.append(Input(_picture(find(mask_id), "mask_asset_id"), "mask"))
    inputs += references.read(body, model.reference_rule("edit"), find)
    ratio = _aspect_ratio(model, wanted_ratio, source.size)
    return _priced(body, "edit", prompt=prompt, choice=choice, ratio=ratio, inputs=tuple(inputs))


@dataclass(frozen=True)
class _Choice:
    model: Model
    reason: str
    intent: str | None


def _priced(
    body: fields.Body, operation: Operation, *, prompt: str, choice: _Choice, ratio: str, inputs: tuple[Input, ...]
) -> Order:
    model = choice.model
    outputs = fields.whole(body, "output_count", low=1, high=model.max_outputs) or 1
    given = body.get("model_parameters")
    clean, applied = parameters.resolve(model.schemas, given)
    size = model.size(clean, ratio)
    images = sum(one.role != "mask" for one in inputs) if operation == "edit" else 0
    order = Order(
        operation=operation,
        prompt=prompt,
        model=model,
        reason=choice.reason,
        intent=choice.intent,
        aspect_ratio=ratio,
        outputs=outputs,
        inputs=inputs,
        parameters=clean,
        given=tuple(given or ()),
        defaults_applied=tuple(applied),
        size=size,
        price=model.price(clean, size.width if size else 0, size.height if size else 0, source_images=images),
        key=fields.key(body),
        is_dry_run=fields.flag(body, "dry_run"),
    )
    _guard_policy(order)
    _guard_budget(order, body)
    return order


def _choose(body: fields.Body, operation: Operation) -> _Choice:
    wanted, provider = fields.text(body, "model"), fields.text(body, "provider").lower()
    # Free text may hold the prompt itself, so only a plain word is kept.
    intent = fields.slug(fields.text(body, "intent").lower())
    default = catalog.DEFAULT if operation == "create" else catalog.DEFAULT_EDIT
    if wanted:
        model = catalog.find(wanted)
        if model is None:
            raise ApiError("MODEL_NOT_FOUND", "No model has this id.")
        reason = "requested_model"
    elif provider:
        model, reason = _of_provider(provider, operation, default), "requested_provider"
    elif intent in _DRAFT and operation == "create":
        model, reason = catalog.MODELS[_DRAFT_MODEL], "draft_intent"
    else:
        model, reason = default, "default_model"
    if provider and model.provider_id != provider:
        raise invalid("model and provider do not belong together.")
    if not model.is_runnable:
        raise ApiError("MODEL_NOT_EXECUTABLE", model.availability_reason or "This model does not run.")
    if not model.can(operation):
        ability = f"This model does not {operation}; it takes " + ("create." if operation == "edit" else "edit.")
        raise ApiError("MODEL_NOT_EXECUTABLE", ability)
    return _Choice(model, reason, intent)


def _of_provider(provider: str, operation: Operation, default: Model) -> Model:
    """The provider's default, else its first that makes pictures from a prompt."""
    rows = [model for model in catalog.MODELS.values() if model.provider_id == provider and model.can(operation)]
    own = [model for model in rows if model.is_runnable and model.modality == "image" and not model.is_promptless]
    if not own:
        raise invalid("provider is not one of fal, xai, openai.")
    return default if default in own else own[0]


def _aspect_ratio(model: Model, wanted: str, source: tuple[int, int] | None) -> str:
    """`auto` is the input's own shape. Clients send a ratio for whatever they order, so where there is no choice
    their defaults mean none (contract 2.17)."""
    if wanted == "auto":
        return f"{source[0]}:{source[1]}" if source else model.ratios[0] if model.ratios else "1:1"
    if model.modality != "image" and wanted == "1:1":
        return model.ratios[0] if model.ratios else "1:1"
    if wanted not in model.ratios:
        known = model.ratios or ("auto",)
        raise invalid(f"aspect_ratio must be one of {', '.join(known)}.", accepted_values=list(known))
    return wanted


def _picture(source: Source, name: str) -> Source:
    if source.size is None:
        raise invalid(f"{name} must be an image.")
    return source


def _expected(size: Size | None) -> dict[str, Any]:
    return {
        "resolution_class": size.resolution_class if size else None,
        "expected_width": size.width if size else None,
        "expected_height": size.height if size else None,
        "expected_min_short_edge": min(size.width, size.height) if size else None,
    }


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
