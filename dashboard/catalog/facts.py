"""What a model tells beyond its columns, in words. All of it is unpublished: ours (INF), read as it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from dashboard.catalog.models import Capability, CatalogModel
from dashboard.lib.presentation import field_text, value_text

MOST_PARAMETERS = 100
NOT_TAKEN = "not taken"
# Where a service is likely to say these things; the first that is told counts.
LATENCY = ("latency_class", "latency", "expected_latency")
SAFETY = ("safety", "safety_behavior", "safety_policy", "moderation")
# Told beside these facts, from columns of their own.
COLUMNS = ("max_outputs_per_request", "max_resolution")
REASONS = ("availability_reason", "unavailable_reason", "reason")
CHANGES = ("deprecation", "deprecated", "migration", "migrate_to", "replaced_by", "sunset_at")
# What a standing means, where the service gives no reason for it.
MODEL_STANDS = {
    "runs": "",
    "listed": f"{settings.PRODUCT_NAME} lists it, but has not connected it yet.",
    "unavailable": f"{settings.PRODUCT_NAME} says that it is not available, and gives no reason.",
    "gone": f"{settings.PRODUCT_NAME} lists it no longer. What was made with it keeps its name.",
}
CAPABILITY_STANDS = {
    "available": "",
    "unavailable": MODEL_STANDS["unavailable"],
    "": f"{settings.PRODUCT_NAME} does not say whether jobs can use it.",
}


@dataclass(frozen=True)
class Parameter:
    """One setting of a model: what it takes, in words, and what holds where it is not given ("" where not told)."""

    name: str
    takes: str
    default: str


@dataclass(frozen=True)
class Fact:
    """A line of a model's page."""

    name: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """All that the service tells of a model; an empty text was not told."""

    latency: str
    safety: str
    changes: list[Fact]
    inputs: list[Fact]
    parameters: list[Parameter]


@dataclass(frozen=True)
class Use:
    """What is told of a capability: why it stands as it does, what will change, what a job may set (None: not told)."""

    why: str
    changes: list[Fact]
    controls: list[Fact] | None


def sheet_of(model: CatalogModel, capability: Capability | None) -> Sheet:
    """Return what is told of a model, by itself or by its capability."""
    told = {**(capability.told if capability else {}), **model.told}
    schema = told.get("model_parameters_schema") or told.get("parameters")
    return Sheet(
        latency=_first(told, LATENCY),
        safety=_first(told, SAFETY),
        changes=_changes(told),
        inputs=inputs_of(told),
        parameters=parameters_of(schema),
    )


def why_not(model: CatalogModel) -> str:
    """Return why a model does not run, in the service's words or in ours; nothing for one that does."""
    return "" if model.is_runnable else model.unavailable_reason or MODEL_STANDS[model.standing]


def use_of(capability: Capability) -> Use:
    """Return whether a capability can be used, and how, as far as the service tells."""
    told, meant = capability.told, CAPABILITY_STANDS.get(capability.status, "")
    return Use(
        why="" if capability.status == "available" else _first(told, REASONS) or meant,
        changes=_changes(told),
        controls=controls_of(told.get("controls")),
    )


def controls_of(told: object) -> list[Fact] | None:
    """Return what a job may set; None where it is not told. What is not taken cannot be set."""
    if not isinstance(told, dict):
        return None
    said = ((name, _said(part)) for name, part in list(told.items())[:MOST_PARAMETERS])
    return [Fact(field_text(name), text) for name, text in said if text not in (NOT_TAKEN, value_text(None))]


def inputs_of(told: Mapping[str, Any]) -> list[Fact]:
    """Return what a model works from and in which shapes it answers (contract 3.12, `media`)."""
    media = told.get("media")
    media = media if isinstance(media, dict) else {}
    groups = [media.get("input"), media.get("output")]
    return [
        Fact(field_text(name), _said(part))
        for group in groups
        if isinstance(group, dict)
        for name, part in group.items()
        if name not in COLUMNS
    ]


def parameters_of(schema: object) -> list[Parameter]:
    """Return the settings of a schema, JSON Schema or a mapping of names to such."""
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        schema = schema["properties"]
    if not isinstance(schema, dict):
        return []
    return [_parameter(str(name), rule) for name, rule in list(schema.items())[:MOST_PARAMETERS]]


def _parameter(name: str, rule: object) -> Parameter:
    if not isinstance(rule, dict):
        return Parameter(name, value_text(rule), "")
    choices = rule.get("anyOf") or rule.get("oneOf")
    if isinstance(choices, list):
        parts = [_parameter(name, one) for one in choices]
        default = next((part.default for part in parts if part.default), "")
        return Parameter(name, ", or ".join(part.takes for part in parts), default)
    fallback = rule.get("default")
    return Parameter(name, _takes(rule), "" if fallback is None else value_text(fallback))


def _takes(rule: Mapping[str, Any]) -> str:
    if isinstance(rule.get("enum"), list):
        return value_text(rule["enum"])
    kind = {"integer": "a whole number", "number": "a number", "boolean": "yes or no", "string": "a text"}
    text = kind.get(str(rule.get("type")), str(rule.get("type") or "not told"))
    inside = rule.get("properties")
    if isinstance(inside, dict):
        return " and ".join(f"{name} ({_parameter(name, part).takes})" for name, part in inside.items())
    low, high = rule.get("minimum"), rule.get("maximum")
    if low is not None and high is not None:
        return f"{text} from {low} to {high}"
    return f"{text} of at most {rule['maxLength']} characters" if rule.get("maxLength") else text


def _changes(told: Mapping[str, Any]) -> list[Fact]:
    return [Fact(field_text(name), value_text(told[name])) for name in CHANGES if told.get(name)]


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value_text(told[name]) for name in names if told.get(name)), "")


def _said(part: object) -> str:
    """Say `{supported, required, ...}` and `{values}` (contract 3.12) as a person would."""
    if not isinstance(part, dict):
        return value_text(part)
    if list(part) == ["values"]:
        return value_text(part["values"])
    if part.get("supported") is False:
        return NOT_TAKEN
    rest = {name: one for name, one in part.items() if name not in ("supported", "required")}
    needed = "needed" if part.get("required") else "can be given"
    return f"{needed}: {value_text(rest)}" if rest else needed
