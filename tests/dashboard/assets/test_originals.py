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
from dashboard.assets.keeping import keep_rule_change, kept_sum, originals_expire, originals_purge
from dashboard.assets.media import media_make_next, media_rebuild
from dashboard.assets.models import Asset
from dashboard.assets.originals import OriginalLost, original_open
from dashboard.assets.storage import original_path
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


def test_age_of_a_kept_file_is_not_renewed_as_its_picture_is_made_anew(shown: Asset) -> None:
    asset = kept(shown)
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        media_rebuild()
        assert media_make_next()
    assert Asset.objects.get().kept_at == asset.kept_at


def test_copy_that_vanished_is_promised_no_longer(shown: Asset, owner: User) -> None:
    asset = kept(shown)
    default_storage.delete(original_path(asset.workspace.key, asset.content_hash))
    keep_rule_change(workspace=asset.workspace, user=owner, is_on=False, days=None)
    media_rebuild()
    assert media_make_next()
    asset.refresh_from_db()
    assert (asset.is_kept, asset.kept_at, asset.preview) == (False, None, "ready")
    assert read(asset)


def test_originals_go_when_their_days_are_over(shown: Asset, owner: User) -> None:
    asset = kept(shown)
    keep_rule_change(workspace=asset.workspace, user=owner, is_on=True, days=30)
    assert originals_expire() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert originals_expire() == 1
    asset.refresh_from_db()
    assert (asset.is_kept, asset.preview) == (False, "ready")
    assert not default_storage.exists(original_path(asset.workspace.key, asset.content_hash))


def test_file_that_several_assets_share_counts_once(shown: Asset, owner: User) -> None:
    asset = kept(shown)
    Asset.objects.create(
        workspace=asset.workspace,
        agent=asset.agent,
        remote_id="image_twin",
        created_at=asset.created_at,
        content_hash=asset.content_hash,
        content_bytes=asset.content_bytes,
        is_kept=True,
        kept_at=asset.kept_at,
    )
    told = kept_sum(asset.workspace)
    assert (told.files, told.size, told.oldest_at) == (1, asset.content_bytes, asset.kept_at)
    assert originals_purge(workspace=asset.workspace, user=owner, older_than_days=0) == 1
    assert not default_storage.exists(original_path(asset.workspace.key, asset.content_hash))
    told = kept_sum(asset.workspace)
    assert (told.files, told.size, told.oldest_at) == (0, 0, None)


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
