"""The pages of a workspace: each says what matters, is honest about what it does not know, and trusts no text."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import SpendSlot
from dashboard.agents.models import Claim, GuardrailCrossing
from dashboard.freshness.models import KnownGap, Stream
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
Link = Callable[..., Claim]
FAILING = {"error_code": "NETWORK", "error_text": "Image Skill does not answer.", "failed_at": timezone.now()}


@pytest.fixture
def browser(browser_of: Callable[[User], Browser], owner: User) -> Browser:
    return browser_of(owner)


@pytest.fixture
def open_page(browser: Browser, workspace: Workspace) -> Callable[..., Any]:
    """Return a function that opens a workspace page by name as its owner, or with another browser."""

    def get(name: str, *args: object, by: Browser = browser, **options: Any) -> Any:
        return by.get(reverse(name, args=[workspace.key, *args]), **options)

    return get


def test_overview_shows_each_agents_means(open_page: Any, link: Link) -> None:
    claim = link("poster-press")
    SpendSlot.objects.create(
        workspace=claim.workspace, agent=claim.agent, slot=int(timezone.now().timestamp()) // 900, credits_spent=1234
    )
    said = words(open_page("web:overview"))
    assert "Nothing needs you." in said
    young = "Cannot say for how long: it is known for less than a day."
    assert f"poster-press Can work. {young} 31 500 3 of 4 1,234" in said
    assert "Across 1 agent, nearest empty first. Credits belong to one agent and are not shared." in said


def test_overview_without_agents_offers_the_one_thing_to_do(open_page: Any, workspace: Workspace) -> None:
    answer = open_page("web:overview")
    assert "Your agents will appear here" in words(answer)
    assert answer.content.decode().count(reverse("agents:claim_start", args=[workspace.key])) == 1


def test_what_needs_the_sponsor_stands_first_and_the_worst_of_it_on_top(open_page: Any, link: Link) -> None:
    link("nearly-empty", free_credits=5, paid_credits=0)
    link("empty", free_credits=0, paid_credits=0)
    said = words(open_page("web:overview"))
    assert "Needs you empty Out of credits. Add credits nearly-empty Few credits left." in said


def test_jobs_reset_and_credits_only_where_free_ones_come_anew(open_page: Any, link: Link) -> None:
    link("bought", free_credits=0, paid_credits=0)
    link("free", free_credits=0, paid_credits=0, free_credits_per_day=40)
    link("busy", daily_jobs_remaining=0)
    said = words(open_page("agents:agent_list"))
    assert "bought Out of credits. \N{EN DASH}" in said
    assert "free Out of credits. Resets in 2 h ." in said
    assert "busy All jobs of today are used. Resets in 2 h ." in said


def test_agent_at_its_limit_can_be_stopped_where_that_is_said(
    open_page: Any, link: Link, workspace: Workspace, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    claim, now = link(), timezone.now()
    GuardrailCrossing.objects.create(
        workspace=workspace, agent=claim.agent, kind="credits_per_day", is_hard=True, limit=500, figure=510,
        starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), noticed_at=now,
    )  # fmt: skip
    stop = reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])
    answer = open_page("web:overview")
    assert "Reached its limit of 500 credits a day. Stop" in words(answer)
    assert answer.content.decode().count(stop) == 1
    assert stop not in open_page("web:overview", by=browser_of(viewer)).content.decode()
    Claim.objects.update(stopped_at=now)
    assert stop not in open_page("web:overview").content.decode()


def test_needs_beyond_five_are_folded(open_page: Any, link: Link) -> None:
    for number in range(7):
        link(f"empty-{number}", free_credits=0, paid_credits=0)
    assert "2 more" in words(open_page("web:overview"))


def test_service_is_called_as_the_settings_say(open_page: Any, link: Link, settings: Any) -> None:
    settings.PRODUCT_NAME = "Other Name & Co"
    claim = link("broken", cursor=FAILING)
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=timezone.now())
    for page in (open_page("web:overview"), open_page("web:agent_detail", claim.agent.remote_id)):
        said = words(page).replace(str(FAILING["error_text"]), "")
        assert "Other Name & Co" in said
        assert "Image Skill" not in said


@pytest.mark.parametrize(
    ("deltas", "said"),
    [
        ([-4, -5], "1 job, 9 credits since"),
        ([-4, None], "1 job, at least 4 credits and 1 charge not told since"),
        ([None, None], "1 job, 2 charges not told since"),
    ],
)
def test_exposed_token_page_takes_no_charge_for_nothing(
    deltas: list[int | None], said: str, open_page: Any, link: Link, tell: Any
) -> None:
    claim = link()
    tell(claim, "job.completed", status="completed")
    tell(claim, "credits.payment_backed_refunded", credits_delta=-200)
    for delta in deltas:
        tell(claim, "usage.credit_consumed", credits_delta=delta)
    assert said in words(open_page("web:token_exposed", claim.agent.remote_id))


def test_failing_sync_is_one_banner_with_its_age(open_page: Any, link: Link) -> None:
    since = timezone.now() - timedelta(hours=2)
    link("first", cursor=FAILING | {"synced_at": since})
    link("second", cursor=FAILING | {"synced_at": since + timedelta(hours=1)})
    link("third")
    answer = open_page("web:overview")
    said = words(answer)
    assert said.count("Image Skill could not be read for 2 of 3 agents since 2 h ago") == 1
    assert since.isoformat(timespec="seconds") in answer.content.decode()


def test_stale_agent_carries_its_own_age(open_page: Any, link: Link) -> None:
    link("fresh")
    link("old", cursor={"synced_at": timezone.now() - timedelta(hours=5)})
    link("new", cursor={"synced_at": None})
    said = words(open_page("web:overview"))
    assert "Agents As of 1 min ago (fresh)" in said
    assert "old As of 5 h ago (out of date)" in said
    assert "new Never read" in said


def test_figures_of_the_agent_list_carry_their_age_and_late_ones_their_own(open_page: Any, link: Link) -> None:
    link("fresh", quota_at=timezone.now() - timedelta(minutes=3))
    link("old", quota_at=timezone.now() - timedelta(hours=5))
    link("new", quota_at=None)
    said = words(open_page("agents:agent_list"))
    assert "Linked agents As of 3 min ago (fresh)" in said
    assert "new Never read Not read yet." in said
    assert "old As of 5 h ago (out of date) Can work." in said
    assert "fresh Can work." in said


def test_what_was_not_told_is_not_zero(open_page: Any, link: Link) -> None:
    link("silent", free_credits=None, paid_credits=None, daily_jobs_remaining=None)
    untold = 3 * "\N{EN DASH} "
    assert f"silent Image Skill does not tell its credits. {untold}0" in words(open_page("web:overview"))


def test_charges_of_today_that_are_not_told_are_not_zero(open_page: Any, link: Link) -> None:
    claim, slot = link("silent"), int(timezone.now().timestamp()) // 900
    SpendSlot.objects.create(workspace=claim.workspace, agent=claim.agent, slot=slot, untold=1)
    assert " \N{EN DASH} + 1 not told " in words(open_page("web:overview"))
    assert "Spent today \N{EN DASH} 1 charge not told" in words(open_page("web:agent_detail", claim.agent.remote_id))
    SpendSlot.objects.update(credits_spent=1234)
    assert " 1,234 + 1 not told " in words(open_page("web:overview"))
    assert "$12.34 and 1 charge not told" in words(open_page("web:agent_detail", claim.agent.remote_id))


@pytest.mark.parametrize("name", ["web:overview", "agents:agent_list"])
def test_viewer_sees_no_claim_button(
    name: str, open_page: Any, link: Link, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    assert "claim/" not in open_page(name, by=browser_of(viewer)).content.decode()
    link()
    assert "claim/" not in open_page(name, by=browser_of(viewer)).content.decode()
    assert "Claim an agent" in words(open_page(name))


def test_agent_page_shows_figures_identity_and_both_relations(open_page: Any, link: Link) -> None:
    claim = link(claim_state="payment_backed_unclaimed", runtime="claude-code", grants=["asset.upload"])
    said = words(open_page("web:agent_detail", claim.agent.remote_id))
    assert "Can work." in said
    assert "Free credits 31 $0.31 Paid credits 500 $5.00 Credits last Cannot say" in said
    assert "It is known for less than a day. Jobs left today 3 of 4" in said
    assert "Image Skill says Paid, no sponsor Linked here just now by Olga" in said
    assert "Runtime claude-code" in said
    assert "asset.upload" in said
    assert "What this agent does will appear here" in said


def test_agent_page_leads_to_all_activity_of_this_agent(open_page: Any, link: Link, workspace: Workspace) -> None:
    agent = link().agent
    answer = open_page("web:agent_detail", agent.remote_id).content.decode()
    assert f'{reverse("activity:event_list", args=[workspace.key])}?agent={agent.remote_id}"' in answer


def test_viewer_may_refresh_but_not_unclaim(
    open_page: Any, link: Link, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    claim = link()
    answer = open_page("web:agent_detail", claim.agent.remote_id, by=browser_of(viewer))
    assert "Refresh" in words(answer)
    assert "Unclaim" not in words(answer)
    assert "Unclaim this agent" in words(open_page("web:agent_detail", claim.agent.remote_id))


def test_failed_reading_says_what_when_and_when_again(open_page: Any, link: Link) -> None:
    due = timezone.now() + timedelta(minutes=4, seconds=30)
    claim = link(cursor=FAILING | {"due_at": due, "error_trace_id": "trace_42"})
    said = words(open_page("web:agent_detail", claim.agent.remote_id))
    assert "Image Skill does not answer. Tried again in 4 min Trace trace_42" in said


def test_refused_token_offers_one_button_to_who_may_press_it(
    open_page: Any, link: Link, viewer: User, browser_of: Callable[[User], Browser]
) -> None:
    claim = link()
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=timezone.now())
    said = words(open_page("web:agent_detail", claim.agent.remote_id))
    assert said.count("Claim it again") == 2  # the sentence, and the button
    assert "Refresh" not in said
    theirs = words(open_page("web:agent_detail", claim.agent.remote_id, by=browser_of(viewer)))
    assert "An owner of this workspace can claim it again." in theirs


def test_known_gap_is_shown(open_page: Any, link: Link) -> None:
    claim = link()
    KnownGap.objects.create(
        stream=Stream.AGENT,
        subject_id=claim.agent_id,
        after_at=timezone.now() - timedelta(days=3),
        before_at=timezone.now() - timedelta(days=2),
        reason="Image Skill showed nothing older.",
    )
    assert "From 3 days ago to 2 days ago Image Skill showed nothing older." in words(
        open_page("web:agent_detail", claim.agent.remote_id)
    )


@pytest.mark.parametrize(
    ("event_type", "status", "said"),
    [
        ("job.completed", "completed", "Finished a job"),
        ("job.completed", "failed", "A job failed"),
        ("job.completed", "canceled", "A job was canceled"),
        ("job.planned", "planned", "Planned a job render-bot A plan: nothing was made, nothing was charged."),
        ("credits.payment_backed_disputed", "", "Payment disputed"),
        ("wallet.teleported", "", "wallet.teleported Not in the contract"),
    ],
)
def test_event_is_said_in_words(
    event_type: str, status: str, said: str, open_page: Any, link: Link, tell: Callable[..., Any]
) -> None:
    tell(link(), event_type, status=status)
    text = words(open_page("activity:event_list"))
    assert said in text
    assert ("Not in the contract" in text) == (event_type == "wallet.teleported")


def test_ledger_shows_signed_credits(open_page: Any, link: Link, tell: Callable[..., Any]) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", credits_delta=-1234)
    tell(claim, "credits.payment_backed_granted", credits_delta=500)
    said = words(open_page("activity:event_list"))
    assert "\N{MINUS SIGN}1,234 credits" in said
    assert "+500 credits" in said


def test_ledger_links_the_agents_that_still_have_a_page(open_page: Any, link: Link, tell: Callable[..., Any]) -> None:
    held, gone = link("held"), link("gone")
    tell(held, "asset.created")
    tell(gone, "asset.created")
    Claim.objects.filter(pk=gone.pk).update(released_at=timezone.now())
    answer = open_page("activity:event_list")
    assert "gone" in words(answer)
    assert f"/agents/{held.agent.remote_id}/" in answer.content.decode()
    assert f"/agents/{gone.agent.remote_id}/" not in answer.content.decode()


def test_ledger_is_paged_without_losing_or_repeating_a_row(
    open_page: Any, link: Link, tell: Callable[..., Any]
) -> None:
    claim = link()
    events = {tell(claim, "asset.created").pk for _ in range(60)}
    first = open_page("activity:event_list")
    older = re.search(r'href="\?page=([^"]+)"\s+rel="next"', first.content.decode())
    assert older
    second = open_page("activity:event_list", data={"page": older[1]})
    shown = re.findall(r'id="event-(\d+)"', first.content.decode() + second.content.decode())
    assert len(shown) == 60
    assert set(map(int, shown)) == events
    assert 'rel="prev"' in second.content.decode()


def test_hostile_texts_are_inert_on_every_page(
    open_page: Any, link: Link, tell: Callable[..., Any], browser_of: Callable[[User], Browser], request: Any
) -> None:
    claim = link(HOSTILE, runtime=HOSTILE, claim_state=HOSTILE[:60], grants=[HOSTILE])
    for event_type in ("feedback.created", "credits.payment_backed_granted", HOSTILE):
        tell(claim, event_type, summary=HOSTILE, job_id="job_hostile", capability_id=HOSTILE)
    agent = claim.agent.remote_id
    answers = [
        open_page("web:overview"),
        open_page("agents:agent_list"),
        open_page("web:agent_detail", agent),
        open_page("agents:agent_release", agent),
        open_page("activity:event_list"),
        open_page("web:search", data={"q": "script"}),
        open_page("web:search", data={"q": "job_hostile"}),
        open_page("web:search", data={"q": HOSTILE + "?"}),
        browser_of(request.getfixturevalue("billing_admin")).get(reverse("billing:ledger")),
    ]
    for answer in answers:
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text


def test_search_finds_agents_by_name_and_events_by_any_id(open_page: Any, link: Link, tell: Callable[..., Any]) -> None:
    tell(link("poster-press"), "asset.created", trace_id="trace_77")
    link("render-bot")
    assert re.search(r"Agents poster-press agt_", words(open_page("web:search", data={"q": "poster"})))
    assert "Activity" in words(open_page("web:search", data={"q": "trace_77"}))
    assert "Nothing found" in words(open_page("web:search", data={"q": "nobody"}))


@pytest.mark.parametrize("name", ["web:overview", "web:agent_detail", "agents:agent_list", "activity:event_list"])
def test_navigation_marks_one_place(name: str, open_page: Any, link: Link) -> None:
    claim = link()
    args = [claim.agent.remote_id] if name == "web:agent_detail" else []
    sidebar = open_page(name, *args).content.decode().partition("<main")[0]
    assert sidebar.count('aria-current="page"') == 1


@pytest.mark.parametrize("name", ["web:overview", "web:agent_detail"])
def test_polled_part_is_the_pages_own_without_the_frame(name: str, open_page: Any, link: Link) -> None:
    claim = link()
    args = [claim.agent.remote_id] if name == "web:agent_detail" else []
    fragment = open_page(name, *args, headers={"X-Fragment": "1"})
    assert "<html" not in fragment.content.decode()
    assert words(fragment) in words(open_page(name, *args))


def test_unclaim_says_what_it_does_not_do(open_page: Any, link: Link, browser: Browser, workspace: Workspace) -> None:
    claim = link(HOSTILE)
    said = words(open_page("agents:agent_release", claim.agent.remote_id))
    assert "It keeps working and spending." in said
    assert "We forget our copy of its token" in said
    answer = browser.post(reverse("agents:agent_release", args=[workspace.key, claim.agent.remote_id]), follow=True)
    assert "is no longer linked. It keeps working and spending." in words(answer)
    assert "<script>alert" not in answer.content.decode()
