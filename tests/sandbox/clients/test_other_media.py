"""upload, edit, references and more than images, as each release asks for them (contract 2.17 to 2.19)."""

from typing import Any

import pytest

from tests.sandbox.clients.client import Client0170, Ran
from tests.sandbox.works import image_bytes

PICTURE = image_bytes((640, 480))
EDIT_MODEL = "fal.z-image-turbo-edit"


def uploaded(client: Any) -> str:
    return str(client.upload(PICTURE, "photo.png", "image/png").data["asset"]["asset_id"])


def runnable(client: Any, **wanted: Any) -> list[dict[str, Any]]:
    rows = client.models_list().data["models"]
    return [
        row
        for row in rows
        if row["status"] == "available" and all(row[name] == value for name, value in wanted.items())
    ]


def test_an_upload_is_an_asset_with_a_job_of_its_own(client: Any) -> None:
    data = client.upload(PICTURE, "photo.png", "image/png").data
    asset = data["asset"]
    assert data["request"] == {"source_kind": "local_path", "filename": "photo.png", "remote_origin": None}
    assert (asset["kind"], asset["mime_type"], asset["content_length"]) == ("uploaded", "image/png", len(PICTURE))
    assert data["upload"]["policy"] == {"status": "allowed"}
    assert data["upload"]["bytes"] == len(PICTURE)
    assert client.assets_get(asset["asset_id"]) == PICTURE
    assert client.jobs_show(asset["job_id"]).data["job"]["status"] == "completed"
    (event,) = client.activity_list().data["events"]
    assert event["type"] == "asset.uploaded"
    assert client.quota().data["daily_jobs"]["used"] == 0


def test_what_a_remote_server_called_a_page_is_against_the_policy(client: Any) -> None:
    ran: Ran = client.upload(b"<html>", "x", "text/html", remote_origin="https://example.com")
    assert ran.refusal == ("INPUT_POLICY_DENIED", 6)


def test_bytes_that_are_not_what_they_are_called_are_refused(client: Any) -> None:
    assert client.upload(b"not a picture", "photo.png", "image/png").exit_code in {2, 6}


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"content_length": 1}, {"bytes_base64": "%%%"}])
def test_an_upload_that_was_damaged_on_its_way_is_refused(client: Any, change: dict[str, Any]) -> None:
    body = client.upload_body(PICTURE, "photo.png", "image/png") | change
    assert client.call("POST", "/v1/upload", body).refusal == ("INVALID_ARGUMENTS", 2)


def test_an_edit_makes_a_new_asset_and_names_its_input(client: Any) -> None:
    source = uploaded(client)
    ran: Ran = client.edit(source, "make it dusk", model=EDIT_MODEL, accept_unknown_cost=True)
    (asset,) = ran.data["assets"]
    assert asset["asset_id"] != source
    assert client.assets_get(asset["asset_id"]) != PICTURE
    job = client.jobs_show(ran.data["job_id"]).data["job"]
    assert job["operation"] == "edit"
    assert source in {entry["asset_id"] for entry in job["inputs"]}
    assert "make it dusk" not in str(job)


def test_without_a_model_an_edit_runs_at_a_known_cost(client: Any) -> None:
    assert client.edit(uploaded(client), "make it dusk").data["quota"]["consumed_credits"] > 0


def test_only_the_latest_can_plan_an_edit(latest: Client0170) -> None:
    source = uploaded(latest)
    before = latest.quota().data["limits"]
    planned = latest.edit(source, "make it dusk", dry_run=True).data
    assert planned["quota"]["consumed_credits"] == 0
    assert planned["plan_receipt"]
    assert latest.jobs_show(planned["job_id"]).data["job"]["status"] == "planned"
    assert latest.quota().data["limits"] == before


def test_a_key_replays_an_edit(modern: Any) -> None:
    source = uploaded(modern)
    first, again = (
        modern.edit(source, "make it dusk", model=EDIT_MODEL, idempotency_key="edit-1", accept_unknown_cost=True)
        for _ in range(2)
    )
    assert again.data["job_id"] == first.data["job_id"]
    assert modern.quota().data["daily_jobs"]["used"] == 1


def test_promptless_models_need_no_prompt(modern: Any) -> None:
    source = uploaded(modern)
    assert modern.edit(source, model="fal.flux-dev-redux", accept_unknown_cost=True).exit_code == 0


def test_an_edit_of_what_is_not_there_or_anothers_is_exit_1(client: Any) -> None:
    other = Client0170(client.http)
    other.start("other")
    for asset_id in ("image_nothing", uploaded(other)):
        assert client.edit(asset_id, "make it dusk").refusal == ("ASSET_NOT_FOUND", 1)


def test_a_mask_is_an_asset_too(modern: Any) -> None:
    rows = [row for row in runnable(modern) if row["media"]["input"]["mask"]["supported"]]
    assert rows
    source, mask = uploaded(modern), uploaded(modern)
    ran: Ran = modern.edit(source, "fill it", model=rows[0]["id"], mask_asset_id=mask, accept_unknown_cost=True)
    assert {"mask", "input"} <= {entry["role"] for entry in modern.jobs_show(ran.data["job_id"]).data["job"]["inputs"]}


def test_references_are_sent_with_role_and_index(modern: Any) -> None:
    asset = uploaded(modern)
    one = {"asset_id": asset, "role": "reference_image", "index": 0, "reference_task": "style"}
    assert modern.create("in this style", model="fal.dreamo", references=[one]).exit_code == 0
    gap = one | {"index": 1}
    assert modern.create("in this style", model="fal.dreamo", references=[gap]).refusal == ("INVALID_ARGUMENTS", 2)


@pytest.mark.parametrize(
    ("modality", "operation", "prefix", "mime_type", "magic"),
    [
        ("audio", "audio.generate", "audio_", "audio/wav", b"RIFF"),
        ("video", "video.generate", "video_", "video/mp4", b"ftyp"),
    ],
)
def test_sound_and_film_are_made_with_the_ratio_that_is_always_sent(
    modern: Any, modality: str, operation: str, prefix: str, mime_type: str, magic: bytes
) -> None:
    rows = runnable(modern, modality=modality)
    if not rows:
        pytest.skip("the encoder for films is not installed")
    row = min(rows, key=lambda one: one["credits_required"])
    assert operation in row["operations"]
    ran: Ran = modern.create("waves at night", model=row["id"], accept_unknown_cost=True)
    (asset,) = ran.data["assets"]
    assert asset["asset_id"].startswith(prefix)
    assert asset["mime_type"] == mime_type
    assert magic in modern.assets_get(asset["asset_id"])[:16]


def test_a_solid_is_made_of_a_picture_and_can_be_fetched_by_the_client(modern: Any) -> None:
    row = runnable(modern, modality="3d")[0]
    ran: Ran = modern.edit(uploaded(modern), model=row["id"], accept_unknown_cost=True)
    (asset,) = ran.data["assets"]
    # The client's parser takes ids with these prefixes only.
    assert asset["asset_id"].split("_")[0] in {"asset", "image", "video", "audio", "mask", "thumb", "file"}
    assert asset["mime_type"] == "model/gltf-binary"
    assert modern.assets_get(asset["asset_id"]).startswith(b"glTF")


def test_every_runnable_create_model_plans_with_the_flags_that_are_always_sent(modern: Any) -> None:
    for row in runnable(modern):
        if "create" in row["supports"]:
            ran: Ran = modern.create("a valley", model=row["id"], dry_run=True)
            assert ran.exit_code == 0, (row["id"], ran.envelope["error"])
            assert ran.data["credits_required"] == row["credits_required"]
