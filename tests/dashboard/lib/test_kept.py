"""What is drawn once and remembered: the same for the same values, its ages said anew, never anybody's secret."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.lib.kept import Kept, Shelf

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PART = Template("{% load kept ui %}{% kept name %}<b>{{ name }}{{ other }}</b>{% moment at %}{% endkept %}")


def draw(name: str, other: str = "", at: datetime = NOON) -> str:
    return PART.render(Context({"name": name, "other": other, "at": at}))


def test_inside_is_drawn_once_for_the_same_values() -> None:
    assert "<b>one first</b>" in draw("one ", "first")
    assert "<b>one first</b>" in draw("one ", "second")
    assert "<b>two second</b>" in draw("two ", "second")


def test_age_is_said_anew() -> None:
    with time_machine.travel(NOON + timedelta(minutes=4), tick=False):
        assert ">4 min ago</time>" in draw("aging")
    with time_machine.travel(NOON + timedelta(hours=3), tick=False):
        assert ">3 h ago</time>" in draw("aging")


def test_exact_moment_is_the_viewers_own() -> None:
    seen = []
    for zone in ("UTC", "Asia/Tokyo"):
        with timezone.override(ZoneInfo(zone)):
            seen.append(draw("zoned"))
    assert "12:00:00 UTC" in seen[0]
    assert "21:00:00 JST" in seen[1]


def test_text_that_looks_like_a_moment_stays_as_it_is() -> None:
    fake = '<time class="moment" datetime="2020-01-01T00:00:00+00:00" data-relative>never</time>'
    assert "&gt;never&lt;/time&gt;" in draw(fake)


def test_text_beyond_ascii_reads_the_same() -> None:
    assert Kept("<b>\N{MINUS SIGN}5 \N{SNOWMAN}</b>").said_at(NOON) == "<b>&#8722;5 &#9731;</b>"


def test_shelf_holds_no_more_than_its_size() -> None:
    shelf: Shelf[int] = Shelf(2)
    for number in range(3):
        shelf.put(number, str(number))
    assert [shelf.get(number) is not None for number in range(3)] == [False, True, True]


@pytest.mark.django_db
def test_nobody_is_given_another_ones_frame_or_token(
    workspace: Workspace, owner: User, viewer: User, outsider: User, browser_of: Callable[[User], Browser]
) -> None:
    url = reverse("web:profile")
    for user in (owner, viewer, outsider, owner):
        browser = browser_of(user)
        page = browser.get(url)
        token, text = str(page.context["csrf_token"]), page.content.decode()
        assert text.count(f'value="{token}"') == text.count("csrfmiddlewaretoken")
        for other in {owner, viewer, outsider} - {user}:
            assert other.email not in text
        strict = Browser(enforce_csrf_checks=True)
        strict.cookies = browser.cookies
        assert (
            strict.post(reverse("web:profile_theme"), {"theme": "dark", "csrfmiddlewaretoken": token}).status_code
            == 302
        )


@pytest.mark.django_db
def test_renamed_workspace_and_changed_role_show_at_once(
    workspace: Workspace, owner: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, url = browser_of(owner), reverse("web:overview", args=[workspace.key])
    audit = reverse("web:audit_log", args=[workspace.key])
    assert audit in browser.get(url).content.decode()
    Workspace.objects.update(name="Another name")
    owner.memberships.update(role="viewer")
    text = browser.get(url).content.decode()
    assert "Another name" in text
    assert audit not in text
