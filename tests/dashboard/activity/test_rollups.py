"""The rollups hold what the raw rows say, however, whenever and in whatever pieces these come."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from api_client import ActivityEvent
from dashboard.activity.apply import events_apply
from dashboard.activity.facts import work_fact_write
from dashboard.activity.models import Event, LedgerDay, LedgerSlot, SpendDay, SpendPart, SpendSlot
from dashboard.activity.rollup_sql import fill_operation, mend_operation, rollups_check, rollups_rebuild
from dashboard.activity.rollups import DAYS, LEDGER_DAYS, LEDGER_SLOTS, PARTS, SLOTS
from dashboard.agents.models import Claim
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
Link = Callable[..., Claim]
TYPES = ("usage.credit_consumed", "job.completed", "asset.created", "feedback.created")
# A weekend in which Berlin's clocks change, the days around 1970, and what no clock of ours would say.
WEEK = 6 * 86_400_000_000
MOMENTS = st.one_of(
    st.integers(0, WEEK).map(lambda micros: datetime(2026, 3, 27, tzinfo=UTC) + timedelta(microseconds=micros)),
    st.integers(0, WEEK).map(lambda micros: datetime(1969, 12, 29, tzinfo=UTC) + timedelta(microseconds=micros)),
    st.sampled_from(
        [
            datetime(2, 1, 1, tzinfo=UTC),
            datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2026, 3, 29, 0, 59, 59, 999_700, tzinfo=UTC),
        ]
    ),
)
LINES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(TYPES),
        "occurred_at": MOMENTS.map(datetime.isoformat),
        "operation": st.sampled_from(["usage", "", "create", "edit"]),
        "job_id": st.sampled_from(["", "job_1", "job_2", "job_3", "agt_1"]),
        "capability_id": st.sampled_from(["", "is.image.generate.a.v1", "is.video.generate.b.v1"]),
        "credits_delta": st.sampled_from([-7, -1, None, 0, 500]),
        "links": st.sampled_from([{}, {"job_id": "job_2"}, {"job_ids": ["job_1", "job_3"]}]),
    }
)


# What reading a job told: after so many pieces of the ledger.
FACTS = st.fixed_dictionaries(
    {
        "after": st.integers(0, 4),
        "job_id": st.sampled_from(["job_1", "job_2", "job_3", "agt_1"]),
        "operation": st.sampled_from(["", "create", "edit"]),
        "capability_id": st.sampled_from(["", "is.image.generate.a.v1", "is.audio.generate.c.v1"]),
    }
)


def records(lines: Sequence[dict[str, Any]]) -> list[ActivityEvent]:
    return [ActivityEvent.model_validate({"event_id": f"evt_{number}", **line}) for number, line in enumerate(lines)]


def read(claim: Claim, **told: str) -> None:
    """Write down what reading a job of the claim's agent told."""
    work_fact_write(workspace_id=claim.workspace_id, agent_id=claim.agent_id, **told)


def rows() -> list[Counter[tuple[object, ...]]]:
    """Every row of every rollup that says something."""
    return [
        Counter(row for row in model.objects.values_list("workspace", *keys, *sums) if any(row[1 + len(keys) :]))
        for model, keys, sums in (
            (SpendSlot, ("agent", "slot"), ("events", "jobs", "credits_spent", "untold")),
            (SpendDay, ("agent", "day"), ("jobs", "credits_spent", "untold")),
            (
                SpendPart,
                ("agent", "slot", "operation", "capability"),
                ("spends", "assets", "credits_spent", "untold"),
            ),
            (LedgerSlot, ("slot",), ("events",)),
            (LedgerDay, ("day",), ("events",)),
        )
    ]


@given(
    lines=st.lists(LINES, max_size=25),
    cuts=st.lists(st.integers(0, 25), max_size=4),
    facts=st.lists(FACTS, max_size=6),
    late=st.randoms(),
)
@settings(WITH_FIXTURES, max_examples=80)
def test_rollups_are_what_the_raw_rows_say_in_whatever_order_and_pieces_they_come(
    link: Link, lines: list[dict[str, Any]], cuts: list[int], facts: list[dict[str, Any]], late: Any
) -> None:
    claim, told = link(), records(lines)
    late.shuffle(told)
    ends = [0, *sorted(min(cut, len(told)) for cut in cuts), len(told)]
    for number, (start, end) in enumerate(pairwise(ends)):
        # What comes twice, in the same page or a later one, is counted once.
        events_apply(claim=claim, records=[*told[start:end], *told[:start]], at=timezone.now())
        for fact in facts:
            if fact["after"] == number:
                read(claim, **{name: fact[name] for name in ("job_id", "operation", "capability_id")})
    assert rollups_check() == []
    kept = rows()
    rollups_rebuild()
    assert rows() == kept


