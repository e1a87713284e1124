"""The spend page: what it adds up, splits, compares and leaves out, and its file."""

import csv
import json
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
from django.urls import reverse
from django.utils import timezone

from api_client import ActivityEvent
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase, Receipt
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.spend.figures import LISTED

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
    """Return a function that lets an agent end a job: its credits (None: not told), its assets, so many days ago."""

    def work(claim: Claim, credits_: int | None, *, days: float = 0, assets: int = 1, **told: str) -> None:
        job, at = f"job_{next(_numbers)}", NOW - timedelta(days=days)
        line = {"occurred_at": at.isoformat(), "job_id": job}
        mine: dict[str, object] = {"operation": "create", **told}
        delta = {} if credits_ is None else {"credits_delta": -credits_}
        lines: list[dict[str, object]] = [{"type": "usage.credit_consumed", "operation": "usage", **delta}]
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


def test_agent_shown_alone_can_be_stopped_there(
    link: Any, spend: Any, workspace: Workspace, owner: User, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    claim = link("quick")
    spend(claim, 9)
    page, stop = f"/w/{workspace.key}/spend/", reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])

    def has_stop(user: User, query: str = f"?agent={claim.agent.remote_id}") -> bool:
        return stop in browser_of(user).get(page + query).content.decode()

    assert (has_stop(owner), has_stop(viewer), has_stop(owner, "")) == (True, False, False)
    Claim.objects.update(stopped_at=NOW)
    assert not has_stop(owner)


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


def test_charges_that_are_not_told_are_counted_and_never_taken_for_nothing(link: Any, spend: Any, words: Any) -> None:
    quick, calm, silent = link("quick"), link("calm"), link("silent")
    spend(quick, 100, days=1)
    spend(quick, None, days=2)
    spend(calm, 20, days=1)
    spend(calm, 5, days=40)
    for days in (1, 3):
        spend(silent, None, days=days)
    said = words()
    assert "Spent 120 $1.20 and 3 charges that Image Skill does not tell" in said
    assert "Against before \N{EN DASH} 5 in the same part" in said
    assert "For each asset at least 24.0 5 assets made" in said
    assert "quick 100 + 1 not told 83 % \N{EN DASH} 2 at least 50.0" in said
    assert "calm 20 17 % +15 1 20.0" in said
    assert "silent \N{EN DASH} + 2 not told \N{EN DASH} \N{EN DASH} 2 \N{EN DASH}" in said
    assert "Credits a day, UTC, without the charges not told" in said
    assert "Tue, 17 Nov 2026 \N{EN DASH} 1 " in said
    assert "Moved most: calm +15 " in said


def test_where_no_charge_tells_its_credits_no_sum_is_shown(link: Any, spend: Any, words: Any) -> None:
    spend(link(), None, days=2)
    said = words()
    assert "Spent \N{EN DASH} 1 charge that Image Skill does not tell" in said
    assert "Out of paid credits \N{EN DASH} What was spent is not told" in said
    assert "Credits a day" not in said


def test_charges_that_were_not_told_before_are_said_so(link: Any, spend: Any, words: Any) -> None:
    claim = link()
    spend(claim, 9)
    spend(claim, None, days=40)
    assert "Spent 9 $0.09 Against before \N{EN DASH} \N{EN DASH} + 1 not told in the same part" in words()


def test_what_paid_is_unknown_beside_charges_that_are_not_told(link: Any, spend: Any, words: Any) -> None:
    claim = link()
    Claim.objects.filter(pk=claim.pk).update(claimed_at=NOW - timedelta(days=50))
    for days in (40, 0.1):
        at = NOW - timedelta(days=days)
        QuotaSnapshot.objects.create(agent=claim.agent, taken_at=at, free_credits=0, paid_credits=100)
    spend(claim, 8, days=2)
    assert "Out of paid credits 0 8 free." in words()
    spend(claim, None, days=1)
    assert "What paid is not known. Our allocation" in words()


def test_what_paid_is_unknown_where_a_test_payment_gave_credits(
    link: Any, spend: Any, words: Any, workspace: Workspace
) -> None:
    tested, live = link("tested"), link("live")
    for claim in (tested, live):
        Claim.objects.filter(pk=claim.pk).update(claimed_at=NOW - timedelta(days=50))
        for days, paid in ((40, 100), (0.1, 70)):
            at = NOW - timedelta(days=days)
            QuotaSnapshot.objects.create(agent=claim.agent, taken_at=at, free_credits=0, paid_credits=paid)
        spend(claim, 30, days=2)
    assert "Out of paid credits 60 0 free." in words()
    purchase = Purchase.objects.create(workspace=workspace, agent=tested.agent, opened_at=NOW)
    bought = {"workspace": workspace, "agent": tested.agent, "purchase": purchase, "remote_id": "rcpt_1"}
    at = NOW - timedelta(days=45)
    Receipt.objects.create(**bought, issued_at=at, credits=500, amount_cents=500, live_money=False)
    assert "Out of paid credits 30 0 free, 30 not known" in words()
    assert "What paid is not known. Our allocation" in words(f"?agent={tested.agent.remote_id}")


