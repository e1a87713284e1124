"""From an address to small pictures: fetched from where it may, told apart by its bytes, tried again, given up."""

import hashlib
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from dashboard.agents.models import Claim
from dashboard.assets import decoding, media
from dashboard.assets.decoding import Decoders
from dashboard.assets.media import (
    HELD_BACK_PAUSES,
    PAUSES,
    REFUSALS,
    RETRY_PAUSES,
    media_make_next,
    media_rebuild,
    media_take,
)
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_srcset, preview_widths
from dashboard.assets.storage import RECIPE, preview_path
from dashboard.assets.tasks import media_make_due
from dashboard.lib import outbound
from dashboard.lib.glossary import GLOSSARY
from tests.dashboard.assets.files import bombs, encoded
from tests.dashboard.assets.hosts import FileHost

pytestmark = pytest.mark.django_db
Follow = Callable[[Claim], bool]


def asset_at(claim: Claim, url: str, **more: Any) -> Asset:
    """Return an asset that lies at an address and is due."""
    return Asset.objects.create(
        workspace=claim.workspace,
        agent=claim.agent,
        remote_id="image_odd",
        created_at=timezone.now(),
        url=url,
        preview_due_at=timezone.now(),
        **more,
    )


def test_picture_of_an_agent_is_made_small(shown: Asset) -> None:
    assert (shown.preview, shown.mime_type, shown.preview_due_at) == ("ready", "image/png", None)
    assert shown.colour.startswith("#")
    assert shown.placeholder.startswith("data:image/webp;base64,")
    assert shown.content_bytes == shown.content_length
    widths = preview_widths(shown)
    assert widths[0][0] == 320
    assert len(preview_srcset(shown.workspace.key, shown).split(", ")) == len(widths)
    for width, _ in widths:
        assert default_storage.exists(preview_path(shown.workspace.key, shown.preview_key, width))


def test_tile_stands_for_sound(agent: Any, claim: Claim, followed: Follow, media: str) -> None:
    agent.create("waves", model="fal.stable-audio-25-text-to-audio")
    followed(claim)
    sound = Asset.objects.get()
    assert (sound.kind, sound.preview, sound.preview_due_at) == ("audio", "tile", None)
    assert not media_make_next()


def test_same_bytes_lie_once_in_a_workspace(shown: Asset) -> None:
    Asset.objects.filter(pk=shown.pk).update(preview="pending", preview_due_at=timezone.now(), preview_recipe="")
    folder = f"previews/{shown.workspace.key}/{shown.preview_key[:2]}"
    before = default_storage.listdir(folder)
    assert media_make_next()
    assert default_storage.listdir(folder) == before


def test_small_picture_that_a_crash_cut_off_is_written_again(shown: Asset) -> None:
    name = preview_path(shown.workspace.key, shown.preview_key, 320)
    size = default_storage.size(name)
    with default_storage.open(name, "wb") as file:
        file.write(b"RIFF")
    Asset.objects.filter(pk=shown.pk).update(preview="pending", preview_due_at=timezone.now(), preview_recipe="")
    assert media_make_next()
    assert default_storage.size(name) == size


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/a.png",
        "https://media.example.com/a.png",
        "file:///etc/passwd",
        "no address",
    ],
)
def test_file_elsewhere_is_never_asked_for(claim: Claim, media: str, url: str) -> None:
    asset = asset_at(claim, url)
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.preview, asset.preview_problem, asset.preview_due_at) == ("cannot_preview", "not_allowed", None)


def tried_to_the_end(asset: Asset, before_each: Callable[[], None] = lambda: None) -> int:
    """Work each time the asset is due, until it never is; return how often that was."""
    tries = 0
    asset.refresh_from_db()
    with time_machine.travel(timezone.now()) as clock:
        while asset.preview_due_at:
            clock.move_to(asset.preview_due_at + timedelta(seconds=1))
            before_each()
            assert media_make_next()
            tries += 1
            asset.refresh_from_db()
    return tries


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, ("gone", "gone")),
        (410, ("gone", "gone")),
        (401, ("cannot_preview", "denied")),
        (403, ("cannot_preview", "denied")),
    ],
)
def test_file_that_is_not_handed_out_is_asked_for_some_more_times(
    claim: Claim, host: FileHost, status: int, said: tuple[str, str]
) -> None:
    host.status = status
    asset = asset_at(claim, f"{host.address}/a/image_odd.png")
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.preview, asset.preview_problem) == ("pending", said[1])
    assert asset.asked_at is not None
    assert tried_to_the_end(asset) == len(HELD_BACK_PAUSES)
    assert (asset.preview, asset.preview_problem) == said


