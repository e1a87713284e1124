"""One message for each crossing and one when it recovers, whatever breaks, repeats or happens at once in between."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.agents.services import claim_release
from dashboard.alerts import facts, sweep
from dashboard.alerts.facts import Fact
from dashboard.alerts.kinds import DAILY_CAP, LOW_BALANCE
from dashboard.alerts.mails import mails_compose
from dashboard.alerts.models import Alert, Crossing, Delivery, SweepMark
from dashboard.alerts.sweep import kind_sweep
from dashboard.freshness.models import KnownGap, Outage, Stream, SyncCursor
from dashboard.notify.models import OutboxMail
from tests.dashboard.alerts.conftest import (
    assert_each_level_is_taken_back_once,
    credits_set,
    expected,
    mailed,
    said,
    swept,
)
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Killed(Exception):
    """The process dies before its transaction is over."""


STEPS = st.lists(
    st.tuples(st.integers(-10, 140), st.sampled_from(["sweep", "twice", "killed", "overtaken", "not at all"])),
    max_size=14,
)


@settings(WITH_FIXTURES, max_examples=25)
@given(steps=STEPS)
def test_no_history_of_figures_loses_or_doubles_a_message(steps: list[tuple[int, str]], one_claim: Claim) -> None:
    with transaction.atomic():
        seen: list[int] = []
        for balance, way in steps:
            credits_set(one_claim, balance)
            seen += _play(way, balance)
        assert said() == expected(seen)
        assert_each_level_is_taken_back_once()
        # A second mail is composed when the first one is on its way.
        mailed(), mailed()
        assert set(Delivery.objects.values_list("state", "attempts")) <= {("sent", 1), ("queued", 1)}
        assert Delivery.objects.count() == len(said())
        numbers = Crossing.objects.order_by("pk").values_list("alert", "number")
        assert len(set(numbers)) == len(numbers)
        transaction.set_rollback(True)


def _play(way: str, balance: int) -> list[int]:
    """Sweep in one of the ways that a scheduler can; return the figures that were seen to the end."""
    if way == "not at all":
        return []
    if way == "killed":
        with pytest.raises(Killed):
            _die_unsaved()
    if way == "overtaken":
        assert kind_sweep(LOW_BALANCE, _overtaken) == 0
    else:
        kind_sweep(LOW_BALANCE, facts.low_balance)
    if way == "twice":
        kind_sweep(LOW_BALANCE, facts.low_balance)
        mails_compose()
    return [balance]


def _die_unsaved() -> None:
    with transaction.atomic():
        kind_sweep(LOW_BALANCE, facts.low_balance)
        mails_compose()
        raise Killed


def _overtaken(now: datetime) -> Iterator[Fact]:
    """Read, and write only after another scheduler has read the same and written it."""
    read = list(facts.low_balance(now))
    kind_sweep(LOW_BALANCE, facts.low_balance)
    yield from read


def test_old_reading_that_is_late_undoes_nothing(held: Any) -> None:
    """A slow scheduler read 500 credits; the quick one has seen 0 since. Nothing recovers that has not."""
    claim = held()

    def slow(now: datetime) -> Iterator[Fact]:
        read = list(facts.low_balance(now))
        credits_set(claim, 0)
        kind_sweep(LOW_BALANCE, facts.low_balance)
        yield from read

    kind_sweep(LOW_BALANCE, slow)
    assert said() == [("opened", 3)]
    assert Alert.objects.get().is_open


@pytest.mark.django_db(transaction=True)
@pytest.mark.services
def test_two_schedulers_at_once_make_one_message(held: Any, owner: User) -> None:
    for number in range(20):
        credits_set(held(f"agent-{number}"), 0)
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait()
        try:
            kind_sweep(LOW_BALANCE, facts.low_balance)
            mails_compose()
        finally:
            connection.close()

    for _ in range(2):
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said() == [("opened", 3)] * 20
    assert OutboxMail.objects.count() == 1
    assert Delivery.objects.filter(state="queued", user=owner).count() == 20


def test_unknown_and_frozen_figures_change_nothing(held: Any) -> None:
    claim = held()
    credits_set(claim, 0)
    swept()
    Agent.objects.update(free_credits=None, paid_credits=None)
    swept()
    Claim.objects.update(stopped_at=timezone.now())
    credits_set(claim, 500)
    swept()
    assert said() == [("opened", 3)]
    Claim.objects.update(stopped_at=None)
    swept()
    assert said()[1:] == [("recovered", 3)]


def test_agent_that_is_unlinked_ends_its_alerts_without_a_message(held: Any, owner: User) -> None:
    claim = held()
    credits_set(claim, 0)
    swept()
    claim_release(claim=claim, user=owner)
    swept()
    assert said() == [("opened", 3)]
    assert Alert.objects.get().ending == "lapsed"


def test_daily_cap_and_token_and_negative_balance_come_and_go(held: Any) -> None:
    claim = held(daily_jobs_remaining=0)
    swept()
    assert list(Alert.objects.values_list("kind", flat=True)) == ["daily_cap"]
    Agent.objects.update(daily_jobs_remaining=5, paid_credits=-40)
    swept()
    owed = Alert.objects.get(kind="negative_balance", audience="workspace")
    assert owed.figures == {"credits": -40}
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=timezone.now())
    swept()
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=None)
    Agent.objects.update(paid_credits=500)
    swept()
    assert not Alert.objects.filter(ended_at=None).exists()
    assert set(Alert.objects.values_list("ending", flat=True)) == {"recovered"}
    owed.refresh_from_db()
    assert owed.figures == {"credits": -40}
    assert Crossing.objects.get(alert=owed, change="recovered").figures == {"credits": 500}


def test_stale_agents_are_one_alert_of_their_workspace(held: Any) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(3):
            held(f"agent-{number}")
        clock.shift(timedelta(hours=3))
        SyncCursor.objects.filter(subject_id=Agent.objects.get(name="agent-0").pk).update(synced_at=timezone.now())
        swept()
        stale = Alert.objects.get(audience="workspace")
        assert (stale.kind, stale.figures["late"], stale.figures["agents"]) == ("sync_stale", 2, 3)
        # Nearly fresh again is not fresh: one that swings around the limit says nothing.
        SyncCursor.objects.update(synced_at=timezone.now() - timedelta(hours=1))
        swept()
        assert len(said("workspace")) == 1
        SyncCursor.objects.update(synced_at=timezone.now())
        swept()
        assert [change for change, _ in said("workspace")] == ["opened", "recovered"]


def test_known_gap_is_told_once_and_grows_old_by_itself(held: Any) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        claim = held()
        KnownGap.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, before_at=timezone.now(), reason="?")
        swept()
        swept()
        assert said() == [("opened", 1)]
        SyncCursor.objects.update(synced_at=NOON + timedelta(days=15))
        clock.shift(timedelta(days=15))
        swept()
        assert said() == [("opened", 1)]
        assert Alert.objects.get().ending == "lapsed"


def test_one_kind_that_breaks_does_not_silence_the_others(held: Any) -> None:
    credits_set(held(), 0)

    def broken(_now: datetime) -> Iterator[Fact]:
        raise RuntimeError("broken")

    assert sweep.sweep({DAILY_CAP: broken, LOW_BALANCE: facts.low_balance}) == 1


def test_more_changes_than_one_transaction_takes_are_told_in_the_end(workspace: Workspace) -> None:
    many = sweep.CHANGES_AT_ONCE + 7

    def reader(_now: datetime) -> Iterator[Fact]:
        return (Fact(workspace.pk, f"agt_{number}", f"agent-{number}", 0, {"credits": 0}) for number in range(many))

    assert kind_sweep(LOW_BALANCE, reader) == sweep.CHANGES_AT_ONCE
    assert kind_sweep(LOW_BALANCE, reader) == 7
    assert kind_sweep(LOW_BALANCE, reader) == 0
    assert Alert.objects.filter(ended_at=None).count() == many


def test_sweep_asks_as_often_for_many_agents_as_for_few(held: Any, django_assert_max_num_queries: Any) -> None:
    credits_set(held("first"), 0)
    swept()
    counts = []
    for round_, count in enumerate((5, 60)):
        for number in range(count):
            held(f"agent-{round_}-{number}", paid_credits=0)
        with django_assert_max_num_queries(1_000) as captured:
            swept()
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_figure_of_an_outage_opens_nothing_by_itself(held: Any) -> None:
    held()
    now = timezone.now()
    Outage.objects.create(service="hosted API", failures=9, failing_since=now, opened_at=now, probe_at=now)
    swept()
    assert said() == []


def test_sweep_that_finds_nothing_new_writes_nothing(held: Any) -> None:
    claim = held()
    credits_set(claim, 0)
    swept()
    mark = SweepMark.objects.get(kind="workspace:low_balance")
    swept()
    assert SweepMark.objects.get(kind="workspace:low_balance").number == mark.number == 1
    credits_set(claim, 500)
    swept()
    assert SweepMark.objects.get(kind="workspace:low_balance").number == 2
