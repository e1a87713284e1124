"""The gallery: by month with counts, filters in the address, a step to any month, nothing of anybody else."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.assets.gallery import PAGE_SIZE
from dashboard.assets.models import AssetTag
from dashboard.assets.selectors import MOST_TAGS
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


def test_tile_of_an_animation_says_that_it_moves(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset_made(workspace, bot, MARCH)
    assert "nimated" not in visitor.get(at(workspace)).content.decode()
    asset_made(workspace, bot, MARCH, is_animated=True)
    page = visitor.get(at(workspace)).content.decode()
    assert page.count("Animated</span>") == page.count(", animated") == 1


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


@pytest.mark.parametrize("query", ["?", "?kind=image&"])
def test_script_gets_what_is_newer_than_a_month_page_by_page_and_nothing_twice(
    query: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    old = asset_made(workspace, bot, MARCH)
    newer = [asset_made(workspace, bot, APRIL + timedelta(minutes=one)) for one in range(PAGE_SIZE + 2)]
    march = visitor.get(at(workspace, query)).context["months"][-1].cursor
    answer = visitor.get(at(workspace, f"{query}page={march}"))
    assert shown(answer) == [old.remote_id]
    risen: list[str] = []
    while above := answer.context["above"]:
        answer = visitor.get(at(workspace, f"{query}page={above}"), headers={"X-Fragment": "1"})
        risen = shown(answer) + risen
    assert risen == [one.remote_id for one in reversed(newer)]


@pytest.mark.parametrize("query", ["?", "?kind=image&"])
def test_address_of_a_page_begins_with_its_first_row_whatever_comes_above(
    query: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    # All of one moment: what comes later has the higher number.
    made = [asset_made(workspace, bot, MARCH) for _ in range(3)]
    here = visitor.get(at(workspace, query)).context["here"]
    asset_made(workspace, bot, MARCH)
    assert shown(visitor.get(at(workspace, f"{query}page={here}"))) == [one.remote_id for one in reversed(made)]


def test_nothing_stands_above_the_newest(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset_made(workspace, bot, MARCH)
    answer = visitor.get(at(workspace))
    assert 'data-newer=""' in answer.content.decode()
    answer = visitor.get(at(workspace, f"?page={answer.context['months'][0].cursor}"))
    empty = visitor.get(at(workspace, f"?page={answer.context['above']}"), headers={"X-Fragment": "1"})
    assert (shown(empty), empty.context["above"]) == ([], "")


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


@pytest.fixture
def _low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a filter find very many with four, and a month hold many with three."""
    for module in ("gallery_months", "gallery_views"):
        monkeypatch.setattr(f"dashboard.assets.{module}.COUNT_LIMIT", 3)
    monkeypatch.setattr("dashboard.assets.gallery_months.MONTH_LIMIT", 2)


