"""The ledger's filter finds what a person would pick out by hand, and reads each single one off an index."""

import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.accounts.models import User, Workspace
from dashboard.accounts.services import workspace_create
from dashboard.activity import filter as filter_module
from dashboard.activity.box import box_read
from dashboard.activity.filter import COUNT_LIMIT, EventFilter, event_count, event_find, event_list
from dashboard.activity.forms import MOST_AGENTS, EventFilterForm, address_tidied
from dashboard.activity.models import Event
from dashboard.activity.selectors import event_page
from dashboard.agents.models import Claim
from dashboard.lib.paging import rows_stream
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
TYPES = ("job.completed", "asset.created", "usage.credit_consumed", "payment.refolded")
STATUSES = ("completed", "failed", "")
DELTAS = (-7, None, 2**53, 0)
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles")


@pytest.fixture
def ledger(link: Callable[..., Claim], tell: Callable[..., Event]) -> list[Event]:
    """Return forty-eight events, an hour apart, over a weekend in which Berlin's clocks change."""
    claims = [link("render-bot"), link("poster press")]
    return [
        tell(
            claims[hour % 2],
            TYPES[hour % 4],
            hour=hour,
            status=STATUSES[hour % 3],
            operation=("create", "edit")[hour % 2],
            summary=f'A red boat {hour} or "quoted" 50%_ b\u00f6\u00f6t',
            job_id=f"job_{hour % 5}",
            credits_delta=DELTAS[hour % 4],
            links={"asset_ids": [f"asset_{hour % 6}"], "quote_id": f"quote_{hour % 7}"},
        )
        for hour in range(48)
    ]


BOUNDS = (("since", "until"), ("least", "most"))
DAYS = st.none() | st.dates(date(2026, 3, 27), date(2026, 4, 1))
AMOUNTS = st.sampled_from([None, 1, 6, 7, 8, 2**53])
ASKED = st.fixed_dictionaries(
    {
        "agent": st.sampled_from(["", "render-bot", "POSTER press"]),
        "type": st.sampled_from(["", *TYPES, "nothing.like.it"]),
        "operation": st.sampled_from(["", "create", "edit", "paint"]),
        "status": st.sampled_from(["", "completed", "failed"]),
        "reference": st.sampled_from(["", "job_3", "asset_2", "quote_6", "job_", "%"]),
        "text": st.sampled_from(
            ["", "BOAT 1", "a red boat", "50%_", '"quoted"', "b\u00f6\u00f6t", "ot 7 or", "nothing"]
        ),
        "cost": st.sampled_from(["", "spent", "added"]),
        "least": AMOUNTS,
        "most": AMOUNTS,
        "since": DAYS,
        "until": DAYS,
    }
)


def form_of(workspace: Workspace, asked: dict[str, object]) -> EventFilterForm:
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in asked.items() if value})
    return EventFilterForm(query, workspace=workspace)


@given(asked=ASKED, zone=st.sampled_from(ZONES))
@settings(WITH_FIXTURES, max_examples=120)
def test_filter_finds_what_one_would_pick_by_hand(
    ledger: list[Event], workspace: Workspace, asked: dict[str, Any], zone: str
) -> None:
    here = zoneinfo.ZoneInfo(zone)

    def fits(event: Event) -> bool:
        day, delta = event.occurred_at.astimezone(here).date(), event.credits_delta or 0
        named = {event.remote_id, event.job_id, *event.links["asset_ids"], event.links["quote_id"]}
        return (
            asked["agent"].casefold() in {"", event.agent.name}
            and asked["type"] in {"", event.type}
            and asked["operation"] in {"", event.operation}
            and asked["status"] in {"", event.status}
            and asked["reference"] in {"", *named}
            and asked["text"].lower() in event.summary.lower()
            and {"": True, "spent": delta < 0, "added": delta > 0}[asked["cost"]]
            and (asked["least"] is None or asked["least"] <= abs(delta))
            and (asked["most"] is None or 0 < abs(delta) <= asked["most"])
            and (asked["since"] is None or asked["since"] <= day)
            and (asked["until"] is None or day <= asked["until"])
        )

    with timezone.override(here):
        form = form_of(workspace, asked)
        if not form.is_valid():
            assert not {"until", "most"}.isdisjoint(form.errors), form.errors
            assert all(asked[first] > asked[last] for first, last in BOUNDS if last in form.errors)
            return
        found = event_list(workspace, form.wanted)
    assert list(rows_stream(found, by="occurred_at", batch=7)) == [event for event in reversed(ledger) if fits(event)]
    assert event_count(found) == len(list(found))
    assert len(form.chips) == sum(bool(value) for value in asked.values())


