"""The gallery: by month with counts, filters in the address, a step to any month, nothing of anybody else."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.assets.gallery import PAGE_SIZE
from dashboard.assets.models import AssetTag
from tests.dashboard.asking import statements_of
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8
MARCH, APRIL = datetime(2026, 3, 20, 12, tzinfo=UTC), datetime(2026, 4, 2, 12, tzinfo=UTC)


@pytest.fixture
def visitor(owner: User, workspace: Workspace, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


@pytest.fixture
def bot(workspace: Workspace, owner: User) -> Agent:
    return agent_made(workspace, owner)


def at(workspace: Workspace, query: str = "") -> str:
    return reverse("gallery:gallery", args=[workspace.key]) + query


def shown(answer: HttpResponse) -> list[str]:
    return [asset.remote_id for asset in answer.context["page"].rows]


def test_assets_stand_under_their_months_with_counts_known_before(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    for moment in (MARCH, APRIL, APRIL):
        asset_made(workspace, bot, moment, credits=9)
    answer = visitor.get(at(workspace))
    text = words(answer)
    assert "3 assets" in text
    assert "April 2026 2" in text
    assert "March 2026 1" in text
    assert text.index("April 2026") < text.index("March 2026")
    assert "render-bot, 9 credits" in answer.content.decode()


def test_room_of_a_picture_is_known_before_it_is_loaded(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset_made(workspace, bot)
    page = visitor.get(at(workspace)).content.decode()
    assert 'class="shot r-150"' in page
    assert "srcset=" in page
    assert "style=" not in page


def test_step_to_a_month_opens_the_page_that_begins_with_it(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    old, new = asset_made(workspace, bot, MARCH), asset_made(workspace, bot, APRIL)
    answer = visitor.get(at(workspace))
    months = {month.key: month.cursor for month in answer.context["months"]}
    assert shown(visitor.get(at(workspace, f"?page={months['2026-03']}"))) == [old.remote_id]
    assert shown(visitor.get(at(workspace, f"?page={months['2026-04']}"))) == [new.remote_id, old.remote_id]


def test_script_gets_the_tiles_alone_and_where_they_go_on(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    for _ in range(PAGE_SIZE + 1):
        asset_made(workspace, bot, MARCH)
    fragment = visitor.get(at(workspace), headers={"X-Fragment": "1"}).content.decode()
    assert fragment.lstrip().startswith("<div")
    assert fragment.count("data-shot=") == PAGE_SIZE
    assert 'data-older="?page=' in fragment


@pytest.mark.parametrize(
    ("query", "change"),
    [
        ("kind=video", {"kind": "video"}),
        ("source=uploaded", {"source": "uploaded"}),
        ("operation=edit", {"operation": "edit"}),
        ("capability=is.one", {"capability_id": "is.one"}),
        ("aspect=portrait", {"aspect": "portrait"}),
        ("size=large", {"width": 4_000, "height": 2_000}),
        ("cost=free", {"credits": 0}),
        ("cost=high", {"credits": 50}),
        ("since=2026-04-01", {"at": APRIL}),
        ("q=asset_wanted", {"remote_id": "asset_wanted"}),
    ],
)
def test_each_filter_finds_what_it_says(
    query: str, change: dict[str, Any], visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset_made(workspace, bot, MARCH, credits=9)
    wanted = asset_made(workspace, bot, **{"at": MARCH, "credits": 9, **change})
    assert shown(visitor.get(at(workspace, f"?{query}"))) == [wanted.remote_id]


def test_what_a_filter_finds_stands_under_its_months_with_counts_and_ways_to_them(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    for at_, kind in ((MARCH, "video"), (APRIL, "video"), (APRIL, "video"), (APRIL, "image")):
        asset_made(workspace, bot, at_, kind=kind)
    answer = visitor.get(at(workspace, "?kind=video"))
    assert [(month.label, month.assets) for month in answer.context["months"]] == [("April 2026", 2), ("March 2026", 1)]
    assert answer.context["count"] == 3
    march = answer.context["months"][1].cursor
    assert len(shown(visitor.get(at(workspace, f"?kind=video&page={march}")))) == 1


def test_filter_that_finds_very_many_says_so_without_months(
    visitor: Browser, workspace: Workspace, bot: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("gallery_months", "gallery_views"):
        monkeypatch.setattr(f"dashboard.assets.{module}.COUNT_LIMIT", 2)
    for _ in range(3):
        asset_made(workspace, bot, MARCH)
    answer = visitor.get(at(workspace, "?kind=image"))
    assert "More than 2 assets" in words(answer)
    assert answer.context["months"] == ()


def test_filter_by_agent_job_and_tag(visitor: Browser, workspace: Workspace, bot: Agent, owner: User) -> None:
    other = agent_made(workspace, owner, "other-bot")
    job = job_made(workspace, other)
    wanted = asset_made(workspace, other, job=job)
    asset_made(workspace, bot)
    AssetTag.objects.create(workspace=workspace, asset=wanted, name="poster")
    for query in (f"agent={other.remote_id}", f"q={job.remote_id}", "q=Poster", "tag=poster"):
        assert shown(visitor.get(at(workspace, f"?{query}"))) == [wanted.remote_id], query


def test_filter_is_said_in_chips_and_each_can_be_taken_away(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    answer = visitor.get(at(workspace, "?kind=image&source=generated"))
    assert "Type Picture Came by Generated Show everything" in words(answer)
    assert 'href="?source=generated"' in answer.content.decode()


def test_empty_fields_leave_the_address(visitor: Browser, workspace: Workspace) -> None:
    answer = visitor.get(at(workspace, "?q=&kind=image&page=abc&tag="))
    assert answer["Location"] == at(workspace, "?kind=image")


def test_filter_that_cannot_be_read_shows_no_pictures(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset_made(workspace, bot)
    answer = visitor.get(at(workspace, "?since=yesterday"))
    assert answer.status_code == 200
    assert "data-shot" not in answer.content.decode()


def test_gallery_of_another_workspace_shows_nothing_of_this_one(
    workspace: Workspace, bot: Agent, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    asset = asset_made(workspace, bot)
    theirs = outsider.memberships.get().workspace
    for query in ("", f"?agent={bot.remote_id}", f"?q={asset.remote_id}"):
        answer = browser_of(outsider).get(at(theirs, query))
        assert shown(answer) == []
        assert "data-shot" not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preview": "pending"}, "Being prepared"),
        ({"preview": "cannot_preview", "preview_problem": "broken"}, "broken or cut off"),
        ({"preview": "gone", "preview_problem": "gone"}, "Gone"),
        ({"kind": "audio", "preview": "tile", "mime_type": "audio/wav"}, "Audio audio/wav"),
        ({"kind": "3d", "preview": "tile", "width": None}, "3D model"),
    ],
)
def test_what_has_no_picture_says_why(
    change: dict[str, Any], said: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset_made(workspace, bot, **change)
    assert said in words(visitor.get(at(workspace)))


def test_hostile_words_are_shown_inert(visitor: Browser, workspace: Workspace, owner: User) -> None:
    bad = agent_made(workspace, owner, HOSTILE)
    asset_made(workspace, bad, mime_type=HOSTILE[:90], preview="cannot_preview", preview_problem=HOSTILE[:40])
    assert "<script>alert" not in visitor.get(at(workspace)).content.decode()


def test_empty_gallery_says_what_will_be_here(visitor: Browser, workspace: Workspace) -> None:
    assert "What your agents make will appear here" in words(visitor.get(at(workspace)))
    assert "Nothing fits this filter" in words(visitor.get(at(workspace, "?tag=none")))


@pytest.mark.parametrize("query", ["", "?kind=image"])
def test_gallery_asks_as_often_for_many_assets(query: str, visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    def queries() -> int:
        return statements_of(lambda: visitor.get(at(workspace, query)))

    asset_made(workspace, bot, MARCH)
    queries()
    few = queries()
    for _ in range(70):
        asset_made(workspace, bot, APRIL)
    assert queries() == few <= MOST_QUERIES
