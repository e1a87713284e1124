from typing import Any

import pytest

from api_client import Client, InvalidRequest, ModelRow, NotFound


def ids(visitor: Client, **filters: Any) -> set[str]:
    return {model.id for model in visitor.catalog.models(**filters).models}


def test_the_list_and_each_row_by_itself_say_the_same(visitor: Client) -> None:
    models = visitor.catalog.models().models
    assert len(models) >= 12
    assert len({model.id for model in models}) == len(models)
    for model in models:
        assert visitor.catalog.model(model.id) == model


def test_one_model_is_the_default_and_aliases_are_known(visitor: Client) -> None:
    (default,) = [model for model in visitor.catalog.models().models if model.default]
    assert default.is_runnable
    assert visitor.catalog.model("default") == default
    assert visitor.catalog.model("nano-banana").id == "fal.nano-banana-2"


def test_prices_are_whole_numbers_that_follow_from_the_cost(visitor: Client) -> None:
    for model in visitor.catalog.models(executable=True).models:
        assert model.credits_required is not None
        assert model.cost_known is not model.budget_required_for_live
        if model.cost_known:
            assert model.estimated_usd_micros_per_image is not None
            # ceil(cost / 0.6 / 0.01), in integers: 6,000 micro-dollars of cost a credit (contract 3.4).
            assert model.credits_required == max(1, -(-model.estimated_usd_micros_per_image // 6_000))


@pytest.mark.parametrize(
    ("model_id", "micros", "debit"),
    [("fal.flux-dev", 25_000, 5), ("xai.grok-imagine-image", 20_000, 4), ("fal.nano-banana-pro", 150_000, 25)],
)
def test_the_published_prices_are_the_published_ones(visitor: Client, model_id: str, micros: int, debit: int) -> None:
    model = visitor.catalog.model(model_id)
    assert (model.estimated_usd_micros_per_image, model.credits_required) == (micros, debit)
    assert model.pricing_confidence == "known"


def test_an_unknown_cost_is_none_and_wants_a_budget(visitor: Client) -> None:
    unknown = [model for model in visitor.catalog.models().models if model.cost_known is False]
    assert unknown
    for model in unknown:
        assert (model.estimated_usd_micros_per_image, model.pricing_confidence) == (None, "unknown")
        assert model.budget_required_for_live is True


def test_filters_leave_what_they_say(visitor: Client) -> None:
    everything = ids(visitor)
    runnable = {model.id for model in visitor.catalog.models().models if model.is_runnable}
    assert runnable == ids(visitor, executable=True) == ids(visitor, available=True)
    assert runnable == everything, "what is only in the catalogue is not listed unless it is asked for"
    assert all(name.startswith("xai.") for name in ids(visitor, provider="xai"))
    by_modality = {name: ids(visitor, modality=name) for name in ("image", "video", "audio", "3d")}
    assert set().union(*by_modality.values()) == everything
    assert sum(map(len, by_modality.values())) == len(everything)
    assert ids(visitor, operation="image.generate") < by_modality["image"]
    assert ids(visitor, query="flux dev") >= {"fal.flux-dev"}
    assert not ids(visitor, query="no such model")
    assert not ids(visitor, catalog_only=True) & everything


def test_the_summary_counts_the_whole_registry(visitor: Client) -> None:
    catalog = visitor.catalog.models(executable=True)
    summary = catalog.summary
    assert summary is not None
    assert summary["returned"] == summary["executable"] == len(catalog.models)
    assert summary["total"] == len(ids(visitor)) + len(ids(visitor, catalog_only=True))
    assert summary["result_shape"] == "compact_model_summary"
    detailed = visitor.catalog.models(details=True).summary
    assert detailed is not None
    assert detailed["result_shape"] == "full_model_detail"


def test_a_reason_is_told_where_a_model_does_not_run(visitor: Client) -> None:
    for model in [*visitor.catalog.models().models, *visitor.catalog.models(catalog_only=True).models]:
        assert bool(model.availability_reason) is not model.is_runnable


def test_models_and_capabilities_are_one_registry(visitor: Client) -> None:
    models = [*visitor.catalog.models().models, *visitor.catalog.models(catalog_only=True).models]
    by_id = {capability.id: capability for capability in visitor.catalog.capabilities().capabilities}
    assert set(by_id) == {model.capability_id for model in models}
    for model in models:
        capability = by_id[str(model.capability_id)]
        assert capability_facts(model) == (capability.display_name, capability.status, capability.grants_required)
        assert capability.operation in model.operations


def capability_facts(model: ModelRow) -> tuple[str | None, str | None, tuple[str, ...]]:
    return model.display_name, model.status, model.grants_required


def test_a_capability_is_found_by_its_id_and_by_its_model(visitor: Client) -> None:
    by_model = visitor.catalog.capability("fal.flux-dev")
    assert by_model.id == "is.image.generate.fal-flux-dev.v1"
    assert visitor.catalog.capability(by_model.id) == by_model


@pytest.mark.parametrize("reference", ["fal.no-such-model", "a/b", "100%", "ä", "healthz"])
def test_what_the_registry_does_not_hold_is_not_found(visitor: Client, reference: str) -> None:
    with pytest.raises(NotFound) as no_model:
        visitor.catalog.model(reference)
    with pytest.raises(NotFound) as no_capability:
        visitor.catalog.capability(reference)
    assert (no_model.value.code, no_capability.value.code) == ("MODEL_NOT_FOUND", "CAPABILITY_NOT_FOUND")
    assert no_model.value.http_status == no_capability.value.http_status == 404


@pytest.mark.parametrize("filters", [{"operation": "image.sing"}, {"provider": "acme"}, {"modality": "smell"}])
def test_a_filter_that_can_never_match_is_refused(visitor: Client, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="must be one of") as caught:
        visitor.catalog.models(**filters)
    assert (caught.value.code, caught.value.http_status) == ("INVALID_ARGUMENTS", 400)
