from typing import Any

import pytest

from api_client import ContractError, NotFound
from tests.api_client.playing import Service, client_of, ok, refused

FULL = {
    "id": "xai.grok-imagine-image-quality",
    "default": True,
    "display_name": "Grok Imagine Quality",
    "provider_id": "xai",
    "status": "available",
    "modality": "image",
    "supports": ["create", "edit"],
    "operations": ["image.generate"],
    "economics": {
        "estimated_usd_per_image": 0.05,
        "cost_known": True,
        "budget_required_for_live": False,
        "credit_pricing": {"credits_required": 9, "pricing_confidence": "known", "target_gross_margin": 0.4},
    },
    "media": {
        "input": {"images": {"required": False}},
        "output": {"max_outputs_per_request": 4, "max_resolution": "2048x2048"},
    },
    "execution": {"model_execution_status": "executable", "artifact_storage": "image_skill_owned"},
    "capability": {"id": "is.image.generate.x.v1", "grants_required": ["image.generate"], "intents": ["final"]},
}
COMPACT = {
    "id": "xai.grok-imagine-image-quality",
    "default": True,
    "status": "available",
    "supports": ["create"],
    "estimated_usd_per_image": "0.05",
    "credits_required": 9,
    "pricing_confidence": "known",
    "cost_known": True,
    "max_outputs_per_request": 4,
    "model_execution_status": "executable",
    "grants_required": ["image.generate"],
    "show_command": "image-skill models show x",
}


@pytest.mark.parametrize("row", [FULL, COMPACT, {**FULL, **COMPACT}], ids=["full", "compact", "both"])
def test_full_and_compact_rows_read_alike(row: dict[str, Any]) -> None:
    with client_of(Service(ok({"models": [row], "summary": {"total": 1}}))) as client:
        catalog = client.catalog.models()
    (model,) = catalog.models
    assert model.is_runnable
    assert (model.estimated_usd_micros_per_image, model.credits_required) == (50_000, 9)
    assert (model.pricing_confidence, model.cost_known) == ("known", True)
    assert model.max_outputs_per_request == 4
    assert model.grants_required == ("image.generate",)
    assert model.drift == ()
    assert catalog.summary == {"total": 1}


def test_what_a_full_row_says_beyond_the_compact_one_is_kept() -> None:
    with client_of(Service(ok({"models": [FULL]}))) as client:
        (model,) = client.catalog.models().models
    assert model.capability_id == "is.image.generate.x.v1"
    assert model.extra["media"]["input"] == {"images": {"required": False}}
    assert model.extra["capability"] == {"intents": ["final"]}


def test_the_filters_are_sent_as_the_contract_spells_them() -> None:
    service = Service(ok({"models": []}))
    with client_of(service) as client:
        client.catalog.models(
            available=True,
            executable=True,
            details=True,
            operation="image.edit",
            provider="fal",
            modality="image",
            query="nano banana",
        )
    assert dict(service.request.url.params) == {
        "available": "true",
        "executable": "true",
        "details": "true",
        "operation": "image.edit",
        "provider": "fal",
        "modality": "image",
        "query": "nano banana",
    }
    assert "authorization" not in service.request.headers


def test_no_filter_sends_no_query() -> None:
    service = Service(ok({"models": []}))
    with client_of(service) as client:
        client.catalog.models()
    assert str(service.request.url) == "https://api.test/v1/models"


def test_contradicting_filters_are_refused() -> None:
    service = Service(ok({"models": []}))
    with client_of(service) as client, pytest.raises(ValueError, match="catalog_only"):
        client.catalog.models(catalog_only=True, available=True)
    assert service.requests == []


def test_one_bad_row_does_not_lose_the_catalogue() -> None:
    with client_of(Service(ok({"models": [{"name": "no id"}, COMPACT, None]}))) as client:
        catalog = client.catalog.models()
    assert len(catalog.models) == 1
    assert catalog.extra["malformed_models"] == [{"name": "no id"}, None]


def test_a_model_is_asked_by_its_encoded_id() -> None:
    service = Service(ok({"model": FULL}))
    with client_of(service) as client:
        assert client.catalog.model("fal/a b?").id == FULL["id"]
    assert service.request.url.raw_path == b"/v1/models/fal%2Fa%20b%3F"


def test_a_model_that_nobody_knows_is_not_found() -> None:
    with client_of(Service(refused("MODEL_NOT_FOUND", status=404))) as client, pytest.raises(NotFound):
        client.catalog.model("nobody")


def test_a_model_answer_without_the_model_is_a_contract_error() -> None:
    with client_of(Service(ok({"models": []}))) as client, pytest.raises(ContractError, match=r"data\.model"):
        client.catalog.model("default")


def test_capabilities_keep_what_is_not_published() -> None:
    row = {"id": "is.image.generate.preview.v1", "controls": {"seed": True}}
    service = Service(ok({"capabilities": [row, "odd"]}), ok({"capability": row}))
    with client_of(service) as client:
        catalog, one = client.catalog.capabilities(), client.catalog.capability("is.image.generate.preview.v1")
    assert catalog.capabilities == (one,)
    assert catalog.extra["malformed_capabilities"] == ["odd"]
    assert one.extra["controls"] == {"seed": True}
    assert service.requests[1].url.path == "/v1/capabilities/is.image.generate.preview.v1"