@pytest.mark.usefixtures("_low_limits")
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("hidden", [None, APRIL])
def test_filter_that_finds_very_many_tells_at_least_how_many_each_month_has(
    hidden: datetime | None, zone: str, visitor: Browser, owner: User, workspace: Workspace, bot: Agent
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    # Newest first: all of May, some of April, then counted up to two; in January there is nothing of it.
    for month, assets in ((5, 1), (4, 4), (3, 3), (2, 1), (1, 0)):
        asset_made(workspace, bot, datetime(2026, month, 9, tzinfo=UTC), kind="video")
        for _ in range(assets):
            asset_made(workspace, bot, datetime(2026, month, 10, tzinfo=UTC), hidden_at=hidden)
    oldest = asset_made(workspace, bot, datetime(2024, 6, 10, tzinfo=UTC), hidden_at=hidden)
    query = "?kind=image" + ("&hidden=yes" if hidden else "")
    answer = visitor.get(at(workspace, query))
    assert "More than 3 assets" in words(answer)
    told = [(month.label, month.said) for month in answer.context["months"]]
    assert told == [
        ("May 2026", "1"),
        ("April 2026", "2+"),
        ("March 2026", "2+"),
        ("February 2026", "1"),
        ("June 2024", "1"),
    ]
    assert "April 2026 2+" in words(answer)
    last = answer.context["months"][-1].cursor
    assert shown(visitor.get(at(workspace, f"{query}&page={last}"))) == [oldest.remote_id]


@pytest.mark.usefixtures("_low_limits")
def test_months_of_very_many_cost_two_statements_more(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    def queries() -> int:
        return statements_of(lambda: visitor.get(at(workspace, "?kind=image")))

    asset_made(workspace, bot, MARCH)
    queries()
    few = queries()
    for month in (2, 3, 4, 5, 6):
        for _ in range(2):
            asset_made(workspace, bot, datetime(2026, month, 9, tzinfo=UTC))
    assert queries() == few + 2


def test_filter_by_agent_job_and_tag(visitor: Browser, workspace: Workspace, bot: Agent, owner: User) -> None:
    other = agent_made(workspace, owner, "other-bot")
    job = job_made(workspace, other)
    wanted = asset_made(workspace, other, job=job)
    asset_made(workspace, bot)
    AssetTag.objects.create(workspace=workspace, asset=wanted, name="poster")
    for query in (f"agent={other.remote_id}", f"q={job.remote_id}", "q=Poster", "tag=poster"):
        assert shown(visitor.get(at(workspace, f"?{query}"))) == [wanted.remote_id], query


def test_tags_of_the_workspace_are_proposed_by_name(
    visitor: Browser, workspace: Workspace, bot: Agent, outsider: User
) -> None:
    other = outsider.memberships.get().workspace
    theirs = asset_made(other, agent_made(other, outsider, "theirs"))
    AssetTag.objects.create(workspace=other, asset=theirs, name="secret")
    for name in ["pick", "hero", "pick", *(f"x{one:03}" for one in range(MOST_TAGS))]:
        AssetTag.objects.create(workspace=workspace, asset=asset_made(workspace, bot), name=name)
    page = visitor.get(at(workspace)).content.decode()
    proposed = re.findall(r"<option value=\"([^\"]*)\"></option>", page)
    assert proposed == ["hero", "pick", *(f"x{one:03}" for one in range(MOST_TAGS - 2))]


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
        ({"preview": "cannot_preview", "preview_problem": "denied"}, "Cannot preview Image Skill does not hand out"),
        ({"preview": "gone", "preview_problem": "gone"}, "Gone Image Skill does not have the file"),
        ({"preview": "pending", "preview_problem": "unreachable"}, "Not fetched yet The file cannot be fetched"),
        ({"preview": "pending", "reading": "missing", "problem": "It is not there."}, "Missing It is not there"),
        ({"preview": "pending", "reading": "unreadable", "problem": "It is odd."}, "Could not be read It is odd"),
        ({"kind": "audio", "preview": "tile", "preview_problem": "denied"}, "Audio Image Skill does not hand out"),
        ({"kind": "audio", "preview": "tile", "mime_type": "audio/wav"}, "Audio audio/wav"),
        ({"kind": "3d", "preview": "tile", "width": None}, "3D model"),
    ],
)
def test_what_has_no_picture_says_why(
    change: dict[str, Any], said: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset_made(workspace, bot, **change)
    assert said in words(visitor.get(at(workspace)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ", 7 credits"),
        ({"source": "uploaded", "credits": 0}, ", uploaded"),
        ({"preview": "pending"}, ", 7 credits. Being prepared"),
        ({"preview": "cannot_preview", "preview_problem": "broken"}, ". Cannot preview: The file is broken or cut off"),
        ({"reading": "missing", "problem": "Not there.", "preview": "pending"}, ". Missing: Not there"),
        ({"kind": "audio", "preview": "tile"}, "by render-bot, 7 credits"),
        ({"kind": "audio", "preview": "tile", "preview_problem": "gone"}, " not have the file"),
    ],
)
def test_a_tile_says_aloud_what_it_shows(
    change: dict[str, Any], said: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    """What names a link is all that a screen reader says of it, whatever else is drawn inside."""
    asset_made(workspace, bot, **{"credits": 7, **change})
    page = visitor.get(at(workspace)).content.decode()
    labels = re.findall(r'aria-label="([^"]* of [^"]* by render-bot[^"]*)"', page)
    assert [label.endswith(said) for label in labels] == [True]


def test_hostile_words_are_shown_inert(visitor: Browser, workspace: Workspace, owner: User) -> None:
    bad = agent_made(workspace, owner, HOSTILE)
    asset_made(workspace, bad, mime_type=HOSTILE[:90], preview="cannot_preview", preview_problem=HOSTILE[:40])
    assert "<script>alert" not in visitor.get(at(workspace)).content.decode()


def test_empty_gallery_says_what_will_be_here(visitor: Browser, workspace: Workspace) -> None:
    assert "What your agents make will appear here" in words(visitor.get(at(workspace)))
    assert "Nothing fits this filter" in words(visitor.get(at(workspace, "?tag=none")))


def test_gallery_of_which_everything_is_hidden_says_so(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    asset_made(workspace, bot, hidden_at=APRIL)
    answer = visitor.get(at(workspace))
    assert "Everything here is hidden" in words(answer)
    assert "will appear here" not in words(answer)
    assert 'href="?hidden=yes"' in answer.content.decode()


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