def test_pages_of_a_filter_meet_every_row_once_forth_and_back(ledger: list[Event], workspace: Workspace) -> None:
    found = event_list(workspace, EventFilter(type="asset.created"))
    pages = [event_page(found, cursor="", size=5)]
    while pages[-1].older:
        pages.append(event_page(found, cursor=pages[-1].older, size=5))
    assert [line.pk for page in pages for line in page.rows] == [row.pk for row in reversed(ledger[1::4])]
    back = event_page(found, cursor=pages[-1].newer or "", size=5)
    assert back.rows == pages[-2].rows


def test_another_workspaces_events_are_not_found_by_any_filter(
    ledger: list[Event], outsider: Any, tell: Callable[..., Event], link: Callable[..., Claim]
) -> None:
    theirs = outsider.memberships.get().workspace
    one = ledger[0]
    for wanted in (
        EventFilter(),
        EventFilter(agent=one.agent.remote_id),
        EventFilter(reference=one.remote_id),
        EventFilter(reference=one.job_id),
    ):
        assert not event_list(theirs, wanted).exists()


SINGLE = {
    "activity_of_workspace": EventFilter(),
    "activity_of_agent": EventFilter(agent="agt_1"),
    "activity_by_type": EventFilter(type="job.completed"),
    "activity_by_operation": EventFilter(operation="edit"),
    "activity_by_status": EventFilter(status="failed"),
    "activity_spent": EventFilter(cost="spent"),
    "activity_added": EventFilter(cost="added"),
    "of_days": EventFilter(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC)),
}


def plan_of(found: QuerySet[Event]) -> str:
    """Return how the database would read the first page."""
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL chooses by its statistics, and forty-eight rows tell it nothing")
    return found.order_by("-occurred_at", "-pk")[:51].explain()


@pytest.mark.parametrize("index", SINGLE)
def test_every_single_filter_is_read_off_its_index(index: str, ledger: list[Event], workspace: Workspace) -> None:
    plan = plan_of(event_list(workspace, SINGLE[index]))
    assert index.replace("of_days", "activity_of_workspace") in plan
    for slow in ("SCAN activity_event", "TEMP B-TREE"):
        assert slow not in plan


@pytest.mark.parametrize(
    "more", [{}, {"type": "job.completed"}, {"status": "failed", "cost": "spent"}, {"agent": "agt_1"}]
)
def test_id_is_looked_up_before_anything_else(more: dict[str, Any], ledger: list[Event], workspace: Workspace) -> None:
    plan = plan_of(event_list(workspace, EventFilter(reference="asset_2", **more)))
    # No other index than that of the ids, and each event by its key.
    assert "activity_of_" not in plan
    assert "activity_by_" not in plan
    assert "SCAN" not in plan
    assert "activity_eventreference" in plan


@pytest.mark.parametrize("more", [{}, {"cost": "spent"}])
def test_amount_that_few_moved_is_looked_up_before_anything_else(
    more: dict[str, Any], ledger: list[Event], workspace: Workspace
) -> None:
    plan = plan_of(event_list(workspace, EventFilter(least=5, most=400, **more)))
    assert "activity_by_amount" in plan
    assert not re.search("activity_(?!by_amount|event)", plan)
    assert "SCAN" not in plan


def test_amount_that_many_moved_is_met_on_the_way_through_the_ledger(
    ledger: list[Event], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_module, "FEW_AMOUNTS", 3)
    spent = event_list(workspace, EventFilter(cost="spent", least=7))
    assert list(spent.order_by("-occurred_at")) == [one for one in reversed(ledger) if one.credits_delta == -7]
    assert event_find(workspace, EventFilter(least=7)).at_least == COUNT_LIMIT
    assert event_find(workspace, EventFilter(least=7, status="failed")).at_least == 0
    assert "activity_spent" in plan_of(spent)


def test_count_stops_where_it_would_cost_more_than_it_says(ledger: list[Event], workspace: Workspace) -> None:
    one = ledger[0]
    shared = {"agent_id": one.agent_id, "workspace": workspace, "occurred_at": one.occurred_at, "synced_at": START_AT}
    Event.objects.bulk_create(Event(remote_id=f"evt_many_{number}", **shared) for number in range(COUNT_LIMIT + 5))
    assert event_count(event_list(workspace, EventFilter())) == COUNT_LIMIT + 1


