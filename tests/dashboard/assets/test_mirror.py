"""Jobs and assets: named by the ledger, read once by id, followed while they run."""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.utils import timezone
from PIL import Image

from api_client import Job as JobRecord
from api_client import JobInput
from dashboard.accounts.models import User
from dashboard.activity.models import WorkFact
from dashboard.agents.models import Agent, Claim
from dashboard.agents.services import claim_release
from dashboard.assets.apply import job_apply, links_write
from dashboard.assets.models import Asset, AssetLink, Job, JobStatusSeen, LedgerMark, MonthCount
from dashboard.assets.shares import share_of
from dashboard.freshness.models import Stream, SyncCursor, SyncRun
from dashboard.sync.pipeline import agent_sync
from dashboard.sync.work import work_sync
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made

pytestmark = pytest.mark.django_db
Follow = Callable[[Claim], bool]


class Counting(httpx.BaseTransport):
    """Passes everything on to the sandbox and counts what was asked for; a client's end does not end it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.url.path)
        return self.inner.handle_request(request)


@pytest.fixture
def asked(settings: Any) -> Iterator[list[str]]:
    """Return the paths of all calls that the dashboard makes from here on."""
    counting = Counting()
    settings.API_TRANSPORT = lambda: counting
    yield counting.seen
    counting.inner.close()


def cursor_of(claim: Claim) -> SyncCursor:
    return SyncCursor.objects.get(stream=Stream.WORK, subject_id=claim.agent_id)


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(file, "PNG")
    return file.getvalue()


def upload(agent: Any) -> str:
    with agent.client() as client:
        told = client.work.upload(filename="a.png", mime_type="image/png", content=png())
    return str(told.asset.asset_id)


def edit(agent: Any, input_id: str) -> None:
    with agent.client() as client:
        client.work.edit(input_asset_id=input_id, prompt="warmer", idempotency_key="edit-1")


def test_what_the_ledger_names_is_read_whole(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse", aspect_ratio="16:9")
    assert followed(claim)
    job, asset = Job.objects.get(), Asset.objects.get()
    assert (job.operation, job.status, job.reading, job.outputs) == ("create", "completed", "read", 1)
    assert (job.credits_priced, job.credits_charged) == (9, 9)
    assert job.duration_ms is not None
    assert job.capability_id.startswith("is.image.generate.")
    assert (asset.job, asset.kind, asset.source, asset.aspect) == (job, "image", "generated", "landscape")
    assert (asset.mime_type, asset.credits, asset.reading) == ("image/png", 9, "read")
    assert asset.width is not None
    assert asset.preview == "pending"
    assert asset.preview_due_at is not None
    assert "url" not in asset.record
    assert MonthCount.objects.get().assets == 1


def test_each_is_asked_for_once(agent: Any, claim: Claim, followed: Follow, asked: list[str]) -> None:
    agent.create("a lighthouse", output_count=2)
    followed(claim)
    before = Counter(asked)
    things = [*Job.objects.all(), *Asset.objects.all()]
    assert len(things) == 3
    assert [
        before[f"/v1/{kind}/{thing.remote_id}"]
        for kind, thing in zip(("jobs", "assets", "assets"), things, strict=True)
    ] == [1] * 3
    followed(claim)
    assert Counter(asked) - before == {"/v1/activity": 1}
    assert cursor_of(claim).stopped == "done"


def test_job_worked_from_an_upload_stands_in_its_line_of_descent(agent: Any, claim: Claim, followed: Follow) -> None:
    source = upload(agent)
    edit(agent, source)
    followed(claim)
    original = Asset.objects.get(remote_id=source)
    assert original.is_uploaded
    # Only models are charged for.
    assert (original.credits, original.cost) == (0, "free")
    link = AssetLink.objects.get()
    assert (link.asset, link.kind, link.job.operation) == (original, "input", "edit")
    assert [asset.source for asset in link.job.assets.all()] == ["generated"]


def test_plan_is_a_plan(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse", dry_run=True)
    followed(claim)
    job = Job.objects.get()
    assert job.is_plan
    assert job.plan_receipt is not None
    assert (job.credits_charged, job.due_at, Asset.objects.count()) == (None, None, 0)


def test_spend_knows_its_work(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse")
    followed(claim)
    fact, job = WorkFact.objects.get(), Job.objects.get()
    assert (fact.job_id, fact.operation, fact.capability_id) == (job.remote_id, "create", job.capability_id)


def test_history_from_before_the_mirror_is_caught_up_with(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse")
    agent_sync(claim.agent_id, is_forced=True)
    SyncCursor.objects.filter(stream=Stream.WORK).delete()
    LedgerMark.objects.all().delete()
    followed(claim)
    assert Job.objects.get().reading == "read"


def test_unlinked_agent_is_read_no_more_and_goes_on_with_its_new_link(
    agent: Any, claim: Claim, followed: Follow, make_claim: Callable[..., Claim], asked: list[str]
) -> None:
    agent.create("a lighthouse")
    agent_sync(claim.agent_id, is_forced=True)
    workspace, owner = claim.workspace, claim.claimed_by
    claim_release(claim=claim, user=owner)
    asked.clear()
    assert not work_sync(claim.agent_id)
    assert asked == []
    again = make_claim(agent, workspace, owner)
    assert followed(again)
    assert Job.objects.get().reading == "read"


def test_credits_of_a_job_are_divided_over_its_outputs(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse", output_count=2)
    followed(claim)
    job = Job.objects.get()
    assert sum(asset.credits or 0 for asset in job.assets.all()) == job.credits_charged


@pytest.mark.parametrize(("charged", "outputs"), [(0, 1), (1, 3), (9, 4), (100, 7), (12, 5)])
def test_shares_add_up(charged: int, outputs: int) -> None:
    shares = [share_of(charged, place, outputs) for place in range(outputs)]
    assert sum(shares) == charged
    assert max(shares) - min(shares) <= 1


LEDGER = {
    "events": [
        {
            "event_id": "evt_1",
            "type": "job.completed",
            "occurred_at": "2026-11-01T10:00:00Z",
            "operation": "create",
            "subject": {"type": "job", "id": "job_1"},
            "links": {"job_id": "job_1", "asset_ids": ["image_1", "image_2"]},
        }
    ],
    "source": "hosted_activity_ledger",
}
QUOTA = {"authenticated": True, "limits": {"remaining_credits": 5, "payment_backed_remaining_credits": 0}}
RUNNING = {"job_id": "job_1", "status": "rendering", "created_at": "2026-11-01T09:59:00Z"}
DONE = {**RUNNING, "status": "completed", "completed_at": "2026-11-01T10:00:00Z"}


def image(number: int) -> dict[str, object]:
    return {"asset_id": f"image_{number}", "job_id": "job_1", "url": f"https://media.test/a/image_{number}.png"}


Answers = dict[str, Any]


@contextmanager
def playing(hosted_answers: Callable[..., None], answers: Answers) -> Iterator[list[str]]:
    """Answer by path: with an object, a status, or what a list holds next."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        asked.append(path)
        answer = answers.get(path, 404)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, int):
            codes = {404: "NOT_FOUND", 401: "AUTH_REQUIRED", 429: "RATE_LIMITED", 503: "DOWN"}
            error = {"code": codes.get(answer, "ODD"), "message": "no", "retryable": answer in {429, 503}}
            body = {"ok": False, "command": "x", "trace_id": "trace_1", "data": None, "warnings": [], "error": error}
            return httpx.Response(answer, json=body)
        body = {"ok": True, "command": "x", "trace_id": "trace_1", "data": answer, "warnings": [], "error": None}
        return httpx.Response(200, content=json.dumps(body))

    hosted_answers(handler)
    yield asked


