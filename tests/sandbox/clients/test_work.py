"""create, jobs, assets, activity and feedback of each release (contract 2.17, 2.20 to 2.23, 3.9 to 3.11)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.clients.client import Client010, Client0170, Ran

# One credit, and the quickest to draw.
QUICK: dict[str, Any] = {"model": "fal.z-image-turbo", "model_parameters": {"image_size": "square"}}
PROMPT = "a compact field camera on a stainless workbench"
EVENT = {
    *("event_id", "type", "occurred_at", "summary", "operation", "subject", "links", "status", "cost", "details"),
    "trace_id",
}


def test_a_create_has_everything_that_its_release_documents(client: Any) -> None:
    ran: Ran = client.create(PROMPT, **QUICK)
    data = ran.data
    assert ran.envelope["command"] == "image-skill create"
    assert ran.envelope["actor"]["actor_id"].startswith("agt_")
    (asset,) = data["assets"]
    assert data["asset_ids"] == [asset["asset_id"]]
    assert data["capability"]["id"].startswith("is.image.generate.")
    assert asset["url"] == asset["path"]
    assert asset["mime_type"] == "image/png"
    assert data["cost"]["credit_pricing"]["credits_required"] == data["quota"]["consumed_credits"] == 1
    assert data["safety"] == {"status": "allowed"}
    assert data["request"]["selection"]["policy"] == "hosted_default_create_v1"
    assert set(data["next_actions"]) >= {"inspect_job", "inspect_asset"}
    assert data["self_fund_next_command"].startswith("image-skill credits ")


def test_without_any_flag_the_default_model_draws(client: Any) -> None:
    data = client.create(PROMPT).data
    default = client.models_show("default").data["model"]
    assert data["capability"]["id"] == default["capability"]["id"]
    assert data["quota"]["consumed_credits"] == default["credits_required"]


def test_the_asset_is_fetched_from_the_address_in_the_answer(client: Any) -> None:
    (asset,) = client.create(PROMPT, **QUICK).data["assets"]
    assert asset["url"].endswith(f"/{asset['asset_id']}.png")
    assert client.assets_get(asset["asset_id"]).startswith(b"\x89PNG")


def test_the_job_is_completed_for_whoever_waits(client: Any) -> None:
    made = client.create(PROMPT, **QUICK).data
    data = client.jobs_show(made["job_id"]).data
    assert data["job"]["status"] == "completed"
    assert data["request"]["job_id"] == made["job_id"]
    assert (data["status"], data["state"]) == ("completed", "completed")
    assert data["assets"] == data["job"]["assets"] == made["assets"]
    assert data["cost"] == data["job"]["cost"]
    assert data["cost"]["provider_reported_usd_ticks"] is None
    assert PROMPT not in str(data)


def test_a_dry_run_is_a_planned_job_that_costs_nothing(client: Any) -> None:
    before = client.quota().data["limits"]
    planned = client.create(PROMPT, dry_run=True).data
    assert planned["quota"]["consumed_credits"] == 0
    assert planned["credits_required"] == planned["quota"]["credits_required"] > 0
    assert planned["assets"] == planned["asset_ids"] == []
    job = client.jobs_show(planned["job_id"]).data["job"]
    # Not a terminal status, so whoever waits for it runs out of time.
    assert job["status"] == "planned"
    assert job["plan_receipt"] == planned["plan_receipt"]
    assert [event["type"] for event in client.activity_list().data["events"]] == ["job.planned"]
    assert client.quota().data["limits"] == before


def test_the_newer_releases_may_plan_without_a_token(modern: Any) -> None:
    modern.token = None
    planned = modern.create(PROMPT, dry_run=True)
    assert planned.envelope["actor"] is None
    assert planned.data["status"] == "planned"
    assert modern.create(PROMPT).refusal == ("AUTH_REQUIRED", 3)


def test_a_seed_and_an_intent_are_taken(client: Any) -> None:
    first = client.create(PROMPT, model="fal.flux-dev", intent="explore", model_parameters={"seed": 7}).data
    second = client.create(PROMPT, model="fal.flux-dev", intent="explore", model_parameters={"seed": 7}).data
    assert first["request"]["selection"]["model_parameters"]["keys"] == ["seed"]
    assert client.assets_get(first["asset_ids"][0]) == client.assets_get(second["asset_ids"][0])


def test_a_key_replays_the_first_job(modern: Any) -> None:
    first, again = (modern.create(PROMPT, **QUICK, idempotency_key="run-1") for _ in range(2))
    assert again.data["job_id"] == first.data["job_id"]
    assert again.data["assets"] == first.data["assets"]
    assert modern.quota().data["limits"]["remaining_credits"] == 39


def test_the_latest_never_creates_without_a_key_and_two_runs_are_two_jobs(latest: Client0170) -> None:
    assert "idempotency_key" in latest.create_body(PROMPT)
    assert "idempotency_key" not in latest.create_body(PROMPT, dry_run=True)
    assert latest.create(PROMPT, **QUICK).data["job_id"] != latest.create(PROMPT, **QUICK).data["job_id"]


def test_the_oldest_repeats_without_a_key_and_pays_twice(sandbox_http: httpx.Client) -> None:
    client = Client010(sandbox_http)
    client.start()
    assert client.create(PROMPT, **QUICK).data["job_id"] != client.create(PROMPT, **QUICK).data["job_id"]
    assert client.quota().data["daily_jobs"]["used"] == 2


def test_several_outputs_are_several_assets(modern: Any) -> None:
    data = modern.create(PROMPT, model="xai.grok-imagine-image", output_count=2).data
    assert len(data["assets"]) == len(set(data["asset_ids"])) == data["request"]["output_count"] == 2
    assert data["quota"]["consumed_credits"] == 8
    assert modern.create(PROMPT, model="xai.grok-imagine-image", output_count=5).exit_code == 2


@pytest.mark.parametrize(
    ("flags", "code", "exit_code"),
    [
        ({"prompt": ""}, "INVALID_ARGUMENTS", 2),
        ({"model": "nobody.nothing"}, "MODEL_NOT_FOUND", 1),
        ({"model": "fal.flux-dev", "provider": "xai"}, "INVALID_ARGUMENTS", 2),
        ({"aspect_ratio": "7:1"}, "INVALID_ARGUMENTS", 2),
        ({"model_parameters": {"no_such_control": 1}}, "MODEL_PARAMETERS_INVALID", 2),
        ({"max_estimated_usd_per_image": 0.01}, "BUDGET_EXCEEDED", 5),
        ({"prompt": "[sandbox:policy]"}, "INPUT_POLICY_DENIED", 6),
        ({"prompt": "[sandbox:provider_failure]"}, "PROVIDER_FAILURE", 7),
    ],
)
def test_a_refused_create_has_its_own_exit_code_in_every_release(
    client: Any, flags: dict[str, Any], code: str, exit_code: int
) -> None:
    stated = {"prompt": PROMPT} | flags
    ran: Ran = client.create(**stated)
    assert ran.refusal == (code, exit_code)
    assert ran.envelope["actor"] is None
    assert client.quota().data["limits"]["remaining_credits"] == 40


def test_an_unknown_cost_names_the_flag_that_accepts_it(client: Any) -> None:
    flags = {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}}
    ran: Ran = client.create(PROMPT, **flags)
    assert ran.error["recovery"]["required_flag"] == "--accept-unknown-cost"
    assert ran.exit_code == 5
    assert client.create(PROMPT, **flags, dry_run=True).exit_code == 0
    assert client.create(PROMPT, **flags, accept_unknown_cost=True).exit_code == 0


def test_too_few_credits_offer_a_top_up(client: Any) -> None:
    ran: Ran = client.create(PROMPT, model="fal.nano-banana-pro", model_parameters={"resolution": "4K"})
    assert ran.refusal == ("QUOTA_EXCEEDED", 5)
    recovery = ran.error["recovery"]
    assert recovery["suggested_commands"]
    assert recovery["top_up"]["commands"]["quote"].startswith("image-skill credits quote --pack ")


def test_the_fifth_live_job_of_a_day_waits_for_tomorrow(client: Any) -> None:
    for number in range(4):
        assert client.create(f"{PROMPT} {number}", **QUICK).exit_code == 0
    ran: Ran = client.create(PROMPT, **QUICK)
    assert ran.refusal == ("DAILY_JOB_CAP_REACHED", 5)
    assert 0 < ran.error["recovery"]["retry_after_seconds"] <= 86_400


def test_a_provider_failure_can_be_tried_again_with_the_key_that_it_names(modern: Any) -> None:
    ran: Ran = modern.create(f"{PROMPT} [sandbox:provider_failure]", **QUICK, idempotency_key="run-1")
    assert ran.error["retryable"] is True
    assert ran.error["recovery"]["idempotency_key"] == "run-1"
    assert modern.jobs_show(ran.error["recovery"]["job_id"]).data["job"]["status"] == "failed"


@pytest.mark.parametrize("reference", ["image_nothing", "job_nothing", "é", "a/b", "%2F"])
def test_what_is_not_there_is_exit_1(client: Any, reference: str) -> None:
    assert client.assets_show(reference).refusal == ("ASSET_NOT_FOUND", 1)
    assert client.jobs_show(reference).refusal == ("JOB_NOT_FOUND", 1)
    assert client.activity_show(reference).refusal == ("ACTIVITY_NOT_FOUND", 1)


def test_another_agents_work_is_not_there(client: Any) -> None:
    made = client.create(PROMPT, **QUICK).data
    other = Client0170(client.http)
    other.start("other")
    assert other.jobs_show(made["job_id"]).exit_code == 1
    assert other.assets_show(made["asset_ids"][0]).exit_code == 1
    assert other.activity_show(made["job_id"]).exit_code == 1


def test_activity_tells_what_was_done_newest_first(client: Any) -> None:
    made = client.create(PROMPT, **QUICK).data
    data = client.activity_list(limit=20).data
    assert data["source"] == "hosted_activity_ledger"
    done, usage, created = data["events"]
    assert [done["type"], usage["type"], created["type"]] == ["job.completed", "usage.credit_consumed", "asset.created"]
    assert all(set(event) == EVENT for event in data["events"])
    assert done["links"]["asset_ids"] == made["asset_ids"]
    assert done["links"]["usage_event_id"] == usage["links"]["usage_event_id"] == usage["subject"]["id"]
    for reference in (done["event_id"], made["job_id"], made["asset_ids"][0], usage["subject"]["id"], made["trace_id"]):
        found = client.activity_show(reference).data
        assert found["request"]["reference"] == reference
        assert found["events"]
        assert client.activity_list(subject=reference).data["events"] == found["events"]


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "1e+21", "NaN"])
def test_a_limit_that_is_no_count_is_refused(client: Any, limit: str) -> None:
    assert client.activity_list(limit=limit).refusal == ("INVALID_ARGUMENTS", 2)


def test_a_huge_limit_is_clamped(client: Any) -> None:
    assert client.activity_list(limit="100000000000").exit_code == 0


def test_feedback_is_taken_and_found_again_by_its_id_without_its_text(client: Any) -> None:
    trace = client.whoami().envelope["trace_id"]
    data = client.feedback_create(
        title="Seed is ignored", body="Two runs differ.", evidence=[f"trace:{trace}"], trace_id=trace, confidence="high"
    ).data
    assert data["feedback_id"].startswith("sig_")
    (event,) = client.activity_show(data["feedback_id"]).data["events"]
    assert event["type"] == "feedback.created"
    assert event["links"]["feedback_id"] == data["feedback_id"]
    assert "Two runs" not in str(event)


def test_weak_feedback_is_taken_with_advice_and_empty_feedback_is_not(client: Any) -> None:
    assert client.feedback_create(title="hm").envelope["warnings"]
    assert not client.feedback_create(title="hm", allow_weak_signal=True).envelope["warnings"]
    assert client.feedback_create(title=" ").refusal == ("INVALID_ARGUMENTS", 2)
