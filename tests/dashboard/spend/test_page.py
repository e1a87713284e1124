"""The spend page: what it adds up, splits, compares and leaves out, and its file."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api_client import ActivityEvent
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase, Receipt
from dashboard.freshness.models import Stream, SyncCursor

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
IMAGE, VIDEO = "is.image.generate.fal-flux-dev.v1", "is.video.generate.fal-veo.v1"
_numbers = count(1)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def spend() -> Callable[..., None]:
    """Return a function that lets an agent end a job: its credits, its assets, so many days ago."""

    def work(claim: Claim, credits_: int, *, days: float = 0, assets: int = 1, **told: str) -> None:
        job, at = f"job_{next(_numbers)}", NOW - timedelta(days=days)
        line = {"occurred_at": at.isoformat(), "job_id": job}
        mine = {"operation": "create", **told}
        lines = [{"type": "usage.credit_consumed", "operation": "usage", "credits_delta": -credits_}]
        lines += [{"type": "asset.created", **mine}] * assets + [{"type": "job.completed", **mine}]
        records = [{"event_id": f"{job}_{number}", **line, **one} for number, one in enumerate(lines)]
        events_apply(claim=claim, records=[ActivityEvent.model_validate(one) for one in records], at=NOW)

    return work


@pytest.fixture
def words(workspace: Workspace, owner: User, browser_of: Callable[..., Browser]) -> Callable[..., str]:
    """Return a function that opens the page and gives its words."""

    def get(query: str = "") -> str:
        answer = browser_of(owner).get(f"/w/{workspace.key}/spend/{query}")
        assert answer.status_code == 200, answer
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode().split("<main", 1)[1])).split())

    return get


def test_page_adds_up_splits_and_compares(link: Any, spend: Any, words: Any) -> None:
    quick, calm = link("quick"), link("calm")
    spend(quick, 30, days=1, assets=3)
    spend(quick, 20, days=20, assets=2)
    spend(calm, 25, days=2)
    spend(quick, 10, days=31)
    spend(calm, 900, days=59.4)
    said = words()
    assert "22 Oct 2026 to 20 Nov 2026" in said
    assert "Spent 75 $0.75" in said
    assert "\N{MINUS SIGN}835 910 in the same part of the 30 days from 22 Sep" in said
    assert "For each asset 12.5 6 assets made" in said
    assert "quick 50 67 % +40 5 10.0" in said
    assert "calm 25 33 % \N{MINUS SIGN}875 1 25.0" in said
    assert "Moved most: calm \N{MINUS SIGN}875 quick +40" in said


def test_what_is_beyond_the_same_part_of_the_days_before_is_not_compared(link: Any, spend: Any, words: Any) -> None:
    claim = link()
    spend(claim, 5)
    spend(claim, 900, days=6.8)
    spend(claim, 7, days=7.5)
    assert "\N{MINUS SIGN}2 7 in the same part of the 7 days from 7 Nov" in words("?period=7")


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("capability", [f"{VIDEO} 40", f"{IMAGE} 12", "Not told 9"]),
        ("operation", ["Create 52", "Edit 9"]),
        ("asset", ["Video 40", "Images 12", "Not told 9"]),
    ],
)
def test_spending_is_split_by_what_its_job_tells(link: Any, spend: Any, words: Any, by: str, rows: list[str]) -> None:
    claim = link()
    spend(claim, 40, capability_id=VIDEO)
    spend(claim, 12, capability_id=IMAGE)
    spend(claim, 9, operation="edit")
    said = words(f"?by={by}")
    places = [said.index(row) for row in rows]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("query", "spent"),
    [
        ("?asset=video", 40),
        ("?asset=unknown", 9),
        ("?operation=edit", 9),
        (f"?capability={IMAGE}", 12),
        ("?capability=unknown", 9),
        ("?agent=AGENT", 61),
        ("?agent=agt_nobody", 0),
        ("?since=2026-11-18&until=2026-11-19", 2),
        ("?period=2026-11", 65),
        ("?period=last-month", 100),
    ],
)
def test_filters_stand_in_the_address(link: Any, spend: Any, words: Any, query: str, spent: int) -> None:
    claim, other = link(), link("other")
    spend(claim, 40, capability_id=VIDEO)
    spend(claim, 12, capability_id=IMAGE)
    spend(claim, 9, operation="edit")
    spend(other, 2, days=2, operation="other", capability_id="is.audio.generate.a.v1")
    spend(other, 2, days=3, operation="other", capability_id="is.audio.generate.a.v1")
    spend(other, 100, days=25, operation="other", capability_id="is.audio.generate.a.v1")
    said = words(query.replace("AGENT", claim.agent.remote_id))
    assert f"Spent {spent} $" in said if spent else "Nothing was spent on" in said


def test_group_leads_to_itself_alone_and_an_agent_on_to_its_capabilities(
    link: Any, spend: Any, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim = link("quick")
    spend(claim, 9)
    browser, address = browser_of(owner), f"/w/{workspace.key}/spend/"
    assert f'href="?agent={claim.agent.remote_id}&amp;by=capability"' in browser.get(address).content.decode()
    alone = browser.get(f"{address}?by=capability&agent={claim.agent.remote_id}&period=7").content.decode()
    narrower = f"?by=capability&amp;agent={claim.agent.remote_id}&amp;period=7&amp;capability=unknown"
    assert f'href="{narrower}"' in alone
    assert 'title="Remove this filter"' in alone


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("?since=2026-11-01", "Choose the first and the last day."),
        ("?since=2026-11-02&until=2026-11-01", "This day is before the first one."),
        ("?since=2024-11-02&until=2026-11-01", "At most 366 days at once"),
        ("?since=nonsense&until=2026-11-01", "Enter a valid date."),
        ("?period=2026-13", "This is no period."),
        ("?by=moon", "Select a valid choice."),
    ],
)
def test_days_that_cannot_be_read_show_what_is_wrong_and_no_figures(
    link: Any, spend: Any, words: Any, query: str, problem: str
) -> None:
    spend(link(), 9)
    said = words(query)
    assert problem in said
    assert "Spent" not in said


def test_days_are_those_of_the_viewers_zone(link: Any, spend: Any, words: Any, owner: User) -> None:
    claim = link()
    spend(claim, 9, days=0.7)
    assert "Nothing was spent" in words("?period=1")
    owner.time_zone = "America/Los_Angeles"
    owner.save()
    assert "Spent 9" not in words("?period=1"), "19:12 of the day before"
    owner.time_zone = "Pacific/Auckland"
    owner.save()
    assert "Nothing was spent: 21 Nov 2026" in words("?period=1")
    assert "Spent 9 $0.09" in words("?since=2026-11-20&until=2026-11-20")


def test_paid_credits_are_told_by_the_readings_around_and_the_rest_is_free(
    link: Any, spend: Any, words: Any, workspace: Workspace
) -> None:
    claim, fresh = link(), link("fresh")
    for one, days, paid in ((claim, 40, 100), (claim, 0.1, 530), (fresh, 2, 50), (fresh, 0.1, 30)):
        Claim.objects.filter(pk=one.pk).update(claimed_at=NOW - timedelta(days=50))
        at = NOW - timedelta(days=days)
        QuotaSnapshot.objects.create(agent=one.agent, taken_at=at, free_credits=0, paid_credits=paid)
    purchase = Purchase.objects.create(workspace=workspace, agent=claim.agent, opened_at=NOW)
    bought = {"workspace": workspace, "agent": claim.agent, "purchase": purchase, "remote_id": "rcpt_1"}
    Receipt.objects.create(**bought, issued_at=NOW - timedelta(days=3), credits=500, amount_cents=500, live_money=True)
    spend(claim, 80, days=2)
    spend(fresh, 45, days=1)
    said = words()
    # 500 bought, 430 more of them: 70 of the 80 were paid. Of the other's 45 no reading tells what came first.
    assert "Out of paid credits 90 10 free, 25 not known" in said
    assert "Told for whole agents alone" in words("?operation=create")
    assert "Out of paid credits 70 10 free." in words(f"?agent={claim.agent.remote_id}")


def test_figures_carry_their_age_and_what_is_missing_is_said(link: Any, spend: Any, words: Any) -> None:
    claims = [link(f"agent-{number}") for number in range(2)]
    spend(claims[0], 9)
    for claim, minutes in zip(claims, (2, 300), strict=True):
        read_at = NOW - timedelta(minutes=minutes)
        SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, due_at=NOW, synced_at=read_at)
    said = words()
    assert "As of 2 min ago (fresh)" in said
    assert "1 agent could not be read lately, the longest not since 5 h ago" in said


def test_file_has_the_pages_sums_and_stands_in_the_audit_log(
    link: Any, spend: Any, workspace: Workspace, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    spend(link("=quick"), 30, days=1)
    spend(link("calm"), 12, days=1, assets=2)
    answer = browser_of(viewer).post(f"/w/{workspace.key}/spend/export/?period=7&by=agent")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(text.splitlines()))
    assert sorted((row["day"], row["name"], row["credits"], row["assets"]) for row in rows) == [
        ("2026-11-19", "'=quick", "30", "1"),
        ("2026-11-19", "calm", "12", "2"),
    ]
    entry = AuditEntry.objects.get(action="spend.exported")
    assert entry.after == {"format": "csv", "filter": {"period": "7", "by": "agent"}}


def test_another_workspace_sees_none_of_it(link: Any, spend: Any, outsider: User, browser_of: Any) -> None:
    claim = link()
    spend(claim, 9)
    elsewhere = outsider.memberships.get().workspace
    answer = browser_of(outsider).get(f"/w/{elsewhere.key}/spend/?agent={claim.agent.remote_id}")
    assert "Nothing was spent on" in answer.content.decode()


def test_page_asks_as_often_for_many_agents_and_days(
    link: Any, spend: Any, workspace: Workspace, owner: User, browser_of: Any
) -> None:
    browser, asked = browser_of(owner), []
    for agents in (2, 12):
        for number in range(agents):
            claim = link(f"agent-{number}")
            for days in range(agents):
                spend(claim, 3, days=days, capability_id=f"is.image.generate.{number}.v1")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"/w/{workspace.key}/spend/").status_code == 200
        asked.append(len(captured))
    assert asked[0] == asked[1] <= 8


def test_empty_fields_leave_the_address(workspace: Workspace, owner: User, browser_of: Any) -> None:
    answer = browser_of(owner).get(f"/w/{workspace.key}/spend/?since=&until=&by=asset&agent=")
    assert answer.url == f"/w/{workspace.key}/spend/?by=asset"
    assert timezone.now() == NOW
