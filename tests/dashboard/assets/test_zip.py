"""One file, many as a zip, very many in the background: checked against what they were, and none silently missing."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.assets import selection_views
from dashboard.assets.models import Asset, AssetTag
from dashboard.audit.models import AuditEntry
from dashboard.catalog.models import CatalogModel
from dashboard.exports.kinds import KINDS, Order
from dashboard.exports.models import Export
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made, link_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(owner: User, workspace: Workspace, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def bot(workspace: Workspace, owner: User) -> Agent:
    return agent_made(workspace, owner)


def act(visitor: Browser, workspace: Workspace, query: str = "", **sent: Any) -> HttpResponse:
    return visitor.post(reverse("gallery:selection", args=[workspace.key]) + query, sent)


def opened(answer: Any) -> zipfile.ZipFile:
    zipped = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert zipped.testzip() is None
    return zipped


def test_original_is_the_file_that_the_agent_made(shown: Asset, visitor: Browser) -> None:
    answer: Any = visitor.get(reverse("gallery:asset_original", args=[shown.workspace.key, shown.pk]))
    body = b"".join(answer.streaming_content)
    assert hashlib.sha256(body).hexdigest() == shown.content_hash
    assert answer["Content-Length"] == str(len(body))
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], answer["Content-Security-Policy"]) == (
        "nosniff",
        "default-src 'none'; sandbox",
    )


def test_file_that_is_another_than_it_was_is_not_handed_over(shown: Asset, visitor: Browser) -> None:
    Asset.objects.update(content_hash="0" * 64)
    url = reverse("gallery:asset_original", args=[shown.workspace.key, shown.pk])
    answer = visitor.get(url, headers={"Accept": "text/html"}, follow=True)
    assert "The original file could not be had." in answer.content.decode()
    assert visitor.get(url, headers={"Accept": "image/*"}).status_code == 502


def test_busy_with_other_files_says_when_to_come_again(
    shown: Asset, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_views, "WAIT_SECONDS", 0)
    taken = [selection_views.ORIGINALS_AT_ONCE.acquire(blocking=False) for _ in range(4)]
    try:
        answer = visitor.get(reverse("gallery:asset_original", args=[shown.workspace.key, shown.pk]))
    finally:
        selection_views.ORIGINALS_AT_ONCE.release(taken.count(True))
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


def test_zip_holds_the_files_and_what_is_known_of_them(shown: Asset, visitor: Browser) -> None:
    source = asset_made(shown.workspace, shown.agent, remote_id="asset_source", url="")
    assert shown.job is not None
    link_made(shown.job, source, position=7)
    answer = act(visitor, shown.workspace, act="zip", picked=str(shown.pk))
    zipped = opened(answer)
    (row,) = json.loads(zipped.read("manifest.json"))
    assert hashlib.sha256(zipped.read(row["file"])).hexdigest() == row["sha256"] == shown.content_hash
    assert (row["asset_id"], row["agent"], row["problem"]) == (shown.remote_id, "render-bot", "")
    assert row["made_from"] == [{"asset_id": "asset_source", "kind": "input", "role": ""}]
    assert shown.remote_id in zipped.read("manifest.csv").decode()
    assert AuditEntry.objects.filter(action="assets.downloaded").count() == 1


def test_file_that_cannot_be_had_is_listed_with_the_reason(shown: Asset, visitor: Browser) -> None:
    lost = asset_made(shown.workspace, shown.agent, url="")
    changed = asset_made(shown.workspace, shown.agent, url=shown.url, content_hash="0" * 64)
    zipped = opened(act(visitor, shown.workspace, act="zip", everything="1"))
    rows = {row["asset_id"]: row for row in json.loads(zipped.read("manifest.json"))}
    assert len(rows) == 3
    assert "tells no address" in rows[lost.remote_id]["problem"]
    assert "not the one that it was" in rows[changed.remote_id]["problem"]
    names = [name for name in zipped.namelist() if name.startswith("files/")]
    assert names == [rows[shown.remote_id]["file"]]


def test_zip_takes_only_what_is_of_this_workspace(
    shown: Asset, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    theirs = outsider.memberships.get().workspace
    answer = act(browser_of(outsider), theirs, act="zip", picked=str(shown.pk))
    assert answer.status_code == 302
    assert not AuditEntry.objects.filter(action="assets.downloaded").exists()


def test_many_are_made_in_the_background(visitor: Browser, workspace: Workspace, bot: Agent, owner: User) -> None:
    made = [asset_made(workspace, bot, url="") for _ in range(selection_views.MOST_AT_ONCE + 1)]
    asset_made(workspace, bot, kind="video", url="")
    answer = act(visitor, workspace, "?kind=image", act="zip", everything="1")
    export = Export.objects.get()
    assert answer["Location"] == reverse("exports:export_detail", args=[export.key])
    product = KINDS["assets_zip"].produce(Order(owner, workspace, export.parameters, None))
    pieces = list(product.pieces)
    assert sum(piece.rows for piece in pieces) == len(made) == product.rows_total
    zipped = zipfile.ZipFile(io.BytesIO(b"".join(piece.data for piece in pieces)))
    assert {row["asset_id"] for row in json.loads(zipped.read("manifest.json"))} == {one.remote_id for one in made}


@pytest.mark.parametrize(
    ("query", "sent", "about", "said"),
    [
        ("", {"everything": "1"}, "", "Everything"),
        ("?agent={agent}", {"everything": "1"}, "Agent: render-bot", "Agent: render-bot"),
        ("?kind=image", {"picked": "{picked}"}, "51 selected one by one, of Type: Picture", "51 selected one by one"),
        ("", {"picked": "{picked}"}, "51 selected one by one", "51 selected one by one"),
    ],
)
def test_file_made_in_the_background_says_what_it_holds(
    query: str, sent: dict[str, str], about: str, said: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    made = [asset_made(workspace, bot, url="") for _ in range(selection_views.MOST_AT_ONCE + 1)]
    names = {"agent": bot.remote_id, "picked": ",".join(str(one.pk) for one in made)}
    sent = {name: value.format(**names) for name, value in sent.items()}
    answer = act(visitor, workspace, query.format(**names), act="zip", **sent)
    assert Export.objects.get().about == about
    assert said in words(visitor.get(answer["Location"]))


def test_manifest_names_the_model_that_was_told_or_says_that_none_is_known(
    workspace: Workspace, bot: Agent, visitor: Browser
) -> None:
    CatalogModel.objects.create(remote_id="fal.flux", name="Flux Dev", synced_at=timezone.now())
    job = job_made(workspace, bot, model="fal.flux")
    for about in ({"job": job}, {"model": "fal.unheard"}, {}, {"source": "uploaded"}):
        asset_made(workspace, bot, url="", **about)
    zipped = opened(act(visitor, workspace, act="zip", everything="1"))
    rows = sorted(json.loads(zipped.read("manifest.json")), key=lambda row: row["asset_id"])
    assert [(row["model_id"], row["model"]) for row in rows] == [
        ("fal.flux", "Flux Dev"),
        ("fal.unheard", "fal.unheard"),
        ("", "unknown"),
        ("", ""),
    ]


@pytest.mark.parametrize("numbers", [range(1, 2_002), range(10**9, 10**9 + 3_500)])
def test_more_than_can_be_picked_says_the_limit_and_what_to_do(
    numbers: range, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset_made(workspace, bot)
    picked = ",".join(map(str, numbers))
    answer = visitor.get(act(visitor, workspace, act="zip", picked=picked)["Location"])
    assert "at most 2,000 can be selected one by one. Tick All instead" in words(answer)
    assert "Select at least one first" not in words(answer)


def test_picked_across_pages_are_tagged_and_hidden_together(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    assets = [asset_made(workspace, bot) for _ in range(3)]
    picked = ",".join(str(one.pk) for one in assets[:2])
    act(visitor, workspace, act="tag", tag="Hero", picked=picked)
    assert set(AssetTag.objects.values_list("asset", "name")) == {(one.pk, "hero") for one in assets[:2]}
    act(visitor, workspace, "?tag=hero", act="hide", everything="1")
    assert Asset.objects.filter(hidden_at=None).get() == assets[2]
    entry = AuditEntry.objects.get(action="asset.hidden")
    assert entry.after == {"assets": 2}
    act(visitor, workspace, "?hidden=yes", act="show", everything="1")
    act(visitor, workspace, act="untag", tag="hero", everything="1")
    assert not AssetTag.objects.exists()


def test_boxes_of_a_page_work_without_a_script(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    assets = [asset_made(workspace, bot) for _ in range(2)]
    visitor.post(
        reverse("gallery:selection", args=[workspace.key]), {"act": "hide", "asset": [str(one.pk) for one in assets]}
    )
    assert not Asset.objects.filter(hidden_at=None).exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "zip"},
        {"act": "burn", "picked": "1"},
        {"act": "tag", "picked": "1", "tag": ""},
        {"act": "zip", "picked": ",".join(map(str, range(3_000)))},
        {"act": "hide", "picked": "1 OR 1=1,-3,9999999999999999999999"},
    ],
)
def test_what_means_nothing_changes_nothing(
    sent: dict[str, str], visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset_made(workspace, bot)
    assert act(visitor, workspace, **sent).status_code == 302
    assert not AuditEntry.objects.filter(action__startswith="asset").exists()


def test_viewer_may_download_and_not_curate(
    workspace: Workspace, bot: Agent, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    asset = asset_made(workspace, bot, url="", job=job_made(workspace, bot))
    browser = browser_of(viewer)
    assert act(browser, workspace, act="hide", picked=str(asset.pk)).status_code == 403
    assert opened(act(browser, workspace, act="zip", picked=str(asset.pk))).namelist() == [
        "manifest.csv",
        "manifest.json",
    ]
