"""A kept original in parts, as players ask for it; any other file comes whole."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User
from dashboard.assets.keeping import keep_rule_change
from dashboard.assets.media import media_make_next
from dashboard.assets.models import Asset
from dashboard.assets.ranges import part_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(shown: Asset, browser_of: Callable[[User], Browser]) -> Callable[..., HttpResponse]:
    """Return a function that asks for the file of a picture, with headers of its own."""
    owner = shown.workspace.memberships.get(role="owner").user

    def asked(**headers: str) -> HttpResponse:
        url = reverse("gallery:asset_original", args=[shown.workspace.key, shown.pk])
        return browser_of(owner).get(url, headers={"accept": "*/*", **headers})

    return asked


@pytest.fixture
def kept(shown: Asset) -> Asset:
    owner = shown.workspace.memberships.get(role="owner").user
    keep_rule_change(workspace=shown.workspace, user=owner, is_on=True, days=None)
    assert media_make_next()
    shown.refresh_from_db()
    return shown


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", range(1)),
        ("bytes=90-", range(90, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-1000", range(100)),
        ("bytes=50-1000", range(50, 100)),
        ("bytes=100-", range(0)),
        ("bytes=-0", range(0)),
        *((ignored, None) for ignored in ("", "bytes=-", "bytes=9-3", "bytes=0-1,4-5", "lines=0-1", "bytes=²-")),
    ],
)
def test_header_means_bytes_of_the_file_or_is_ignored(header: str, part: range | None) -> None:
    assert part_of(header, 100) == part


def test_part_of_a_kept_file_is_sent_alone(kept: Asset, ask: Callable[..., HttpResponse]) -> None:
    whole = ask()
    assert (whole.status_code, whole["Accept-Ranges"]) == (200, "bytes")
    part, file = ask(range="bytes=5-14"), whole.getvalue()
    assert (part.status_code, part.getvalue()) == (206, file[5:15])
    assert (part["Content-Range"], part["Content-Length"]) == (f"bytes 5-14/{len(file)}", "10")
    for name in ("Content-Type", "Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options", "ETag"):
        assert part[name] == whole[name]


def test_part_behind_the_end_is_refused_with_the_size(kept: Asset, ask: Callable[..., HttpResponse]) -> None:
    answer = ask(range="bytes=99999999-")
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{kept.content_bytes}")


def test_whole_file_comes_where_the_other_parts_are_of_another(kept: Asset, ask: Callable[..., HttpResponse]) -> None:
    asked = {"range": "bytes=0-9"}
    assert ask(**asked, **{"if-range": f'"{kept.content_hash}"'}).status_code == 206
    whole = ask(**asked, **{"if-range": '"another"'})
    assert (whole.status_code, len(whole.getvalue())) == (200, kept.content_bytes)


def test_file_that_is_not_kept_comes_whole(ask: Callable[..., HttpResponse]) -> None:
    answer = ask(range="bytes=0-9")
    assert (answer.status_code, len(answer.getvalue())) == (200, int(answer["Content-Length"]))
    assert "Accept-Ranges" not in answer
