"""A guardrail that is reached is noted once a period, whatever comes twice, late or at once; and it recovers."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent
from dashboard.accounts.models import User
from dashboard.activity.apply import events_apply
from dashboard.activity.crossings import crossing_ended_list, crossing_list, guardrails_watch, uses_of
from dashboard.activity.guardrails import LooseningRefused, guardrails_set, limits_of
from dashboard.activity.models import Event
from dashboard.agents.guardrail_rules import Kind, period_of
from dashboard.agents.models import Agent, Claim, Guardrail, GuardrailCrossing
from dashboard.audit.models import AuditEntry
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
# A Friday; the week began on the 16th.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPENT, JOB = "usage.credit_consumed", "job.completed"


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def limit(claim: Claim, user: User, **limits: int) -> None:
    """Set limits by name, a hard one as `hard_credits_per_day`; they take the place of what was set."""
    wanted = {(Kind(name.removeprefix("hard_")), name.startswith("hard_")): one for name, one in limits.items()}
    guardrails_set(claim=claim, user=user, wanted=wanted, may_loosen=True)


def read(claim: Claim, *lines: dict[str, Any]) -> bool:
    """Apply a page of the ledger as a reading does; True while a guardrail is near."""
    records = [ActivityEvent.model_validate({"type": SPENT, "operation": "usage", **line}) for line in lines]
    with transaction.atomic():
        Agent.objects.select_for_update(no_key=True).get(pk=claim.agent_id)
        events = events_apply(claim=claim, records=records, at=NOW)
        return guardrails_watch(claim=claim, events=events, at=NOW)


def line(number: int, credits_: int, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    return {"event_id": f"evt_{number}", "occurred_at": at.isoformat(), "credits_delta": -credits_, **more}


def crossings() -> list[tuple[str, bool, int, int]]:
    rows = GuardrailCrossing.objects.order_by("kind", "is_hard", "starts_at", "doublings")
    return [(row.kind, row.is_hard, row.limit, row.figure) for row in rows]


def test_crossing_is_noted_when_the_limit_is_used_up_and_once_a_period(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=100, hard_credits_per_day=150)
    assert not read(claim, line(1, 79))
    assert read(claim, line(2, 20)), "near: it is read more often"
    assert crossings() == []
    read(claim, line(3, 1))
    read(claim, line(3, 1), line(4, 30))
    assert crossings() == [("credits_per_day", False, 100, 100)]
    read(claim, line(5, 40))
    assert crossings() == [("credits_per_day", False, 100, 100), ("credits_per_day", True, 150, 170)]


def test_each_kind_counts_its_own_period(link: Any, owner: User) -> None:
    claim = link()
    claim.guardrails.bulk_create(
        Guardrail(claim=claim, kind=kind, is_hard=False, limit=limit_, set_at=NOW - timedelta(days=40))
        for kind, limit_ in ((Kind.CREDITS_WEEK, 30), (Kind.CREDITS_MONTH, 60), (Kind.JOBS_DAY, 2))
    )
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    read(claim, line(1, 29, at=monday), line(2, 40, at=monday - timedelta(seconds=1)))
    assert [row[:1] + row[3:] for row in crossings()] == [("credits_per_month", 69), ("credits_per_week", 40)]
    read(claim, *({**line(number, 0), "type": JOB, "credits_delta": None} for number in (3, 4)))
    assert ("daily_jobs", False, 2, 2) in crossings()


def test_one_dear_job_is_noted_once_a_day_whatever_pages_its_lines_come_in(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_job=10)
    read(claim, line(1, 10, job_id="job_1"))
    assert crossings() == [], "as dear as it may be"
    read(claim, line(2, 1, job_id="job_1"))
    read(claim, line(3, 12, job_id="job_2"), line(4, 19))
    assert crossings() == [("credits_per_job", False, 10, 11)]
    assert GuardrailCrossing.objects.get().job_id == "job_1"


def test_job_that_is_twice_as_dear_is_noted_the_same_day(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_job=10)
    for number, cost in enumerate((11, 19, 20, 39, 12, 1_000, 1_200, 11, 60)):
        read(claim, line(number, cost, job_id=f"job_{number}"))
    assert [figure for *_, figure in crossings()] == [11, 20, 60, 1_000]
    read(claim, line(20, 12, at=NOW - timedelta(minutes=1)), line(21, 2**53))
    assert [figure for *_, figure in crossings()][-1] == 2**53


def test_late_line_counts_in_its_own_period_and_none_from_before_the_limit(link: Any, owner: User) -> None:
    claim = link()
    yesterday, before = NOW - timedelta(days=1), NOW - timedelta(days=3)
    with time_machine.travel(yesterday, tick=False):
        limit(claim, owner, credits_per_day=10)
    read(claim, line(1, 10, at=yesterday), line(2, 99, at=before), line(3, 99, at=NOW + timedelta(days=2)))
    row = GuardrailCrossing.objects.get()
    assert (row.starts_at, row.ends_at) == period_of(Kind.CREDITS_DAY, yesterday)
    assert list(crossing_list(since=NOW - timedelta(seconds=1))) == [row]
    assert list(crossing_ended_list(since=yesterday, until=NOW)) == [row]


def test_limit_that_is_reached_already_when_it_is_set_is_a_crossing(link: Any, owner: User) -> None:
    claim = link()
    read(claim, line(1, 50))
    limit(claim, owner, credits_per_day=50)
    assert crossings() == [("credits_per_day", False, 50, 50)]


def test_raising_a_limit_ends_its_crossing_and_reaching_the_new_one_is_another(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=50)
    read(claim, line(1, 60))
    limit(claim, owner, credits_per_day=100)
    assert [row.recovered_at for row in GuardrailCrossing.objects.all()] == [NOW]
    read(claim, line(2, 40))
    assert crossings() == [("credits_per_day", False, 50, 60), ("credits_per_day", False, 100, 100)]
    limit(claim, owner)
    assert not GuardrailCrossing.objects.filter(recovered_at=None).exists()


def test_lowering_a_limit_leaves_its_crossing_as_it_is(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=50)
    read(claim, line(1, 60))
    limit(claim, owner, credits_per_day=20)
    assert crossings() == [("credits_per_day", False, 50, 60)]


def test_who_may_only_tighten_is_refused_and_nothing_changes(link: Any, buyer: User) -> None:
    claim = link()
    wanted = {(Kind.CREDITS_DAY, True): 50, (Kind.CREDITS_JOB, False): 9}
    assert guardrails_set(claim=claim, user=buyer, wanted=wanted, may_loosen=False)
    for looser in ({**wanted, (Kind.CREDITS_DAY, True): 51}, {(Kind.CREDITS_JOB, False): 9}):
        with pytest.raises(LooseningRefused):
            guardrails_set(claim=claim, user=buyer, wanted=looser, may_loosen=False)
    tighter = {**wanted, (Kind.CREDITS_DAY, False): 40}
    assert guardrails_set(claim=claim, user=buyer, wanted=tighter, may_loosen=False)
    assert limits_of(claim) == tighter


def test_change_is_audited_with_before_and_after_and_no_change_is_not(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=50)
    limit(claim, owner, credits_per_day=50)
    limit(claim, owner, hard_daily_jobs=3)
    told = AuditEntry.objects.filter(action="guardrails.changed").order_by("pk").values_list("before", "after")
    assert list(told) == [
        ({}, {"warning credits_per_day": 50}),
        ({"warning credits_per_day": 50}, {"hard daily_jobs": 3}),
    ]


@given(
    amounts=st.lists(st.integers(1, 60), min_size=1, max_size=12),
    repeats=st.lists(st.integers(0, 11), max_size=8),
    limit_=st.integers(1, 200),
)
@settings(WITH_FIXTURES, max_examples=50)
def test_crossing_is_noted_exactly_once_under_repeats(
    link: Any, owner: User, amounts: list[int], repeats: list[int], limit_: int
) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=limit_, hard_credits_per_month=limit_)
    lines = [line(number, amount) for number, amount in enumerate(amounts)]
    for number, one in enumerate(lines):
        read(claim, one, *(lines[back] for back in repeats if back <= number))
    noted = GuardrailCrossing.objects.filter(agent=claim.agent)
    assert noted.count() == (2 if sum(amounts) >= limit_ else 0)
    used = {use.used for use in uses_of(claim, list(claim.guardrails.all()), at=NOW)}
    assert used == {sum(amounts)}


@pytest.mark.django_db(transaction=True)
def test_crossing_is_noted_exactly_once_when_pages_are_applied_at_once(link: Any, owner: User) -> None:
    claim = link()
    limit(claim, owner, credits_per_day=50, credits_per_job=5)
    barrier, failures = threading.Barrier(4), list[BaseException]()

    def apply(worker: int) -> None:
        barrier.wait()
        try:
            for number in range(5):
                read(
                    claim, line(number, 10), line(100 * worker + number + 10, 3), line(1_000 + worker, 9, job_id="j_1")
                )
        except BaseException as failure:  # noqa: BLE001 - the test looks at what was raised
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=apply, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    noted = GuardrailCrossing.objects.order_by("kind", "doublings").values_list("kind", "doublings")
    assert list(noted) == [("credits_per_day", 0), *(("credits_per_job", doublings) for doublings in range(3))]
    assert Event.objects.count() == 5 + 20 + 4


@pytest.mark.parametrize(
    ("kind", "moment", "start", "end"),
    [
        (Kind.CREDITS_WEEK, "2027-01-01", "2026-12-28", "2027-01-04"),
        (Kind.CREDITS_MONTH, "2028-02-29", "2028-02-01", "2028-03-01"),
        (Kind.CREDITS_MONTH, "2026-12-31", "2026-12-01", "2027-01-01"),
        (Kind.JOBS_DAY, "2026-12-31", "2026-12-31", "2027-01-01"),
    ],
)
def test_periods_are_those_of_utc(kind: Kind, moment: str, start: str, end: str) -> None:
    abroad = datetime.fromisoformat(f"{moment}T23:30:00-00:15")
    assert tuple(f"{one:%Y-%m-%d}" for one in period_of(kind, abroad)) == (start, end)


def test_watching_costs_a_claim_without_guardrails_one_statement(
    link: Callable[..., Claim], django_assert_num_queries: Any
) -> None:
    claim = link()
    with django_assert_num_queries(1):
        assert guardrails_watch(claim=claim, events=[], at=NOW) is False
