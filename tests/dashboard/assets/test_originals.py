"""The original files: streamed whole or not at all, kept where a workspace says so, purged with all they led to."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.assets.keeping import asset_purge, keep_rule_change, kept_sum, originals_expire, purges_finish
from dashboard.assets.media import media_make, media_make_next, media_take
from dashboard.assets.models import Asset
from dashboard.assets.originals import OriginalLost, original_open
from dashboard.assets.previews import preview_url
from dashboard.assets.storage import original_path, preview_path
from dashboard.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def read(asset: Asset) -> bytes:
    with original_open(asset) as original:
        return b"".join(original.chunks)


def pass_on(asset: Asset, to: io.BytesIO) -> None:
    with original_open(asset) as original:
        to.writelines(original.chunks)


def kept(asset: Asset) -> Asset:
    """Return the picture after its workspace chose to keep originals."""
    owner = asset.workspace.memberships.get(role="owner").user
    keep_rule_change(workspace=asset.workspace, user=owner, is_on=True, days=None)
    assert media_make_next()
    asset.refresh_from_db()
    return asset


def test_file_is_fetched_from_where_the_service_keeps_it(shown: Asset) -> None:
    with original_open(shown) as original:
        assert (original.name, original.content_type) == (f"{shown.remote_id}.png", "image/png")
        assert original.size == shown.content_bytes
        assert len(b"".join(original.chunks)) == shown.content_bytes


@pytest.mark.parametrize("wrong", [{"content_hash": "0" * 64}, {"content_bytes": 7}])
def test_file_that_is_another_one_never_comes_whole(shown: Asset, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(shown, name, value)
    whole, passed = read(Asset.objects.get()), io.BytesIO()
    with pytest.raises(OriginalLost):
        pass_on(shown, passed)
    assert len(passed.getvalue()) < len(whole)


@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "{media}/a/image_nowhere.png", ""])
def test_file_that_cannot_be_had_says_so(shown: Asset, media: str, url: str) -> None:
    shown.url = url.format(media=media)
    with pytest.raises(OriginalLost, match="could not be fetched"):
        read(shown)


def test_kept_original_is_read_from_our_copy(shown: Asset, settings: Any) -> None:
    whole = read(shown)
    asset = kept(shown)
    assert asset.is_kept
    settings.MEDIA_ORIGINS = []
    assert read(asset) == whole
    assert kept_sum(asset.workspace).size == len(whole)
    default_storage.delete(original_path(asset.workspace.key, asset.content_hash))
    with pytest.raises(OriginalLost, match="Our copy"):
        read(asset)


def test_originals_go_when_their_days_are_over(shown: Asset, owner: User) -> None:
    asset = kept(shown)
    keep_rule_change(workspace=asset.workspace, user=owner, is_on=True, days=30)
    assert originals_expire() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert originals_expire() == 1
    asset.refresh_from_db()
    assert (asset.is_kept, asset.preview) == (False, "ready")
    assert not default_storage.exists(original_path(asset.workspace.key, asset.content_hash))


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
    purges_finish()
    folders, files = default_storage.listdir(f"previews/{claim.workspace.key}")
    assert all(not default_storage.listdir(f"previews/{claim.workspace.key}/{one}")[1] for one in folders)
    assert (files, Asset.objects.get().preview) == ([], "gone")


def test_owners_alone_keep_and_purge_and_only_after_a_fresh_sign_in(
    shown: Asset, owner: User, buyer: User, outsider: User, browser_of: Callable[..., Browser]
) -> None:
    address = reverse("assets:asset_purge", args=[shown.workspace.key, shown.pk])
    assert browser_of(buyer).post(address).status_code == 403
    assert browser_of(outsider).post(address).status_code == 404
    page = reverse("gallery:asset_detail", args=[shown.workspace.key, shown.pk])
    assert address in browser_of(owner).get(page).content.decode()
    assert address not in browser_of(buyer).get(page).content.decode()
    stale = browser_of(owner, is_fresh=False).post(address)
    assert stale.status_code == 302
    assert Asset.objects.get().purged_at is None
    assert "for good" in browser_of(owner).get(address).content.decode()
    browser_of(owner).post(address)
    assert Asset.objects.get().purged_at is not None
    assert "was purged" in browser_of(owner).get(address).content.decode()
    assert address not in browser_of(owner).get(page).content.decode()


def test_page_says_what_is_kept_and_changes_the_rule(
    shown: Asset, owner: User, browser_of: Callable[..., Browser]
) -> None:
    browser, address = browser_of(owner), reverse("assets:originals", args=[shown.workspace.key])
    assert "Keep originals" in browser.get(address).content.decode()
    browser.post(address, {"is_on": "on", "days": "9"})
    assert AuditEntry.objects.get(action="assets.keeping_changed").after == {"keeps_originals": True, "days": 9}
    assert media_make_next()
    purge = reverse("assets:originals_purge", args=[shown.workspace.key])
    assert "1 files are kept" in browser.get(purge).content.decode()
    browser.post(purge, {"older_than_days": "0"})
    assert AuditEntry.objects.get(action="assets.originals_purged").after == {"older_than_days": 0, "files": 1}
    assert not Asset.objects.get().is_kept
