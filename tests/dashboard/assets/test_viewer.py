"""One asset large: who, with what, for how much, from what; what is not told is said to be unknown."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
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
from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.assets.models import Asset, AssetTag, Job
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


# Its agent was not asked since: it is stopped, or of another workspace.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LATER = LONG_AGO + timedelta(days=1)


def at(asset: Asset, name: str = "asset_detail", query: str = "") -> str:
    return reverse(f"gallery:{name}", args=[asset.workspace.key, asset.pk]) + query


def test_three_lines_say_agent_model_and_credits(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    about = {"capability_id": "is.one", "modality": "image", "synced_at": timezone.now()}
    CatalogModel.objects.create(remote_id="fal.flux", name="Flux Dev", **about)
    asset = asset_made(workspace, bot, capability_id="is.one", credits=5)
    text = words(visitor.get(at(asset)))
    assert "Agent render-bot Made with Flux Dev Cost 5 credits" in text
    assert "Not shown: Image Skill never returns prompts" in text


def catalogued(remote_id: str, name: str, capability_id: str = "is.one") -> None:
    about = {"capability_id": capability_id, "modality": "image", "synced_at": timezone.now()}
    CatalogModel.objects.create(remote_id=remote_id, name=name, **about)


@pytest.mark.parametrize(
    ("told", "capability", "said"),
    [
        # The capability is that of two models: it names none of them.
        ("fal.flux", "is.shared", "Flux Dev"),
        ("fal.unheard", "is.alone", "fal.unheard"),
        ("", "is.alone", "Alone"),
        ("", "is.shared", "is.shared"),
        ("", "", "unknown"),
    ],
)
@pytest.mark.parametrize("is_of_job", [True, False])
def test_model_is_the_one_that_was_told_then_the_one_behind_its_capability(
    told: str, capability: str, said: str, is_of_job: bool, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    catalogued("fal.flux", "Flux Dev", "is.shared")
    catalogued("fal.other", "Other", "is.shared")
    catalogued("fal.alone", "Alone", "is.alone")
    job = job_made(workspace, bot, capability_id=capability, **({"model": told} if is_of_job else {}))
    asset = asset_made(workspace, bot, job=job, capability_id=capability, **({} if is_of_job else {"model": told}))
    assert f"Made with {said} Cost" in words(visitor.get(at(asset)))


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
    assert "Mask: Not in this workspace asset_elsewhere Not here" in text
    assert "Made after it: Picture" in text


def test_another_agent_s_asset_of_the_same_id_is_no_relative(
    visitor: Browser, workspace: Workspace, bot: Agent, owner: User
) -> None:
    here, other = asset_made(workspace, bot), agent_made(workspace, owner, "other-bot")
    job = job_made(workspace, other)
    link_made(job, asset_made(workspace, other, remote_id=here.remote_id))
    asset_made(workspace, other, job=job)
    assert "It stands alone" in words(visitor.get(at(here)))


def walked(visitor: Browser, asset: Asset, text: str) -> set[int]:
    """Return what the gallery shows where the link of this text on an asset's page leads to."""
    page = visitor.get(at(asset)).content.decode()
    link = re.search(rf'href="([^"]*)">{re.escape(text)}</a>', page)
    assert link, f"no link says {text}"
    return {one.pk for one in visitor.get(link[1]).context["page"].rows}


