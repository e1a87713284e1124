"""A page that is given again is the page that would be made now, for whoever asks, in the session that asks."""

import html
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client as Browser
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from dashboard.accounts.answers import ANSWERS, KEPT_FOR
from dashboard.accounts.models import Membership, User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim
from dashboard.assets.models import Asset
from dashboard.credits.models import Purchase
from dashboard.freshness.selectors import LATE_AFTER, STALE_AFTER
from tests.dashboard.assets.gallery_rows import asset_made
from tests.dashboard.billing.desk_rows import payment_made

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PAGES = (
    "web:overview",
    "web:agent_detail",
    "activity:event_list",
    "activity:event_months",
    "gallery:gallery",
    "credits:purchase_list",
    "receipts:receipt_list",
    "balance:balance_detail",
)
DESK = "billing:desk"
_TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Time that passes only where a test lets it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def claim(link: Callable[..., Claim], tell: Callable[..., Event]) -> Claim:
    """An agent with something on every page."""
    made = link("painter")
    tell(made, "job.completed", summary="A first job.")
    work(made)
    return made


def work(claim: Claim) -> None:
    """One more picture and one more purchase, and a payment of somebody's at the desk."""
    now = timezone.now()
    asset_made(claim.workspace, claim.agent, now)
    Purchase.objects.create(
        workspace=claim.workspace, agent=claim.agent, origin="agent", opened_at=now, status_at=now, state="open"
    )
    with transaction.atomic():
        payment_made()


def address(name: str, claim: Claim) -> str:
    is_of_agent = name in ("web:agent_detail", "balance:balance_detail")
    return reverse(name, args=[] if name == DESK else [claim.workspace.key, *[claim.agent.remote_id] * is_of_agent])


def text_of(answer: Any) -> str:
    """The answer without the token, which is another each time."""
    assert answer.status_code == 200
    return _TOKEN.sub(r"\1", answer.content.decode())


def made_anew(browser: Browser, url: str) -> str:
    """The page as nobody remembers it; what was remembered is remembered afterwards."""
    kept = dict(ANSWERS._kept)
    ANSWERS.clear()
    cache.clear()
    page = text_of(browser.get(url))
    ANSWERS.clear()
    for key, answer in kept.items():
        ANSWERS.put(key, answer)
    return page


def is_given_again(browser: Browser, url: str) -> bool:
    """Whether no template is drawn for it."""
    return not browser.get(url).templates


def kept_views() -> set[str]:
    def named(resolver: URLResolver, space: str = "") -> Iterator[str]:
        for one in resolver.url_patterns:
            if isinstance(one, URLResolver):
                yield from named(one, f"{one.namespace}:" if one.namespace else space)
            elif getattr(one.callback, "is_kept_answer", False):
                yield f"{space}{one.name}"

    return set(named(get_resolver()))


def test_these_are_all_pages_that_are_kept() -> None:
    assert kept_views() == {*PAGES, DESK}