def test_biggest_moves_are_found_among_all_groups(link: Any, spend: Any, words: Any) -> None:
    claim = link()
    for number in range(LISTED + 1):
        spend(claim, 1, days=1, capability_id=f"is.image.generate.{number:03}.v1")
    spend(claim, 900, days=40, capability_id="is.image.generate.gone.v1")
    spend(claim, 0, capability_id="is.image.generate.gone.v1")
    said = words("?by=capability")
    assert "The 100 that spent most, of 102 capabilities." in said
    assert "Moved most: is.image.generate.gone.v1 \N{MINUS SIGN}900 " in said


def test_figures_carry_their_age_and_what_is_missing_is_said(link: Any, spend: Any, words: Any) -> None:
    claims = [link(f"agent-{number}") for number in range(2)]
    spend(claims[0], 9)
    for claim, minutes in zip(claims, (2, 300), strict=True):
        read_at = NOW - timedelta(minutes=minutes)
        SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, due_at=NOW, synced_at=read_at)
    said = words()
    assert "As of 2 min ago (fresh)" in said
    assert "1 agent could not be read lately, the longest not since 5 h ago" in said


def test_what_was_made_for_nothing_stands_under_its_days_with_its_age(link: Any, spend: Any, words: Any) -> None:
    claim = link("free")
    spend(claim, 0, days=1, assets=3)
    SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, due_at=NOW, synced_at=NOW)
    said = words("?period=7")
    assert "14 Nov 2026 to 20 Nov 2026 As of just now (fresh) Spent 0 $0.00" in said
    assert "For each asset 0.0 3 assets made" in said
    assert "Credits a day" not in said
    assert "Each day in figures" not in said


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_file_has_the_pages_sums_and_stands_in_the_audit_log(
    link: Any, spend: Any, words: Any, workspace: Workspace, viewer: User, browser_of: Callable[..., Browser], kind: str
) -> None:
    quick, calm = link("=quick"), link("calm")
    spend(quick, 30, days=1)
    spend(quick, None, days=1)
    spend(calm, 12, days=1, assets=2)
    spend(calm, None, days=2)
    rows = exported(browser_of(viewer), f"/w/{workspace.key}/spend/export/?period=7&by=agent", kind)
    harmless = "'=quick" if kind == "csv" else "=quick"
    assert sorted((row["day"], row["name"], row["credits"], row["assets"], row["untold"]) for row in rows) == [
        ("2026-11-18", "calm", None, 1, 1),
        ("2026-11-19", harmless, 30, 2, 1),
        ("2026-11-19", "calm", 12, 2, 0),
    ]
    assert "Spent 42 $0.42 and 2 charges" in words("?period=7&by=agent")
    entry = AuditEntry.objects.get(action="spend.exported")
    assert entry.after == {"format": kind, "filter": {"period": "7", "by": "agent"}}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("query", ["", "?by=asset", "?by=operation&period=7", "?by=capability&operation=edit"])
def test_totals_of_the_file_are_the_pages(
    link: Any, spend: Any, words: Any, workspace: Workspace, owner: User, browser_of: Any, query: str, kind: str
) -> None:
    for number in range(12):
        claim, told = link(f"agent-{number}"), {"operation": ("create", "edit")[number % 2]}
        spend(claim, 7 + number, days=2 * number, capability_id=(IMAGE, VIDEO, "")[number % 3], **told)
        spend(claim, None, days=number, **told)
    rows = exported(browser_of(owner), f"/w/{workspace.key}/spend/export/{query}", kind)
    total, untold, assets = (sum(row[name] or 0 for row in rows) for name in ("credits", "untold", "assets"))
    said = words(query)
    assert f"Spent {total} ${total / 100:.2f} and {untold} charges" in said
    assert f"{assets} assets made" in said


def test_file_of_no_kind_is_none(link: Any, spend: Any, workspace: Workspace, owner: User, browser_of: Any) -> None:
    spend(link(), 9)
    answer = browser_of(owner).post(f"/w/{workspace.key}/spend/export/?period=7", {"kind": "exe"})
    assert answer.url == f"/w/{workspace.key}/spend/?period=7"
    assert not AuditEntry.objects.filter(action="spend.exported").exists()


def exported(browser: Browser, address: str, kind: str) -> list[dict[str, Any]]:
    """Return the rows of a file, figures as whole numbers; None where a cell is empty."""
    answer = browser.post(address, {"kind": kind})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    if kind == "jsonl":
        return [json.loads(line) for line in lines]
    figures = ("credits", "spends", "assets", "untold")
    return [
        {**row, **{name: int(row[name]) if row[name] else None for name in figures}} for row in csv.DictReader(lines)
    ]


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
