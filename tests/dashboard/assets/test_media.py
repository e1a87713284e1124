"""From an address to small pictures: fetched from where it may, told apart by its bytes, tried again, given up."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone

from dashboard.agents.models import Claim
from dashboard.assets.media import RETRY_PAUSES, media_make_next, media_rebuild, media_take
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_srcset, preview_widths
from dashboard.assets.storage import preview_path
from dashboard.assets.tasks import media_make_due

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


def test_file_that_the_service_has_lost_is_gone(claim: Claim, media: str) -> None:
    asset = asset_at(claim, f"{media}/a/image_nowhere.png")
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.preview, asset.preview_problem) == ("gone", "gone")


def test_what_is_no_picture_says_so(claim: Claim, media: str) -> None:
    asset = asset_at(claim, f"{media}/healthz", mime_type="image/png", kind="image")
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.preview, asset.preview_problem) == ("cannot_preview", "not_a_picture")


def test_host_that_is_away_is_asked_for_a_day(claim: Claim, settings: Any) -> None:
    settings.MEDIA_ORIGINS = settings.PRIVATE_ORIGINS = ["http://127.0.0.1:1"]
    asset = asset_at(claim, "http://127.0.0.1:1/a/image_1.png")
    with time_machine.travel(timezone.now()) as clock:
        tries = 0
        while media_make_next():
            tries += 1
            clock.shift(timedelta(days=1))
    asset.refresh_from_db()
    assert tries == len(RETRY_PAUSES) + 1
    assert (asset.preview, asset.preview_problem, asset.preview_due_at) == ("cannot_preview", "unreachable", None)


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
