"""Create: what comes back, what is charged, what fails and how (contract 2.17, 3.9 to 3.11, 4)."""

import io
import logging
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_django import Settings

from sandbox import jobs, media, provider
from sandbox.models import Agent, Asset, BookEntry, Event, Job
from tests.sandbox.fixtures import PUBLIC_URL, QUICK, Caller

FAILING = {"prompt": "please [sandbox:provider_failure]"}


def picture(agent: Caller, asset: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(agent.http.get(asset["url"]).content))


def test_a_create_answers_with_everything_that_clients_read(agent: Caller) -> None:
    data = agent.post("/v1/create", {"prompt": "a valley", "aspect_ratio": "1:1", "dry_run": False}).data
    assert data["job_id"].startswith("job_")
    assert data["trace_id"].startswith("trace_")
    assert data["capability"] == {"id": "is.image.generate.xai-grok-imagine-image-quality.v1"}
    assert data["cost"]["estimated_usd"] == 0.05
    assert data["cost"]["credit_pricing"]["credits_required"] == 9
    assert data["safety"] == {"status": "allowed"}
    assert data["quota"]["consumed_credits"] == 9
    assert data["quota"]["top_up"]["commands"]
    assert data["request"]["selection"]["policy"] == "hosted_default_create_v1"
    assert data["next_actions"]["inspect_job"]["command"] == f"image-skill jobs show {data['job_id']} --json"
    (asset,) = data["assets"]
    assert data["asset_ids"] == [asset["asset_id"]]
    assert asset["asset_id"].startswith("image_")
    assert asset["url"] == asset["path"] == f"{PUBLIC_URL}/a/{asset['asset_id']}.png"
    assert (asset["mime_type"], asset["width"], asset["height"]) == ("image/png", 1024, 1024)
    assert agent.limits()["remaining_credits"] == 31


def test_the_picture_is_the_one_that_was_ordered(agent: Caller) -> None:
    body = {"prompt": "p", "model": "openai.gpt-image-1.5", "aspect_ratio": "3:2"}
    parameters = {"output_format": "webp", "background": "transparent", "quality": "low"}
    (asset,) = agent.post("/v1/create", body | {"model_parameters": parameters}).data["assets"]
    shown = picture(agent, asset)
    assert (shown.format, shown.size, shown.mode) == ("WEBP", (1536, 1024), "RGBA")
    assert asset["url"].endswith(".webp")
    alpha = shown.getchannel("A").getextrema()
    assert alpha == (0, 255)


def test_several_outputs_are_several_pictures_and_one_debit(agent: Caller) -> None:
    data = agent.create(model="openai.gpt-image-2", output_count=3, model_parameters={"quality": "low"}).data
    assert len(set(data["asset_ids"])) == 3
    assert data["quota"]["consumed_credits"] == 6
    assert agent.limits()["remaining_credits"] == 34
    contents = {agent.http.get(asset["url"]).content for asset in data["assets"]}
    assert len(contents) == 3
    assert agent.event_types() == ["job.completed", "usage.credit_consumed", *["asset.created"] * 3]


def test_the_same_prompt_and_seed_give_the_same_bytes(agent: Caller) -> None:
    urls = [
        agent.create(model_parameters={"image_size": "square", "seed": seed}).data["assets"][0]["url"]
        for seed in (1, 1, 2)
    ]
    first, again, other = (agent.http.get(url).content for url in urls)
    assert first == again != other


def test_the_ledger_links_job_assets_and_usage(agent: Caller) -> None:
    data = agent.create().data
    done, usage, made = agent.get("/v1/activity").data["events"]
    links = {"job_id": data["job_id"], "asset_ids": data["asset_ids"], "usage_event_id": usage["subject"]["id"]}
    assert done["links"] == made["links"] == links
    assert usage["links"] == {"job_id": data["job_id"], "usage_event_id": usage["subject"]["id"]}
    assert done["subject"] == {"type": "job", "id": data["job_id"]}
    assert made["subject"] == {"type": "asset", "id": data["asset_ids"][0]}
    assert usage["subject"]["type"] == usage["operation"] == "usage"
    assert usage["details"]["credits_delta"] == -1
    assert usage["details"]["capability"] == data["capability"]
    assert {event["status"] for event in (done, usage, made)} == {"completed"}
    assert {event["trace_id"] for event in (done, usage, made)} == {data["trace_id"]}


