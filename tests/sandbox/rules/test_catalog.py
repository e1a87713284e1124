"""The registry: every row, its price, its aliases, what it says of itself (contract 2.14, 3.12, 11)."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.renderer.darkroom import BENCHES
from sandbox.renderer.studio import STUDIOS
from sandbox.rules import catalog, rows
from sandbox.rules.catalog import MODELS

SOURCE = json.loads(Path(catalog.__file__).with_name("models.json").read_text())["models"]
EVERYTHING = MODELS.values()


def test_every_row_of_the_file_is_listed_once() -> None:
    assert list(MODELS) == [row["id"] for row in SOURCE]
    assert len(MODELS) == 35


@pytest.mark.parametrize(("operation", "hands"), [("create", STUDIOS), ("edit", BENCHES)])
def test_every_model_that_makes_pictures_has_a_hand_of_its_own(operation: str, hands: dict[str, Any]) -> None:
    images = {model.id for model in EVERYTHING if model.is_runnable and model.modality == "image"}
    assert {model_id for model_id in images if MODELS[model_id].can(operation)} == set(hands)
    own = {getattr(hand, "style", None) or hand.effect for hand in hands.values()}
    assert len(own) == len(hands) >= 12


def test_everything_runs_but_the_catalogue_only_rows() -> None:
    assert {model.id for model in EVERYTHING if not model.is_runnable} == {
        row["id"] for row in SOURCE if row.get("catalogue_only")
    }


@pytest.mark.parametrize(
    ("model_id", "sources", "debit"),
    [
        ("xai.grok-imagine-image", 0, 4),
        ("xai.grok-imagine-image", 1, 4),
        ("xai.grok-imagine-image", 3, 5),
        ("xai.grok-imagine-image-quality", 1, 10),
        ("xai.grok-imagine-image-quality", 3, 14),
        ("fal.flux-pro-kontext", 3, 7),
    ],
)
def test_source_images_add_to_the_price_where_it_is_published(model_id: str, sources: int, debit: int) -> None:
    assert MODELS[model_id].price({}, 1024, 1024, source_images=sources).credits == debit


def test_the_default_edit_model_has_a_known_cost() -> None:
    assert catalog.DEFAULT_EDIT.can("edit")
    assert catalog.DEFAULT_EDIT.price({}, 1024, 1024).is_known
    assert any(model.can("edit") and not model.is_cost_known for model in EVERYTHING)


def test_an_automatic_size_of_a_model_priced_by_it_is_not_known() -> None:
    model = MODELS["fal.z-image-turbo-edit"]
    assert not model.price({"image_size": "auto"}, 1024, 1024).is_known
    assert model.price({"image_size": "square"}, 512, 512).is_known


@pytest.mark.parametrize("row", [row for row in SOURCE if row["provider_cost_usd"]], ids=lambda row: row["id"])
def test_prices_are_those_of_the_file(row: dict[str, str]) -> None:
    price = MODELS[row["id"]].price({}, 1000, 1000)
    assert price.provider_usd == Decimal(row["provider_cost_usd"].split()[0])


@pytest.mark.parametrize(
    ("model_id", "parameters", "size", "debit"),
    [
        ("xai.grok-imagine-image-quality", {"resolution": "1k"}, (1024, 1024), 9),
        ("xai.grok-imagine-image-quality", {"resolution": "2k"}, (2048, 2048), 12),
        ("fal.nano-banana-pro", {"resolution": "2K"}, (2048, 2048), 25),
        ("fal.nano-banana-pro", {"resolution": "4K"}, (4096, 4096), 50),
        ("fal.z-image-turbo", {}, (1024, 1024), 1),
        ("fal.z-image-turbo", {}, (2048, 2048), 4),
        ("openai.gpt-image-2", {"quality": "low"}, (1024, 1024), 2),
        ("openai.gpt-image-2", {"quality": "high"}, (1536, 1024), 42),
    ],
)
def test_parameters_move_the_price(
    model_id: str, parameters: dict[str, str], size: tuple[int, int], debit: int
) -> None:
    assert MODELS[model_id].price(parameters, *size).credits == debit


def test_auto_quality_makes_the_cost_unknown() -> None:
    model = MODELS["openai.gpt-image-2"]
    assert model.price({"quality": "medium"}, 1024, 1024).is_known
    assert not model.price({"quality": "auto"}, 1024, 1024).is_known
    assert not model.price({"size": "auto"}, 1024, 1024).is_known


@pytest.mark.parametrize(
    ("reference", "model_id"),
    [("default", "xai.grok-imagine-image-quality"), *catalog.ALIASES.items(), ("fal.flux-dev", "fal.flux-dev")],
)
def test_references_are_resolved(reference: str, model_id: str) -> None:
    found = catalog.find(reference)
    assert found is not None
    assert found.id == model_id


def test_an_unknown_reference_finds_nothing() -> None:
    assert catalog.find("fal.nothing") is None


@pytest.mark.parametrize("model", EVERYTHING, ids=lambda model: model.id)
def test_a_row_carries_both_shapes_and_they_agree(model: catalog.Model) -> None:
    row = rows.model_row(model, "image-skill")
    assert row["model_execution_status"] == row["execution"]["model_execution_status"]
    assert row["estimated_usd_per_image"] == row["economics"]["estimated_usd_per_image"]
    assert row["credits_required"] == row["economics"]["credit_pricing"]["credits_required"]
    assert row["max_outputs_per_request"] == row["media"]["output"]["max_outputs_per_request"]
    assert row["grants_required"] == row["capability"]["grants_required"]
    is_runnable = row["status"] == "available" and row["model_execution_status"] == "executable"
    assert is_runnable is model.is_runnable
    assert bool(row["availability_reason"]) is not is_runnable


@pytest.mark.parametrize("model", EVERYTHING, ids=lambda model: model.id)
def test_a_capability_says_what_its_model_says(model: catalog.Model) -> None:
    capability, row = rows.capability_row(model, "image-skill"), rows.model_row(model, "image-skill")
    assert capability["id"] == row["capability"]["id"] == model.capability_id
    assert capability["model_parameters_schema"] == row["model_parameters_schema"]
    assert capability["status"] == row["status"]
    assert capability["controls"]["output_count"]["max"] == row["max_outputs_per_request"]


def test_catalogue_only_rows_are_left_out_unless_asked_for() -> None:
    assert not any(model.is_catalogue_only for model in rows.select(EVERYTHING, {}))
    only = rows.select(EVERYTHING, {"catalog_only": "true"})
    assert {model.id for model in only} == {row["id"] for row in SOURCE if row.get("catalogue_only")}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"executable": "true", "provider": "xai"}, {"xai.grok-imagine-image-quality", "xai.grok-imagine-image"}),
        ({"operation": "video.generate"}, {"fal.ltx-video-13b-distilled"}),
        ({"modality": "3D"}, {"fal.trellis-image-to-3d"}),
        ({"query": "Seedream edit"}, {"fal.bytedance-seedream-v4-5-edit", "fal.bytedance-seedream-v5-lite-edit"}),
        ({"query": "nano-banana-pro-edit"}, {"fal.nano-banana-pro-edit"}),
        ({"available": "true", "modality": "video"}, {"fal.ltx-video-13b-distilled"}),
    ],
)
def test_filters_select(query: dict[str, str], expected: set[str]) -> None:
    assert {model.id for model in rows.select(EVERYTHING, query)} == expected


@pytest.mark.parametrize(
    "query",
    [
        {"catalog_only": "true", "available": "true"},
        {"catalog_only": "true", "executable": "1"},
        {"available": "maybe"},
        {"operation": "image.destroy"},
        {"provider": "nobody"},
        {"modality": "smell"},
    ],
)
def test_filters_that_cannot_match_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(ApiError) as caught:
        rows.select(EVERYTHING, query)
    assert caught.value.code == "INVALID_ARGUMENTS"


def test_the_summary_adds_up() -> None:
    found = rows.select(EVERYTHING, {"provider": "openai"})
    summary = rows.summary(found, {"provider": "openai"}, "image-skill")
    assert summary["total"] == summary["executable"] + summary["cataloged_not_wired"] + summary["unavailable"]
    assert summary["returned"] == len(found) == 4
    assert sum(summary["providers"].values()) == summary["total"]
    assert summary["result_shape"] == "compact_model_summary"
    assert summary["execution_availability"]["no_runnable_models"]["active"] is False
    assert all(MODELS[model_id].is_runnable for model_id in summary["first_actionable_model_ids"])


@pytest.mark.parametrize(
    ("model_id", "name"),
    [("fal.bytedance-seedream-v4-5-edit", "Bytedance Seedream 4.5 Edit"), ("openai.gpt-image-1.5", "GPT Image 1.5")],
)
def test_names_read_well(model_id: str, name: str) -> None:
    assert MODELS[model_id].display_name == name