START_AT = datetime(2026, 3, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("job_123", {"reference": "job_123"}),
        ("a red boat", {"text": "a red boat"}),
        ("red_boat", {"text": "red_boat"}),
        ('status:failed text:"50% off"', {"status": "failed", "text": "50% off"}),
        ("type:job.completed asset_7", {"type": "job.completed", "reference": "asset_7"}),
        ('agent:"poster press" status:failed', {"agent": "poster press", "status": "failed"}),
        (
            "job:job_1 from:2026-03-01 to:2026-03-02",
            {"reference": "job_1", "since": "2026-03-01", "until": "2026-03-02"},
        ),
        ("colour:red", {"text": "colour:red"}),
        ("cost:40", {"least": "40", "most": "40"}),
        ("cost:>40 cost:spent", {"least": "41", "cost": "spent"}),
        ("Cost:>=40 cost:<90", {"least": "40", "most": "89"}),
        ("cost:<40", {"most": "39"}),
        ('cost:"<=40" red boat', {"most": "40", "text": "red boat"}),
        ("cost:=40", {"least": "40", "most": "40"}),
        ("cost:>", {"cost": ">"}),
        ("", {}),
        ('agent:"unclosed', {"agent": '"unclosed'}),
        ("Type:Job.Completed Agent:Render-Bot", {"type": "job.completed", "agent": "Render-Bot"}),
        ("STATUS:Failed operation:Create", {"status": "failed", "operation": "create"}),
        ("Id:Img_7B", {"reference": "Img_7B"}),
        ('"Red boat" cost:Spent', {"text": "Red boat", "cost": "spent"}),
        ("\u201cred boat\u201d agent:\u201cposter press\u201d", {"text": "red boat", "agent": "poster press"}),
        ('"asset_7"', {"reference": "asset_7"}),
        ('the "red" boat', {"text": 'the "red" boat'}),
        ('""', {}),
    ],
)
def test_box_understands_words_and_takes_the_rest_for_an_id(text: str, found: dict[str, str]) -> None:
    assert box_read(text) == found


@given(text=st.text(max_size=300))
@settings(deadline=None)
def test_box_reads_whatever_is_typed(text: str) -> None:
    assert all(isinstance(value, str) for value in box_read(text).values())


def test_address_holds_no_empty_filter_and_none_of_the_box() -> None:
    assert address_tidied(QueryDict("type=job.completed&page=abc")) is None
    assert address_tidied(QueryDict("q=&type=&agent=agt_1&page=x")) == "?agent=agt_1"
    assert address_tidied(QueryDict("q=type:job.completed&type=asset.created")) == "?type=job.completed"


def test_name_that_several_agents_bear_has_to_be_chosen(workspace: Workspace, link: Callable[..., Claim]) -> None:
    first = link("twin").agent
    link("Twin")
    assert form_of(workspace, {"agent": "TWIN"}).errors["agent"] == ["Several agents are called that: choose one."]
    assert form_of(workspace, {"agent": "nobody"}).errors["agent"] == ["No agent here is called that."]
    assert form_of(workspace, {"agent": first.remote_id}).is_valid()


def test_amounts_are_chips_in_words_and_the_wrong_way_round_is_said(workspace: Workspace) -> None:
    form = form_of(workspace, {"least": 1, "most": 12_000})
    assert form.is_valid()
    assert [(chip.label, chip.text) for chip in form.chips] == [
        ("Credits from", "1"),
        ("Credits to", "12,000"),
    ]
    assert form_of(workspace, {"least": 9, "most": 8}).errors["most"] == ["This is less than the first number."]
    for odd in ("-3", "9" * 30, "1.5", "many"):
        form = form_of(workspace, {"least": odd})
        assert form.errors["least"]
        assert [chip.text for chip in form.chips] == [odd]


def test_agent_beyond_the_menu_is_found_by_its_name_and_shown_by_it(
    workspace: Workspace, outsider: User, link: Callable[..., Claim]
) -> None:
    for number in range(MOST_AGENTS):
        link(f"agent {number:02}")
    last = link("zebra").agent
    link("zebra", to=workspace_create(owner=outsider, name="Elsewhere"), by=outsider)
    assert last.remote_id not in form_of(workspace, {}).names
    for said in ("ZEBRA", last.remote_id):
        form = form_of(workspace, {"agent": said})
        assert form.is_valid()
        assert form.wanted.agent == last.remote_id
    assert [chip.text for chip in form.chips] == ["zebra"]