def test_file_that_comes_late_is_shown(claim: Claim, host: FileHost) -> None:
    host.status, asset = 404, asset_at(claim, f"{host.address}/a/image_odd.png")
    assert media_make_next()
    host.status, host.body = 200, encoded("png")
    assert tried_to_the_end(asset) == 1
    assert (asset.preview, asset.preview_problem) == ("ready", "")


def test_first_word_of_a_host_that_was_away_is_not_the_last(claim: Claim, host: FileHost) -> None:
    host.status, asset = 503, asset_at(claim, f"{host.address}/a/image_odd.png", preview_attempts=5)
    assert media_make_next()
    host.status = 404
    assert tried_to_the_end(asset) == 2
    assert asset.preview == "gone"


def test_host_that_says_now_this_now_that_is_not_asked_for_ever(claim: Claim, host: FileHost) -> None:
    asset = asset_at(claim, f"{host.address}/a/image_odd.png")

    def turn() -> None:
        host.status = 403 if host.status == 404 else 404

    assert tried_to_the_end(asset, turn) == len(RETRY_PAUSES) + 1
    assert (asset.preview, asset.preview_problem) == ("cannot_preview", "denied")


@pytest.mark.parametrize(
    ("status", "headers", "problem"),
    [
        (418, {}, "odd_answer"),
        (200, {"Content-Encoding": "gzip"}, "odd_answer"),
        (302, {"Location": "/again"}, "redirects"),
        (302, {"Location": "https://elsewhere.example/a.png"}, "not_allowed"),
        (200, {"Content-Length": str(2**40)}, "file_too_large"),
    ],
)
def test_reason_is_the_true_one(
    claim: Claim, host: FileHost, status: int, headers: dict[str, str], problem: str
) -> None:
    host.status, host.headers = status, headers
    asset = asset_at(claim, f"{host.address}/a/image_odd.png")
    assert tried_to_the_end(asset) == 1
    assert (asset.preview, asset.preview_problem) == ("cannot_preview", problem)


@pytest.mark.parametrize("preview", ["gone", "cannot_preview"])
def test_rebuild_asks_again_for_what_was_gone(claim: Claim, host: FileHost, preview: str) -> None:
    host.body = encoded("png")
    asset = asset_at(claim, f"{host.address}/a/image_odd.png", preview=preview, preview_problem="gone")
    Asset.objects.update(preview_due_at=None)
    assert media_rebuild() == 1
    assert tried_to_the_end(asset) == 1
    assert (asset.preview, asset.preview_problem) == ("ready", "")


def rebuilt(claim: Claim, host: FileHost, *, made_of: bytes) -> Asset:
    """Return a picture that was made of some bytes, after it was made anew of what its host has now."""
    digest = hashlib.sha256(made_of).hexdigest()
    good = {"preview": "ready", "preview_key": f"{digest[:32]}r0", "preview_largest": 320, "content_hash": digest}
    asset = asset_at(claim, f"{host.address}/a/image_odd.png", **good)
    assert media_rebuild() == 1
    tried_to_the_end(asset)
    return asset


def decoder_that(folder: Path, does: str) -> Path:
    """Write a decoder that says it is ready, and then does something else than decode."""
    script = folder / "decoder.py"
    script.write_text(f"import os, sys, time; print('{{}}', flush=True); {does}")
    return script


