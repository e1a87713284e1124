"""Model parameters are really enforced (contract 4.16, 11)."""

from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.rules import catalog
from sandbox.rules.parameters import describe, resolve

RUNNABLE = [model for model in catalog.MODELS.values() if model.is_runnable]
DRAWING = [model for model in RUNNABLE if "image.generate" in model.operations]


@pytest.mark.parametrize("model", DRAWING, ids=lambda model: model.id)
def test_every_model_that_draws_takes_an_integer_seed(model: catalog.Model) -> None:
    clean, _ = resolve(model.schemas, {"seed": 7})
    assert clean["seed"] == 7


@pytest.mark.parametrize("model", RUNNABLE, ids=lambda model: model.id)
def test_an_unknown_name_is_refused_and_not_echoed(model: catalog.Model) -> None:
    with pytest.raises(ApiError) as caught:
        resolve(model.schemas, {"guidance_secret": 3})
    assert caught.value.code == "MODEL_PARAMETERS_INVALID"
    assert "guidance_secret" not in caught.value.message
    assert caught.value.recovery == {"model_parameters_schema": describe(model.schemas)}


@pytest.mark.parametrize(
    ("model_id", "given"),
    [
        ("fal.flux-dev", {"seed": "7"}),
        ("fal.flux-dev", {"seed": True}),
        ("fal.flux-dev", {"seed": 1.5}),
        ("fal.flux-dev", {"seed": -1}),
        ("fal.flux-dev", {"seed": None}),
        ("fal.flux-dev", {"image_size": "huge"}),
        ("fal.flux-dev", {"image_size": {"width": 512, "height": 512}}),
        ("fal.dreamo", {"image_size": {"width": 512}}),
        ("fal.dreamo", {"image_size": {"width": 512, "height": 9000}}),
        ("fal.dreamo", {"image_size": {"width": "512", "height": 512}}),
        ("fal.dreamo", {"image_size": {"width": 512, "height": 512, "depth": 1}}),
        ("xai.grok-imagine-image-quality", {"resolution": "8k"}),
        ("xai.grok-imagine-image-quality", {"resolution": 2}),
        ("openai.gpt-image-1.5", {"output_compression": 101}),
        ("openai.gpt-image-1.5", {"background": "blue"}),
        ("fal.flux-pro-v1-1-ultra", {"raw": "yes"}),
        ("fal.flux-dev", []),
        ("fal.flux-dev", "seed=1"),
        ("fal.flux-dev", 0),
    ],
)
def test_a_wrong_value_is_refused(model_id: str, given: Any) -> None:
    with pytest.raises(ApiError) as caught:
        resolve(catalog.MODELS[model_id].schemas, given)
    assert caught.value.code == "MODEL_PARAMETERS_INVALID"


def test_defaults_are_applied_and_named() -> None:
    clean, applied = resolve(catalog.MODELS["openai.gpt-image-2"].schemas, {"quality": "HIGH"})
    assert clean["quality"] == "high"
    assert clean["output_format"] == "png"
    assert "output_format" in applied
    assert "quality" not in applied


def test_words_are_read_without_regard_to_case() -> None:
    clean, _ = resolve(catalog.MODELS["fal.nano-banana-pro"].schemas, {"resolution": "4k"})
    assert clean["resolution"] == "4K"


def test_a_free_size_is_taken() -> None:
    clean, _ = resolve(catalog.MODELS["fal.dreamo"].schemas, {"image_size": {"width": 640, "height": 960}})
    assert clean["image_size"] == {"width": 640, "height": 960}


@pytest.mark.parametrize("model", catalog.MODELS.values(), ids=lambda model: model.id)
def test_every_schema_is_described_and_closed(model: catalog.Model) -> None:
    schema = describe(model.schemas)
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(model.schemas)
    assert all("type" in one or "anyOf" in one for one in schema["properties"].values())
