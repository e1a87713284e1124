"""models and capabilities of each release (contract 2.14 to 2.16, 3.12)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.clients.client import Client0170, Ran

COMPACT = {
    *("id", "default", "display_name", "provider_id", "mode", "status", "availability_reason", "modality", "supports"),
    *("operations", "task_tags", "estimated_usd_per_image", "credits_required", "pricing_confidence", "cost_known"),
    *("budget_required_for_live", "max_outputs_per_request", "max_resolution", "artifact_storage"),
    *("model_execution_status", "grants_required", "show_command"),
}
FULL = {"economics", "media", "execution", "capability"}


def test_each_row_is_a_full_and_a_compact_one_and_both_say_the_same(newcomer: Any) -> None:
    for row in newcomer.models_list().data["models"]:
        assert set(row) >= COMPACT | FULL
        pricing = row["economics"]["credit_pricing"]
        assert row["credits_required"] == pricing["credits_required"]
        assert row["pricing_confidence"] == pricing["pricing_confidence"]
        assert row["estimated_usd_per_image"] == row["economics"]["estimated_usd_per_image"]
        assert row["cost_known"] is row["economics"]["cost_known"]
        assert row["grants_required"] == row["capability"]["grants_required"]
        assert row["max_outputs_per_request"] == row["media"]["output"]["max_outputs_per_request"]
        assert row["show_command"] == f"image-skill models show {row['id']} --json"


def test_the_summary_counts_what_the_trust_packet_counts(newcomer: Any) -> None:
    data = newcomer.models_list().data
    summary = data["summary"]
    assert summary["returned"] == len(data["models"])
    executable = [row for row in data["models"] if row["execution"]["model_execution_status"] == "executable"]
    assert summary["executable"] == len(executable) > 0
    assert summary["total"] == summary["executable"] + summary["cataloged_not_wired"] + summary["unavailable"]
    assert summary["execution_availability"]["no_runnable_models"]["active"] is False


def test_a_plain_list_is_marked_compact_so_that_the_latest_prints_it_untouched(latest: Client0170) -> None:
    assert latest.models_list().data["summary"]["result_shape"] == "compact_model_summary"
    assert latest.models_list(details="true").data["summary"]["result_shape"] != "compact_model_summary"


@pytest.mark.parametrize("name", ["available", "executable"])
def test_the_switches_leave_what_runs(modern: Any, name: str) -> None:
    rows = modern.models_list(**{name: "true"}).data["models"]
    assert rows
    assert all(row["status"] == "available" for row in rows)


def test_catalogue_rows_come_alone_or_not_at_all(modern: Any) -> None:
    alone = modern.models_list(catalog_only="true").data["models"]
    assert {row["model_execution_status"] for row in alone} == {"cataloged_not_wired"}
    usual = {row["id"] for row in modern.models_list().data["models"]}
    assert usual.isdisjoint(row["id"] for row in alone)


@pytest.mark.parametrize(
    "operation", ["image.generate", "image.edit", "video.generate", "audio.generate", "3d.generate"]
)
def test_an_operation_leaves_its_rows(modern: Any, operation: str) -> None:
    rows = modern.models_list(operation=operation).data["models"]
    assert rows
    assert all(operation in row["operations"] for row in rows)


@pytest.mark.parametrize("provider", ["fal", "xai", "openai"])
def test_a_provider_leaves_its_rows(modern: Any, provider: str) -> None:
    rows = modern.models_list(provider=provider).data["models"]
    assert {row["provider_id"] for row in rows} == {provider}


@pytest.mark.parametrize("modality", ["image", "video", "audio", "3d"])
def test_a_modality_leaves_its_rows(latest: Client0170, modality: str) -> None:
    rows = latest.models_list(modality=modality).data["models"]
    assert {row["modality"] for row in rows} == {modality}


def test_words_find_a_model_by_its_alias(latest: Client0170) -> None:
    found = {row["id"] for row in latest.models_list(query="nano banana").data["models"]}
    assert "fal.nano-banana-2" in found
    assert not latest.models_list(query="no such thing").data["models"]


def test_a_filter_that_can_never_match_is_refused(latest: Client0170) -> None:
    assert latest.models_list(operation="image.fry").refusal == ("INVALID_ARGUMENTS", 2)
    assert latest.models_list(catalog_only="true", available="true").refusal == ("INVALID_ARGUMENTS", 2)


def test_a_model_shows_the_schema_that_is_enforced(client: Any) -> None:
    row = client.models_show("fal.flux-dev").data["model"]
    assert row["model_parameters_schema"]["additionalProperties"] is False
    assert row["model_parameters_schema"]["properties"]["seed"]["type"] == "integer"
    ran: Ran = client.create("a valley", model="fal.flux-dev", model_parameters={"sed": 7})
    assert ran.exit_code == 2
    assert ran.error["recovery"]["model_parameters_schema"] == row["model_parameters_schema"]


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("default", "xai.grok-imagine-image-quality"),
        ("nano-banana", "fal.nano-banana-2"),
        ("nano-banana-edit", "fal.nano-banana-2-edit"),
        ("nano-banana-pro", "fal.nano-banana-pro"),
        ("nano-banana-pro-edit", "fal.nano-banana-pro-edit"),
        ("imagen4", "fal.imagen4-preview"),
        ("imagen4-fast", "fal.imagen4-preview-fast"),
        ("imagen4-ultra", "fal.imagen4-preview-ultra"),
    ],
)
def test_a_model_is_found_by_its_alias(newcomer: Any, name: str, model_id: str) -> None:
    assert newcomer.models_show(name).data["model"]["id"] == model_id


@pytest.mark.parametrize("name", ["nobody.nothing", "no/such", "a b", "%", "é", ".."])
def test_an_unknown_model_or_capability_is_not_found(sandbox_http: httpx.Client, name: str) -> None:
    client = Client0170(sandbox_http)
    assert client.models_show(name).exit_code == 1
    assert client.capabilities_show(name).exit_code == 1


def test_capabilities_and_models_cannot_disagree(newcomer: Any) -> None:
    listed = newcomer.capabilities_list().data["capabilities"]
    for capability in listed:
        row = newcomer.models_show(capability["model_id"]).data["model"]
        assert row["capability"]["id"] == capability["id"]
        assert row["economics"] == capability["economics"]
        assert row["status"] == capability["status"]
    shown = newcomer.capabilities_show(listed[0]["id"]).data["capability"]
    assert shown == listed[0]
