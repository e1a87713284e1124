"""The tags show hostile texts inert, keep the whole id on the page, and say moments in the viewer's zone."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lib.templatetags import ui

HOSTILE = "\"><script>alert(1)</script>\u202e&amp;'x"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# A parser reads a lone carriage return as a line feed and replaces NUL; neither changes what a person sees.
printable = st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs",)), min_size=1)


class Page(HTMLParser):
    """What a browser would make of a fragment: its tags, its attributes, its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def one(self, tag: str) -> dict[str, str | None]:
        [attributes] = [attributes for name, attributes in self.tags if name == tag]
        return attributes


def render(source: str, **context: Any) -> Page:
    return Page(Template("{% load ui %}" + source).render(Context(context)))


@given(printable)
def test_an_id_stays_whole_and_inert(text: str) -> None:
    page = Page(ui.ident(text))
    assert page.text == text
    assert {tag for tag, _ in page.tags} <= {"span", "bdi", "button", "svg", "use"}
    assert page.one("bdi")["title"] == text
    assert page.one("button")["data-copy"] == "", "it copies what stands before it"


@given(printable)
def test_an_unknown_state_stays_inert(raw: str) -> None:
    page = Page(ui.state("claim_state", raw))
    assert {tag for tag, _ in page.tags} == {"span", "svg", "use", "bdi"}
    assert page.tags[0][1]["title"] == raw


def test_hostile_labels_cannot_leave_their_attribute() -> None:
    assert Page(ui.icon("agents", HOSTILE)).one("svg")["aria-label"] == HOSTILE
    assert Page(ui.copy_button(HOSTILE, HOSTILE)).one("button")["title"] == HOSTILE


def test_a_known_state_is_a_word_with_the_raw_value_on_hover() -> None:
    page = render('{% state "claim_state" raw %}', raw="payment_backed_unclaimed")
    assert page.text == "Paid, no sponsor"
    assert page.one("span") == {"class": "badge tone-info", "title": "payment_backed_unclaimed"}


def test_an_icon_beside_words_is_silent_and_one_alone_speaks() -> None:
    assert Page(ui.icon("agents")).one("svg") == {"class": "icon", "aria-hidden": "true"}
    assert Page(ui.icon("close", "Close menu")).one("svg") == {
        "class": "icon",
        "role": "img",
        "aria-label": "Close menu",
    }


@pytest.mark.parametrize(
    ("source", "text", "title"),
    [
        ("{% credits 500 %}", "500 credits", "$5.00"),
        ("{% credits 1 %}", "1 credit", "$0.01"),
        ("{% credits 500 sign=True unit=False %}", "+500", "+$5.00"),
        ("{% credits -12 sign=True %}", "\u221212 credits", "\u2212$0.12"),
    ],
)
def test_credits_show_one_unit_and_the_other_on_hover(source: str, text: str, title: str) -> None:
    page = render(source)
    assert page.text == text
    assert page.tags[0][1]["title"] == title


@pytest.mark.parametrize("source", ["{% credits none %}", "{% money none %}", "{% moment none %}", "{% ident none %}"])
def test_what_was_not_told_is_a_dash_and_never_zero(source: str) -> None:
    page = render(source, none=None)
    assert page.text == "\N{EN DASH}"
    assert page.one("span")["title"] == "Not told"


def test_money_is_exact() -> None:
    assert render("{% money -1250 sign=True %}").text == "\u2212$12.50"


@time_machine.travel(NOW, tick=False)
def test_a_moment_is_relative_and_exact_in_the_viewers_zone() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        page = render("{% moment at %}", at=NOW - timedelta(minutes=4))
    assert page.text == "4 min ago"
    stamp = page.one("time")
    assert stamp["datetime"] == "2026-11-20T11:56:00+00:00"
    assert stamp["title"] == "20 Nov 2026, 12:56:00 CET"
    assert stamp["tabindex"] == "0"


@pytest.mark.parametrize(
    ("minutes", "tone", "text"),
    [
        (4, "tone-neutral", "As of 4 min ago(fresh)"),
        (10, "tone-warn", "As of 10 min ago(stale)"),
        (120, "tone-bad", "As of 2 h ago(out of date)"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_an_age_stamp_says_how_old_and_how_bad(minutes: int, tone: str, text: str) -> None:
    page = render("{% age at 600 7200 %}", at=NOW - timedelta(minutes=minutes))
    stamp = page.tags[0][1]
    assert page.text == text
    assert tone in (stamp["class"] or "")
    assert (stamp["data-stale-after"], stamp["data-late-after"]) == ("600", "7200")


def test_what_was_never_read_is_said_so() -> None:
    page = render("{% age at 600 7200 %}", at=None)
    assert page.text == "Never read"
    assert "tone-bad" in (page.tags[0][1]["class"] or "")


@pytest.mark.parametrize(
    ("level", "tone"), [("success", "good"), ("warning", "warn"), ("error", "bad"), ("info", "info"), ("", "info")]
)
def test_messages_carry_the_tone_of_their_level(level: str, tone: str) -> None:
    assert ui.level_tone(level) == tone
