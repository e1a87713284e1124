"""The inbox: who asks, what can be answered, by whom, and what is no link."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from api_client import Quota
from dashboard.accounts.models import User, Workspace
from dashboard.agents.apply import quota_apply
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import HandOffMute, Purchase
from dashboard.credits.waiting import inbox_count
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.web.inbox import inbox_get
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
CHECKOUT_URL = "https://checkout.stripe.com/c/pay/cs_test_1#fragment"
_numbers = count(1)


@pytest.fixture
def ask() -> Callable[..., Purchase]:
    """Return a function that leaves a payment as the ledger and its status do after an agent opened it."""

    def make(claim: Claim, **fields: Any) -> Purchase:
        number, now = next(_numbers), timezone.now()
        known: dict[str, Any] = {
            "credits": 500,
            "price_cents": 500,
            "state": Purchase.State.OPEN,
            "status_at": now,
            "hand_off_url": CHECKOUT_URL,
            "quote_id": f"quote_{number}",
            "opened_at": now - timedelta(minutes=3),
        }
        origin = Purchase.Origin.AGENT
        return Purchase.objects.create(
            workspace=claim.workspace, agent=claim.agent, origin=origin, **{**known, **fields}
        )

    return make


@pytest.fixture
def inbox_page(workspace: Workspace, owner: User, browser_of: Callable[[User], Browser]) -> Callable[..., Any]:
    def get(user: User = owner) -> Any:
        return browser_of(user).get(reverse("web:inbox", args=[workspace.key]))

    return get


def test_agent_that_asks_is_named_with_its_price_and_its_link(link: Any, ask: Any, inbox_page: Any) -> None:
    ask(link())
    answer = inbox_page()
    assert "render-bot asks you to pay $5.00" in words(answer)
    assert f'href="{CHECKOUT_URL}"' in answer.content.decode()
    assert 'rel="noopener noreferrer"' in answer.content.decode()


def test_refused_address_is_no_link_and_that_is_said(link: Any, ask: Any, inbox_page: Any) -> None:
    ask(link(), hand_off_url="", hand_off_refused=True)
    answer = inbox_page()
    assert "Open checkout" not in words(answer)
    assert "Its link is not shown" in words(answer)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"quota_at": None}, "Its balance could not be read lately."),
        ({"claim_state": "revoked"}, "Image Skill has revoked this agent"),
    ],
)
def test_nobody_is_led_to_pay_for_an_agent_in_trouble(
    trouble: dict[str, Any], said: str, link: Any, ask: Any, inbox_page: Any
) -> None:
    ask(link(**trouble))
    answer = inbox_page()
    assert said in words(answer)
    assert CHECKOUT_URL not in answer.content.decode()
    assert "Not now" in words(answer)


def test_refused_token_freezes_the_hand_offs(link: Any, ask: Any, inbox_page: Any) -> None:
    claim = link()
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=timezone.now())
    ask(claim)
    assert CHECKOUT_URL not in inbox_page().content.decode()


def test_stopped_agent_gets_no_money_from_here(link: Any, ask: Any, inbox_page: Any) -> None:
    claim = link()
    Claim.objects.filter(pk=claim.pk).update(stopped_at=timezone.now())
    ask(claim)
    answer = inbox_page()
    assert "This agent is stopped." in words(answer)
    assert CHECKOUT_URL not in answer.content.decode()


def test_viewer_reads_without_buttons(link: Any, ask: Any, inbox_page: Any, viewer: User) -> None:
    ask(link())
    answer = inbox_page(viewer)
    assert "An owner or a buyer of this workspace can pay." in words(answer)
    main = answer.content.decode().partition("<main")[2]
    assert "Not now" not in main
    assert CHECKOUT_URL not in main


def test_not_now_takes_one_request_out_and_is_audited(
    link: Any, ask: Any, inbox_page: Any, buyer: User, browser_of: Any, workspace: Workspace
) -> None:
    claim = link()
    gone, kept = ask(claim), ask(claim, price_cents=700)
    answer = browser_of(buyer).post(reverse("hand_offs:dismissal", args=[workspace.key, gone.key]), follow=True)
    assert "Not now." in words(answer)
    assert [one.purchase for one in inbox_get(workspace).asks] == [kept]
    assert AuditEntry.objects.filter(action="hand_off.dismissed", subject_id=str(gone.key)).count() == 1


def test_muted_agent_asks_no_more_until_it_may_again(
    link: Any, ask: Any, owner: User, browser_of: Any, workspace: Workspace
) -> None:
    claim = link()
    ask(claim)
    browser = browser_of(owner)
    answer = browser.post(reverse("hand_offs:mute", args=[workspace.key, claim.agent.remote_id]), follow=True)
    assert "will not ask here again" in words(answer)
    assert "Let it ask again" in words(answer)
    assert inbox_get(workspace).asks == []
    browser.post(reverse("hand_offs:unmute", args=[workspace.key, claim.agent.remote_id]))
    assert len(inbox_get(workspace).asks) == 1
    assert not HandOffMute.objects.exists()


def test_request_of_another_workspace_is_not_there(link: Any, ask: Any, outsider: User, browser_of: Any) -> None:
    purchase = ask(link())
    theirs = Workspace.objects.get(memberships__user=outsider)
    answer = browser_of(outsider).post(reverse("hand_offs:dismissal", args=[theirs.key, purchase.key]))
    assert answer.status_code == 404
    purchase.refresh_from_db()
    assert purchase.dismissed_at is None


def test_what_ran_out_and_what_was_paid_stand_below(link: Any, ask: Any, inbox_page: Any) -> None:
    now, claim = timezone.now(), link()
    ask(claim, state=Purchase.State.EXPIRED)
    ask(claim, state=Purchase.State.PAID, paid_at=now, paid_source="status")
    answer = inbox_page()
    assert "Nobody paid in time; nothing was charged." in words(answer)
    assert "Expired" in words(answer)
    lights = re.findall(r'data-lit="(\w+)".*?</svg>([\w ]+)</li>', answer.content.decode())
    assert lights == [("yes", "Paid"), ("no", "Settled"), ("no", "Credits granted"), ("no", "Balance moved")]


def test_daily_cap_is_told_with_its_reset_and_not_as_a_want_of_credits(link: Any, inbox_page: Any, owner: User) -> None:
    owner.time_zone = "Europe/Berlin"
    owner.save()
    resets_at = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    link(daily_jobs_remaining=0, resets_at=resets_at)
    clock = timezone.localtime(resets_at, timezone=ZoneInfo("Europe/Berlin"))
    assert f"All jobs of today are used. Resets {clock:%H:%M} . Credits do not change that." in words(inbox_page())


def test_agent_out_of_credits_is_told_that_nothing_tops_it_up(link: Any, inbox_page: Any) -> None:
    link(free_credits=0, paid_credits=-3)
    assert "Out of credits. Automatic top-up is not possible." in words(inbox_page())


def test_top_up_advice_of_the_service_is_passed_on(link: Any, inbox_page: Any) -> None:
    claim = link(free_credits=2, paid_credits=0)
    told = {"recommended": True, "recommendation_reason": "low_remaining_credits"}
    quota = {"remaining_credits": 2, "payment_backed_remaining_credits": 0, "top_up": told}
    quota_apply(claim.agent, Quota.model_validate({"trace_id": "trace_1", **quota}), at=timezone.now())
    claim.agent.save()
    said = words(inbox_page())
    assert "Image Skill advises a top-up. Credits run low" in said
    assert "Automatic top-up is not possible" in said


@pytest.mark.parametrize(
    "told", [None, {}, {"recommended": "yes", "recommendation_reason": "x"}, {"recommended": True}]
)
def test_what_is_no_advice_is_none(told: Any, link: Any) -> None:
    agent = link(top_up_advice="credits_depleted").agent
    quota_apply(agent, Quota.model_validate({"trace_id": "trace_1", "top_up": told}), at=timezone.now())
    assert agent.top_up_advice == ""


def test_empty_inbox_says_what_will_come(link: Any, inbox_page: Any) -> None:
    link()
    said = words(inbox_page())
    assert "Nothing waits for you" in said
    assert "x402" in said


def test_navigation_counts_what_waits(link: Any, ask: Any, inbox_page: Any, workspace: Workspace) -> None:
    ask(link("render-bot"))
    link("idle-bot", free_credits=0, paid_credits=0)
    assert inbox_count(workspace) == 2
    assert "Inbox 2 waiting" in words(inbox_page(), of="nav")


@pytest.mark.parametrize("credits_left", [0, 40])
def test_agent_that_waits_for_tomorrows_jobs_is_told_of_but_not_counted(
    credits_left: int, link: Any, inbox_page: Any, workspace: Workspace, browser_of: Any, owner: User
) -> None:
    link("capped-bot", free_credits=credits_left, paid_credits=0, daily_jobs_remaining=0)
    assert inbox_count(workspace) == 0
    answer = inbox_page()
    assert "All jobs of today are used" in words(answer)
    assert "waiting" not in words(answer, of="nav")
    assert "Nothing needs you" in words(browser_of(owner).get(reverse("web:overview", args=[workspace.key])))


def test_stopped_agent_waits_for_no_credits(link: Any, inbox_page: Any, workspace: Workspace) -> None:
    claim = link("stopped-bot", free_credits=0, paid_credits=0, top_up_advice="credits_depleted")
    Claim.objects.filter(pk=claim.pk).update(stopped_at=timezone.now())
    assert inbox_count(workspace) == 0
    assert "Nothing waits for you" in words(inbox_page())


@pytest.mark.parametrize("page", ["web:overview", "web:inbox", "agents:agent_list"])
def test_every_page_counts_alike(page: str, link: Any, ask: Any, browser_of: Any, owner: User, workspace: Any) -> None:
    claim, muted = link("render-bot"), link("muted-bot")
    ask(claim)
    ask(claim)
    ask(muted)
    HandOffMute.objects.create(workspace=workspace, agent=muted.agent)
    link("idle-bot", free_credits=0, paid_credits=0)
    answer = browser_of(owner).get(reverse(page, args=[workspace.key]))
    assert "Inbox 3 waiting" in words(answer, of="nav")


@pytest.mark.parametrize("page", ["web:overview", "web:inbox", "agents:agent_list"])
def test_nothing_is_counted_where_no_agent_is(page: str, browser_of: Any, owner: User, workspace: Any) -> None:
    answer = browser_of(owner).get(reverse(page, args=[workspace.key]))
    assert "waiting" not in words(answer, of="nav")


def test_what_ran_out_is_counted_no_more(link: Any, ask: Any, workspace: Workspace) -> None:
    ask(link())
    Purchase.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert inbox_count(workspace) == 1
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert inbox_count(workspace) == 0


def test_each_workspace_counts_its_own(link: Any, ask: Any, workspace: Workspace) -> None:
    ask(link())
    other = Workspace.objects.create(key="other-studio", name="Other studio")
    assert (inbox_count(workspace), inbox_count(other)) == (1, 0)
    Claim.objects.update(workspace=other)
    Purchase.objects.update(workspace=other)
    assert (inbox_count(workspace), inbox_count(other)) == (0, 1)


def test_overview_names_who_asks(link: Any, ask: Any, browser_of: Any, owner: User, workspace: Workspace) -> None:
    ask(link())
    said = words(browser_of(owner).get(reverse("web:overview", args=[workspace.key])))
    assert "render-bot Asks you to pay $5.00" in said


def test_looking_has_the_payments_read_soon(link: Any, ask: Any, inbox_page: Any) -> None:
    purchase, later = ask(link()), timezone.now() + timedelta(minutes=15)
    SyncCursor.objects.create(stream=Stream.PURCHASE, subject_id=purchase.pk, due_at=later)
    inbox_page()
    assert SyncCursor.objects.get(stream=Stream.PURCHASE).due_at <= timezone.now()


def test_name_of_an_agent_is_data(link: Any, ask: Any, inbox_page: Any) -> None:
    ask(link('<img src=x onerror="alert(1)">'))
    body = inbox_page().content.decode()
    assert "<img src=x" not in body
    assert "&lt;img src=x" in body


def test_inbox_asks_the_database_as_often_for_many(link: Any, ask: Any, browser_of: Any, workspace: Any) -> None:
    owner = workspace.memberships.get(role="owner").user
    browser, url = browser_of(owner), reverse("web:inbox", args=[workspace.key])

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(url).status_code == 200
        return len(captured)

    def fill(rows: int) -> None:
        for number in range(rows):
            ask(link(f"bot-{number}"))
            ask(link(f"idle-{number}", daily_jobs_remaining=0), state=Purchase.State.EXPIRED)
            link(f"low-{number}", top_up_advice="low_remaining_credits")

    fill(1)
    few = asked()
    fill(20)
    assert asked() == few
