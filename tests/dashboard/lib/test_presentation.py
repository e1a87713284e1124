"""Figures, ids and moments are said the same way everywhere, exactly, and without surprises at the edges."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.lib import presentation as say
from dashboard.lib.presentation import DAY, HOUR, MINUS, MINUTE
from dashboard.lib.words import Tone

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NODE = shutil.which("node")


def read_back(text: str) -> int:
    return int(text.replace(MINUS, "-").replace(",", "").replace("$", "").replace(".", ""))


@pytest.mark.parametrize(
    ("credits_", "text"),
    [(0, "0"), (1, "1"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567"), (-12, "\u221212")],
)
def test_credits_are_grouped_and_carry_a_true_minus(credits_: int, text: str) -> None:
    assert say.credits_text(credits_) == text


@pytest.mark.parametrize(("credits_", "text"), [(500, "+500"), (0, "0"), (-1204, "\u22121,204")])
def test_a_delta_above_zero_carries_a_plus(credits_: int, text: str) -> None:
    assert say.credits_text(credits_, is_delta=True) == text


@pytest.mark.parametrize(("credits_", "unit"), [(1, "credit"), (-1, "credit"), (0, "credits"), (2, "credits")])
def test_one_credit_is_singular(credits_: int, unit: str) -> None:
    assert say.credits_unit(credits_) == unit


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "$0.00"), (5, "$0.05"), (500, "$5.00"), (123456, "$1,234.56"), (-5, "\u2212$0.05"), (-100, "\u2212$1.00")],
)
def test_cents_become_dollars(cents: int, text: str) -> None:
    assert say.money_text(cents) == text


@given(st.integers(min_value=-(10**15), max_value=10**15), st.booleans())
def test_figures_lose_nothing(amount: int, is_delta: bool) -> None:
    assert read_back(say.credits_text(amount, is_delta=is_delta)) == amount
    assert read_back(say.money_text(amount, is_delta=is_delta)) == amount


def test_ids_keep_their_prefix_and_their_end() -> None:
    assert say.truncate_middle("agt_7f3a9c41b2e84d0c9a51c2d1") == "agt_7f3a9…c2d1"
    assert say.truncate_middle("job_81") == "job_81"


@given(st.text(), st.integers(1, 20), st.integers(1, 20))
def test_splitting_an_id_loses_nothing_and_shortens(text: str, head: int, tail: int) -> None:
    parts = say.split_middle(text, head=head, tail=tail)
    assert "".join(parts) == text
    shortened = say.truncate_middle(text, head=head, tail=tail)
    assert len(shortened) <= min(len(text), head + tail + 1)


@pytest.mark.parametrize(
    ("seconds_ago", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (MINUTE, "1 min ago"),
        (HOUR - 1, "59 min ago"),
        (HOUR, "1 h ago"),
        (DAY - 1, "23 h ago"),
        (DAY, "1 day ago"),
        (29 * DAY, "29 days ago"),
        (30 * DAY, "21 Oct 2026"),
        (-1, "in under a minute"),
        (-4 * MINUTE, "in 4 min"),
        (-3 * HOUR, "in 3 h"),
        (-DAY, "in 1 day"),
        (-60 * DAY, "19 Jan 2027"),
    ],
)
def test_moments_are_said_relative_to_now(seconds_ago: int, text: str) -> None:
    assert say.relative_text(NOW - timedelta(seconds=seconds_ago), NOW) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_has_words_of_the_right_tense(moment: datetime) -> None:
    text = say.relative_text(moment, NOW)
    assert text
    assert not (text.endswith(" ago") and moment > NOW)
    assert not (text.startswith("in ") and moment < NOW)


def test_the_exact_moment_names_its_zone() -> None:
    berlin = timezone(timedelta(hours=1), "CET")
    assert say.exact_text(NOW.astimezone(berlin)) == "20 Nov 2026, 13:00:00 CET"


@pytest.mark.parametrize(
    ("age_seconds", "tone"),
    [
        (0, Tone.NEUTRAL),
        (299, Tone.NEUTRAL),
        (300, Tone.WARN),
        (3599, Tone.WARN),
        (3600, Tone.BAD),
        (None, Tone.BAD),
        (-5, Tone.NEUTRAL),
    ],
)
def test_an_age_goes_amber_then_red(age_seconds: int | None, tone: Tone) -> None:
    assert say.age_word(age_seconds, stale_after=300, late_after=3600).tone is tone


@pytest.mark.skipif(NODE is None, reason="node is not installed: the browser's wording is not compared")
def test_the_browser_says_the_same_words() -> None:
    # A date is the server's alone to say (the browser answers null there), so only shorter distances are compared.
    near = [0, 59, 60, 3599, 3600, 86399, 86400, 30 * DAY - 1]
    seconds = sorted({sign * one for one in near for sign in (1, -1)})
    module = (ROOT / "assets/js/times.js").as_uri()
    script = f"import {{relative}} from '{module}'; console.log(JSON.stringify({seconds}.map(relative)))"
    run = subprocess.run(
        [str(NODE), "--input-type=module", "--eval", script], capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout) == [say.relative_text(NOW - timedelta(seconds=one), NOW) for one in seconds]
