"""Uploads: what is kept, what is told, what is refused before anything is written (contract 2.18, 4.12, 4.14, 11)."""

import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sandbox import media, uploads
from sandbox.models import Asset, Event, Job
from tests.sandbox.fixtures import Caller
from tests.sandbox.works import image_bytes, upload_body, uploaded

FORMATS = [
    ("PNG", "image/png", "png"),
    ("JPEG", "image/jpeg", "jpg"),
    ("WEBP", "image/webp", "webp"),
    ("GIF", "image/gif", "gif"),
    ("AVIF", "image/avif", "avif"),
]


@pytest.mark.parametrize(("codec", "mime_type", "extension"), FORMATS)
def test_an_upload_answers_with_all_that_clients_read_and_gives_the_bytes_back(
    agent: Caller, codec: str, mime_type: str, extension: str
) -> None:
    content = image_bytes((40, 30), file_format=codec)
    data = agent.post("/v1/upload", upload_body(content, mime_type, filename="sea.bin")).data
    assert data["request"] == {"source_kind": "local_path", "filename": "sea.bin", "remote_origin": None}
    assert data["upload"] == {
        "bytes": len(content),
        "mime_type": mime_type,
        "sha256": hashlib.sha256(content).hexdigest(),
        "policy": {"status": "allowed"},
    }
    asset = data["asset"]
    assert asset["asset_id"].startswith("image_")
    assert asset["job_id"].startswith("job_")
    assert (asset["kind"], asset["mime_type"], asset["content_length"]) == ("uploaded", mime_type, len(content))
    assert (asset["width"], asset["height"]) == (40, 30)
    assert asset["url"].endswith(f"/a/{asset['asset_id']}.{extension}")
    shown = agent.http.get(asset["url"])
    assert shown.content == content
    assert shown.headers["content-type"] == mime_type


def test_an_upload_has_a_job_and_one_event_and_costs_nothing(agent: Caller) -> None:
    asset_id = uploaded(agent)
    (event,) = agent.get("/v1/activity").data["events"]
    job_id = event["links"]["job_id"]
    assert (event["type"], event["operation"], event["status"]) == ("asset.uploaded", "upload", "completed")
    assert event["subject"] == {"type": "asset", "id": asset_id}
    assert event["links"]["asset_ids"] == [asset_id]
    job = agent.get(f"/v1/jobs/{job_id}").data["job"]
    assert (job["operation"], job["status"], [one["asset_id"] for one in job["assets"]]) == (
        "upload",
        "completed",
        [asset_id],
    )
    assert (job["cost"]["credits"], job["cost"]["estimated_usd"], job["cost"]["credit_pricing"]) == (0, 0, None)
    quota = agent.get("/v1/quota").data
    assert (quota["limits"]["remaining_credits"], quota["daily_jobs"]["used"]) == (40, 0)


def test_the_same_bytes_make_another_asset(agent: Caller) -> None:
    assert uploaded(agent) != uploaded(agent)


@pytest.mark.parametrize(
    ("filename", "shown"),
    [("/home/canary/cat.png", "cat.png"), ("C:\\Users\\canary\\cat.png", "cat.png"), ("../../cat.png", "cat.png")],
)
def test_a_path_is_reduced_to_its_base_name(agent: Caller, filename: str, shown: str) -> None:
    answer = agent.post("/v1/upload", upload_body(image_bytes(), filename=filename))
    assert answer.data["request"]["filename"] == shown
    assert "canary" not in answer.response.text


def test_of_a_remote_address_only_the_origin_is_told(agent: Caller) -> None:
    origin = "https://ada:canary@media.example:8443/private/cat.png?key=canary"
    answer = agent.post("/v1/upload", upload_body(image_bytes(), source_kind="remote_url", remote_origin=origin))
    assert answer.data["request"]["remote_origin"] == "https://media.example:8443"
    assert "canary" not in answer.response.text


def test_a_type_may_come_with_its_parameters(agent: Caller) -> None:
    data = agent.post("/v1/upload", upload_body(image_bytes(), "image/PNG; charset=binary")).data
    assert data["asset"]["mime_type"] == "image/png"


