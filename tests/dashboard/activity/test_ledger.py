"""The ledger's pages and file: what an event means, what belongs to it, and the rows of the filter."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event, EventReference
from dashboard.activity.references import references_of
from dashboard.activity.sentences import ENDED, ENDED_OTHERWISE, SENTENCES, UNPUBLISHED, sentence_of
from dashboard.activity.trail import MOST_EVENTS, record_text, trail_get
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.lib.export import BYTE_ORDER_MARK
from dashboard.lib.glossary import GLOSSARY, event_word
from dashboard.lib.paging import cursor_before
from tests.dashboard.asking import statements_of
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
MOST_QUERIES = 11


@pytest.fixture
def page(workspace: Workspace, owner: User, browser_of: Callable[..., Browser]) -> Callable[..., Any]:
    """Return a function that opens a page of the workspace's activity as its owner."""
    browser = browser_of(owner)
    return lambda rest="", **asked: browser.get(f"/w/{workspace.key}/activity/{rest}", asked)


@pytest.fixture
def life(link: Callable[..., Claim], tell: Callable[..., Event]) -> dict[str, Event]:
    """Return one life: bought and granted, spent on a job, its asset edited, a refund; and a stranger to all of it."""
    claim, paid = link(), {"quote_id": "quote_1", "receipt_id": "rcpt_1"}
    made = {"job_id": "job_1", "asset_ids": ["image_1"], "usage_event_id": "usage_1"}
    return {
        "opened": tell(claim, "payment.checkout_session.created", hour=0, links={"quote_id": "quote_1"}),
        "granted": tell(claim, "credits.payment_backed_granted", hour=1, links=paid, credits_delta=500),
        "made": tell(claim, "asset.created", hour=2, job_id="job_1", links=made, subject_id="image_1"),
        "spent": tell(claim, "usage.credit_consumed", hour=2, job_id="job_1", links=made, credits_delta=-5),
        "done": tell(claim, "job.completed", hour=2, job_id="job_1", links=made, status="completed"),
        "edited": tell(claim, "job.completed", hour=3, job_id="job_2", status="failed", links={"source": "image_1"}),
        "refunded": tell(claim, "credits.payment_backed_refunded", hour=4, links={"receipt_id": "rcpt_1"}),
        "stranger": tell(claim, "job.planned", hour=5, job_id="job_9", status="planned"),
    }


def test_every_published_type_has_its_sentence_and_no_other() -> None:
    assert set(SENTENCES) | {"job.completed"} == set(GLOSSARY["event_type"])
    assert len(GLOSSARY["event_type"]) == 14
    assert sentence_of("job.planned", "completed") == SENTENCES["job.planned"]
    assert [sentence_of("job.completed", state) for state in ("failed", "vanished")] == [
        ENDED["failed"],
        ENDED_OTHERWISE,
    ]
    assert event_word("job.completed", "failed").text == "A job failed"
    assert sentence_of("job.exploded", "") == UNPUBLISHED


