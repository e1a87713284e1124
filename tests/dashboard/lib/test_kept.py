"""What is drawn once and remembered: the same for the same values, its ages said anew, never anybody's secret."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django import forms
from django.template import Context, Template, engines
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.lib.kept import Kept, Shelf
from dashboard.lib.presentation import DAY, relative_text, relative_until

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


@pytest.mark.parametrize(
    "age", [-40 * DAY, -2 * DAY, -5_000, -90, -60, -30, -1, 0, 59, 60, 3_599, 5_000, DAY, 20 * DAY + 7]
)
def test_text_is_said_again_as_soon_as_it_changes_and_no_sooner(age: int) -> None:
    now = NOON + timedelta(seconds=age)
    until = relative_until(NOON, now)
    assert until
    assert until > now
    assert relative_text(NOON, until - timedelta(microseconds=1)) == relative_text(NOON, now)
    assert relative_text(NOON, until + timedelta(seconds=1)) != relative_text(NOON, now)


def test_date_of_long_ago_stays() -> None:
    assert relative_until(NOON, NOON + timedelta(days=31)) is None


def test_clock_that_is_set_back_is_believed() -> None:
    piece = Kept(draw("back"))
    said = [str(piece.said_at(NOON + timedelta(hours=hours))) for hours in (5, 2)]
    assert "5 h ago" in said[0]
    assert "2 h ago" in said[1]


def test_age_counts_the_hour_that_a_day_has_twice() -> None:
    before_the_clock_was_set_back = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Paris")):
        piece = Kept(draw("autumn", at=before_the_clock_was_set_back))
    said = [piece.said_at(before_the_clock_was_set_back + timedelta(minutes=minutes)) for minutes in (75, 135)]
    assert ["1 h ago" in said[0], "2 h ago" in said[1]] == [True, True]


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


def test_shelf_holds_no_more_than_it_has_room_for() -> None:
    shelf: Shelf[Kept] = Shelf(5 * Kept("x" * 5_000).size // 2)
    for number in (0, 1, 1, 2):
        shelf.put(number, Kept(str(number) * 5_000))
    assert [shelf.get(number) is not None for number in range(3)] == [False, True, True]
    shelf.put(3, Kept("x" * 1_000_000))
    assert [number for number in range(4) if shelf.get(number)] == []
    shelf.put(4, Kept("small again"))
    assert shelf.get(4)


def test_shelf_forgets_the_oldest_as_long_as_they_are_over() -> None:
    shelf: Shelf[Kept] = Shelf(4 * Kept("").size)
    pieces = [shelf.put(number, Kept("")) for number in range(4)]
    shelf.forget(lambda piece: piece in (pieces[0], pieces[1], pieces[3]))
    assert [shelf.get(number) is not None for number in range(4)] == [False, False, True, True]
    for number in (4, 5, 6):
        shelf.put(number, Kept(""))
    assert [number for number in range(7) if shelf.get(number)] == [3, 4, 5, 6]
    shelf.forget(lambda _: True)
    assert not any(shelf.get(number) for number in range(7))


def loader_reset() -> None:
    for engine in engines.all():
        for loader in engine.engine.template_loaders:  # type: ignore[attr-defined]
            loader.reset()


class Line(NamedTuple):
    name: str
    at: datetime


@pytest.fixture
def row_template(settings: Any, tmp_path: Path) -> str:
    (tmp_path / "_row.html").write_text("{% load ui %}<b>{{ row.name }}{{ more }}</b>{% moment row.at %}\n")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return "_row.html"


def test_rows_are_drawn_once_each_with_their_own_ages(row_template: str, tmp_path: Path) -> None:
    page = Template("{% load kept %}{% kept_rows name rows more=more %}")
    lines = [Line("<one>", NOON), Line("two", NOON - timedelta(days=2))]
    with time_machine.travel(NOON + timedelta(minutes=7), tick=False):
        first = page.render(Context({"name": row_template, "rows": lines, "more": "!"}))
    (tmp_path / row_template).write_text("drawn again: {{ row.name }}{{ more }}")
    loader_reset()
    with time_machine.travel(NOON + timedelta(minutes=9), tick=False):
        second = page.render(Context({"name": row_template, "rows": lines, "more": "!"}))
        other = page.render(Context({"name": row_template, "rows": lines[:1], "more": "?"}))
    assert "<b>&lt;one&gt;!</b>" in first
    assert first.index("7 min ago") < first.index("two!") < first.index("2 days ago")
    assert second == first.replace("7 min ago", "9 min ago")
    assert other == "drawn again: &lt;one&gt;?"


def test_token_and_address_are_each_requests_own_and_escaped() -> None:
    page = Template(
        "{% load kept ui %}{% kept name %}<b>{{ name }}</b>{% csrf_token %}"
        '<input name="next" value="{{ here }}">{% moment at %}{% endkept %}'
    )
    said = [
        page.render(Context({"name": "holes", "csrf_token": token, "here": here, "at": NOON}))
        for token, here in (("first", "/one/?a=1&b=2"), ("second", '/two/"><script>'))
    ]
    assert [re.findall('value="([^"]*)"', text) for text in said] == [
        ["first", "/one/?a=1&amp;b=2"],
        ["second", "/two/&quot;&gt;&lt;script&gt;"],
    ]


def test_part_without_a_token_to_give_holds_none() -> None:
    page = Template("{% load kept %}{% kept name %}{% csrf_token %}{% endkept %}")
    assert 'value=""' in page.render(Context({"name": "nobody"}))


class AskForm(forms.Form):
    agent = forms.ChoiceField(label="Agent", choices=[("a", "First")], required=False)
    text = forms.CharField(label="Text", max_length=3, required=False)


def test_fields_show_what_was_sent_what_is_wrong_and_what_may_be_chosen() -> None:
    page = Template("{% load kept %}{% kept_fields form %}")
    asked = [AskForm({}), AskForm({"text": "abc"}), AskForm({"text": "<abcd>"}), AskForm({"agent": "b"}), AskForm({})]
    asked[3].fields["agent"].choices = [("b", "Second")]  # type: ignore[attr-defined]
    drawn = [page.render(Context({"form": form})) for form in asked]
    assert [text == page.render(Context({"form": form})) for text, form in zip(drawn, asked, strict=True)] == [True] * 5
    assert drawn[0] == drawn[4]
    assert 'value="abc"' in drawn[1]
    assert "at most 3 characters" in drawn[2]
    assert "&lt;abcd&gt;" in drawn[2]
    assert '<option value="b" selected>Second</option>' in drawn[3]
    assert "First" not in drawn[3]


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