@pytest.fixture
def answers(claim: Claim) -> Answers:
    """Return a service whose agent made two pictures; who the agent is was read just now."""
    Agent.objects.update(identity_at=timezone.now())
    return {
        "/v1/activity": LEDGER,
        "/v1/quota": QUOTA,
        "/v1/jobs/job_1": {"job": DONE},
        "/v1/assets/image_1": {"asset": image(1)},
        "/v1/assets/image_2": {"asset": image(2)},
    }


def test_job_that_runs_is_read_again_until_it_has_ended(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    answers["/v1/activity"] = json.loads(json.dumps(LEDGER).replace("job.completed", "asset.created"))
    answers["/v1/jobs/job_1"] = [{"job": RUNNING}, {"job": RUNNING}, {"job": DONE}]
    with playing(hosted_answers, answers) as asked, time_machine.travel(timezone.now()) as clock:
        followed(claim)
        assert Job.objects.get().status == "rendering"
        for _ in range(4):
            clock.shift(timedelta(hours=6))
            work_sync(claim.agent_id)
    job = Job.objects.get()
    assert (job.status, job.due_at, asked.count("/v1/jobs/job_1")) == ("completed", None, 3)
    assert list(JobStatusSeen.objects.order_by("pk").values_list("status", flat=True)) == ["rendering", "completed"]


def test_job_that_has_ended_does_not_run_again(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    with playing(hosted_answers, answers):
        followed(claim)
    job = Job.objects.get()
    job_apply(job, JobRecord.model_validate(RUNNING), at=timezone.now())
    assert (job.status, job.due_at) == ("completed", None)


def test_missing_asset_is_a_gap_and_may_come_later(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    answers["/v1/assets/image_2"] = [404, 404, {"asset": image(2)}]
    with playing(hosted_answers, answers), time_machine.travel(timezone.now()) as clock:
        followed(claim)
        asset = Asset.objects.get(remote_id="image_2")
        assert (asset.reading, asset.problem) == ("missing", "Image Skill says that this is not there.")
        assert asset.asked_at is not None
        for _ in range(2):
            clock.shift(timedelta(hours=2))
            work_sync(claim.agent_id)
    asset.refresh_from_db()
    assert (asset.reading, asset.problem, asset.due_at) == ("read", "", None)


def test_missing_job_is_asked_for_three_times(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    answers["/v1/jobs/job_1"] = 404
    with playing(hosted_answers, answers) as asked, time_machine.travel(timezone.now()) as clock:
        followed(claim)
        for _ in range(5):
            clock.shift(timedelta(hours=2))
            work_sync(claim.agent_id)
    assert asked.count("/v1/jobs/job_1") == 3
    assert (Job.objects.get().reading, Job.objects.get().due_at) == ("missing", None)


def test_answer_about_one_thing_that_cannot_be_read_stops_no_other(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    answers["/v1/assets/image_1"] = {"asset": {"nothing": 1}}
    with playing(hosted_answers, answers):
        followed(claim)
    first, second = Asset.objects.order_by("remote_id")
    assert (first.reading, second.reading) == ("unreadable", "read")
    assert first.due_at is not None


def test_service_that_answers_nothing_readable_is_asked_slowly(
    claim: Claim, hosted_answers: Any, answers: Answers
) -> None:
    many = [f"image_{number}" for number in range(40)]
    answers["/v1/activity"] = json.loads(json.dumps(LEDGER).replace('"image_1", "image_2"', json.dumps(many)[1:-1]))
    answers |= {f"/v1/assets/{one}": {"asset": {}} for one in many}
    with playing(hosted_answers, answers) as asked:
        agent_sync(claim.agent_id, is_forced=True)
        assert not work_sync(claim.agent_id)
    assert sum(path.startswith("/v1/assets/") for path in asked) == 3
    assert cursor_of(claim).error_code


@pytest.mark.parametrize("status", [429, 503])
def test_trouble_of_the_service_is_nobody_s_own(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow, status: int
) -> None:
    answers["/v1/assets/image_1"] = status
    with playing(hosted_answers, answers):
        assert not followed(claim)
    assert set(Asset.objects.values_list("reading", flat=True)) == {"wanted"}
    assert (cursor_of(claim).stopped, cursor_of(claim).attempts) == ("", 1)


def test_refused_token_lets_the_agent_s_own_stream_find_out(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    answers["/v1/jobs/job_1"] = 401
    with playing(hosted_answers, answers):
        assert not followed(claim)
    assert Job.objects.get().reading == "wanted"
    agents_own = SyncCursor.objects.get(stream=Stream.AGENT, subject_id=claim.agent_id)
    assert agents_own.stopped == ""


def test_hostile_ids_are_asked_for_as_ids_or_not_at_all(
    claim: Claim, hosted_answers: Any, answers: Answers, followed: Follow
) -> None:
    odd = ["..", "a/../../v1/quota", "x" * 400, "", "\u0000", 7, None, {"id": 1}]
    answers["/v1/activity"] = json.loads(json.dumps(LEDGER).replace('"image_1", "image_2"', json.dumps(odd)[1:-1]))
    with playing(hosted_answers, answers) as asked:
        followed(claim)
    assert Asset.objects.get(remote_id="..").reading == "unreadable"
    assert all(path.startswith(("/v1/activity", "/v1/quota", "/v1/jobs/", "/v1/assets/")) for path in asked)
    assert asked.count("/v1/quota") == 1


def test_run_that_was_taken_away_writes_nothing_more(claim: Claim, hosted_answers: Any, answers: Answers) -> None:
    with playing(hosted_answers, answers):
        agent_sync(claim.agent_id, is_forced=True)

    def handler(_: httpx.Request) -> httpx.Response:
        SyncCursor.objects.filter(stream=Stream.WORK).update(run_token=None, running_since=None)
        body = {"ok": True, "command": "x", "trace_id": "t", "data": {"job": DONE}, "warnings": [], "error": None}
        return httpx.Response(200, json=body)

    hosted_answers(handler)
    assert not work_sync(claim.agent_id)
    assert Job.objects.get().reading == "wanted"
    assert not SyncRun.objects.filter(cursor__stream=Stream.WORK).exists()


def test_another_workspace_s_asset_ties_to_nothing(
    agent: Any, claim: Claim, followed: Follow, outsider: Any, make_claim: Callable[..., Claim]
) -> None:
    source = upload(agent)
    followed(claim)
    claim_release(claim=claim, user=claim.claimed_by)
    edit(agent, source)
    others = outsider.memberships.get().workspace
    followed(make_claim(agent, others, outsider))
    link = AssetLink.objects.get()
    assert (link.workspace, link.asset, link.asset_remote_id) == (others, None, source)


@pytest.mark.parametrize("is_other_s_alone", [True, False])
def test_job_works_from_an_asset_of_its_own_agent(claim: Claim, owner: User, *, is_other_s_alone: bool) -> None:
    """Only what an agent owns can be worked from (contract 2.17), and ids are told apart by it."""
    other = agent_made(claim.workspace, owner, "other-bot")
    own = None if is_other_s_alone else asset_made(claim.workspace, claim.agent, remote_id="image_1")
    asset_made(claim.workspace, other, remote_id="image_1")
    job = job_made(claim.workspace, claim.agent)
    links_write(job, (JobInput(asset_id="image_1", role="input"),))
    assert AssetLink.objects.get(job=job).asset == own


@pytest.mark.parametrize(("status", "outputs"), [("running", 2), ("failed", 0), ("canceled", 0), ("completed", 0)])
def test_job_that_has_ended_made_only_what_it_names(claim: Claim, status: str, outputs: int) -> None:
    job = job_made(claim.workspace, claim.agent, status="")
    told = {**RUNNING, "status": status, "request": {"output_count": 2}}
    job_apply(job, JobRecord.model_validate(told), at=timezone.now())
    assert job.outputs == outputs
