"""Words of a summary are found by an index that keeps itself, be they rare, common, or nowhere."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from dashboard.accounts.models import User, Workspace
from dashboard.activity.filter import EventFilter, event_list
from dashboard.activity.models import Event
from dashboard.activity.selectors import event_page
from dashboard.activity.text import RARE
from dashboard.agents.models import Claim
from dashboard.lib.history import history_open

pytestmark = pytest.mark.django_db
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


def found(workspace: Workspace, text: str, **more: str) -> list[str]:
    events = event_list(workspace, EventFilter(text=text, **more)).order_by("-occurred_at", "-pk")
    return list(events.values_list("remote_id", flat=True))


def write(claim: Claim, summaries: list[str]) -> None:
    shared = {"agent_id": claim.agent_id, "workspace_id": claim.workspace_id, "synced_at": EPOCH, "type": "job.planned"}
    Event.objects.bulk_create(
        Event(**shared, remote_id=f"evt_{number}", occurred_at=EPOCH + timedelta(seconds=number), summary=summary)
        for number, summary in enumerate(summaries)
    )


def plan_of(workspace: Workspace, text: str) -> str:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL chooses by its statistics")
    return event_list(workspace, EventFilter(text=text)).order_by("-occurred_at", "-pk")[:51].explain()


def test_rare_words_are_looked_up_and_common_ones_read_off_the_ledger(link: Callable[..., Claim]) -> None:
    claim = link()
    write(claim, ["A small red boat"] * (RARE + 1) + ["A blue house"] * 3)
    rare, common = plan_of(claim.workspace, "blue"), plan_of(claim.workspace, "RED boat")
    assert "activity_text VIRTUAL TABLE" in rare
    assert "activity_of_" not in rare
    assert "activity_of_workspace" in common
    assert "TEMP B-TREE" not in common
    assert len(found(claim.workspace, "blue")) == 3
    assert len(found(claim.workspace, "Red Boat")) == RARE + 1
    assert found(claim.workspace, "a green boat") == []


def test_pages_of_a_text_meet_every_row_once(link: Callable[..., Claim]) -> None:
    claim = link()
    write(claim, ["red", "blue", "dark red"] * 20)
    events = event_list(claim.workspace, EventFilter(text="red"))
    pages = [event_page(events, cursor="", size=7)]
    while pages[-1].older:
        pages.append(event_page(events, cursor=pages[-1].older, size=7))
    assert [line.remote_id for page in pages for line in page.rows] == found(claim.workspace, "red")
    assert len(pages) == 6


def test_words_of_another_workspace_are_not_found(
    link: Callable[..., Claim], tell: Callable[..., Event], outsider: User, workspace: Workspace
) -> None:
    theirs = outsider.memberships.get().workspace
    mine, other = link(), link(to=theirs, by=outsider)
    here, there = tell(mine, "job.planned", summary="a red boat"), tell(other, "job.planned", summary="a red boat")
    assert found(workspace, "red boat") == [here.remote_id]
    assert found(theirs, "red boat") == [there.remote_id]


def test_what_the_index_still_holds_of_an_event_that_is_gone_finds_nothing(
    link: Callable[..., Claim], tell: Callable[..., Event], workspace: Workspace
) -> None:
    gone, stays = (tell(link(), "job.planned", summary="a red boat") for _ in range(2))
    with history_open(by="test"):
        Event.objects.filter(pk=gone.pk).delete()
    assert found(workspace, "red boat") == [stays.remote_id]


@pytest.mark.parametrize(
    "text", ['say "cheese"', "50%", "a_b", "x AND y", "NEAR(a b)", "col:umn", "*", "it's", "\\n", "ÄÖÜ"]
)
def test_words_are_taken_as_they_stand(
    text: str, link: Callable[..., Claim], tell: Callable[..., Event], workspace: Workspace
) -> None:
    claim = link()
    told = tell(claim, "job.planned", summary=f"before {text} after")
    tell(claim, "job.planned", summary="say cheese 50x axb x y near col umn its n")
    assert found(workspace, f"{text} after") == [told.remote_id]
