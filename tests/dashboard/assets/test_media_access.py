"""Small pictures are for members of their workspace, and never anything but pictures."""

from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_url
from dashboard.assets.storage import preview_path

pytestmark = pytest.mark.django_db


def url_of(asset: Asset, width: int = 320) -> str:
    return preview_url(asset.workspace.key, asset, width)


def test_member_gets_a_picture_and_nothing_else(
    shown: Asset, owner: User, buyer: User, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    for user in (owner, buyer, viewer):
        answer = browser_of(user).get(url_of(shown))
        body = b"".join(answer)
        assert (answer.status_code, answer["Content-Type"], body[8:12]) == (200, "image/webp", b"WEBP")
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert (answer["X-Content-Type-Options"], answer["Cross-Origin-Resource-Policy"]) == ("nosniff", "same-origin")


def test_nobody_else_learns_that_it_is_there(
    shown: Asset, outsider: User, operator: User, browser_of: Callable[..., Browser]
) -> None:
    own = Workspace.objects.get(memberships__user=outsider)
    assert browser_of(outsider).get(url_of(shown)).status_code == 404
    # The picture of another workspace under the address of one's own.
    assert browser_of(outsider).get(preview_url(own.key, shown, 320)).status_code == 404
    assert browser_of(operator).get(url_of(shown)).status_code == 404
    signed_out = browser_of(None).get(url_of(shown))
    assert signed_out.status_code == 302
    assert signed_out["Location"].startswith("/account/login/")


@pytest.mark.parametrize("name", ["key", "width", "number"])
def test_address_that_names_no_picture_of_ours_is_not_there(
    name: str, shown: Asset, owner: User, browser_of: Callable[..., Browser]
) -> None:
    right = {"workspace_key": shown.workspace.key, "number": shown.pk, "width": 320, "preview_key": shown.preview_key}
    wrong = {"key": {"preview_key": "0" * 34}, "width": {"width": 321}, "number": {"number": shown.pk + 1}}[name]
    assert browser_of(owner).get(reverse("assets:preview", kwargs=right | wrong)).status_code == 404


def test_width_that_was_not_made_is_not_there(shown: Asset, owner: User, browser_of: Callable[..., Browser]) -> None:
    Asset.objects.update(preview_largest=320)
    assert browser_of(owner).get(url_of(shown, 640)).status_code == 404


def test_picture_that_somebody_has_is_not_sent_again(
    shown: Asset, owner: User, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(owner)
    first = browser.get(url_of(shown))
    b"".join(first)
    again = browser.get(url_of(shown), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["Cache-Control"]) == (304, b"", first["Cache-Control"])
    # Also without its file: the address names the content.
    default_storage.delete(preview_path(shown.workspace.key, shown.preview_key, 320))
    assert browser.get(url_of(shown), headers={"If-None-Match": first["ETag"]}).status_code == 304
    assert browser.get(url_of(shown)).status_code == 404


def test_somebody_who_is_no_member_any_more_gets_no_304(
    shown: Asset, buyer: User, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(buyer)
    first = browser.get(url_of(shown))
    b"".join(first)
    shown.workspace.memberships.filter(user=buyer).delete()
    assert browser.get(url_of(shown), headers={"If-None-Match": first["ETag"]}).status_code == 404


def test_picture_is_not_packed_on_its_way(shown: Asset, owner: User, browser_of: Callable[..., Browser]) -> None:
    answer = browser_of(owner).get(url_of(shown), headers={"Accept-Encoding": "gzip"})
    assert len(b"".join(answer)) == int(answer["Content-Length"])
