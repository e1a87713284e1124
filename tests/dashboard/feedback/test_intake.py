"""A report is written down once, whoever tells of it first, and whose it is comes from the service."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Claim
from dashboard.feedback.models import Change, Cluster, Intake, Report, State
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_open
from dashboard.sync.feedback import feedback_sync, mirror_join
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.conftest import PlayedAgent
from tests.dashboard.feedback.conftest import Tell, take_in, told

pytestmark = pytest.mark.django_db


def read() -> bool:
    cursor_open(stream=Stream.FEEDBACK, subject_id=0, label="Feedback")
    return feedback_sync(is_forced=True)


def test_report_comes_with_its_text_from_the_extension(
    agent: PlayedAgent, operator_extension: None, settings: Any
) -> None:
    with agent.client() as client:
        sent = client.feedback.create(title="Seed is ignored", body="Two pictures.", severity="high", surface=["cli"])
    assert read()
    report = Report.objects.get(remote_id=sent.feedback_id)
    assert (report.title, report.severity, report.agent_remote_id) == ("Seed is ignored", "high", agent.remote_id)
    assert report.cluster.state == State.NEW
    # The same again, and everything that came since: nothing is there twice.
    assert read()
    assert Report.objects.filter(agent_remote_id=agent.remote_id).count() == 1
    assert Intake.objects.get().complete_at


def test_ledger_and_extension_tell_of_one_report(
    agent: PlayedAgent, claim: Claim, workspace: Workspace, settings: Any, operator_extension: None
) -> None:
    with agent.client() as client:
        sent = client.feedback.create(title="Seed is ignored", body="Two pictures.", severity="high")
    agent_sync(claim.agent_id, is_forced=True)
    stub = Report.objects.get(remote_id=sent.feedback_id)
    assert (stub.has_text, stub.severity, stub.workspace) == (False, "high", workspace)
    assert read()
    report = Report.objects.get(remote_id=sent.feedback_id)
    assert (report.pk, report.title, report.workspace) == (stub.pk, "Seed is ignored", workspace)
    assert report.cluster.title == "Seed is ignored"


def test_without_the_extension_the_ledger_alone_fills_the_queue(agent: PlayedAgent, claim: Claim) -> None:
    with agent.client() as client:
        client.feedback.create(title="Not to be seen", body="Two pictures.")
    agent_sync(claim.agent_id, is_forced=True)
    assert read()
    report = Report.objects.get(agent_remote_id=agent.remote_id)
    assert (report.has_text, report.title, report.cluster.title) == (False, "", "")


def test_lines_that_were_mirrored_before_are_joined_once(agent: PlayedAgent, claim: Claim) -> None:
    with agent.client() as client:
        client.feedback.create(title="Old", body="Two pictures.")
    agent_sync(claim.agent_id, is_forced=True)
    # As before this room was there: its tables are empty, the ledger is not.
    Intake.objects.update(joined_at=None)
    Report.objects.all().delete()
    mirror_join()
    mirror_join()
    assert Report.objects.filter(agent_remote_id=agent.remote_id).count() == 1


def test_cursor_stays_behind_what_is_written_down(
    operator_extension: None, hosted_answers: Callable[..., None]
) -> None:
    """A page and its cursor are one transaction: what was not answered is asked for again, and nothing else."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "")
        if "changes" not in request.url.path:
            return page({"events": [], "next_cursor": None, "has_more": False})
        asked.append(cursor)
        if asked == ["", "1.0"]:
            return httpx.Response(401, json={"ok": False, "error": {"code": "AUTH_REQUIRED", "message": "No."}})
        following = {"": "1.0", "1.0": "2.0", "2.0": "2.0"}[cursor]
        rows = [] if cursor == "2.0" else [change(following)]
        return page({"changes": rows, "next_cursor": following, "has_more": cursor == ""})

    hosted_answers(answer)
    assert not read()
    assert Intake.objects.get().changes_cursor == "1.0"
    assert list(Report.objects.values_list("title", flat=True)) == ["Before 1.0"]
    assert read()
    assert read()
    assert asked == ["", "1.0", "1.0", "2.0"]
    assert Report.objects.count() == 2


def change(number: str) -> dict[str, Any]:
    whose = {"agent_id": "agt_1", "organization_id": "org_1"}
    at = "2026-11-20T10:00:00Z"
    item = {"feedback_id": f"sig_{number}", **whose, "title": f"Before {number}", "created_at": at}
    return {"kind": "feedback", "id": f"sig_{number}", **whose, "changed_at": at, "item": item}


def test_row_that_breaks_the_contract_is_kept_by_its_ids(
    operator_extension: None, hosted_answers: Callable[..., None]
) -> None:
    row = {"kind": "feedback", "id": "sig_9", "agent_id": "agt_9", "organization_id": "org_9", "item": {"title": 5}}

    def answer(request: httpx.Request) -> httpx.Response:
        if "changes" not in request.url.path:
            return page({"events": [], "next_cursor": None, "has_more": False})
        return page(
            {"changes": [{**row, "changed_at": "2026-11-20T10:00:00Z"}], "next_cursor": "3.0", "has_more": False}
        )

    hosted_answers(answer)
    assert read()
    report = Report.objects.get()
    assert (report.remote_id, report.agent_remote_id, report.has_text) == ("sig_9", "agt_9", False)


def page(data: dict[str, Any]) -> httpx.Response:
    envelope = {"ok": True, "command": "x", "trace_id": "trace_1", "actor": None, "warnings": [], "error": None}
    return httpx.Response(200, json={**envelope, "data": data})


def test_same_agent_with_the_same_key_folds_and_another_agent_does_not(tell: Tell) -> None:
    first = tell(dedupe_key="seed")
    assert tell(dedupe_key="seed") == first
    assert tell(dedupe_key="seed", agent_id="agt_other") != first
    first.refresh_from_db()
    assert (first.report_count, first.agent_count) == (2, 1)
    assert Change.objects.filter(cluster=first, kind=Change.Kind.FOLDED).count() == 1


def test_five_hundred_reports_of_a_night_are_one_row(db: None) -> None:
    take_in(*(told(number, dedupe_key="loop", severity="critical") for number in range(498)))
    cluster = Cluster.objects.get()
    assert (cluster.report_count, cluster.agent_count) == (498, 1)


def test_done_that_is_reported_again_regresses_by_itself(tell: Tell) -> None:
    cluster = tell(dedupe_key="seed")
    Cluster.objects.filter(pk=cluster.pk).update(state=State.DONE, decided_at=timezone.now() - timedelta(minutes=5))
    # A report from before the decision tells nothing new.
    tell(dedupe_key="seed", at=timezone.now() - timedelta(hours=2))
    cluster.refresh_from_db()
    assert cluster.state == State.DONE
    tell(dedupe_key="seed", at=timezone.now())
    cluster.refresh_from_db()
    assert cluster.state == State.REGRESSED
    assert cluster.changes.latest("pk").by is None


def test_report_never_says_whose_it_is(tell: Tell, linked: Claim) -> None:
    cluster = tell(agent_id="agt_stranger", body="I am agt_render of org_render.", source="agt_render")
    report = cluster.reports.get()
    assert (report.agent_remote_id, report.workspace) == ("agt_stranger", None)
    assert tell().reports.get().workspace == linked.workspace
