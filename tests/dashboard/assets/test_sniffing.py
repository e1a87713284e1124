"""A file is filed, called and handed over as what its bytes are; sounds and models are kept like pictures."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.assets.decoder import mime_of
from dashboard.assets.keeping import keep_rule_change
from dashboard.assets.media import media_make_next
from dashboard.assets.models import Asset
from dashboard.assets.sniffing import ENDINGS, HEAD, STARTS, UNKNOWN, type_of
from dashboard.assets.storage import original_path
from tests.dashboard.assets.files import DISGUISES, encoded, hostile, video
from tests.dashboard.assets.hosts import FileHost

pytestmark = pytest.mark.django_db
Follow = Callable[[Claim], bool]
SOUND, MODEL = "fal.stable-audio-25-text-to-audio", "fal.trellis-image-to-3d"


@pytest.fixture
def keeping(claim: Claim, owner: User) -> None:
    """The workspace keeps originals before anything comes."""
    keep_rule_change(workspace=claim.workspace, user=owner, is_on=True, days=None)


def made(asset: Asset) -> Asset:
    while media_make_next():
        pass
    asset.refresh_from_db()
    return asset


def is_stored(asset: Asset) -> bool:
    return default_storage.exists(original_path(asset.workspace.key, asset.content_hash))


def test_sound_that_comes_while_originals_are_kept_is_kept(
    agent: Any, claim: Claim, keeping: None, followed: Follow, media: str
) -> None:
    agent.create("waves", model=SOUND)
    followed(claim)
    sound = made(Asset.objects.get())
    assert (sound.kind, sound.mime_type, sound.preview) == ("audio", "audio/wav", "tile")
    assert sound.is_kept
    assert is_stored(sound)


def test_model_that_comes_while_originals_are_kept_is_kept(
    agent: Any, claim: Claim, keeping: None, followed: Follow, media: str
) -> None:
    agent.create("a lighthouse")
    followed(claim)
    with agent.client() as client:
        client.work.edit(
            input_asset_id=Asset.objects.get().remote_id, prompt=None, model=MODEL, idempotency_key=uuid.uuid4().hex
        )
    followed(claim)
    solid = made(Asset.objects.get(kind="3d"))
    assert (solid.mime_type, solid.preview, solid.is_kept) == ("model/gltf-binary", "tile", True)
    assert is_stored(solid)


def test_sound_is_not_fetched_where_nothing_is_kept(agent: Any, claim: Claim, followed: Follow, media: str) -> None:
    agent.create("waves", model=SOUND)
    followed(claim)
    assert not media_make_next()


def asset_said_to_be(claim: Claim, host: FileHost, mime: str, kind: str, preview: str) -> Asset:
    return Asset.objects.create(
        workspace=claim.workspace,
        agent=claim.agent,
        remote_id="asset_odd",
        created_at=timezone.now(),
        url=f"{host.address}/a/asset_odd",
        mime_type=mime,
        kind=kind,
        preview=preview,
        preview_due_at=timezone.now(),
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (encoded("png"), ("image/png", "image", "ready", "")),
        (video(), ("video/mp4", "video", "ready", "")),
        (DISGUISES["html"], (UNKNOWN, "other", "cannot_preview", "not_a_picture")),
        (DISGUISES["wav"], ("audio/wav", "audio", "tile", "")),
    ],
    ids=["picture", "video", "page", "sound"],
)
@pytest.mark.parametrize(
    "told", [("audio/wav", "audio", "tile"), ("image/png", "image", "pending"), ("model/gltf-binary", "3d", "tile")]
)
def test_bytes_say_what_a_file_is_whatever_was_told(
    claim: Claim, host: FileHost, told: tuple[str, str, str], body: bytes, said: tuple[str, str, str, str]
) -> None:
    host.body = body
    asset = made(asset_said_to_be(claim, host, *told))
    assert (asset.mime_type, asset.kind, asset.preview, asset.preview_problem) == said


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("part", [{}, {"Range": "bytes=0-3"}])
@pytest.mark.parametrize("told", ["audio/wav", "text/html", "image/svg+xml", "image/png"])
def test_file_is_never_handed_over_as_what_was_told(
    claim: Claim,
    host: FileHost,
    owner: User,
    browser_of: Callable[[User], Browser],
    told: str,
    part: dict[str, str],
    is_kept: bool,
) -> None:
    host.body = DISGUISES["html"]
    asset = asset_said_to_be(claim, host, told, "audio", "tile")
    if is_kept:
        keep_rule_change(workspace=claim.workspace, user=owner, is_on=True, days=None)
        assert made(asset).is_kept
    url = reverse("gallery:asset_original", args=[claim.workspace.key, asset.pk])
    answer = browser_of(owner).get(url, headers=part)
    assert b"".join(answer)
    assert answer.status_code == (206 if part else 200)
    assert answer["Content-Type"] == UNKNOWN
    assert answer["Content-Disposition"] == 'attachment; filename="asset_odd.bin"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_pictures_and_videos_are_told_apart_as_the_decoder_does() -> None:
    for name, content in [*hostile(), ("mp4", video())]:
        told = type_of(content[:HEAD])
        assert (told if told.startswith(("image/", "video/")) else "") == mime_of(content[:HEAD]), name


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1", b"msf1"])
def test_phones_pictures_are_no_videos(brand: bytes) -> None:
    head = b"\x00\x00\x00\x18ftyp" + brand + b"\x00" * 40
    assert (type_of(head), mime_of(head)) == ("image/heic", "")


def test_every_type_has_its_ending_and_none_a_browser_runs() -> None:
    assert set(STARTS.values()) <= set(ENDINGS)
    assert not [mime for mime in ENDINGS if mime.startswith("text/") or "xml" in mime or "script" in mime]
