"""One asset large: who, with what, for how much, from what; what is not told is said to be unknown."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.activity.references import references_apply
from dashboard.agents.models import Agent
from dashboard.assets.models import Asset, AssetTag
from dashboard.audit.models import AuditEntry
from dashboard.catalog.models import CatalogModel
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made, link_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 8


@pytest.fixture
def visitor(owner: User, workspace: Workspace, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def bot(workspace: Workspace, owner: User) -> Agent:
    return agent_made(workspace, owner)


def at(asset: Asset, name: str = "asset_detail", query: str = "") -> str:
    return reverse(f"gallery:{name}", args=[asset.workspace.key, asset.pk]) + query


def test_three_lines_say_agent_model_and_credits(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    about = {"capability_id": "is.one", "modality": "image", "synced_at": timezone.now()}
    CatalogModel.objects.create(remote_id="fal.flux", name="Flux Dev", **about)
    asset = asset_made(workspace, bot, capability_id="is.one", credits=5)
    text = words(visitor.get(at(asset)))
    assert "Agent render-bot Made with Flux Dev Cost 5 credits" in text
    assert "Not shown: Image Skill never returns prompts" in text


def test_what_is_not_told_is_unknown(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    text = words(visitor.get(at(asset_made(workspace, bot, width=None, preview="tile", kind="audio"))))
    assert "Made with unknown" in text
    assert "Size not told" in text
    assert "Why this model unknown" in text
    assert "It stands alone" in text


def test_safety_trace_and_selection_are_those_of_the_job(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    job = job_made(workspace, bot, safety_status="allowed", trace_id="trace_9", selection={"reason": "draft"})
    text = words(visitor.get(at(asset_made(workspace, bot, job=job))))
    assert "Safety allowed" in text
    assert "trace_9" in text
    assert "reason draft" in text


def test_lineage_leads_from_source_to_result(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    source = asset_made(workspace, bot)
    job = job_made(workspace, bot)
    link_made(job, source)
    link_made(job, None, "mask", remote_id="asset_elsewhere", position=1)
    here, sibling = asset_made(workspace, bot, job=job), asset_made(workspace, bot, job=job)
    later = job_made(workspace, bot)
    link_made(later, here, "reference")
    result = asset_made(workspace, bot, job=later)
    page = visitor.get(at(here)).content.decode()
    for relative in (source, sibling, result):
        assert f'href="{at(relative)}"' in page
    text = words(visitor.get(at(here)))
    assert "Mask: Not in this workspace asset_elsewhere" in text
    assert "Made after it: Picture" in text


def test_many_relatives_are_counted_not_drawn(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    job = job_made(workspace, bot)
    assets = [asset_made(workspace, bot, job=job) for _ in range(10)]
    assert "4 more siblings" in words(visitor.get(at(assets[0])))


def test_neighbours_are_those_of_the_gallery_it_was_opened_from(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    now = timezone.now()
    kinds = ("image", "video", "image", "image")
    made = [asset_made(workspace, bot, now - timedelta(days=day), kind=kind) for day, kind in enumerate(kinds)]
    view = visitor.get(at(made[2], query="?kind=image")).context["view"]
    assert (view.newer, view.older) == (made[0].pk, made[3].pk)
    view = visitor.get(at(made[2])).context["view"]
    assert (view.newer, view.older) == (made[1].pk, made[3].pk)
    assert f"{at(made[3])}?kind=image" in visitor.get(at(made[2], query="?kind=image")).content.decode()


def test_charge_of_the_job_stands_with_its_line_of_the_ledger(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    now = timezone.now()
    job = job_made(workspace, bot)
    about = {"occurred_at": now, "synced_at": now, "type": "usage.credit_consumed", "job_id": job.remote_id}
    event = Event.objects.create(
        workspace=workspace, agent=bot, remote_id="evt_1", summary="Took 5", credits_delta=-5, **about
    )
    references_apply([event])
    answer = visitor.get(at(asset_made(workspace, bot, job=job)))
    text = words(answer)
    assert "Took 5 \N{MINUS SIGN}5 credits" in text
    assert "cannot be said: the balance was not read before and after" in text
    assert reverse("activity:event_detail", args=[workspace.key, event.pk]) in answer.content.decode()


def test_tag_is_given_found_and_taken_away(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset = asset_made(workspace, bot)
    visitor.post(at(asset, "asset_tags"), {"tag": "  Hero   Shot "})
    visitor.post(at(asset, "asset_tags"), {"tag": "hero shot"})
    assert list(AssetTag.objects.values_list("name", flat=True)) == ["hero shot"]
    assert "hero shot" in words(visitor.get(at(asset)))
    visitor.post(at(asset, "asset_tags"), {"tag": "hero shot", "remove": "1"})
    assert not AssetTag.objects.exists()
    actions = AuditEntry.objects.filter(subject_kind="asset").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["asset.tagged", "asset.untagged"]


@pytest.mark.parametrize("tag", ["", "a,b", "x" * 41, "a\x00b"])
def test_tag_that_is_none_is_refused(tag: str, visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    visitor.post(at(asset_made(workspace, bot), "asset_tags"), {"tag": tag})
    assert not AssetTag.objects.exists()


def test_hidden_asset_leaves_the_gallery_and_its_counts_and_comes_back(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset, _ = asset_made(workspace, bot), asset_made(workspace, bot)
    gallery = reverse("gallery:gallery", args=[workspace.key])
    visitor.post(at(asset, "asset_hiding"))
    assert visitor.get(gallery).context["count"] == 1
    assert [one.pk for one in visitor.get(f"{gallery}?hidden=yes").context["page"].rows] == [asset.pk]
    assert "Hidden from the gallery" in words(visitor.get(at(asset)))
    visitor.post(at(asset, "asset_hiding"), {"show": "1"})
    assert visitor.get(gallery).context["count"] == 2
    assert AuditEntry.objects.filter(action="asset.shown").count() == 1


def test_viewer_may_look_and_change_nothing(
    workspace: Workspace, bot: Agent, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    asset, browser = asset_made(workspace, bot), browser_of(viewer)
    page = browser.get(at(asset)).content.decode()
    assert "Hide from this gallery" not in page
    assert "Add tag" not in page
    assert browser.post(at(asset, "asset_hiding")).status_code == 403


@pytest.mark.parametrize("name", ["asset_detail", "asset_original", "asset_tags", "asset_hiding"])
def test_asset_of_another_workspace_is_not_there(
    name: str, workspace: Workspace, bot: Agent, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    asset = asset_made(workspace, bot, url="https://media.example/x.png")
    theirs, browser = outsider.memberships.get().workspace, browser_of(outsider)
    ask = browser.post if name in ("asset_tags", "asset_hiding") else browser.get
    not_yours = ask(reverse(f"gallery:{name}", args=[theirs.key, asset.pk]), {"tag": "mine"})
    not_there = ask(reverse(f"gallery:{name}", args=[theirs.key, 999_999]), {"tag": "mine"})
    assert (not_yours.status_code, not_there.status_code) == (404, 404)
    asset.refresh_from_db()
    assert (asset.hidden_at, asset.tags.count()) == (None, 0)


def test_page_asks_as_often_for_many_relatives(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    def queries(asset: Asset) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert visitor.get(at(asset)).status_code == 200
        return len(captured)

    def family(sources: int) -> Asset:
        job, later = job_made(workspace, bot), job_made(workspace, bot)
        for place in range(sources):
            link_made(job, asset_made(workspace, bot), position=place)
        here, *_ = [asset_made(workspace, bot, job=job) for _ in range(sources)]
        link_made(later, here)
        for _ in range(sources):
            asset_made(workspace, bot, job=later)
        return here

    small, large = family(1), family(12)
    queries(small)
    assert queries(large) == queries(small) <= MOST_STATEMENTS


def drawn(view: Any) -> list[tuple[int, int]]:
    return [(node.x, node.y) for node in view.drawing.nodes]


def test_drawing_lays_no_two_relatives_on_each_other(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    job = job_made(workspace, bot)
    for place in range(4):
        link_made(job, asset_made(workspace, bot), position=place)
    here, *_ = [asset_made(workspace, bot, job=job) for _ in range(3)]
    view = visitor.get(at(here)).context["view"]
    places = drawn(view)
    assert len(set(places)) == len(places) == 7
    assert all(0 <= x <= view.drawing.width and 0 <= y <= view.drawing.height for x, y in places)
