"""Edits: an owned picture in, its descendant out, for the same money rules as a create (contract 2.19, 11)."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import ImageChops, ImageStat

from sandbox.models import Event, Job
from sandbox.renderer.darkroom import BENCHES
from sandbox.rules.catalog import MODELS
from tests.sandbox.fixtures import Caller
from tests.sandbox.works import edit, image_bytes, opened, uploaded

MASKED = "fal.ideogram-v2-edit"
UNKNOWN = "openai.gpt-image-2-edit"


def test_an_edit_answers_like_a_create_and_names_its_input(agent: Caller) -> None:
    source = uploaded(agent)
    data = edit(agent, source, idempotency_key="e1").data
    assert data["status"] == "completed"
    assert data["capability"] == {"id": "is.image.edit.fal-z-image-turbo-edit.v1"}
    assert data["inputs"] == [{"asset_id": source, "role": "input"}]
    assert data["input_asset"]["asset_id"] == source
    assert data["request"]["selection"]["policy"] == "hosted_default_edit_v1"
    assert data["quota"]["consumed_credits"] == data["cost"]["credits"] == 1
    (asset,) = data["assets"]
    assert (asset["kind"], asset["mime_type"]) == ("generated", "image/png")
    assert data["next_actions"]["iterate_edit"]["command"].startswith(f"image-skill edit --input {asset['asset_id']} ")
    job = agent.get(f"/v1/jobs/{data['job_id']}").data["job"]
    assert (job["operation"], job["inputs"]) == ("edit", data["inputs"])
    assert agent.event_types() == ["job.completed", "usage.credit_consumed", "asset.created", "asset.uploaded"]
    done, _, made, _ = agent.get("/v1/activity").data["events"]
    assert (done["operation"], made["operation"]) == ("edit", "edit")
    assert agent.limits()["remaining_credits"] == 39


def test_without_a_model_the_default_edits_for_a_known_cost(agent: Caller) -> None:
    data = edit(agent, uploaded(agent), model=None).data
    assert data["capability"] == {"id": "is.image.edit.fal-nano-banana-2-edit.v1"}
    assert data["cost"]["credit_pricing"]["pricing_confidence"] == "known"
    assert data["quota"]["consumed_credits"] == 7


@pytest.mark.parametrize("model_id", BENCHES)
def test_every_edit_model_makes_a_visible_descendant(agent: Caller, settings: Any, model_id: str) -> None:
    settings.SANDBOX_FREE_CREDITS = 1000
    source = agent.create(model_parameters={"image_size": "square"}).data["assets"][0]
    prompt = None if MODELS[model_id].is_promptless else "dusk"
    data = edit(agent, source["asset_id"], model=model_id, prompt=prompt, accept_unknown_cost=True).data
    shown = opened(agent, data["assets"][0]).convert("L").resize((64, 64))
    before = opened(agent, source).convert("L").resize((64, 64))
    difference = ImageStat.Stat(ImageChops.difference(shown, before)).mean[0]
    assert 2 < difference < 140
    output = data["request"]["selection"]["output"]
    assert (data["assets"][0]["width"], data["assets"][0]["height"]) == (
        output["expected_width"],
        output["expected_height"],
    )


@pytest.mark.parametrize("kind", ["light", "opaque RGB", "transparent"])
def test_a_mask_keeps_what_it_protects(agent: Caller, kind: str) -> None:
    source = agent.create(model_parameters={"image_size": "square"}).data["assets"][0]
    half = opened(agent, source).convert("RGB").resize((512, 512))
    mode, keep, change = ("RGBA", "black", "#0000") if kind == "transparent" else ("RGB", "black", "white")
    mask = half.convert(mode)
    mask.paste(keep, (0, 0, 512, 512))
    mask.paste(change, (256, 0, 512, 512))
    content = _png(mask.convert("L") if kind == "light" else mask)
    size = {"model": MASKED, "mask_asset_id": uploaded(agent, content)}
    data = edit(agent, source["asset_id"], **size).data
    assert [one["role"] for one in data["inputs"]] == ["input", "mask"]
    before, after = (opened(agent, one).convert("RGB").resize((512, 512)) for one in (source, data["assets"][0]))
    difference = ImageChops.difference(before, after).convert("L")
    left, right = (ImageStat.Stat(difference.crop(box)).mean[0] for box in ((0, 0, 250, 512), (262, 0, 512, 512)))
    assert left < 3
    assert right > 10


def _png(image: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (1184, 880)),
        ({"aspect_ratio": "auto"}, (1184, 880)),
        ({"aspect_ratio": "1:1"}, (1024, 1024)),
        ({"model_parameters": {"image_size": "landscape_16_9"}}, (1024, 576)),
        ({"model": "fal.nano-banana-2-edit", "model_parameters": {"resolution": "0.5K"}}, (592, 448)),
        ({"model": "openai.gpt-image-1.5-edit", "accept_unknown_cost": True}, (1536, 1024)),
    ],
)
def test_the_size_follows_the_input_unless_it_is_ordered(
    agent: Caller, changes: dict[str, Any], size: tuple[int, int]
) -> None:
    (asset,) = edit(agent, uploaded(agent), **changes).data["assets"]
    assert (asset["width"], asset["height"]) == size == opened(agent, asset).size


def test_a_strip_of_an_input_becomes_a_picture(agent: Caller) -> None:
    (asset,) = edit(agent, uploaded(agent, image_bytes((2000, 1)))).data["assets"]
    assert (asset["width"], asset["height"]) == (2048, 512)


def test_a_dry_run_plans_and_takes_nothing(agent: Caller) -> None:
    source = uploaded(agent)
    data = edit(agent, source, model=UNKNOWN, dry_run=True, idempotency_key="e1").data
    assert (data["status"], data["assets"], data["quota"]["consumed_credits"]) == ("planned", [], 0)
    assert data["credits_required"] == data["quota"]["credits_required"] == 11
    assert data["plan_receipt"]["provider_executed"] is False
    assert agent.event_types() == ["job.planned", "asset.uploaded"]
    assert agent.get("/v1/activity").data["events"][0]["operation"] == "edit"
    assert agent.limits()["remaining_credits"] == 40


def test_a_dry_run_needs_a_token_too(stranger: Caller) -> None:
    assert edit(stranger, "image_1", dry_run=True).refusal == ("AUTH_REQUIRED", 401, 3)


def test_the_same_key_replays_and_other_terms_conflict_with_a_way_on(agent: Caller) -> None:
    source = uploaded(agent)
    first, again = (edit(agent, source, idempotency_key="e1") for _ in range(2))
    assert again.data["job_id"] == first.data["job_id"]
    assert again.envelope["warnings"]
    assert agent.limits()["remaining_credits"] == 39
    for other in (edit(agent, uploaded(agent), idempotency_key="e1"), agent.create(idempotency_key="e1")):
        assert other.refusal == ("IDEMPOTENCY_CONFLICT", 409, 1)
    advice = edit(agent, source, idempotency_key="e1", prompt="x").error["recovery"]["suggested_command"]
    assert advice.startswith(f"image-skill edit --input {source} --prompt PROMPT --model fal.z-image-turbo-edit ")
    assert "--idempotency-key edit-" in advice


def test_the_advice_after_a_failure_keeps_input_and_model(agent: Caller) -> None:
    source = uploaded(agent)
    answer = edit(agent, source, prompt="[sandbox:provider_failure]", idempotency_key="e1")
    assert answer.refusal == ("PROVIDER_FAILURE", 502, 7)
    recovery = answer.error["recovery"]
    assert recovery["idempotency_key"] == "e1"
    assert recovery["suggested_command"] == (
        f"image-skill edit --input {source} --prompt PROMPT --model fal.z-image-turbo-edit --idempotency-key e1 --json"
    )
    assert recovery["suggested_commands"][0] == f"image-skill jobs show {recovery['job_id']} --json"
    assert agent.limits()["remaining_credits"] == 40


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"input_asset_id": None}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"input_asset_id": "https://example.com/cat.png"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"input_asset_id": "image_none"}, ("ASSET_NOT_FOUND", 404, 1)),
        ({"prompt": None}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"mask_asset_id": "image_none"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"model": MASKED, "mask_asset_id": "image_none"}, ("ASSET_NOT_FOUND", 404, 1)),
        ({"model": "fal.flux-dev"}, ("MODEL_NOT_EXECUTABLE", 409, 1)),
        ({"model": "fal.nobody"}, ("MODEL_NOT_FOUND", 404, 1)),
        ({"provider": "xai"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"aspect_ratio": "7:1"}, ("INVALID_ARGUMENTS", 400, 2)),
        ({"model_parameters": {"sparkle": 1}}, ("MODEL_PARAMETERS_INVALID", 400, 2)),
        ({"model": UNKNOWN}, ("BUDGET_REQUIRES_CONFIRMATION", 402, 5)),
        ({"model_parameters": {"image_size": "auto"}}, ("BUDGET_REQUIRES_CONFIRMATION", 402, 5)),
        ({"max_estimated_usd_per_image": 0.009}, ("BUDGET_EXCEEDED", 402, 5)),
        ({"prompt": "[sandbox:policy]"}, ("INPUT_POLICY_DENIED", 400, 6)),
        ({"references": [{"asset_id": "image_1"}]}, ("INVALID_ARGUMENTS", 400, 2)),
    ],
)
def test_a_wrong_edit_is_refused_before_anything_is_taken(
    agent: Caller, changes: dict[str, Any], refusal: tuple[str, int, int]
) -> None:
    source = uploaded(agent)
    assert edit(agent, source, **changes).refusal == refusal
    assert (Job.objects.count(), Event.objects.count()) == (1, 1)
    assert agent.limits()["remaining_credits"] == 40


def test_another_organization_s_picture_is_not_there(agent: Caller, sign_up: Callable[..., Caller]) -> None:
    source, other = uploaded(agent), sign_up()
    assert edit(other, source).refusal == edit(other, "image_none").refusal == ("ASSET_NOT_FOUND", 404, 1)


def test_sound_cannot_be_edited(agent: Caller, settings: Any) -> None:
    settings.SANDBOX_FREE_CREDITS = 100
    track = agent.post("/v1/create", {"prompt": "rain", "model": "fal.stable-audio-25-text-to-audio"}).data
    assert edit(agent, track["asset_ids"][0]).refusal == ("INVALID_ARGUMENTS", 400, 2)


@pytest.mark.parametrize("model_id", [model.id for model in MODELS.values() if model.is_promptless])
def test_promptless_models_need_no_prompt_and_take_none(agent: Caller, model_id: str) -> None:
    source = uploaded(agent)
    assert edit(agent, source, model=model_id).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert edit(agent, source, model=model_id, prompt=None).data["status"] == "completed"


def test_source_images_are_paid_for_where_the_price_says_so(agent: Caller) -> None:
    source, guide = uploaded(agent), uploaded(agent)
    assert edit(agent, source, model="xai.grok-imagine-image-quality").data["quota"]["consumed_credits"] == 10
    references = [{"asset_id": guide, "role": "reference_image", "index": 0}]
    data = edit(agent, source, model="xai.grok-imagine-image-quality", references=references).data
    assert data["quota"]["consumed_credits"] == 12
    assert data["inputs"][1] == {"asset_id": guide, "role": "reference_image"}


def test_an_edit_counts_as_a_live_job(agent: Caller) -> None:
    source = uploaded(agent)
    for _ in range(4):
        assert edit(agent, source).data["status"] == "completed"
    assert edit(agent, source).refusal == ("DAILY_JOB_CAP_REACHED", 402, 5)