@pytest.mark.parametrize("name", [*PAGES, DESK])
def test_page_is_given_again_as_it_would_be_made(
    name: str, claim: Claim, owner: User, billing_admin: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, url = browser_of(billing_admin if name == DESK else owner), address(name, claim)
    first = text_of(browser.get(url))
    again = browser.get(url)
    assert again.templates == []
    assert first == text_of(again) == made_anew(browser, url)
    assert "no-store" in again.headers["Cache-Control"]


@pytest.mark.parametrize("name", PAGES)
def test_each_has_a_page_of_their_own_and_outsiders_none(
    name: str, claim: Claim, owner: User, viewer: User, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    url = address(name, claim)
    for user, other in ((owner, viewer), (viewer, owner), (owner, viewer)):
        page = text_of(browser_of(user).get(url))
        assert user.email in page or user.display_name in page
        assert other.email not in page
    assert browser_of(outsider).get(url).status_code == 404
    assert Browser().get(url).status_code == 302


def test_each_session_is_given_its_own_token(claim: Claim, owner: User, browser_of: Callable[[User], Browser]) -> None:
    url, tokens = address("web:overview", claim), []
    for _ in range(3):
        browser = browser_of(owner)
        (token, *others) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', browser.get(url).content.decode())
        assert set(others) <= {token}
        strict = Browser(enforce_csrf_checks=True)
        strict.cookies = browser.cookies
        answer = strict.post(reverse("web:profile_theme"), {"theme": "dark", "csrfmiddlewaretoken": token})
        assert answer.status_code == 302
        tokens.append(token)
    assert len(set(tokens)) == 3


def test_message_is_told_once(claim: Claim, owner: User, browser_of: Callable[[User], Browser]) -> None:
    browser, url = browser_of(owner), address("web:overview", claim)
    browser.get(url)
    browser.post(reverse("web:profile"), {"name": "Olga", "time_zone": "UTC", "theme": "system"})
    told = [browser.get(url).content.decode().count("Saved.") for _ in range(2)]
    assert told == [1, 0]


def test_fragment_and_page_are_two(claim: Claim, owner: User, browser_of: Callable[[User], Browser]) -> None:
    browser, url = browser_of(owner), address("web:overview", claim)
    for _ in range(2):
        assert "<html" in browser.get(url).content.decode()
        assert "<html" not in browser.get(url, headers={"X-Fragment": "1"}).content.decode()


def test_ages_are_those_of_now(
    claim: Claim, owner: User, browser_of: Callable[[User], Browser], clock: time_machine.Traveller
) -> None:
    browser, url = browser_of(owner), address("activity:event_list", claim)
    browser.get(url)
    for seconds in (5, 40):
        clock.move_to(NOON + timedelta(seconds=seconds))
        again = browser.get(url)
        assert again.templates == []
        assert text_of(again) == made_anew(browser, url)


@pytest.mark.parametrize("name", ["web:overview", "web:agent_detail", "activity:event_list"])
def test_age_is_never_of_one_colour_and_another_word(
    name: str, claim: Claim, owner: User, browser_of: Callable[[User], Browser], clock: time_machine.Traveller
) -> None:
    browser, url = browser_of(owner), address(name, claim)
    for threshold, tone in ((STALE_AFTER, "tone-warn"), (LATE_AFTER, "tone-bad")):
        # The agent was read a minute before noon.
        clock.move_to(NOON - timedelta(minutes=1) + threshold - timedelta(seconds=5))
        assert f'age {tone}"' not in text_of(browser.get(url))
        clock.shift(10)
        assert f'age {tone}"' in text_of(browser.get(url))
        assert is_given_again(browser, url)


def test_text_in_another_spelling_is_another_page(
    claim: Claim, owner: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, url = browser_of(owner), address("activity:event_list", claim)
    # As a browser that encodes nothing sends an e with an accent, and what reads the same once it is encoded.
    for spelling, text in (("text=\u00c3\u00a9", "\u00e9"), ("text=%C3%83%C2%A9", "\u00c3\u00a9")):
        assert f'value="{text}"' in html.unescape(text_of(browser.get(url, QUERY_STRING=spelling)))


def test_fragment_is_what_the_view_takes_for_one(
    claim: Claim, owner: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, url = browser_of(owner), address("web:overview", claim)
    assert "<html" in browser.get(url, headers={"X-Fragment": ""}).content.decode()
    assert "<html" not in browser.get(url, headers={"X-Fragment": "1"}).content.decode()


@pytest.mark.parametrize("passed", [KEPT_FOR, timedelta(days=-1)])
def test_no_page_is_kept_for_long_nor_from_the_future(
    passed: timedelta, claim: Claim, owner: User, browser_of: Callable[[User], Browser], clock: time_machine.Traveller
) -> None:
    browser, url = browser_of(owner), address("activity:event_list", claim)
    browser.get(url)
    assert is_given_again(browser, url)
    clock.shift(passed)
    assert not is_given_again(browser, url)


@pytest.mark.parametrize(
    ("name", "query", "status"), [("receipts:receipt_list", "since=never", 422), ("activity:event_list", "type=", 302)]
)
def test_what_is_no_page_is_not_kept(
    name: str, query: str, status: int, claim: Claim, owner: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, url = browser_of(owner), f"{address(name, claim)}?{query}"
    assert [browser.get(url).status_code for _ in range(2)] == [status, status]
    assert ANSWERS._kept == {}


WRITES: dict[str, Callable[[random.Random], object]] = {
    "an agent gets another name": lambda rng: Agent.objects.update(name=f"painter {rng.random()}"),
    "a workspace gets another name": lambda rng: Workspace.objects.update(name=f"studio {rng.random()}"),
    "credits are spent": lambda rng: Agent.objects.update(paid_credits=rng.randrange(500)),
    "work is done": lambda _rng: work(Claim.objects.get()),
    "a picture is hidden": lambda rng: Asset.objects.update(hidden_at=rng.choice([None, timezone.now()])),
    "a purchase ends": lambda rng: Purchase.objects.update(state=rng.choice(["open", "expired"])),
    "a role changes": lambda rng: Membership.objects.exclude(user__email__startswith="olga").update(
        role=rng.choice(["viewer", "buyer", "owner"])
    ),
    "a theme changes": lambda rng: User.objects.update(theme=rng.choice(["dark", "light", "system"])),
    "a zone changes": lambda rng: User.objects.update(time_zone=rng.choice(["UTC", "Asia/Kathmandu"])),
    "an agent is stopped": lambda rng: Claim.objects.update(stopped_at=rng.choice([None, timezone.now()])),
    "nothing": lambda _rng: None,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(6))
def test_page_is_the_one_of_now_whatever_happened(
    seed: int,
    claim: Claim,
    tell: Callable[..., Event],
    owner: User,
    viewer: User,
    billing_admin: User,
    browser_of: Callable[[User], Browser],
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a play, not a secret
    browsers = {user: browser_of(user) for user in (owner, viewer)}
    desk, again = browser_of(billing_admin), 0
    for _ in range(12):
        WRITES[rng.choice(list(WRITES))](rng)
        if rng.random() < 0.3:
            tell(claim, "credits.reserved", credits_delta=-1)
        readings = [(browsers[rng.choice([owner, viewer])], name) for name in rng.sample(PAGES, 4)]
        for browser, name in [*readings, (desk, DESK)]:
            url = address(name, claim)
            answer = browser.get(url)
            again += not answer.templates
            assert text_of(answer) == made_anew(browser, url)
    assert again > 0