def test_every_type_opens_its_own_page(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    claim = link()
    for event_type in GLOSSARY["event_type"]:
        said = words(page(f"{tell(claim, event_type, summary=HOSTILE).pk}/"))
        assert sentence_of(event_type, "") in said
        assert "Not in the contract" not in said


def test_charge_whose_credits_are_not_told_says_so(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    tell(link(), "usage.credit_consumed", summary="Took some")
    assert "Took some Not told" in words(page())
    tell(link(), "job.completed", summary="Took none")
    assert "Took none Not told" not in words(page())


def test_row_is_unfolded_with_its_sentence_and_every_id_that_its_line_names(
    life: dict[str, Event], workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(owner)
    rows = browser.get(reverse("activity:event_list", args=[workspace.key])).content.decode()
    for event in life.values():
        url = reverse("web:event_detail", args=[workspace.key, event.pk])
        assert f'data-fill-url="{url}"' in rows
        unfolded = browser.get(url, headers={"X-Fragment": "1"})
        shown = unfolded.content.decode()
        assert "<html" not in shown
        assert sentence_of(event.type, event.status) in words(unfolded)
        assert [one for one in references_of(event) if f'title="{one}"' not in shown] == []
        assert "?reference=" in shown or set(references_of(event)) == {event.remote_id}


def test_unknown_type_is_kept_named_a_breach_and_offered_as_feedback(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    event = tell(link(), "job.exploded", trace_id="trace_7")
    assert "job.exploded Not in the contract" in words(page())
    said = words(page(f"{event.pk}/"))
    assert f"Evidence: event {event.remote_id}, trace trace_7." in said


def test_trail_holds_what_is_tied_and_indents_what_follows(life: dict[str, Event]) -> None:
    for start in ("opened", "refunded"):
        steps = [(step.line.pk, step.depth) for step in trail_get(life[start]).steps]
        assert (
            steps == [(life["opened"].pk, 0), (life["granted"].pk, 1), (life["refunded"].pk, 2)] or start == "refunded"
        )
        assert {pk for pk, _ in steps} == {life[name].pk for name in ("opened", "granted", "refunded")}
    job = [(step.line.pk, step.depth) for step in trail_get(life["edited"]).steps]
    assert job == [(life[name].pk, depth) for name, depth in (("done", 0), ("made", 1), ("spent", 1), ("edited", 0))]
    assert [step.line.pk for step in trail_get(life["stranger"]).steps] == [life["stranger"].pk]


def test_trail_stays_in_its_workspace_and_within_its_bound(
    life: dict[str, Event], outsider: User, link: Callable[..., Claim], tell: Callable[..., Event]
) -> None:
    theirs = tell(link(to=outsider.memberships.get().workspace, by=outsider), "job.completed", job_id="job_1")
    assert theirs.pk not in {step.line.pk for step in trail_get(life["done"]).steps}
    many = [tell(link("busy"), "job.planned", job_id="job_hub") for _ in range(MOST_EVENTS + 3)]
    trail = trail_get(many[-1])
    assert (len(trail.steps), trail.is_cut) == (MOST_EVENTS, True)
    assert many[-1].pk in {step.line.pk for step in trail.steps}


def test_what_few_events_name_comes_before_what_many_name(
    link: Callable[..., Claim], tell: Callable[..., Event]
) -> None:
    """A trace may last for months: what is of the event's own job stands there all the same."""
    for _ in range(MOST_EVENTS + 3):
        tell(link(), "job.planned", trace_id="trace_long")
    done, spent = (
        tell(link(), kind, trace_id="trace_long", job_id="job_own")
        for kind in ("job.completed", "usage.credit_consumed")
    )
    trail = trail_get(done)
    assert {done.pk, spent.pk} <= {step.line.pk for step in trail.steps}
    assert (len(trail.steps), trail.is_cut) == (MOST_EVENTS, True)


def test_of_an_id_no_more_events_are_read_than_fit(life: dict[str, Event]) -> None:
    """Each search is within an index and begins with the id: no statement walks the references of a workspace."""
    with CaptureQueriesContext(connection) as asked:
        trail_get(life["done"])
    naming = [one["sql"] for one in asked.captured_queries if "bounded" in one["sql"]]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Of a few rows it would rather read all.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{'EXPLAIN QUERY PLAN' if connection.vendor == 'sqlite' else 'EXPLAIN'} {naming[0]}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "SCAN named" not in plan
    assert "Seq Scan on activity_eventreference" not in plan
    assert "event_id<" in plan or "event_id <=" in plan


def test_event_that_names_nothing_is_alone(link: Callable[..., Claim], tell: Callable[..., Event]) -> None:
    event = tell(link(), "job.planned", event_id="agt_whose")
    assert [step.line.pk for step in trail_get(event).steps] == [event.pk]


def test_event_of_another_workspace_is_not_there(
    life: dict[str, Event], outsider: User, browser_of: Callable[..., Browser]
) -> None:
    theirs = outsider.memberships.get().workspace
    assert browser_of(outsider).get(f"/w/{theirs.key}/activity/{life['done'].pk}/").status_code == 404
    assert browser_of(outsider).get(f"/w/{theirs.key}/activity/{10**30}/").status_code == 404


def test_whose_an_event_is_ties_it_to_nothing(link: Callable[..., Claim], tell: Callable[..., Event]) -> None:
    claim = link()
    links = {"organization_id": claim.agent.organization_id, "junk": 7, "ids": [None, "x" * 201, ""], "job_id": "job_1"}
    event = tell(claim, "job.completed", links=links, subject_id=claim.agent.remote_id)
    assert set(EventReference.objects.values_list("reference", flat=True)) == {event.remote_id, "job_1"}


def test_record_is_shown_without_tokens_and_contacts(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    note = "isk_r_abcdefghijklmnop of ann@example.com"
    details = {"note": note, "html": "<img src=x onerror=alert(1)>"}
    event = tell(link(), "job.completed", details=details, summary=f"Done with {note}")
    answer = page(f"{event.pk}/").content.decode()
    assert "isk_r_abcdef" not in answer
    assert "ann@example.com" not in answer
    assert "Done with [token] of [contact]" in words(page())
    assert answer.count("[token] of [contact]") > answer.count("Done with [token] of [contact]") > 1
    assert "<img src=x" not in answer


def test_what_the_contract_does_not_name_is_kept_and_shown_where_it_was_sent(
    link: Callable[..., Claim], tell: Callable[..., Event]
) -> None:
    odd = {"subject": {"type": "job", "id": "job_1", "shard": 7}, "region": {"name": "eu"}, "status": 5}
    plain, event = (tell(link(), "job.completed", **more) for more in ({}, odd))
    assert Event.objects.get(extra__isnull=True) == plain
    event.refresh_from_db()
    shown = json.loads(record_text(event))
    assert {name: shown[name] for name in odd} == odd


def test_box_leads_to_an_address_whose_chips_can_be_taken_away_one_by_one(
    life: dict[str, Event], page: Callable[..., Any]
) -> None:
    found = page(q="type:job.completed status:failed", agent="")
    assert found.status_code == 302
    assert found["Location"].endswith("/activity/?type=job.completed&status=failed")
    answer = page(type="job.completed", status="failed")
    assert "1 event " in words(answer)
    assert re.findall(r'class="chip" href="([^"]*)"', answer.content.decode()) == [
        "?status=failed",
        "?type=job.completed",
    ]
    assert "No event fits this filter" in words(page(reference="nothing_like_it"))
    beyond = words(page(type="job.completed", page=cursor_before(datetime(2020, 1, 1, tzinfo=UTC))))
    assert "No event from here on fits this filter" in beyond
    assert "Newest that fits" in beyond
    assert "Enter a valid date" in words(page(since="soon"))


def test_pages_cost_the_same_queries_however_much_there_is(
    life: dict[str, Event], page: Callable[..., Any], tell: Callable[..., Event]
) -> None:
    addresses = [("", {}), ("", {"type": "job.completed", "cost": "spent", "reference": "job_1"})]

    def counted() -> list[int]:
        return [statements_of(partial(page, rest, **asked)) for rest, asked in addresses]

    few = counted()
    claim = Claim.objects.get()
    for _ in range(70):
        tell(claim, "usage.credit_consumed", job_id="job_1", credits_delta=-1)
    assert counted() == few
    assert max(few) <= MOST_QUERIES, few


def test_file_holds_the_rows_of_all_pages_guarded_and_is_audited(
    life: dict[str, Event],
    workspace: Workspace,
    viewer: User,
    browser_of: Callable[..., Browser],
    tell: Callable[..., Event],
) -> None:
    claim = Claim.objects.get()
    for number in range(60):
        tell(claim, "usage.credit_consumed", hour=number, credits_delta=-number, summary='=HYPERLINK("x")')
    browser, address = browser_of(viewer), f"/w/{workspace.key}/activity/export/?type=usage.credit_consumed"
    answer = browser.post(address, {"kind": "csv"})
    assert AuditEntry.objects.get(action="activity.exported").after == {
        "format": "csv",
        "filter": {"type": "usage.credit_consumed"},
    }
    text = b"".join(answer.streaming_content).decode().removeprefix(BYTE_ORDER_MARK)  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = Event.objects.filter(type="usage.credit_consumed").order_by("-occurred_at", "-pk")
    assert [row["event_id"] for row in rows] == list(expected.values_list("remote_id", flat=True))
    assert sum(int(row["credits"]) for row in rows) == -5 - sum(range(60))
    assert {row["summary"][:2] for row in rows} == {"'=", ""}
    lines = b"".join(browser.post(address, {"kind": "jsonl"}).streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["event_id"] for line in lines] == [row["event_id"] for row in rows]


def test_export_of_nothing_that_we_know_leads_back_to_the_page(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    answer = browser_of(owner).post(f"/w/{workspace.key}/activity/export/?since=soon", {"kind": "csv"})
    assert answer["Location"] == f"/w/{workspace.key}/activity/?since=soon"
    assert not AuditEntry.objects.filter(action="activity.exported").exists()


def test_rows_and_months_carry_their_age_and_what_is_missing_is_said(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    claims = [link(f"agent-{number}") for number in range(3)]
    tell(claims[0], "job.completed")
    now = timezone.now()
    for claim, minutes in zip(claims, (2, 4, 300), strict=True):
        read_at = now - timedelta(minutes=minutes)
        SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, due_at=now, synced_at=read_at)
    for asked in ({}, {"type": "job.completed"}, {"type": "asset.created"}):
        assert "As of 4 min ago (fresh)" in words(page(**asked))
    assert "As of 4 min ago (fresh)" in words(page("months/"))
    assert "1 agent could not be read lately, the longest not since 5 h ago : what they did since" in words(page())


def test_rows_of_agents_that_nobody_reads_any_more_have_no_age(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    claim = link()
    tell(claim, "job.completed")
    Claim.objects.update(released_at=timezone.now())
    said = words(page())
    assert "1 event" in said
    assert "As of" not in said
    assert "Never read" not in said


def test_stamp_grows_old_on_a_head_that_is_kept(
    link: Callable[..., Claim], tell: Callable[..., Event], page: Callable[..., Any]
) -> None:
    claim, now = link(), timezone.now()
    tell(claim, "job.completed")
    SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, due_at=now, synced_at=now)
    assert "As of just now (fresh)" in words(page())
    SyncCursor.objects.update(synced_at=now - timedelta(minutes=30))
    assert "As of 30 min ago (stale)" in words(page())
