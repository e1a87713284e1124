"""What a create is refused for: the same branch, code and advice on both sides, and nothing taken."""

from pathlib import Path
from typing import Any

import pytest

from api_client import (
    ApiError,
    AuthRefused,
    Client,
    Conflict,
    InvalidRequest,
    NotFound,
    ServiceFailed,
    StorageFailed,
)
from tests.contract.playing import PROMPT, QUICK, TWO_CREDITS_EACH, Agent, World

UNKNOWN_COST = {"model": "openai.gpt-image-2", "model_parameters": {"size": "auto"}}


@pytest.mark.parametrize(
    ("changes", "kind", "code", "status"),
    [
        ({"prompt": " "}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"prompt": "x" * 10_001}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"prompt": "lone \ud800"}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"prompt": "NUL \0"}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"idempotency_key": "ä"}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"output_count": 0}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"output_count": 2}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"aspect_ratio": "7:1"}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        ({"provider": "openai"}, InvalidRequest, "INVALID_ARGUMENTS", 400),
        (
            {"references": [{"asset_id": "image_1", "role": "reference_image"}]},
            InvalidRequest,
            "INVALID_ARGUMENTS",
            400,
        ),
        ({"model_parameters": {"sparkle": 1}}, InvalidRequest, "MODEL_PARAMETERS_INVALID", 400),
        ({"model_parameters": {"seed": -1}}, InvalidRequest, "MODEL_PARAMETERS_INVALID", 400),
        ({"model_parameters": {"seed": 0.5}}, InvalidRequest, "MODEL_PARAMETERS_INVALID", 400),
        ({"model": "fal.no-such-model"}, NotFound, "MODEL_NOT_FOUND", 404),
        ({"model": "fal.imagen4-preview"}, Conflict, "MODEL_NOT_EXECUTABLE", 409),
        ({"max_estimated_usd_micros_per_image": 9_999}, InvalidRequest, "BUDGET_EXCEEDED", 402),
        (UNKNOWN_COST, InvalidRequest, "BUDGET_REQUIRES_CONFIRMATION", 402),
        ({"prompt": f"{PROMPT} [sandbox:policy]"}, InvalidRequest, "INPUT_POLICY_DENIED", 400),
    ],
)
def test_a_wrong_order_is_refused_before_anything_is_taken(
    agent: Agent, changes: dict[str, Any], kind: type[ApiError], code: str, status: int
) -> None:
    with pytest.raises(ApiError) as caught:
        agent.create("k1", **changes)
    error = caught.value
    assert (type(error), error.code, error.http_status) == (kind, code, status)
    assert not error.retryable
    assert not error.may_have_started
    assert error.trace_id is not None
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.daily_jobs.used) == (40, 0)
    assert agent.ledger() == []
    assert agent.create("k1").consumed_credits == 1, "the key was not used up"


def test_advice_comes_as_data(agent: Agent) -> None:
    with pytest.raises(InvalidRequest) as unconfirmed:
        agent.create("k1", **UNKNOWN_COST)
    with pytest.raises(InvalidRequest) as unknown:
        agent.create("k1", model_parameters={"sparkle": 1})
    assert unconfirmed.value.recovery is not None
    assert unconfirmed.value.recovery.required_flag == "--accept-unknown-cost"
    assert unknown.value.recovery is not None
    schema = unknown.value.recovery.extra["model_parameters_schema"]
    assert set(schema["properties"]) == {"image_size", "seed"}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "changes", [{"prompt": f"{PROMPT} at dusk"}, {"aspect_ratio": "3:2"}, {"model_parameters": {"seed": 2}}]
)
def test_a_key_with_other_terms_is_a_conflict_with_a_way_on(agent: Agent, changes: dict[str, Any]) -> None:
    agent.create("k1")
    with pytest.raises(Conflict) as caught:
        agent.create("k1", **changes)
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("IDEMPOTENCY_CONFLICT", 409, False)
    assert error.recovery is not None
    command = str(error.recovery.suggested_command)
    assert "--model fal.z-image-turbo" in command
    assert "--idempotency-key create-" in command
    assert agent.client.quota.get().remaining_credits == 39


def test_a_provider_failure_leaves_a_failed_job_and_frees_the_key(agent: Agent) -> None:
    with pytest.raises(ServiceFailed) as caught:
        agent.create("k1", prompt=f"{PROMPT} [sandbox:provider_failure]")
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("PROVIDER_FAILURE", 502, True)
    assert (error.may_have_started, error.retry_after_seconds) == (True, 5)
    assert error.recovery is not None
    assert error.recovery.idempotency_key == "k1"
    job = agent.client.jobs.get(error.recovery.extra["job_id"])
    assert (job.status, job.assets) == ("failed", ())
    assert job.completed_at is not None
    assert job.failure is not None
    assert (job.failure.code, job.failure.message, job.failure.retryable) == ("PROVIDER_FAILURE", error.message, True)
    assert job.job_id in str(error.recovery.suggested_command)
    assert agent.create("k1").consumed_credits == 1


def test_a_result_that_could_not_be_stored_is_never_repeated(agent: Agent, world: World, sandbox_data: Path) -> None:
    (sandbox_data / "media").write_text("a file where the folder should be")
    asked = len(world.wire.requests)
    with pytest.raises(StorageFailed) as caught:
        agent.create("k1")
    error = caught.value
    assert (error.code, error.http_status, error.retryable) == ("ARTIFACT_STORAGE_WRITE_FAILED", 500, False)
    assert error.may_have_started
    assert len(world.wire.requests) == asked + 1
    assert error.recovery is not None
    assert agent.client.jobs.get(error.recovery.extra["job_id"]).status == "failed"
    assert agent.client.quota.get().remaining_credits == 40


@pytest.mark.parametrize("changes", [{}, {"dry_run": True, "references": [{"asset_id": "image_1", "role": "mask"}]}])
def test_a_visitor_may_plan_without_references_and_nothing_else(visitor: Client, changes: dict[str, Any]) -> None:
    with pytest.raises(AuthRefused):
        visitor.work.create(prompt=PROMPT, idempotency_key="k1", **QUICK, **changes)


def test_a_visitor_s_wrong_plan_is_a_wrong_plan(visitor: Client) -> None:
    with pytest.raises(NotFound) as caught:
        visitor.work.create(prompt=PROMPT, idempotency_key="k1", dry_run=True, model="fal.no-such-model")
    assert caught.value.code == "MODEL_NOT_FOUND"


def test_the_budget_of_the_whole_job_is_heeded_too(world: World, agent: Agent) -> None:
    body = {"prompt": PROMPT, **TWO_CREDITS_EACH, "output_count": 2, "max_usd": 0.03}
    error = world.refusal("POST", "/v1/create", body, token=agent.token)
    assert (type(error), error.code) == (InvalidRequest, "BUDGET_EXCEEDED")
