"""What the insight page tells of the desk: every figure worked out by hand from a small history."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User
from dashboard.feedback.decisions import clusters_state_set
from dashboard.feedback.insight import DAYS, Day, Speed, Worker, insight_get
from dashboard.feedback.keeping import day_mark
from dashboard.feedback.merging import clusters_merge
from dashboard.feedback.models import Cluster, State
from dashboard.feedback.undoing import last_press_undo
from tests.dashboard.feedback.conftest import Tell, pick
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def decide() -> Callable[..., None]:
    """Return a function that decides on clusters so many hours after noon."""

    def at(hours: int, state: State, user: User, *clusters: Cluster) -> None:
        with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
            clusters_state_set([pick(one) for one in clusters], state=state, user=user)

    return at


def test_volume_counts_reports_by_their_day_in_utc(tell: Tell, reviewer: User) -> None:
    for at in ("2026-06-15T00:00:00Z", "2026-06-14T23:59:59Z", "2026-06-14T03:00:00Z", "2026-04-01T12:00:00Z"):
        tell(at=datetime.fromisoformat(at))
    insight = insight_get(reviewer)
    assert [(day.day.day, day.reports) for day in insight.days[-3:]] == [(13, 0), (14, 2), (15, 1)]
    assert (len(insight.days), insight.reports) == (DAYS, 3)


def test_times_to_look_and_to_decision_are_medians_of_what_got_there(
    tell: Tell, reviewer: User, decide: Callable[..., None]
) -> None:
    quick, usual, slow, _waiting = (tell(at=NOON, severity="low") for _ in range(4))
    decide(1, State.DONE, reviewer, quick)
    decide(2, State.ACCEPTED, reviewer, usual)
    decide(9, State.WONT_DO, reviewer, slow)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        insight = insight_get(reviewer)
    # Accepted is looked at, not decided.
    assert (insight.to_look, insight.to_decide) == (timedelta(hours=2), timedelta(hours=5))
    assert insight.by_severity == [Speed("low", 4, timedelta(hours=4), timedelta(hours=5))]


def test_surfaces_and_severities_stand_apart_the_worst_and_the_most_frequent_first(
    tell: Tell, reviewer: User, decide: Callable[..., None]
) -> None:
    first, *_ = tell(at=NOON, surface=["cli", "docs"], severity="high"), tell(at=NOON, surface=["cli"], severity="low")
    decide(3, State.DONE, reviewer, first)
    insight = insight_get(reviewer)
    assert [(one.name, one.clusters, one.to_look) for one in insight.by_severity] == [
        ("high", 1, timedelta(hours=3)),
        ("low", 1, None),
    ]
    assert [(one.name, one.clusters, one.to_decide) for one in insight.by_surface] == [
        ("cli", 2, timedelta(hours=3)),
        ("docs", 1, timedelta(hours=3)),
    ]


def test_open_weight_is_what_each_day_left_behind(tell: Tell, reviewer: User) -> None:
    tell(at=NOON - timedelta(days=7), severity="high", confidence="high")
    tell(at=NOON, severity="low", confidence="medium")
    day_mark()
    # 4 x 3 has halved once, 1 x 2 is new.
    assert insight_get(reviewer).days[-1] == Day(date(2026, 6, 15), 1, 2, 8.0)
    assert insight_get(reviewer).days[-2] == Day(date(2026, 6, 14), 0, None, None)


def test_regressions_are_listed_the_heaviest_first(tell: Tell, reviewer: User, decide: Callable[..., None]) -> None:
    keyed = [{"dedupe_key": f"key-{name}", "title": name, "severity": name} for name in ("low", "high")]
    fixed = [tell(at=NOON - timedelta(hours=2), **said) for said in keyed]
    decide(-1, State.DONE, reviewer, *fixed)
    for said in keyed:
        tell(at=NOON, agent_id="agt_render", **said)
    assert [cluster.title for cluster in insight_get(reviewer).regressions] == ["high", "low"]


def test_reviewers_are_counted_by_what_they_did_and_did_not_take_back(
    tell: Tell, reviewer: User, colleague: User, decide: Callable[..., None]
) -> None:
    one, other, third, fourth = (tell(at=NOON - timedelta(hours=2)) for _ in range(4))
    decide(0, State.ACCEPTED, colleague, one)
    clusters_merge([pick(third), pick(fourth)], user=colleague)
    decide(0, State.DONE, reviewer, other)
    last_press_undo(reviewer)
    assert insight_get(reviewer).workers == [Worker(colleague.display_name, 1, 0, 1)]


def test_page_shows_an_empty_desk_without_inventing_figures(
    reviewer: User, browser_of: Callable[[User | None], Browser]
) -> None:
    said = words(browser_of(reviewer).get(reverse("feedback:insight")))
    assert "\N{EN DASH}" in said
