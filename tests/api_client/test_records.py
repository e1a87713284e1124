"""What every record promises, whatever the service sends."""

import inspect
import json
from decimal import Decimal
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import api_client
from api_client import ActivityEvent, ActivityPage, Actor, Cost, CreditPack, Job, Quota, Record, SignUp, Whoami
from api_client.records.wire import lift, usd_to_micros

RECORDS = [
    member
    for member in vars(api_client).values()
    if inspect.isclass(member) and issubclass(member, Record) and member is not Record
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**40)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["2026-06-01T10:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "x" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
GROUPS = [
    "actor",
    "agent",
    "claim_request",
    "item",
    "limits",
    "subject",
    "links",
    "details",
    "cost",
    "economics",
    "media",
    "pack",
    "upload",
]


@st.composite
def wires(draw: st.DrawFn, record: type[Record]) -> dict[str, Any]:
    """An object that names this record's fields and groups, with anything in them."""
    names = st.sampled_from([*record.model_fields, *GROUPS, "extra", "model_dump", "_misfits", "__class__"])
    inner = st.dictionaries(names, VALUES, max_size=4)
    return draw(st.dictionaries(names, VALUES | inner | st.lists(inner, max_size=3), max_size=12))


@settings(max_examples=400)
@given(st.sampled_from(RECORDS), st.data())
def test_no_answer_can_crash_a_record(record: type[Record], data: st.DataObject) -> None:
    wire = data.draw(wires(record))
    before = json.dumps(wire, default=str)
    try:
        read = record.model_validate(wire)
    except pydantic.ValidationError:
        read = None
    assert json.dumps(wire, default=str) == before  # what was sent is never changed
    if read is not None:
        assert set(read.drift) <= set(record.model_fields)
        assert set(read.drift) <= set(read.extra)
        repr(read)


@given(st.dictionaries(st.text(max_size=10).filter(lambda name: name not in Actor.model_fields), VALUES, max_size=6))
def test_unknown_fields_are_kept_as_they_were_sent(unknown: dict[str, Any]) -> None:
    actor = Actor.model_validate({"actor_id": "agt_1", "organization_id": "org_1", **unknown})
    assert actor.extra == unknown


def test_a_record_is_frozen() -> None:
    actor = Actor(actor_id="agt_1", organization_id="org_1")
    with pytest.raises(pydantic.ValidationError):
        setattr(actor, "actor_id", "agt_2")  # noqa: B010 - mypy already refuses the plain form


def test_a_record_can_be_made_by_its_own_names() -> None:
    actor = Actor(actor_id="agt_1", organization_id="org_1")
    assert Whoami(actor=actor, grants=("asset.upload",)).grants == ("asset.upload",)
    assert Quota(remaining_credits=4).remaining_credits == 4
    event = {"event_id": "evt_1", "type": "x", "occurred_at": "2026-06-01T10:00:00Z"}
    page = ActivityPage(events=(ActivityEvent.model_validate(event),))
    assert page.events[0].event_id == "evt_1"


def test_a_mistyped_needed_field_of_a_nested_record_costs_that_record_only() -> None:
    job = Job.model_validate({"job_id": "job_1", "status": "failed", "failure": {"message": "no code"}})
    assert job.failure is None
    assert job.drift == ("failure",)
    assert job.extra == {"failure": {"message": "no code"}}


def test_drift_is_not_part_of_the_fields() -> None:
    quota = Quota.model_validate({"remaining_credits": "many"})
    assert quota.model_dump()["remaining_credits"] is None


def test_a_token_never_sits_among_the_extra_fields() -> None:
    signed = SignUp.model_validate({"token": "isk_r_canary", "anything": 1})
    assert signed.extra == {"anything": 1}
    with pytest.raises(pydantic.ValidationError):
        SignUp.model_validate({"token": ["isk_r_canary"]})


def test_money_must_be_whole() -> None:
    with pytest.raises(pydantic.ValidationError):
        CreditPack.model_validate({"pack_id": "p", "credits": Decimal("1.5"), "amount_cents": 1})


@pytest.mark.parametrize(
    ("usd", "micros"),
    [
        (Decimal("0.066"), 66_000),
        (Decimal("0.0000005"), 1),
        (Decimal("0.00000049"), 0),
        ("5.00", 5_000_000),
        (3, 3_000_000),
        (0, 0),
        (Decimal("-0.02"), -20_000),
        (Decimal("1E-400"), 0),
    ],
)
def test_dollars_become_whole_micros(usd: Any, micros: int) -> None:
    assert Cost.model_validate({"estimated_usd": usd}).estimated_usd_micros == micros


@pytest.mark.parametrize("usd", [True, None, [], "NaN", "Infinity", "a lot", Decimal("1E+999999"), 10**40, 0.5])
def test_what_is_no_amount_is_kept_and_unknown(usd: Any) -> None:
    cost = Cost.model_validate({"estimated_usd": usd})
    assert cost.estimated_usd_micros is None
    assert cost.extra == {"estimated_usd": usd}


@given(st.integers(-(10**15), 10**15))
def test_micros_survive_the_way_over_the_wire(micros: int) -> None:
    wire: dict[str, Any] = {"usd": Decimal(micros) / 1_000_000}
    usd_to_micros(wire, "usd", "micros")
    assert wire == {"micros": micros}
    text = json.dumps(micros / 1_000_000)
    assert Decimal(text) * 1_000_000 == micros


def test_lifting_takes_what_is_there_and_leaves_the_callers_object_alone() -> None:
    sent = {"a": {"b": {"x": 1, "y": 2}}, "z": 9}
    wire: dict[str, Any] = dict(sent)
    lift(wire, "a.b", x="x", y="z", w="nothing")
    assert wire == {"a": {"b": {"y": 2}}, "z": 9, "x": 1}
    assert sent == {"a": {"b": {"x": 1, "y": 2}}, "z": 9}


@pytest.mark.parametrize("group", [None, [], "x", {}, {"b": 5}])
def test_lifting_from_what_is_no_group_changes_nothing(group: Any) -> None:
    wire = {"a": group}
    lift(wire, "a.b", x="x")
    assert wire == {"a": group}
