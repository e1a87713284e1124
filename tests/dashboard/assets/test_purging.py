"""A purged picture is gone from here with all that was drawn from its bytes, and they do not come back."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.assets.keeping import keep_rule_change
from dashboard.assets.media import media_make, media_make_next, media_take
from dashboard.assets.models import Asset
from dashboard.assets.originals import OriginalLost, original_open
from dashboard.assets.previews import preview_url
from dashboard.assets.purging import asset_purge, purges_finish
from dashboard.assets.storage import original_path, preview_path
from dashboard.assets.zip_export import KIND, WITHDRAWN
from dashboard.audit.models import AuditEntry
from dashboard.exports.making import export_make
from dashboard.exports.models import Export
from dashboard.exports.runs import RunLost, export_beat, export_take, exports_expire
from dashboard.exports.services import export_request
from tests.dashboard.assets.gallery_rows import agent_made, asset_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db


def read(asset: Asset) -> bytes:
    with original_open(asset) as original:
        return b"".join(original.chunks)


def kept(asset: Asset) -> Asset:
    """Return the picture after its workspace chose to keep originals."""
    owner = asset.workspace.memberships.get(role="owner").user
    keep_rule_change(workspace=asset.workspace, user=owner, is_on=True, days=None)
    assert media_make_next()
    asset.refresh_from_db()
    return asset


def twin_of(asset: Asset, **more: Any) -> Asset:
    """Return the same file under another id, as the ledger has just named it."""
    about = {"remote_id": "image_twin", "kind": "image", "preview": "pending", "preview_due_at": timezone.now(), **more}
    return Asset.objects.create(
        workspace=asset.workspace, agent=asset.agent, created_at=asset.created_at, url=asset.url, **about
    )


def stored(workspace: Workspace) -> list[str]:
    """Return the names of all files that are stored for a workspace."""
    found = []
    for room in ("previews", "originals"):
        folder = f"{room}/{workspace.key}"
        folders = default_storage.listdir(folder)[0] if default_storage.exists(folder) else []
        found += [name for one in folders for name in default_storage.listdir(f"{folder}/{one}")[1]]
    return found


def test_purged_picture_is_gone_with_all_that_came_of_it(
    shown: Asset, owner: User, browser_of: Callable[..., Browser]
) -> None:
    asset, key = kept(shown), shown.preview_key
    address = preview_url(asset.workspace.key, asset, 320)
    assert asset_purge(asset=asset, user=owner) == 1
    assert not default_storage.exists(original_path(asset.workspace.key, asset.content_hash))
    assert not default_storage.exists(preview_path(asset.workspace.key, key, 320))
    assert browser_of(owner).get(address).status_code == 404
    asset.refresh_from_db()
    assert (asset.preview_problem, asset.placeholder, asset.colour) == ("purged", "", "")
    assert not media_make_next()
    with pytest.raises(OriginalLost, match="purged"):
        read(asset)
    entry = AuditEntry.objects.get(action="assets.asset_purged")
    assert (entry.actor_label, entry.subject_id) == (owner.email, asset.remote_id)


def test_same_bytes_go_with_it_and_do_not_come_back_under_another_id(shown: Asset, owner: User) -> None:
    twin = Asset.objects.get()
    twin.pk, twin.remote_id = None, "image_twin"
    twin.save()
    assert asset_purge(asset=shown, user=owner) == 2
    Asset.objects.filter(remote_id="image_twin").update(
        purged_at=None, content_hash="", preview="pending", preview_due_at=timezone.now()
    )
    assert media_make_next()
    assert Asset.objects.get(remote_id="image_twin").preview_problem == "purged"


def test_purge_that_was_cut_off_is_finished(shown: Asset, owner: User) -> None:
    key = shown.preview_key
    Asset.objects.update(purged_at=timezone.now())
    assert purges_finish() == 1
    assert not default_storage.exists(preview_path(shown.workspace.key, key, 320))
    assert purges_finish() == 0


def test_worker_that_was_at_it_during_a_purge_leaves_nothing(
    agent: Any, claim: Claim, followed: Callable[[Claim], bool], media: str, owner: User
) -> None:
    agent.create("a lighthouse")
    followed(claim)
    taken = media_take()
    assert taken is not None
    asset_purge(asset=Asset.objects.get(), user=owner)
    media_make(taken)
    assert (stored(claim.workspace), Asset.objects.get().preview) == ([], "gone")


@pytest.mark.parametrize("of_twin", [False, True])
def test_worker_that_was_storing_during_a_purge_leaves_nothing(
    shown: Asset, owner: User, monkeypatch: pytest.MonkeyPatch, *, of_twin: bool
) -> None:
    Asset.objects.update(preview_due_at=timezone.now(), preview_recipe="")
    if of_twin:
        Asset.objects.update(preview_due_at=None)
        twin_of(shown)
    store = default_storage.save

    def save(name: str, content: Any, **more: Any) -> str:
        if not Asset.objects.filter(purged_at__isnull=False).exists():
            asset_purge(asset=shown, user=owner)
        return store(name, content, **more)

    for name in stored(shown.workspace):
        default_storage.delete(f"previews/{shown.workspace.key}/{name[:2]}/{name}")
    monkeypatch.setattr(default_storage, "save", save)
    assert media_make_next()
    assert stored(shown.workspace) == []
    assert set(Asset.objects.values_list("preview", "preview_problem", "preview_key")) == {("gone", "purged", "")}


@pytest.mark.parametrize("key", [None, ""])
def test_small_pictures_of_every_recipe_go(shown: Asset, owner: User, key: str | None) -> None:
    asset = kept(shown)
    for width, recipe in ((320, "0"), (2_560, "0"), (320, "1")):
        name = preview_path(asset.workspace.key, f"{asset.content_hash[:32]}r{recipe}", width)
        default_storage.save(name, ContentFile(b"RIFF"))
    if key is not None:
        Asset.objects.update(preview="cannot_preview", preview_key=key)
    assert len(stored(asset.workspace)) > 4
    asset_purge(asset=Asset.objects.get(), user=owner)
    assert stored(asset.workspace) == []


def test_purge_that_died_before_its_files_went_is_finished(
    shown: Asset, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = kept(shown)
    Asset.objects.update(preview="cannot_preview", preview_key="")

    def away(_: str) -> None:
        raise OSError("the storage is away")

    monkeypatch.setattr(default_storage, "delete", away)
    with pytest.raises(OSError, match="away"):
        asset_purge(asset=Asset.objects.get(), user=owner)
    assert Asset.objects.get().preview_problem == "purged"
    monkeypatch.undo()
    assert stored(asset.workspace)
    assert purges_finish() == 1
    assert stored(asset.workspace) == []
    assert purges_finish() == 0


def test_pictures_of_other_bytes_and_of_other_workspaces_stay(
    shown: Asset, owner: User, outsider: User, followed: Callable[[Claim], bool]
) -> None:
    theirs = outsider.memberships.get().workspace
    other = asset_made(theirs, agent_made(theirs, outsider), content_hash=shown.content_hash, preview="pending")
    Asset.objects.filter(pk=other.pk).update(url=shown.url, preview_due_at=timezone.now(), preview_recipe="")
    assert media_make_next()
    before = stored(theirs)
    mine = preview_path(shown.workspace.key, f"{shown.content_hash[:2]}{'0' * 30}r1", 320)
    default_storage.save(mine, ContentFile(b"RIFF"))
    assert asset_purge(asset=shown, user=owner) == 1
    other.refresh_from_db()
    assert (other.preview, other.purged_at) == ("ready", None)
    assert stored(theirs) == before != []
    assert default_storage.exists(mine)
    assert read(other)


def test_same_bytes_under_a_new_id_cannot_be_had(shown: Asset, owner: User, browser_of: Callable[..., Browser]) -> None:
    asset_purge(asset=shown, user=owner)
    twin = twin_of(shown)
    browser, workspace = browser_of(owner), shown.workspace
    with pytest.raises(OriginalLost, match="purged by an owner"):
        read(twin)
    assert browser.get(reverse("gallery:asset_original", args=[workspace.key, twin.pk])).status_code == 502
    zipped: Any = browser.post(
        reverse("gallery:selection", args=[workspace.key]), {"act": "zip", "picked": str(twin.pk)}
    )
    entries = zipfile.ZipFile(io.BytesIO(b"".join(zipped.streaming_content)))
    assert entries.namelist() == ["manifest.csv", "manifest.json"]
    assert "purged by an owner" in json.loads(entries.read("manifest.json"))[0]["problem"]
    assert media_make_next()
    twin.refresh_from_db()
    assert (twin.preview, twin.preview_problem, twin.preview_due_at) == ("gone", "purged", None)
    assert twin.purged_at is not None
    assert browser.get(reverse("gallery:asset_original", args=[workspace.key, twin.pk])).status_code == 404
    assert stored(workspace) == []


def test_same_bytes_that_were_stored_during_the_purge_go_with_the_next_round(shown: Asset, owner: User) -> None:
    late = {"content_hash": shown.content_hash, "preview": "ready", "preview_key": shown.preview_key, "is_kept": True}
    name = shown.preview_key
    asset_purge(asset=shown, user=owner)
    twin = twin_of(shown, preview_due_at=None, **late)
    default_storage.save(preview_path(shown.workspace.key, name, 320), ContentFile(b"RIFF"))
    default_storage.save(original_path(shown.workspace.key, shown.content_hash), ContentFile(b"RIFF"))
    purges_finish()
    twin.refresh_from_db()
    assert (twin.preview, twin.preview_problem, twin.is_kept) == ("gone", "purged", False)
    assert stored(shown.workspace) == []


def test_sound_that_was_never_fetched_is_purged_by_its_id(shown: Asset, owner: User) -> None:
    sound = twin_of(shown, kind="audio", preview="tile", preview_due_at=None)
    stale = Asset.objects.get(pk=sound.pk)
    assert asset_purge(asset=sound, user=owner) == 1
    # Whoever had opened its row before learns of it too.
    with pytest.raises(OriginalLost, match="purged by an owner"):
        read(stale)
    shown.refresh_from_db()
    assert (shown.preview, shown.purged_at) == ("ready", None)


def zip_asked(asset: Asset, user: User, numbers: str = "") -> Export:
    return export_request(
        user=user,
        workspace=asset.workspace,
        kind=KIND,
        parameters={"query": "", "numbers": numbers},
        page_url=f"/w/{asset.workspace.key}/gallery/",
    )


def zip_of(export: Export) -> zipfile.ZipFile:
    export.refresh_from_db()
    with default_storage.open(export.path) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


@pytest.mark.parametrize("is_picked", [True, False])
def test_ready_zip_that_holds_it_is_taken_back_and_says_so(
    shown: Asset, owner: User, browser_of: Callable[..., Browser], *, is_picked: bool
) -> None:
    export = zip_asked(shown, owner, numbers=str(shown.pk) if is_picked else "")
    export_make(export.pk)
    assert any(name.startswith("files/") for name in zip_of(export).namelist())
    path = export.path
    asset_purge(asset=shown, user=owner)
    assert not default_storage.exists(path)
    browser, page = browser_of(owner), reverse("exports:export_detail", args=[export.key])
    text = words(browser.get(page))
    assert "The file was deleted" in text
    assert WITHDRAWN in text
    assert browser.post(reverse("exports:export_file", args=[export.key]))["Location"] == page
    browser.post(reverse("exports:export_repeat", args=[export.key]))
    export_make(export.pk)
    assert zip_of(export).namelist() == ["manifest.csv", "manifest.json"]
    purges_finish()
    exports_expire()
    export.refresh_from_db()
    assert (export.state, export.error) == ("done", "")


def test_zip_of_other_files_stays(shown: Asset, owner: User, outsider: User) -> None:
    other = asset_made(shown.workspace, shown.agent, url="", content_hash="1" * 64)
    unfetched = asset_made(shown.workspace, shown.agent, url="")
    theirs = asset_made(outsider.memberships.get().workspace, shown.agent, remote_id="image_theirs", url="")
    exports = [
        zip_asked(other, owner, numbers=str(other.pk)),
        zip_asked(theirs, outsider),
        zip_asked(unfetched, owner, numbers=f"{unfetched.pk},{other.pk}"),
    ]
    for export in exports:
        export_make(export.pk)
    asset_purge(asset=shown, user=owner)
    for export in exports:
        export.refresh_from_db()
    # Of what was never fetched nobody knows whether it has the same bytes.
    assert [export.state for export in exports] == ["done", "done", "expired"]
    assert [default_storage.exists(export.path) for export in exports[:2]] == [True, True]


def test_zip_that_is_being_made_begins_anew(shown: Asset, owner: User) -> None:
    run = export_take(zip_asked(shown, owner).pk)
    assert run is not None
    asset_purge(asset=shown, user=owner)
    with pytest.raises(RunLost):
        export_beat(run, rows_done=1)
    assert export_make(run.pk)
    assert zip_of(run).namelist() == ["manifest.csv", "manifest.json"]


def test_file_of_a_withdrawn_zip_goes_though_the_purge_died(
    shown: Asset, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = zip_asked(shown, owner)
    export_make(export.pk)
    export.refresh_from_db()

    def away(_: str) -> None:
        raise OSError("the storage is away")

    monkeypatch.setattr(default_storage, "delete", away)
    with pytest.raises(OSError, match="away"):
        asset_purge(asset=shown, user=owner)
    monkeypatch.undo()
    assert Export.objects.get().state == "expired"
    assert default_storage.exists(export.path)
    assert exports_expire() == 1
    assert not default_storage.exists(export.path)


def test_zip_that_was_made_while_the_purge_was_being_written_down_is_taken_back(shown: Asset, owner: User) -> None:
    """It was still waiting when zips were looked for, and its maker saw the picture as it was before the purge."""
    export = zip_asked(shown, owner)

    def write(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "audit_auditentry" in sql and not Export.objects.exclude(state="queued").exists():
            Asset.objects.filter(pk=shown.pk).update(purged_at=None)
            export_make(export.pk)
            Asset.objects.filter(pk=shown.pk).update(purged_at=timezone.now())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(write):
        asset_purge(asset=shown, user=owner)
    export.refresh_from_db()
    assert (export.state, export.error, export.path) == ("expired", WITHDRAWN, "")