def test_good_picture_stays_when_a_decoder_takes_too_long(
    claim: Claim, host: FileHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # It never answers: a real one may, on a busy machine, before anybody looks at the clock.
    monkeypatch.setattr(decoding, "DECODER", decoder_that(tmp_path, "time.sleep(60)"))
    monkeypatch.setattr(media, "decoders", Decoders(1, wall_seconds=0))
    host.body = encoded("png")
    asset = rebuilt(claim, host, made_of=host.body)
    assert (asset.preview, asset.preview_problem, asset.preview_key[-2:]) == ("ready", "", "r0")
    monkeypatch.undo()
    assert media_rebuild() == 1
    tried_to_the_end(asset)
    assert (asset.preview, asset.preview_key[-2:]) == ("ready", f"r{RECIPE}")


def test_good_picture_stays_when_a_decoder_dies(
    claim: Claim, host: FileHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(decoding, "DECODER", decoder_that(tmp_path, "sys.stdin.readline(); os.abort()"))
    monkeypatch.setattr(media, "decoders", Decoders(1))
    host.body = encoded("png")
    asset = rebuilt(claim, host, made_of=host.body)
    assert (asset.preview, asset.preview_problem, asset.preview_key[-2:]) == ("ready", "", "r0")


def test_good_picture_stays_when_a_decoder_has_no_room(claim: Claim, host: FileHost) -> None:
    host.body = dict(bombs())["png-deep-6000"]
    asset = rebuilt(claim, host, made_of=host.body)
    assert (asset.preview, asset.preview_problem) == ("ready", "")


def test_picture_of_other_bytes_does_not_stand_for_a_broken_file(claim: Claim, host: FileHost) -> None:
    host.body = encoded("png")[:60]
    asset = rebuilt(claim, host, made_of=encoded("png"))
    assert (asset.preview, asset.preview_problem, asset.preview_key) == ("cannot_preview", "broken", "")


def test_every_refusal_of_the_way_out_has_its_reason() -> None:
    assert set(REFUSALS.values()) | set(PAUSES) <= set(GLOSSARY["preview_problem"])
    refusals = re.findall(r'OutboundRefused\("(\w+)"', Path(outbound.__file__).read_text())
    assert set(refusals) | {"status"} == set(REFUSALS)


def test_what_is_no_picture_says_so(claim: Claim, media: str) -> None:
    asset = asset_at(claim, f"{media}/healthz", mime_type="image/png", kind="image")
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.preview, asset.preview_problem) == ("cannot_preview", "not_a_picture")


def test_host_that_is_away_is_asked_for_a_day(claim: Claim, settings: Any) -> None:
    settings.MEDIA_ORIGINS = settings.PRIVATE_ORIGINS = ["http://127.0.0.1:1"]
    asset = asset_at(claim, "http://127.0.0.1:1/a/image_1.png")
    assert tried_to_the_end(asset) == len(RETRY_PAUSES) + 1
    assert (asset.preview, asset.preview_problem) == ("cannot_preview", "unreachable")


def test_what_a_dead_worker_left_is_taken_up_again(agent: Any, claim: Claim, followed: Follow, media: str) -> None:
    agent.create("a lighthouse")
    followed(claim)
    assert media_take() is not None
    assert not media_make_next()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert media_make_next()
    assert Asset.objects.get().preview == "ready"


def test_worker_that_comes_late_writes_nothing(agent: Any, claim: Claim, followed: Follow, media: str) -> None:
    agent.create("a lighthouse")
    followed(claim)
    Asset.objects.update(purged_at=timezone.now())
    assert media_make_next()
    assert Asset.objects.get().preview == "pending"


def test_task_works_until_nothing_is_due(agent: Any, claim: Claim, followed: Follow, media: str) -> None:
    agent.create("a lighthouse", output_count=2)
    followed(claim)
    assert media_make_due() == 2
    assert set(Asset.objects.values_list("preview", flat=True)) == {"ready"}


@pytest.mark.django_db(transaction=True)
def test_rebuild_makes_all_anew_and_shows_the_old_ones_meanwhile(shown: Asset) -> None:
    name = preview_path(shown.workspace.key, shown.preview_key, 320)
    default_storage.delete(name)
    assert media_rebuild(workspace_key="another") == 0
    assert media_rebuild() == 1
    shown.refresh_from_db()
    assert shown.preview == "ready"
    said = io.StringIO()
    call_command("thumbnails", stdout=said)
    assert said.getvalue() == "1 files done.\n"
    assert default_storage.exists(name)
    call_command("thumbnails", rebuild=True, stdout=said)
    assert "1 pictures are to be made anew." in said.getvalue()