def test_relatives_that_are_not_drawn_are_walked_to(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    # Another's relative, which none of the three columns has.
    link_made(job_made(workspace, bot), asset_made(workspace, bot))
    job = job_made(workspace, bot)
    sources = [asset_made(workspace, bot) for _ in range(8)]
    for place, source in enumerate(sources):
        link_made(job, source, position=place)
    here, *siblings = [asset_made(workspace, bot, job=job) for _ in range(10)]
    uses = []
    for _ in range(9):
        later = job_made(workspace, bot)
        link_made(later, here)
        uses.append(asset_made(workspace, bot, job=later))
    assert walked(visitor, here, "2 more sources") == {one.pk for one in sources}
    assert walked(visitor, here, "4 more siblings") == {one.pk for one in (here, *siblings)}
    assert walked(visitor, here, "3 more uses") == {one.pk for one in uses}


def test_more_relatives_than_are_read_are_at_least_so_many(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    here = asset_made(workspace, bot)
    for _ in range(52):
        later = job_made(workspace, bot)
        link_made(later, here)
        asset_made(workspace, bot, job=later)
    assert len(walked(visitor, here, "44+ more uses")) == 52
    answer = visitor.get(f"{reverse('gallery:gallery', args=[workspace.key])}?made_from={here.remote_id}")
    assert f"Made from {here.remote_id}" in words(answer)


def test_relatives_of_another_workspace_are_not_walked_to(
    workspace: Workspace, bot: Agent, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    job, source = job_made(workspace, bot), asset_made(workspace, bot)
    link_made(job, source)
    asset_made(workspace, bot, job=job)
    theirs = reverse("gallery:gallery", args=[outsider.memberships.get().workspace.key])
    for query in (f"made_from={source.remote_id}", f"used_by={job.remote_id}"):
        assert browser_of(outsider).get(f"{theirs}?{query}").context["page"].rows == []


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


def test_crumb_leads_to_where_the_asset_stands(visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    now, gallery = timezone.now(), reverse("gallery:gallery", args=[workspace.key])
    newest, asset, older = (asset_made(workspace, bot, now - timedelta(days=day)) for day in range(3))
    page = visitor.get(at(asset, query="?kind=image")).content.decode()
    found = re.search(rf'href="({gallery}\?kind=image&amp;page=[^"]+)"', page)
    assert found
    assert list(visitor.get(unescape(found[1])).context["page"].rows) == [asset, older]
    assert f'href="{gallery}?kind=image"' in visitor.get(at(newest, query="?kind=image")).content.decode()


def test_selection_leads_back_to_where_the_gallery_was_looked_at(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    now, gallery = timezone.now(), reverse("gallery:selection", args=[workspace.key])
    _, asset, older = (asset_made(workspace, bot, now - timedelta(days=day)) for day in range(3))
    said = {"act": "hide", "picked": str(asset.pk), "at": str(asset.pk)}
    answer = visitor.post(f"{gallery}?kind=image", said, follow=True)
    assert list(answer.context["page"].rows) == [older]
    assert visitor.post(gallery, {"at": str(asset.pk)}, follow=True).context["page"].rows == [older]


def test_place_in_another_workspace_is_none(visitor: Browser, workspace: Workspace, bot: Agent, outsider: User) -> None:
    other = outsider.memberships.get().workspace
    theirs, mine = asset_made(other, agent_made(other, outsider, "theirs")), asset_made(workspace, bot)
    said = {"act": "tag", "tag": "Hero", "picked": str(mine.pk), "at": str(theirs.pk)}
    answer = visitor.post(reverse("gallery:selection", args=[workspace.key]), said)
    assert answer["Location"] == reverse("gallery:gallery", args=[workspace.key])


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
    assert reverse("web:event_detail", args=[workspace.key, event.pk]) in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"released_at": LATER}, "the agent is not linked here any more."),
        ({"claimed_at": LATER}, "they were taken before the agent was linked here as it is now."),
        ({}, "the balance was not read before and after them."),
    ],
)
def test_who_paid_is_not_said_for_the_reason_that_is_true(
    change: dict[str, Any], why: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    job = job_made(workspace, bot)
    about = {"occurred_at": LONG_AGO, "synced_at": LONG_AGO, "type": "usage.credit_consumed", "job_id": job.remote_id}
    event = Event.objects.create(workspace=workspace, agent=bot, remote_id="evt_1", credits_delta=-5, **about)
    references_apply([event])
    Claim.objects.update(**{"claimed_at": LONG_AGO, **change})
    text = words(visitor.get(at(asset_made(workspace, bot, job=job))))
    assert f"Where these credits came from cannot be said: {why}" in text


def test_charges_of_a_job_are_added_up_and_paid_for_together(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    now = timezone.now()
    Claim.objects.filter(agent=bot).update(claimed_at=now - timedelta(hours=9))
    QuotaSnapshot.objects.create(agent=bot, taken_at=now - timedelta(hours=4), free_credits=40, paid_credits=0)
    QuotaSnapshot.objects.create(agent=bot, taken_at=now, free_credits=20, paid_credits=0)
    job, other = job_made(workspace, bot), job_made(workspace, bot)

    def charge(of: Job, delta: int | None, hours: int) -> None:
        about = {"type": "usage.credit_consumed", "job_id": of.remote_id, "synced_at": now, "credits_delta": delta}
        event = Event.objects.create(
            workspace=workspace, agent=bot, remote_id=f"evt_{hours}", occurred_at=now - timedelta(hours=hours), **about
        )
        references_apply([event])

    charge(job, -5, 3)
    charge(other, -8, 2)
    charge(job, -7, 1)
    asset = asset_made(workspace, bot, job=job)
    text = words(visitor.get(at(asset)))
    assert "All together \N{MINUS SIGN}12 credits" in text
    assert "12 credits from free credits" in text
    charge(job, None, 0)
    assert "All together, as far as told \N{MINUS SIGN}12 credits" in words(visitor.get(at(asset)))


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


@pytest.mark.parametrize("tag", ["", "   ", "a,b", "x" * 41, "a\x00b", "ß" * 40])
def test_tag_that_is_none_is_refused(tag: str, visitor: Browser, workspace: Workspace, bot: Agent) -> None:
    visitor.post(at(asset_made(workspace, bot), "asset_tags"), {"tag": tag})
    assert not AssetTag.objects.exists()


def test_tag_that_grows_in_small_letters_is_refused_with_the_reason(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    asset = asset_made(workspace, bot)
    answer = visitor.post(at(asset, "asset_tags"), {"tag": "ß" * 21}, follow=True)
    assert "In small letters this one has 42: ß becomes ss." in words(answer)
    gallery = reverse("gallery:selection", args=[workspace.key])
    answer = visitor.post(gallery, {"act": "tag", "tag": "ß" * 40, "picked": str(asset.pk)}, follow=True)
    assert "In small letters this one has 80" in words(answer)
    visitor.post(at(asset, "asset_tags"), {"tag": "ß" * 20})
    assert AssetTag.objects.get().name == "s" * 40


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


@pytest.mark.parametrize(
    ("about", "is_shown"),
    [
        ({"mime_type": "image/png"}, True),
        ({"mime_type": "image/svg+xml"}, False),
        ({"mime_type": "text/html"}, False),
        ({"mime_type": "image/png", "width": 20_000, "height": 10_000}, False),
        ({"mime_type": "image/png", "url": ""}, False),
    ],
)
def test_zoom_goes_to_the_file_only_where_it_is_a_picture_that_a_browser_can_hold(
    about: dict[str, Any], is_shown: bool, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    big = {"width": 3_000, "height": 2_000, "preview_largest": 1280, "url": "https://media.example/x.png"}
    asset = asset_made(workspace, bot, **{**big, **about})
    answer = visitor.get(at(asset))
    assert (f'data-original="{at(asset, "asset_original")}"' in answer.content.decode()) is is_shown
    assert answer.context["view"].zoom.width == 1_280


def test_zoom_needs_no_file_where_a_small_picture_has_all_its_pixels(
    visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    about = {"width": 600, "height": 400, "mime_type": "image/png", "url": "https://media.example/x.png"}
    assert visitor.get(at(asset_made(workspace, bot, **about))).context["view"].zoom is None


@pytest.mark.parametrize(
    ("url", "is_shown", "why"),
    [("https://media.example/x.gif", True, "could not be had"), ("", False, "cannot be shown here")],
)
def test_zoom_of_a_small_animation_plays_the_file(
    url: str, is_shown: bool, why: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    about = {"width": 600, "height": 400, "mime_type": "image/gif", "is_animated": True, "url": url}
    asset = asset_made(workspace, bot, **about)
    answer = visitor.get(at(asset))
    page = answer.content.decode()
    assert (f'data-original="{at(asset, "asset_original")}"' in page) is is_shown
    assert ("Enter zooms and plays it" in page) is is_shown
    assert f"It stands still: the original {why}." in words(answer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preview": "pending", "preview_problem": "unreachable"}, "Last asked 1 h ago Asked again in 20 min"),
        ({"preview": "cannot_preview", "preview_problem": "denied"}, "Last asked 1 h ago Asked again in 20 min"),
        ({"preview": "pending", "preview_problem": "internal"}, "Asked again in 20 min"),
        ({"preview": "gone", "preview_problem": "gone", "preview_due_at": None}, "Last asked 1 h ago Not asked again"),
        ({"reading": "missing", "preview": "pending"}, "Last asked 1 h ago Asked again in 2 h"),
        ({"reading": "missing", "preview": "pending", "due_at": None}, "Last asked 1 h ago Not asked again"),
        ({"reading": "missing", "preview": "pending", "due_at": LONG_AGO}, "1 h ago Waits to be asked again"),
    ],
)
def test_what_cannot_be_had_says_when_it_was_asked_for_and_will_be(
    change: dict[str, Any], said: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    now = timezone.now() + timedelta(seconds=30)
    times = {
        "asked_at": now - timedelta(hours=1, minutes=1),
        "preview_due_at": now + timedelta(minutes=20),
        "due_at": now + timedelta(hours=2),
    }
    assert said in words(visitor.get(at(asset_made(workspace, bot, **times | change))))


@pytest.mark.parametrize("preview", ["pending", "cannot_preview"])
def test_what_nobody_asked_in_vain_tells_no_time(
    preview: str, visitor: Browser, workspace: Workspace, bot: Agent
) -> None:
    problem = "" if preview == "pending" else "broken"
    asset = asset_made(workspace, bot, preview=preview, preview_problem=problem, asked_at=timezone.now())
    text = words(visitor.get(at(asset)))
    assert "asked" not in text.casefold()