def test_new_rollup_begins_with_what_is_here_already(link: Link, tell: Callable[..., Event]) -> None:
    tell(link(), "job.completed")
    kept = rows()
    for model in (SpendDay, LedgerSlot, LedgerDay):
        model.objects.all().delete()
    fill_operation(DAYS, LEDGER_SLOTS, LEDGER_DAYS).code(apps, connection.schema_editor())
    assert rows() == kept


def test_line_is_filed_under_its_job_whichever_comes_first(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5)
    assert list(SpendPart.objects.values_list("operation", "credits_spent")) == [("", 5)]
    tell(claim, "job.completed", operation="edit", job_id="job_1", capability_id="is.image.edit.x.v1")
    parts = SpendPart.objects.exclude(credits_spent=0)
    assert list(parts.values_list("operation", "capability", "spends", "credits_spent")) == [
        ("edit", "is.image.edit.x.v1", 1, 5)
    ]
    assert rollups_check() == []


@pytest.mark.parametrize("is_read_first", [True, False])
def test_silent_line_is_filed_under_what_reading_its_job_told(
    link: Link, tell: Callable[..., Event], is_read_first: bool
) -> None:
    claim = link()
    steps = [
        lambda: read(claim, job_id="job_1", operation="edit", capability_id="is.image.edit.x.v1"),
        lambda: tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5),
    ]
    for step in steps if is_read_first else reversed(steps):
        step()
    parts = SpendPart.objects.exclude(credits_spent=0)
    assert list(parts.values_list("operation", "capability", "credits_spent")) == [("edit", "is.image.edit.x.v1", 5)]
    assert rollups_check() == []


def test_what_the_ledger_tells_of_a_job_counts_before_what_reading_it_told(
    link: Link, tell: Callable[..., Event]
) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5)
    tell(claim, "job.completed", operation="create", job_id="job_1", capability_id="")
    read(claim, job_id="job_1", operation="edit", capability_id="is.image.edit.x.v1")
    parts = SpendPart.objects.exclude(credits_spent=0)
    assert list(parts.values_list("operation", "capability")) == [("create", "is.image.edit.x.v1")]


def test_asset_is_counted_beside_what_its_job_took(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    tell(claim, "asset.created", operation="create", job_id="job_1", capability_id="")
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5)
    read(claim, job_id="job_1", operation="create", capability_id="is.image.generate.x.v1")
    parts = SpendPart.objects.filter(capability="is.image.generate.x.v1")
    assert [sum(column) for column in zip(*parts.values_list("assets", "credits_spent"), strict=True)] == [1, 5]


def test_reading_of_another_agents_job_moves_nothing(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5)
    read(link("other"), job_id="job_1", operation="edit", capability_id="")
    assert SpendPart.objects.get(agent=claim.agent).operation == ""
    assert rollups_check() == []


@pytest.mark.parametrize(
    ("kind", "told", "untold"),
    [
        ("usage.credit_consumed", {}, 1),
        ("usage.credit_consumed", {"credits_delta": 0}, 0),
        ("usage.credit_consumed", {"credits_delta": -5}, 0),
        ("job.completed", {}, 0),
        ("asset.created", {}, 0),
        ("credits.payment_backed_refunded", {}, 0),
        ("credits.reserved", {}, 0),
    ],
)
def test_charge_without_credits_is_counted_and_what_is_no_charge_is_not(
    link: Link, tell: Callable[..., Event], kind: str, told: dict[str, int], untold: int
) -> None:
    tell(link(), kind, operation="create", job_id="job_1", **told)
    for model in (SpendSlot, SpendDay, SpendPart):
        assert sum(model.objects.values_list("untold", flat=True)) == untold, model
    assert rollups_check() == []


