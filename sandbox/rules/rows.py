"""What the registry looks like on the wire: model rows in both shapes at once, their summary, capabilities.

The full row is what 0.1.25 reads, the compact row what 0.1.70 reads; every row is the union (contract 2.14, 3.12).
"""

from collections.abc import Iterable
from typing import Any

from sandbox.errors import invalid
from sandbox.rules import references
from sandbox.rules.catalog import ALIASES, MODELS, Model
from sandbox.rules.parameters import describe

_INTENTS = ["explore", "finalize"]
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False, "": False}
_MODALITIES = {"3d": "3d", "model": "3d", "image": "image", "images": "image", "video": "video", "audio": "audio"}


def model_row(model: Model, program: str) -> dict[str, Any]:
    """Full and compact row in one."""
    price = model.price({}, 1024, 1024)
    pricing = price.bill(1).credit_pricing()
    state = _execution_state(model)
    inputs = {
        "images": {"required": not model.can("create")},
        "mask": {"supported": model.takes_mask, "required": False},
        "references": _references(model),
        "aspect_ratios": {"values": list(model.ratios)},
    }
    economics = {
        "estimated_usd_per_image": price.provider_usd if price.is_known else None,
        "cost_known": price.is_known,
        "budget_required_for_live": not price.is_known,
    }
    limits = {"max_outputs_per_request": model.max_outputs, "max_resolution": model.max_resolution}
    return {
        "id": model.id,
        "default": model.is_default,
        "display_name": model.display_name,
        "provider_id": model.provider_id,
        "mode": "hosted",
        "status": "available" if model.is_runnable else "unavailable",
        "availability_reason": model.availability_reason,
        "modality": model.modality,
        "supports": list(model.supports),
        "operations": list(model.operations),
        "task_tags": [*model.supports, model.modality, *(["promptless"] if model.is_promptless else [])],
        "economics": economics | {"credit_pricing": pricing},
        "media": {"input": inputs, "output": limits | {"transparent_background": model.has_transparency}},
        "execution": {"model_execution_status": state, "artifact_storage": "image_skill_owned"},
        "capability": _capability_stub(model),
        "model_parameters_schema": describe(model.schemas),
        **economics,
        **limits,
        "credits_required": pricing["credits_required"],
        "pricing_confidence": pricing["pricing_confidence"],
        "artifact_storage": "image_skill_owned",
        "model_execution_status": state,
        "grants_required": list(model.grants_required),
        "accepts_input_images": model.can("edit"),
        "aspect_ratios": list(model.ratios),
        "show_command": f"{program} models show {model.id} --json",
    }


def capability_row(model: Model, program: str) -> dict[str, Any]:
    """One capability, derived from the same registry row, so that the two cannot disagree (contract 2.16)."""
    row = model_row(model, program)
    return {
        **_capability_stub(model),
        "version": "v1",
        "operation": model.operation,
        "modality": model.modality,
        "model_id": model.id,
        "display_name": model.display_name,
        "status": row["status"],
        "availability_reason": row["availability_reason"],
        "controls": {
            "prompt": {"supported": not model.is_promptless, "required": not model.is_promptless},
            "output_count": {"min": 1, "max": model.max_outputs},
            **row["media"]["input"],
        },
        "model_parameters_schema": row["model_parameters_schema"],
        "auth": {"required": True, "anonymous_dry_run": model.can("create")},
        "economics": row["economics"],
        "deprecation": None,
    }


def select(models: Iterable[Model], query: dict[str, str]) -> list[Model]:
    """Applies the list's filters. Raises INVALID_ARGUMENTS for values that can never match."""
    catalogue_only = _boolean(query, "catalog_only")
    runnable = _boolean(query, "available") or _boolean(query, "executable")
    if catalogue_only and runnable:
        raise invalid("catalog_only cannot be combined with available or executable.")
    # Catalogue rows come alone or not at all (contract 2.14).
    rows = [model for model in models if model.is_catalogue_only == catalogue_only]
    if runnable:
        rows = [model for model in rows if model.is_runnable]
    operation = _one_of(query, "operation", {name for model in MODELS.values() for name in model.operations})
    provider = _one_of(query, "provider", {model.provider_id for model in MODELS.values()})
    modality = _MODALITIES.get(_one_of(query, "modality", set(_MODALITIES)))
    words = query.get("query", "").lower().split()
    return [
        model
        for model in rows
        if operation in {"", *model.operations}
        and provider in {"", model.provider_id}
        and modality in {None, model.modality}
        and all(word in _searchable(model) for word in words)
    ]


def summary(returned: list[Model], query: dict[str, str], program: str) -> dict[str, Any]:
    """Counts over the whole registry and hints for the next call (contract 3.12)."""
    states = [_execution_state(model) for model in MODELS.values()]
    runnable = [model for model in MODELS.values() if model.is_runnable]
    listing = f"{program} models list"
    return {
        "total": len(MODELS),
        "returned": len(returned),
        "available": len(runnable),
        "executable": states.count("executable"),
        "cataloged_not_wired": states.count("cataloged_not_wired"),
        "unavailable": states.count("unavailable"),
        "providers": {
            provider: sum(model.provider_id == provider for model in MODELS.values())
            for provider in sorted({model.provider_id for model in MODELS.values()})
        },
        "execution_availability": {
            "no_runnable_models": {"active": not runnable, "recovery_command": f"{listing} --available --json"}
        },
        "first_actionable_model_ids": [model.id for model in runnable[:4]],
        "recommended_filter_commands": [f"{listing} --available --json", f"{listing} --executable --json"],
        "catalog_only_included": _boolean(query, "catalog_only"),
        "aliases": dict(ALIASES),
        "result_shape": "full_model_detail" if _boolean(query, "details") else "compact_model_summary",
        "full_list_command": f"{listing} --details --json",
    }


def _references(model: Model) -> dict[str, Any]:
    """What a create takes, else what an edit does, with the operations that take it (INF)."""
    rules = {name: rule for name in ("create", "edit") if model.can(name) and (rule := model.reference_rule(name))}
    if not rules:
        return dict(references.NONE)
    return next(iter(rules.values())).describe() | {"with": list(rules)}


def _capability_stub(model: Model) -> dict[str, Any]:
    return {"id": model.capability_id, "intents": _INTENTS, "grants_required": list(model.grants_required)}


def _execution_state(model: Model) -> str:
    if model.is_runnable:
        return "executable"
    return "cataloged_not_wired" if model.is_catalogue_only else "unavailable"


def _searchable(model: Model) -> str:
    aliases = [alias for alias, model_id in ALIASES.items() if model_id == model.id]
    return " ".join([model.id, model.display_name, *model.operations, model.modality, *aliases]).lower()


def _boolean(query: dict[str, str], name: str) -> bool:
    value = _BOOLEANS.get(query.get(name, "").lower())
    if value is None:
        raise invalid(f"{name} must be true or false.")
    return value


def _one_of(query: dict[str, str], name: str, known: set[str]) -> str:
    value = query.get(name, "").strip().lower()
    if value and value not in known:
        raise invalid(f"{name} must be one of {', '.join(sorted(known))}.")
    return value
