"""Reviewers decide, merge, split and take back; nobody's decision is ever overwritten unseen."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.feedback.deciding import FeedbackRefused, Stale
from dashboard.feedback.decisions import (
    Snooze,
    clusters_assign,
    clusters_show,
    clusters_snooze,
    clusters_state_set,
)
from dashboard.feedback.keeping import sleepers_wake
from dashboard.feedback.merging import clusters_merge, reports_split
from dashboard.feedback.models import Change, Cluster, Place, State
from dashboard.feedback.undoing import NOT_ANY_MORE, last_press_undo
from tests.dashboard.feedback.conftest import Tell, pick

pytestmark = pytest.mark.django_db


def test_second_of_two_reviewers_is_told_and_overwrites_nothing(tell: Tell, reviewer: User, colleague: User) -> None:
    cluster = tell()
    seen_by_both = pick(cluster)
    assert clusters_state_set([seen_by_both], state=State.ACCEPTED, user=reviewer).done == [cluster]
    outcome = clusters_state_set([seen_by_both], state=State.SPAM, user=colleague)
    assert outcome.done == []
    (stale,) = outcome.stale
    assert stale.change is not None
    assert (stale.cluster, stale.change.by) == (cluster, reviewer)
    cluster.refresh_from_db()
    assert cluster.state == State.ACCEPTED


def test_of_many_those_that_stand_still_are_changed(tell: Tell, reviewer: User, colleague: User) -> None:
    first, second = tell(), tell()
    picks = [pick(first), pick(second)]
    clusters_assign([pick(second)], assignee=colleague, user=colleague)
    outcome = clusters_state_set(picks, state=State.TRIAGED, user=reviewer)
    assert (outcome.done, [stale.cluster for stale in outcome.stale]) == ([first], [second])


def test_history_says_who_when_and_why_and_cannot_be_changed(tell: Tell, reviewer: User) -> None:
    cluster = tell()
    clusters_state_set([pick(cluster)], state=State.WONT_DO, user=reviewer, why="By design")
    change = cluster.changes.latest("pk")
    assert (change.by, change.why, change.before["state"], change.after["state"]) == (
        reviewer,
        "By design",
        "new",
        "wont_do",
    )
    for touch in (lambda: Change.objects.update(why=""), lambda: Change.objects.all().delete()):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            touch()
    assert AuditEntry.objects.get(action="feedback.state").actor_id == reviewer.pk


def test_merge_gathers_reports_and_a_split_takes_some_out(tell: Tell, reviewer: User) -> None:
    old, new, third = tell(agent_id="agt_a"), tell(agent_id="agt_b"), tell(agent_id="agt_c")
    target = clusters_merge([pick(third), pick(new), pick(old)], user=reviewer)
    assert (target, target.report_count, target.agent_count) == (old, 3, 3)
    new.refresh_from_db()
    assert (new.state, new.place, new.merged_into) == (State.DUPLICATE, Place.MERGED, old)
    chosen = list(old.reports.exclude(agent_remote_id="agt_a").values_list("pk", flat=True))
    apart = reports_split(pick(old), report_ids=chosen, user=reviewer)
    old.refresh_from_db()
    assert (old.report_count, apart.report_count, apart.state) == (1, 2, State.TRIAGED)
    with pytest.raises(FeedbackRefused):
        reports_split(pick(apart), report_ids=chosen, user=reviewer)


def test_undone_merge_is_as_before(tell: Tell, reviewer: User) -> None:
    old, new = tell(agent_id="agt_a"), tell(agent_id="agt_b")
    clusters_merge([pick(old), pick(new)], user=reviewer)
    last_press_undo(reviewer)
    for cluster in (old, new):
        cluster.refresh_from_db()
        assert (cluster.state, cluster.place, cluster.report_count, cluster.merged_into) == ("new", "open", 1, None)
    assert new.keys.filter(name="agent", value="agt_b").exists()


def test_undone_split_is_as_before(tell: Tell, reviewer: User) -> None:
    cluster = tell(dedupe_key="seed")
    tell(dedupe_key="seed")
    first = cluster.reports.order_by("pk").values_list("pk", flat=True)[:1]
    apart = reports_split(pick(cluster), report_ids=list(first), user=reviewer)
    last_press_undo(reviewer)
    cluster.refresh_from_db()
    apart.refresh_from_db()
    assert (cluster.report_count, apart.place) == (2, Place.MERGED)


def test_merging_a_later_report_into_what_is_done_regresses_it(tell: Tell, reviewer: User) -> None:
    done = tell(agent_id="agt_a")
    clusters_state_set([pick(done)], state=State.DONE, user=reviewer)
    again = tell(agent_id="agt_b", at=timezone.now() + timedelta(seconds=1))
    clusters_merge([pick(done), pick(again)], user=reviewer)
    done.refresh_from_db()
    assert done.state == State.REGRESSED


def test_undo_takes_a_whole_press_back_and_only_ones_own(tell: Tell, reviewer: User, colleague: User) -> None:
    first, second = tell(), tell()
    clusters_state_set([pick(first), pick(second)], state=State.SPAM, user=reviewer)
    with pytest.raises(FeedbackRefused):
        last_press_undo(colleague)
    assert len(last_press_undo(reviewer)) == 2
    assert set(Cluster.objects.values_list("state", flat=True)) == {State.NEW}
    with pytest.raises(FeedbackRefused):
        last_press_undo(reviewer)


def test_nothing_is_undone_over_a_colleagues_decision(tell: Tell, reviewer: User, colleague: User) -> None:
    cluster = tell()
    clusters_state_set([pick(cluster)], state=State.ACCEPTED, user=reviewer)
    clusters_state_set([pick(cluster)], state=State.DONE, user=colleague)
    with pytest.raises(Stale):
        last_press_undo(reviewer)
    cluster.refresh_from_db()
    assert cluster.state == State.DONE


def test_after_ten_minutes_nothing_is_undone(tell: Tell, reviewer: User) -> None:
    cluster = tell()
    clusters_state_set([pick(cluster)], state=State.SPAM, user=reviewer)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)), pytest.raises(FeedbackRefused):
        last_press_undo(reviewer)
    assert "any more" in NOT_ANY_MORE


@pytest.mark.parametrize("snooze", [Snooze(reports=1), Snooze(agents=1)])
def test_sleeper_wakes_when_enough_have_come(tell: Tell, reviewer: User, snooze: Snooze) -> None:
    cluster = tell(dedupe_key="seed")
    clusters_snooze([pick(cluster)], snooze=snooze, user=reviewer)
    cluster.refresh_from_db()
    assert cluster.place == Place.ASLEEP
    other = tell(dedupe_key="seed") if snooze.reports else tell(agent_id="agt_other")
    if other != cluster:
        clusters_merge([pick(cluster), pick(other)], user=reviewer)
    cluster.refresh_from_db()
    assert cluster.place == Place.OPEN
    assert cluster.changes.filter(kind=Change.Kind.WOKEN, by=None).exists()


def test_sleeper_wakes_when_its_time_has_come(tell: Tell, reviewer: User) -> None:
    cluster = tell()
    until = timezone.now() + timedelta(days=3)
    clusters_snooze([pick(cluster)], snooze=Snooze(until=until), user=reviewer)
    assert sleepers_wake() == 0
    with time_machine.travel(until + timedelta(minutes=1)):
        assert sleepers_wake() == 1
    cluster.refresh_from_db()
    assert (cluster.place, cluster.snoozed_until) == (Place.OPEN, None)


def test_private_is_for_security_reviewers_alone(tell: Tell, reviewer: User, security: User) -> None:
    cluster = tell()
    clusters_state_set([pick(cluster)], state=State.PRIVATE, user=reviewer)
    assert clusters_state_set([pick(cluster)], state=State.SPAM, user=reviewer).done == []
    clusters_state_set([pick(cluster)], state=State.ACCEPTED, user=security)
    cluster.refresh_from_db()
    # Decided, and still for their eyes alone.
    assert (cluster.state, cluster.place) == (State.ACCEPTED, Place.PRIVATE)
    clusters_show([pick(cluster)], user=security)
    assert clusters_state_set([pick(cluster)], state=State.DONE, user=reviewer).done == [cluster]
