"""Models and capabilities, both from the one registry."""

from django.conf import settings

from sandbox.endpoint import endpoint
from sandbox.envelope import Call, Reply
from sandbox.errors import ApiError
from sandbox.rules import catalog, rows


@endpoint("GET", "models list", auth="none")
def models_list(call: Call) -> Reply:
    """Filtered rows, each in both shapes, and the summary."""
    query = {name: value for name, value in call.request.GET.items() if isinstance(value, str)}
    found = rows.select(catalog.MODELS.values(), query)
    program = settings.SANDBOX_PROGRAM
    return Reply(
        {
            "models": [rows.model_row(model, program) for model in found],
            "summary": rows.summary(found, query, program),
        }
    )


@endpoint("GET", "models show", auth="none")
def model_show(_call: Call, reference: str) -> Reply:
    """One row by id, alias or `default`."""
    model = catalog.find(reference)
    if model is None:
        raise ApiError("MODEL_NOT_FOUND", "No model has this id.")
    return Reply({"model": rows.model_row(model, settings.SANDBOX_PROGRAM)})


@endpoint("GET", "capabilities list", auth="none")
def capabilities_list(_call: Call) -> Reply:
    """All capabilities."""
    models = catalog.MODELS.values()
    return Reply({"capabilities": [rows.capability_row(model, settings.SANDBOX_PROGRAM) for model in models]})


@endpoint("GET", "capabilities show", auth="none")
def capability_show(_call: Call, reference: str) -> Reply:
    """One capability by its id or by its model's."""
    model = catalog.find(reference)
    matches = (known for known in catalog.MODELS.values() if known.capability_id == reference)
    found = model or next(matches, None)
    if found is None:
        raise ApiError("CAPABILITY_NOT_FOUND", "No capability has this id.")
    return Reply({"capability": rows.capability_row(found, settings.SANDBOX_PROGRAM)})