def test_charge_without_credits_is_filed_under_its_job(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1")
    tell(claim, "job.completed", operation="edit", job_id="job_1", capability_id="is.image.edit.x.v1")
    parts = SpendPart.objects.exclude(untold=0)
    assert list(parts.values_list("operation", "capability", "spends", "credits_spent", "untold")) == [
        ("edit", "is.image.edit.x.v1", 0, 0, 1)
    ]
    assert rollups_check() == []


def test_upgrade_counts_the_untold_charges_of_before(link: Link, tell: Callable[..., Event]) -> None:
    tell(link(), "usage.credit_consumed", operation="create")
    tell(link("other"), "usage.credit_consumed", operation="create", credits_delta=-5)
    kept = rows()
    for model in (SpendSlot, SpendDay, SpendPart):
        model.objects.update(untold=0)
    mend_operation(SLOTS, DAYS, PARTS).code(apps, connection.schema_editor())
    assert rows() == kept


def test_late_line_lands_in_the_slot_in_which_it_happened(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", hour=50, credits_delta=-1)
    late = tell(claim, "usage.credit_consumed", hour=1, credits_delta=-3)
    slot = SpendSlot.objects.get(credits_spent=3).slot
    assert timedelta(0) <= late.occurred_at - datetime.fromtimestamp(slot * 900, UTC) < timedelta(minutes=15)


def test_workspaces_that_held_an_agent_one_after_the_other_keep_their_own_sums(
    link: Link, tell: Callable[..., Event], outsider: Any
) -> None:
    claim = link()
    tell(claim, "usage.credit_consumed", operation="usage", job_id="job_1", credits_delta=-5)
    elsewhere = outsider.memberships.get().workspace
    Claim.objects.filter(pk=claim.pk).update(released_at=timezone.now())
    moved = Claim.objects.create(workspace=elsewhere, agent=claim.agent, claimed_at=timezone.now())
    tell(moved, "job.completed", operation="edit", job_id="job_1")
    assert SpendPart.objects.get(workspace=claim.workspace).operation == "", "told in another workspace alone"
    assert rollups_check() == []


def test_command_finds_a_wrong_sum_and_rebuilding_mends_it(link: Link, tell: Callable[..., Event]) -> None:
    tell(link(), "usage.credit_consumed", operation="create", credits_delta=-5)
    call_command("rollups", "--check", stdout=StringIO())
    SpendPart.objects.update(credits_spent=6)
    out = StringIO()
    with pytest.raises(CommandError, match="--rebuild"):
        call_command("rollups", "--check", stdout=out)
    assert "activity_spendpart: 2 rows differ" in out.getvalue()
    call_command("rollups", "--rebuild", stdout=StringIO())
    assert SpendPart.objects.get().credits_spent == 5


def test_rebuilding_writes_no_row_that_is_right(link: Link, tell: Callable[..., Event]) -> None:
    claim = link()
    right = tell(claim, "usage.credit_consumed", operation="create", credits_delta=-5)
    tell(claim, "usage.credit_consumed", hour=30, operation="create", credits_delta=-7)
    models = (SpendSlot, SpendDay, SpendPart)
    kept = [model.objects.get(credits_spent=5).pk for model in models]
    SpendSlot.objects.filter(credits_spent=7).delete()
    SpendDay.objects.filter(credits_spent=7).update(credits_spent=8)
    SpendPart.objects.create(workspace=right.workspace, agent=right.agent, slot=1, operation="edit", spends=1)
    rollups_rebuild()
    assert rollups_check() == []
    assert [model.objects.get(credits_spent=5).pk for model in models] == kept
    assert not SpendPart.objects.filter(operation="edit").exists()


def test_counting_many_lines_asks_as_often_as_for_one(link: Link) -> None:
    claim, asked = link(), []
    for count in (1, 40):
        told = [
            {"type": "usage.credit_consumed", "occurred_at": timezone.now().isoformat(), "operation": "usage"}
            | {"event_id": f"evt_{count}_{number}", "job_id": f"job_{count}_{number}", "credits_delta": -1}
            for number in range(count)
        ]
        with CaptureQueriesContext(connection) as captured:
            events_apply(claim=claim, records=[ActivityEvent.model_validate(one) for one in told], at=timezone.now())
        asked.append(len(captured))
    assert asked[0] == asked[1]