def test_the_book_shows_reservation_release_and_charge(agent: Caller) -> None:
    agent.create()
    kinds = list(BookEntry.objects.order_by("pk").values_list("kind", "credits"))
    assert kinds == [("free_grant", 40), ("reservation", -1), ("release", 1), ("charge", -1)]


def test_a_refusal_reserves_nothing_and_leaves_no_trace(agent: Caller) -> None:
    for body in ({"model_parameters": {"unknown": 1}}, {"prompt": "[sandbox:policy]"}, {"output_count": 9}):
        assert not agent.create(**body).envelope["ok"]
    assert BookEntry.objects.count() == 1
    assert (Job.objects.count(), Event.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"model_parameters": {"guidance": 3}}, ("MODEL_PARAMETERS_INVALID", 400, 2)),
        ({"prompt": "[sandbox:policy]"}, ("INPUT_POLICY_DENIED", 400, 6)),
        ({"model": "nope"}, ("MODEL_NOT_FOUND", 404, 1)),
        ({"model": "imagen4"}, ("MODEL_NOT_EXECUTABLE", 409, 1)),
        ({"max_estimated_usd_per_image": 0.009}, ("BUDGET_EXCEEDED", 402, 5)),
        (
            {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}},
            ("BUDGET_REQUIRES_CONFIRMATION", 402, 5),
        ),
    ],
)
def test_refusals_travel_with_their_own_exit_codes(
    agent: Caller, body: dict[str, Any], refusal: tuple[str, int, int]
) -> None:
    answer = agent.create(**body)
    assert answer.refusal == refusal
    assert answer.error["retryable"] is False


def test_a_provider_failure_releases_and_is_told(agent: Caller) -> None:
    answer = agent.create(**FAILING, idempotency_key="k1")
    assert answer.refusal == ("PROVIDER_FAILURE", 502, 7)
    assert answer.error["retryable"] is True
    recovery = answer.error["recovery"]
    assert recovery["idempotency_key"] == "k1"
    assert recovery["suggested_command"] == f"image-skill jobs show {recovery['job_id']} --json"
    assert agent.limits()["remaining_credits"] == 40
    (event,) = agent.get("/v1/activity").data["events"]
    assert (event["type"], event["status"]) == ("job.completed", "failed")
    assert event["details"]["failure"]["code"] == "PROVIDER_FAILURE"
    assert event["links"] == {"job_id": recovery["job_id"]}
    job = agent.get(f"/v1/jobs/{recovery['job_id']}").data["job"]
    assert (job["status"], job["assets"], job["failure"]["retryable"]) == ("failed", [], True)


