"""An original in parts, as players ask for it, whether it is kept or not."""

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
# What a part says as the whole does.
ALIKE = (
    *("Accept-Ranges", "Content-Type", "Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options"),
    *("ETag", "Cache-Control"),
)


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
    for name in ALIKE:
        assert part[name] == whole[name]


def test_part_behind_the_end_is_refused_with_the_size(kept: Asset, ask: Callable[..., HttpResponse]) -> None:
    answer = ask(range="bytes=99999999-")
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{kept.content_bytes}")
    assert answer.getvalue() == b""


def test_whole_file_comes_where_the_other_parts_are_of_another(kept: Asset, ask: Callable[..., HttpResponse]) -> None:
    asked = {"range": "bytes=0-9"}
    part = ask(**asked, **{"if-range": f'"{kept.content_hash}"'})
    assert (part.status_code, len(part.getvalue())) == (206, 10)
    whole = ask(**asked, **{"if-range": '"another"'})
    assert (whole.status_code, len(whole.getvalue())) == (200, kept.content_bytes)


def test_part_of_a_file_that_is_not_kept_is_sent_as_of_a_kept_one(
    shown: Asset, ask: Callable[..., HttpResponse]
) -> None:
    assert not shown.is_kept
    whole = ask()
    part, file = ask(range="bytes=5-14"), whole.getvalue()
    assert (part.status_code, part.getvalue(), part["Content-Length"]) == (206, file[5:15], "10")
    assert (part["Content-Range"], part["ETag"]) == (f"bytes 5-14/{len(file)}", f'"{shown.content_hash}"')
    for name in ALIKE:
        assert part[name] == whole[name]
    behind = ask(range="bytes=99999999-")
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{len(file)}")
    assert behind.getvalue() == b""
    another = ask(range="bytes=5-14", **{"if-range": '"another"'})
    assert (another.status_code, another.getvalue()) == (200, file)


def test_no_part_leaves_of_a_file_that_is_another_by_now(shown: Asset, ask: Callable[..., HttpResponse]) -> None:
    Asset.objects.update(content_hash="0" * 64)
    assert ask(range="bytes=0-1").status_code == 502
