"""Edits as the client orders and reads them: from an owned picture to its descendant."""

from typing import Any

import pytest

from api_client import ApiError, AuthRefused, Client, Conflict, CreateResult, InvalidRequest, NotFound, ServiceFailed
from tests.contract.playing import PROMPT, Agent, World
from tests.contract.test_upload import picture

CHEAPEST = "fal.z-image-turbo-edit"


def uploaded(agent: Agent, size: tuple[int, int] = (400, 300)) -> str:
    made = agent.client.work.upload(filename="a.png", mime_type="image/png", content=picture(size))
    return made.asset.asset_id


def edit(agent: Agent, key: str, source: str, **changes: Any) -> CreateResult:
    terms = {"input_asset_id": source, "prompt": PROMPT, "model": CHEAPEST}
    return agent.client.work.edit(idempotency_key=key, **(terms | changes))


def test_an_edit_is_one_asset_one_job_one_debit(agent: Agent) -> None:
    source = uploaded(agent)
    made = edit(agent, "e1", source)
    assert (made.status, made.safety_status, made.consumed_credits) == ("completed", "allowed", 1)
    assert made.capability_id == "is.image.edit.fal-z-image-turbo-edit.v1"
    (asset,) = made.assets
    assert (asset.kind, asset.width, asset.height) == ("generated", 1184, 880)
    job = agent.job_of(made)
    assert (job.operation, job.assets) == ("edit", made.assets)
    assert [(one.asset_id, one.role) for one in job.inputs] == [(source, "input")]
    assert [line.operation for line in agent.ledger()] == ["edit", "usage", "edit", "upload"]
    assert agent.client.quota.get().remaining_credits == 39


def test_a_result_can_be_edited_again(agent: Agent) -> None:
    first = agent.create("k1")
    second = edit(agent, "e1", first.asset_ids[0])
    third = edit(agent, "e2", second.asset_ids[0])
    assert [one.asset_id for one in agent.job_of(third).inputs] == list(second.asset_ids)


def test_a_mask_and_references_are_inputs_in_their_roles(agent: Agent) -> None:
    source, mask, guide = uploaded(agent), uploaded(agent), uploaded(agent)
    masked = edit(agent, "e1", source, model="fal.ideogram-v2-edit", mask_asset_id=mask)
    assert [one.role for one in agent.job_of(masked).inputs] == ["input", "mask"]
    references = [{"asset_id": guide, "role": "reference_image", "index": 0}]
    guided = edit(agent, "e2", source, model="xai.grok-imagine-image-quality", references=references)
    assert [one.role for one in agent.job_of(guided).inputs] == ["input", "reference_image"]
    assert guided.consumed_credits == 12


def test_a_create_takes_references_too(agent: Agent) -> None:
    references = [{"asset_id": uploaded(agent), "role": "reference_image", "index": 0, "reference_task": "id"}]
    made = agent.create("k1", model="fal.dreamo", model_parameters=None, references=references)
    assert [one.role for one in agent.job_of(made).inputs] == ["reference_image"]


def test_a_dry_run_plans_and_takes_nothing(agent: Agent) -> None:
    source = uploaded(agent)
    planned = edit(agent, "e1", source, dry_run=True)
    assert (planned.status, planned.assets, planned.consumed_credits, planned.credits_required) == ("planned", (), 0, 1)
    assert planned.plan_receipt is not None
    assert agent.job_of(planned).operation == "edit"
    assert edit(agent, "e1", source).consumed_credits == 1, "the key was not used up"


def test_a_key_replays_and_conflicts(agent: Agent) -> None:
    source = uploaded(agent)
    first, again = (edit(agent, "e1", source) for _ in range(2))
    assert (again.job_id, again.assets) == (first.job_id, first.assets)
    with pytest.raises(Conflict) as caught:
        edit(agent, "e1", source, aspect_ratio="1:1")
    assert caught.value.code == "IDEMPOTENCY_CONFLICT"
    assert caught.value.recovery is not None
    assert f"edit --input {source}" in str(caught.value.recovery.suggested_command)
    assert agent.client.quota.get().remaining_credits == 39


def test_a_failure_keeps_input_and_model_in_its_advice(agent: Agent) -> None:
    source = uploaded(agent)
    with pytest.raises(ServiceFailed) as caught:
        edit(agent, "e1", source, prompt=f"{PROMPT} [sandbox:provider_failure]")
    error = caught.value
    assert (error.code, error.may_have_started, error.retryable) == ("PROVIDER_FAILURE", True, True)
    assert error.recovery is not None
    assert error.recovery.idempotency_key == "e1"
    assert f"--input {source}" in str(error.recovery.suggested_command)
    assert f"--model {CHEAPEST}" in str(error.recovery.suggested_command)
    assert edit(agent, "e1", source).consumed_credits == 1


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"input_asset_id": "image_none"}, NotFound, "ASSET_NOT_FOUND"),
        ({"input_asset_id": "https://example.com/a.png"}, InvalidRequest, "INVALID_ARGUMENTS"),
        ({"prompt": None}, InvalidRequest, "INVALID_ARGUMENTS"),
        ({"mask_asset_id": "image_none"}, InvalidRequest, "INVALID_ARGUMENTS"),
        ({"model": "fal.flux-dev"}, Conflict, "MODEL_NOT_EXECUTABLE"),
        ({"model": "openai.gpt-image-2-edit"}, InvalidRequest, "BUDGET_REQUIRES_CONFIRMATION"),
        ({"max_estimated_usd_micros_per_image": 9_999}, InvalidRequest, "BUDGET_EXCEEDED"),
        ({"model_parameters": {"sparkle": 1}}, InvalidRequest, "MODEL_PARAMETERS_INVALID"),
    ],
)
def test_a_wrong_edit_is_refused_before_anything_is_taken(
    agent: Agent, changes: dict[str, Any], kind: type[ApiError], code: str
) -> None:
    source = uploaded(agent)
    with pytest.raises(ApiError) as caught:
        edit(agent, "e1", source, **changes)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert not caught.value.may_have_started
    assert [line.type for line in agent.ledger()] == ["asset.uploaded"]


def test_a_visitor_may_not_even_plan_an_edit(visitor: Client) -> None:
    with pytest.raises(AuthRefused):
        visitor.work.edit(input_asset_id="image_1", idempotency_key="e1", prompt=PROMPT, dry_run=True)


def test_another_organization_s_picture_is_not_there(world: World, agent: Agent) -> None:
    with pytest.raises(NotFound) as caught:
        edit(world.join(), "e1", uploaded(agent))
    assert caught.value.code == "ASSET_NOT_FOUND"
