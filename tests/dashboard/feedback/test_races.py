"""Two reviewers, and what comes in, at the very same moment: each on a connection of its own, in real transactions."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from dashboard.accounts.models import User
from dashboard.feedback.deciding import Outcome, Stale
from dashboard.feedback.decisions import clusters_assign, clusters_state_set
from dashboard.feedback.merging import clusters_merge
from dashboard.feedback.models import Change, Cluster, Place, State
from dashboard.feedback.remarks import note_add
from tests.dashboard.agents.test_custody import at_once
from tests.dashboard.feedback.conftest import Tell, pick, take_in, told

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_reviewers_who_decide_at_once_each_item_takes_one(tell: Tell, reviewer: User, colleague: User) -> None:
    picks = [pick(tell()) for _ in range(12)]

    def decide(user: User, state: State) -> Callable[[], object]:
        return lambda: clusters_state_set(picks, state=state, user=user)

    outcomes = at_once(decide(reviewer, State.ACCEPTED), decide(colleague, State.SPAM))
    done, stale = set[int](), set[int]()
    for outcome in outcomes:
        assert isinstance(outcome, Outcome)
        assert not done & {cluster.pk for cluster in outcome.done}, "nobody's decision is overwritten"
        done |= {cluster.pk for cluster in outcome.done}
        stale |= {one.cluster.pk for one in outcome.stale}
    assert done == stale == {one.pk for one in picks}, "and whoever came second is told"
    said = {(change.cluster_id, change.after["state"]) for change in Change.objects.filter(kind=Change.Kind.STATE)}
    assert said == set(Cluster.objects.values_list("pk", "state"))


def test_state_and_assignee_decided_at_once_never_undo_each_other(tell: Tell, reviewer: User, colleague: User) -> None:
    seen_by_both = pick(tell())
    at_once(
        lambda: clusters_state_set([seen_by_both], state=State.ACCEPTED, user=reviewer),
        lambda: clusters_assign([seen_by_both], assignee=colleague, user=colleague),
    )
    cluster = Cluster.objects.get()
    assert (cluster.state, cluster.assignee) in ((State.ACCEPTED, None), (State.NEW, colleague))
    assert cluster.version == seen_by_both.version + 1


def test_two_notes_written_at_once_are_both_kept_and_counted(tell: Tell, reviewer: User, colleague: User) -> None:
    seen_by_both = pick(tell())
    at_once(
        lambda: note_add(seen_by_both.pk, text="I saw it too", user=colleague),
        lambda: note_add(seen_by_both.pk, text="So did I", user=reviewer),
    )
    cluster = Cluster.objects.get()
    assert (cluster.notes.count(), cluster.version) == (2, seen_by_both.version + 2)


def test_of_two_merges_that_cross_one_is_whole_and_the_other_is_not(
    tell: Tell, reviewer: User, colleague: User
) -> None:
    first, shared, last = (pick(tell(agent_id=f"agt_{name}")) for name in "abc")
    results = at_once(
        lambda: clusters_merge([shared, first], user=reviewer),
        lambda: clusters_merge([last, shared], user=colleague),
    )
    (merged,) = [one for one in results if isinstance(one, Cluster)]
    (refused,) = [one for one in results if isinstance(one, Stale)]
    assert refused.change is not None
    assert (merged.report_count, refused.cluster.pk) == (2, shared.pk)
    counts = Cluster.objects.exclude(place=Place.MERGED).values_list("report_count", flat=True)
    assert sorted(counts) == [1, 2]


def test_report_that_comes_during_a_merge_lies_where_the_others_went(tell: Tell, reviewer: User) -> None:
    older, newer = pick(tell(agent_id="agt_other")), pick(tell(dedupe_key="seed"))

    def arrive() -> None:
        take_in(told(99, dedupe_key="seed"))
        connection.close()

    arrival = threading.Thread(target=arrive)
    with transaction.atomic():
        clusters_merge([older, newer], user=reviewer)
        arrival.start()
        # It cannot end before this does; so long it has to come as far as it can.
        arrival.join(timeout=0.5)
        assert arrival.is_alive()
    arrival.join()
    kept = Cluster.objects.get(pk=older.pk)
    assert (kept.report_count, kept.reports.count()) == (3, 3)
    assert not Cluster.objects.get(pk=newer.pk).reports.exists()