def test_after_a_failure_the_same_key_may_try_again(agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, calls = provider.draw, []

    def fails_once(order: Any) -> Any:
        calls.append(order)
        if len(calls) == 1:
            raise RuntimeError("the brush broke")
        return draw(order)

    monkeypatch.setattr(provider, "draw", fails_once)
    assert agent.create(idempotency_key="k1").refusal == ("PROVIDER_FAILURE", 502, 7)
    data = agent.create(idempotency_key="k1").data
    assert agent.create(idempotency_key="k1").data["job_id"] == data["job_id"]
    assert len(calls) == 2
    assert agent.limits()["remaining_credits"] == 39


def test_a_storage_failure_is_not_retryable_and_charges_nothing(
    agent: Caller, monkeypatch: pytest.MonkeyPatch, sandbox_data: Path
) -> None:
    store, calls = media.store, []

    def second_fails(asset: Asset, content: bytes) -> None:
        calls.append(asset)
        if len(calls) == 2:
            raise OSError("no space left")
        store(asset, content)

    monkeypatch.setattr(media, "store", second_fails)
    answer = agent.create(model="xai.grok-imagine-image", output_count=2, model_parameters={})
    assert answer.refusal == ("ARTIFACT_STORAGE_WRITE_FAILED", 500, 9)
    assert answer.error["retryable"] is False
    assert "retry_after_seconds" not in answer.error["recovery"]
    assert agent.limits()["remaining_credits"] == 40
    assert Asset.objects.count() == 0
    assert not [path for path in sandbox_data.rglob("*") if path.is_file()]


def test_a_job_that_was_given_up_is_not_charged_when_it_ends_after_all(
    agent: Caller, monkeypatch: pytest.MonkeyPatch, sandbox_data: Path
) -> None:
    draw = provider.draw

    def takes_too_long(order: Any) -> Any:
        pictures = draw(order)
        monkeypatch.setattr(jobs, "RESERVATION_LIFE", jobs.RESERVATION_LIFE * 0)
        jobs.settle_stale(Agent.objects.get())
        return pictures

    monkeypatch.setattr(provider, "draw", takes_too_long)
    assert agent.create().refusal == ("PROVIDER_FAILURE", 502, 7)
    assert agent.limits()["remaining_credits"] == 40
    assert agent.event_types() == ["job.completed"]
    assert not [path for path in sandbox_data.rglob("*") if path.is_file()]


def test_a_reservation_is_released_after_fifteen_minutes(agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(BaseException):
        pass

    def crash(_: Any) -> None:
        raise Crash

    monkeypatch.setattr(provider, "draw", crash)
    with pytest.raises(Crash):
        agent.create(idempotency_key="k1")
    assert (agent.limits()["remaining_credits"], agent.limits()["reserved_credits"]) == (39, 1)
    job = Job.objects.get()
    Job.objects.update(created_at=job.created_at - jobs.RESERVATION_LIFE)
    assert (agent.limits()["remaining_credits"], agent.limits()["reserved_credits"]) == (40, 0)
    assert agent.get(f"/v1/jobs/{job.id}").data["status"] == "failed"
    monkeypatch.undo()
    assert agent.event_types() == ["job.completed"]


def test_a_running_job_says_so(agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.create(idempotency_key="k1")
    Job.objects.update(status="running", completed_at=None)
    monkeypatch.setattr(jobs, "REPLAY_WAIT_SECONDS", 0)
    data = agent.create(idempotency_key="k1").data
    assert data["status"] == "running"
    assert agent.get(f"/v1/jobs/{data['job_id']}").data["state"] == "running"


def test_the_same_key_and_terms_replay_and_charge_once(agent: Caller) -> None:
    first = agent.create(idempotency_key="k1")
    again = agent.create(idempotency_key="k1", max_estimated_usd_per_image=5, accept_unknown_cost=True)
    assert again.envelope["warnings"]
    assert again.envelope["trace_id"] != first.envelope["trace_id"]
    for name in ("job_id", "trace_id", "asset_ids", "assets", "cost", "request"):
        assert again.data[name] == first.data[name]
    assert agent.limits()["remaining_credits"] == 39
    assert Job.objects.count() == 1
    assert len(agent.event_types()) == 3


@pytest.mark.parametrize(
    "change", [{"prompt": "other"}, {"model": "fal.dreamo"}, {"aspect_ratio": "3:2"}, {"intent": "final"}]
)
def test_the_same_key_with_other_terms_conflicts(agent: Caller, change: dict[str, str]) -> None:
    agent.create(idempotency_key="k1")
    answer = agent.create(idempotency_key="k1", **change)
    assert answer.refusal == ("IDEMPOTENCY_CONFLICT", 409, 1)
    command = answer.error["recovery"]["suggested_command"]
    assert command.startswith("image-skill create ")
    assert "k1" not in command.split()
    assert agent.limits()["remaining_credits"] == 39


def test_a_key_belongs_to_its_agent(sign_up: Any) -> None:
    one, other = sign_up(), sign_up()
    assert one.create(idempotency_key="k1").data["job_id"] != other.create(idempotency_key="k1").data["job_id"]


def test_an_accepted_unknown_cost_is_debited_by_its_estimate(agent: Caller) -> None:
    body = {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}, "accept_unknown_cost": True}
    data = agent.create(**body).data
    assert data["cost"]["credit_pricing"]["pricing_confidence"] == "unknown"
    assert data["quota"]["consumed_credits"] == 7


def test_a_dry_run_plans_and_touches_nothing(agent: Caller, sandbox_data: Path) -> None:
    data = agent.create(dry_run=True, idempotency_key="k1").data
    assert data["status"] == "planned"
    assert data["asset_ids"] == data["assets"] == []
    assert data["quota"]["consumed_credits"] == 0
    assert data["quota"]["credits_required"] == data["credits_required"] == 1
    assert data["plan_receipt"]["provider_executed"] is False
    assert agent.limits() == data["quota"]["limits"]
    assert agent.limits()["remaining_credits"] == 40
    job = agent.get(f"/v1/jobs/{data['job_id']}").data["job"]
    assert job["status"] == "planned"
    assert job["plan_receipt"] == data["plan_receipt"]
    (event,) = agent.get("/v1/activity").data["events"]
    assert (event["type"], event["status"]) == ("job.planned", "planned")
    assert event["details"]["plan_receipt"]["credits_required"] == 1
    assert (Asset.objects.count(), BookEntry.objects.count()) == (0, 1)
    assert list(sandbox_data.iterdir()) == []
    assert agent.create(idempotency_key="k1").data["status"] == "completed"


def test_a_dry_run_works_without_credits_and_past_the_cap(agent: Caller, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 0
    body = {"model": "fal.nano-banana-pro", "model_parameters": {"resolution": "4K"}, "dry_run": True}
    assert agent.create(**body).data["credits_required"] == 50


def test_a_dry_run_without_a_token_plans_and_keeps_nothing(stranger: Caller) -> None:
    data = stranger.create(dry_run=True)
    assert data.envelope["actor"] is None
    assert data.data["job_id"] is None
    assert data.data["quota"]["credits_required"] == 1
    assert data.data["plan_receipt"]["credits_debited"] == 0
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    "change", [{}, {"dry_run": False}, {"dry_run": 1}, {"dry_run": True, "references": [{"asset_id": "image_1"}]}]
)
def test_without_a_token_nothing_else_is_answered(stranger: Caller, change: dict[str, Any]) -> None:
    assert stranger.create(**change).refusal == ("AUTH_REQUIRED", 401, 3)


def test_a_dry_run_without_a_token_checks_what_it_is_told(stranger: Caller) -> None:
    assert stranger.create(dry_run=True, model="nope").refusal == ("MODEL_NOT_FOUND", 404, 1)


def test_a_missing_grant_is_denied(agent: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.grants, "grants_of", lambda *_: ("asset.upload",))
    answer = agent.create()
    assert answer.refusal == ("CAPABILITY_DENIED", 403, 4)
    assert answer.error["recovery"]["grants_required"] == ["image.create.preview"]


def test_a_broken_renderer_is_logged_without_the_prompt(
    agent: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("bad brush")

    monkeypatch.setattr(provider, "render", broken)
    with caplog.at_level(logging.DEBUG):
        answer = agent.create(prompt="canary-prompt")
    assert answer.refusal == ("PROVIDER_FAILURE", 502, 7)
    assert "bad brush" in caplog.text
    assert "bad brush" not in answer.response.text
    assert "canary-prompt" not in caplog.text


def test_the_quick_body_is_one_credit(agent: Caller) -> None:
    assert agent.post("/v1/create", QUICK).data["quota"]["consumed_credits"] == 1
