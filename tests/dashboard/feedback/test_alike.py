"""Weights, likeness and time: pure rules, and what the database makes of them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.alike import FLOOD, clusters_compare
from dashboard.feedback.cited import command_of, error_code_of, ids_of, points_of
from dashboard.feedback.decisions import clusters_state_set
from dashboard.feedback.keeping import day_mark, feedback_prune
from dashboard.feedback.likeness import facts_of, likest
from dashboard.feedback.models import Cluster, DayMark, Level, Report, State, Suggestion
from dashboard.feedback.weight import HALF_LIFE, ranks_at, severity_of, weight_at
from tests.dashboard.feedback.conftest import Tell, pick, take_in, told

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_weight_is_the_product_and_halves_in_a_week() -> None:
    rank = ranks_at(severity=Level.CRITICAL, confidence=3, agents=5, last_at=NOW)
    assert weight_at(rank, NOW) == pytest.approx(8 * 3 * 5)
    assert weight_at(rank, NOW + HALF_LIFE) == pytest.approx(60)


def test_order_by_rank_is_the_order_by_weight_at_any_time() -> None:
    heavy_and_old = ranks_at(severity=Level.HIGH, confidence=3, agents=9, last_at=NOW - timedelta(days=20))
    light_and_new = ranks_at(severity=Level.LOW, confidence=1, agents=1, last_at=NOW)
    for at in (NOW, NOW + timedelta(days=300)):
        assert (weight_at(heavy_and_old, at) > weight_at(light_and_new, at)) == (heavy_and_old > light_and_new)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ([("a", 4)], Level.HIGH),
        ([("a", 4), ("a", 4), ("a", 4)], Level.HIGH),
        ([("a", 4), ("b", 2)], Level.HIGH),
        ([("a", 4), ("b", 4)], Level.CRITICAL),
        ([("a", 1)], Level.LOW),
        ([], Level.MEDIUM),
    ],
)
def test_no_agent_shouts_alone(said: list[tuple[str, int]], counts: Level) -> None:
    assert severity_of(said) == counts


@pytest.mark.django_db
def test_one_agents_loud_words_count_so_often_a_day(db: None) -> None:
    take_in(*(told(number, severity="critical") for number in range(15)))
    counted = list(Report.objects.order_by("pk").values_list("severity_counted", flat=True))
    assert (counted.count(Level.CRITICAL), counted.count(Level.MEDIUM)) == (10, 5)


def test_citations_are_read_off_the_text() -> None:
    assert ids_of(["trace:trace_1a, job_2b.", "see image_3c and job_2b"]) == ["trace_1a", "job_2b", "image_3c"]
    assert error_code_of(["it said", "QUOTA_EXCEEDED again"]) == "QUOTA_EXCEEDED"
    assert command_of("image-skill create image --seed 7") == "image-skill create image"
    assert points_of("- a log\n- [ ] a picture\n2) the seed") == ["a log", "a picture", "the seed"]
    assert points_of("a log; a picture") == ["a log", "a picture"]


def test_likest_is_the_oldest_of_those_that_are_alike_enough() -> None:
    keys = [("command", "image-skill create"), ("surface", "cli")]
    mine = facts_of("Seed is ignored on flux", keys)
    others = {
        3: facts_of("On flux, seed is ignored", [("command", "image-skill quota"), ("surface", "docs")]),
        5: facts_of("Seed is ignored on flux", keys),
        7: facts_of("Seed is ignored on flux", keys),
        9: facts_of("Checkout loses its fragment", keys),
    }
    found = likest(mine, others)
    assert found is not None
    assert (found.cluster, found.score) == (5, 100)
    assert likest(mine, {9: others[9]}) is None


def test_titles_that_were_cut_out_whole_are_not_alike() -> None:
    keys = [("surface", "cli"), ("word", "removed")]
    assert likest(facts_of("[removed]", keys), {3: facts_of("[removed]", keys)}) is None


@pytest.mark.django_db
@pytest.mark.parametrize("count", [6, FLOOD + 6])
def test_alike_are_suggested_and_never_merged(count: int, db: None) -> None:
    """One by one, and after a flood in one walk: the same pairs."""
    filler = (told(number, title=f"word{number} thing{number} item{number}") for number in range(count - 2))
    pair = (told(number, title="Upload is cut off at nine", agent_id=f"agt_{number}") for number in (9_001, 9_002))
    take_in(*filler, *pair)
    clusters_compare()
    (found,) = Suggestion.objects.all()
    assert found.cluster.title == found.like.title == "Upload is cut off at nine"
    assert found.cluster_id > found.like_id
    assert Cluster.objects.filter(report_count=1).count() == count
    assert clusters_compare() == 0


@pytest.mark.django_db
def test_text_of_what_was_decided_is_forgotten_in_time(tell: Tell, reviewer: User) -> None:
    kept, spam, done = tell(title="Kept"), tell(title="Spam"), tell(title="Done")
    clusters_state_set([pick(spam)], state=State.SPAM, user=reviewer)
    clusters_state_set([pick(done)], state=State.DONE, user=reviewer)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert feedback_prune() == 1
    with time_machine.travel(timezone.now() + timedelta(days=731)):
        assert feedback_prune() == 1
    assert list(Report.objects.exclude(title="").values_list("title", flat=True)) == ["Kept"]
    assert kept.changes.exists()


@pytest.mark.django_db
def test_day_is_marked_with_what_is_open(tell: Tell) -> None:
    tell()
    day_mark()
    day_mark()
    mark = DayMark.objects.get()
    assert mark.open_count == 1
    assert mark.weight > 0
