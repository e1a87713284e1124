"""Jobs, assets, media and the catalogue over HTTP (contract 2.14 to 2.16, 2.20, 2.21)."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sandbox.renderer import film
from sandbox.rules.catalog import MODELS
from tests.sandbox.fixtures import Answer, Caller


def test_a_job_has_its_mirrors_at_the_top(agent: Caller) -> None:
    made = agent.create(intent="explore").data
    data = agent.get(f"/v1/jobs/{made['job_id']}").data
    job = data["job"]
    assert data["request"] == {"job_id": made["job_id"]}
    assert data["status"] == data["state"] == job["status"] == "completed"
    assert data["assets"] == job["assets"] == made["assets"]
    assert data["cost"] == job["cost"] == made["cost"]
    assert job["cost"]["provider_reported_usd_ticks"] is None
    assert job["operation"] == "create"
    assert job["inputs"] == []
    assert job["request"]["selection"]["intent"] == "explore"
    assert job["created_at"] <= job["completed_at"]
    assert "plan_receipt" not in job
    assert "failure" not in job


def test_an_asset_is_shown_with_its_public_address(agent: Caller) -> None:
    made = agent.create().data
    data = agent.get(f"/v1/assets/{made['asset_ids'][0]}").data
    assert data["request"] == {"reference": made["asset_ids"][0], "reference_type": "asset_id"}
    assert data["asset"] == made["assets"][0]
    assert data["asset"]["source"] == "hosted_metadata"


@pytest.mark.parametrize(("kind", "code"), [("jobs", "JOB_NOT_FOUND"), ("assets", "ASSET_NOT_FOUND")])
def test_what_another_organization_owns_is_not_there(sign_up: Callable[..., Caller], kind: str, code: str) -> None:
    owner, outsider = sign_up(), sign_up()
    made = owner.create().data
    known = {"jobs": made["job_id"], "assets": made["asset_ids"][0]}[kind]
    assert owner.get(f"/v1/{kind}/{known}").data
    refused, unknown = outsider.get(f"/v1/{kind}/{known}"), outsider.get(f"/v1/{kind}/none")
    assert refused.refusal == unknown.refusal == (code, 404, 1)
    assert refused.error == unknown.error


def test_media_is_public_exact_and_uncompressed(agent: Caller, sandbox_http: httpx.Client) -> None:
    (asset,) = agent.create().data["assets"]
    response = sandbox_http.get(asset["url"], headers={"accept-encoding": "gzip, br"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    assert int(response.headers["content-length"]) == asset["content_length"] == len(response.content)
    assert "content-encoding" not in response.headers
    assert "set-cookie" not in response.headers
    head = sandbox_http.head(asset["url"])
    assert int(head.headers["content-length"]) == asset["content_length"]
    assert head.content == b""


@pytest.mark.parametrize(
    "name", ["image_none.png", "image_none", "../secret_key", "..%2f..%2fsecret_key", "a/b.png", ".png"]
)
def test_unknown_media_is_an_envelope(sandbox_http: httpx.Client, name: str) -> None:
    response = sandbox_http.get(f"/a/{name}")
    assert response.status_code == 404
    assert Answer(response).error["code"] in {"ASSET_NOT_FOUND", "NOT_FOUND"}


def test_a_lost_file_is_an_envelope(agent: Caller, sandbox_http: httpx.Client, sandbox_data: Path) -> None:
    (asset,) = agent.create().data["assets"]
    (path,) = sandbox_data.rglob(f"{asset['asset_id']}.png")
    path.unlink()
    for method in ("GET", "HEAD"):
        assert sandbox_http.request(method, asset["url"]).status_code == 404
    assert Answer(sandbox_http.get(asset["url"])).refusal == ("ASSET_NOT_FOUND", 404, 1)


def test_media_answers_only_reads_and_only_its_own_extension(agent: Caller, sandbox_http: httpx.Client) -> None:
    (asset,) = agent.create().data["assets"]
    assert Answer(sandbox_http.post(asset["url"])).refusal == ("METHOD_NOT_ALLOWED", 405, 2)
    assert Answer(sandbox_http.get(asset["url"].replace(".png", ".jpg"))).refusal == ("ASSET_NOT_FOUND", 404, 1)


def test_models_are_listed_without_a_token_and_a_bad_one_does_not_matter(sandbox_http: httpx.Client) -> None:
    for caller in (Caller(sandbox_http), Caller(sandbox_http, "isk_r_wrong")):
        data = caller.get("/v1/models").data
        assert data["summary"]["returned"] == len(data["models"])
        assert sum(row["default"] for row in data["models"]) == 1
        assert sum(row["status"] == "available" for row in data["models"]) >= 12


def test_models_are_filtered_by_the_query(stranger: Caller) -> None:
    rows = stranger.get("/v1/models", executable="true", operation="image.generate", provider="openai").data["models"]
    assert [row["id"] for row in rows] == ["openai.gpt-image-2", "openai.gpt-image-1.5"]
    assert stranger.get("/v1/models", details="true").data["summary"]["result_shape"] == "full_model_detail"
    assert stranger.get("/v1/models", catalog_only="true", available="true").refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("reference", ["default", "imagen4-fast", "nano-banana", "fal.trellis-image-to-3d"])
def test_one_model_is_found_by_id_alias_or_default(stranger: Caller, reference: str) -> None:
    row = stranger.get(f"/v1/models/{reference}").data["model"]
    assert row["id"] in MODELS
    assert row["model_parameters_schema"]["type"] == "object"


def test_without_an_encoder_the_video_model_says_why_it_does_not_run(
    stranger: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "HAS_ENCODER", False)
    data = stranger.get("/v1/models").data
    video = next(row for row in data["models"] if row["modality"] == "video")
    assert (video["status"], video["model_execution_status"]) == ("unavailable", "unavailable")
    assert "sandbox-video" in video["availability_reason"]
    assert data["summary"]["unavailable"] == 1
    assert stranger.create(model=video["id"], model_parameters=None, dry_run=True).refusal[0] == "MODEL_NOT_EXECUTABLE"


def test_capabilities_are_found_by_their_id_and_by_their_models(stranger: Caller) -> None:
    listed = stranger.get("/v1/capabilities").data["capabilities"]
    assert len(listed) == len(MODELS)
    one = stranger.get("/v1/capabilities/is.image.generate.fal-flux-dev.v1").data["capability"]
    assert one == stranger.get("/v1/capabilities/fal.flux-dev").data["capability"]
    assert one in listed


@pytest.mark.parametrize(
    ("path", "code"),
    [("/v1/models/nope", "MODEL_NOT_FOUND"), ("/v1/capabilities/is.nope.v1", "CAPABILITY_NOT_FOUND")],
)
def test_unknown_references_are_not_found(stranger: Caller, path: str, code: str) -> None:
    assert stranger.get(path).refusal == (code, 404, 1)