def test_a_camera_picture_has_the_size_that_viewers_show(agent: Caller) -> None:
    target, exif = io.BytesIO(), Image.Exif()
    exif[274] = 6
    Image.new("RGB", (60, 20)).save(target, "JPEG", exif=exif)
    asset = agent.post("/v1/upload", upload_body(target.getvalue(), "image/jpeg")).data["asset"]
    assert (asset["width"], asset["height"]) == (20, 60)


PNG = image_bytes()


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"source_kind": "ftp"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"filename": ""}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"filename": "/"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"filename": ".."}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"source_kind": "remote_url", "remote_origin": "file:///etc/passwd"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"source_kind": "remote_url", "remote_origin": "https://h:99999"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"mime_type": None}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"mime_type": "image/svg+xml"}, ("INPUT_POLICY_DENIED", 400, 6)),
        ({"mime_type": "application/pdf"}, ("INPUT_POLICY_DENIED", 400, 6)),
        ({"mime_type": "image/jpeg"}, ("INPUT_POLICY_DENIED", 400, 6)),
        ({"content_length": 0}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"content_length": len(PNG) + 1}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"content_length": uploads.MAX_BYTES + 1}, ("PAYLOAD_TOO_LARGE", 413, 2)),
        ({"bytes_base64": None}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"bytes_base64": "not base64!"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"bytes_base64": "ä"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"sha256": "0" * 64}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"sha256": None}, ("INVALID_ARGUMENTS", 400, 2)),
    ],
)
def test_a_wrong_body_is_refused_and_nothing_is_kept(
    agent: Caller, sandbox_data: Path, change: dict[str, Any], refusal: tuple[str, int, int]
) -> None:
    assert agent.post("/v1/upload", upload_body(PNG) | change).refusal == refusal
    assert (Asset.objects.count(), Job.objects.count(), Event.objects.count()) == (0, 0, 0)
    assert not [path for path in sandbox_data.rglob("*") if path.is_file()]


def bomb() -> bytes:
    """A few bytes that claim to be 30,000 x 30,000 pixels."""
    content = bytearray(image_bytes((8, 8)))
    content[16:24] = (30_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("content", [b"<svg/>", b"GIF89a", PNG[:60], b"\x89PNG\r\n\x1a\n" + b"\0" * 40, bomb()])
def test_what_is_no_readable_picture_is_denied(agent: Caller, content: bytes) -> None:
    assert agent.post("/v1/upload", upload_body(content)).refusal == ("INPUT_POLICY_DENIED", 400, 6)


def test_ten_megabytes_fit_and_more_do_not(agent: Caller) -> None:
    # What follows the end of a PNG is no part of the picture, but of the file.
    whole = PNG + bytes(uploads.MAX_BYTES - len(PNG))
    assert agent.post("/v1/upload", upload_body(whole)).data["upload"]["bytes"] == uploads.MAX_BYTES
    assert agent.post("/v1/upload", upload_body(whole + b"\0")).refusal == ("PAYLOAD_TOO_LARGE", 413, 2)


def test_a_missing_grant_is_denied(agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.grants, "grants_of", lambda *_: ())
    answer = agent.post("/v1/upload", upload_body(PNG))
    assert answer.refusal == ("CAPABILITY_DENIED", 403, 4)
    assert answer.error["recovery"]["grants_required"] == ["asset.upload"]


def test_a_full_disk_leaves_nothing_behind(agent: Caller, monkeypatch: pytest.MonkeyPatch, sandbox_data: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(media, "store", full)
    assert agent.post("/v1/upload", upload_body(PNG)).refusal == ("ARTIFACT_STORAGE_WRITE_FAILED", 500, 9)
    assert (Asset.objects.count(), Job.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_another_organization_cannot_see_it(agent: Caller, sign_up: Any) -> None:
    assert sign_up().get(f"/v1/assets/{uploaded(agent)}").refusal == ("ASSET_NOT_FOUND", 404, 1)
