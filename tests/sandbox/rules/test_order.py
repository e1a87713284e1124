"""Reading a create (contract 2.17): what is chosen, what is refused, what it will cost."""

from decimal import Decimal
from typing import Any

import pytest

from sandbox.errors import ApiError
from sandbox.rules.order import PROMPT_LIMIT, Order, read_order


def order(**fields: Any) -> Order:
    return read_order({"prompt": "a valley"} | fields)


def refusal(**fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        order(**fields)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "model_id", "reason"),
    [
        ({}, "xai.grok-imagine-image-quality", "default_model"),
        ({"intent": "explore"}, "xai.grok-imagine-image-quality", "default_model"),
        ({"intent": "Draft"}, "fal.flux-dev", "draft_intent"),
        ({"provider": "openai"}, "openai.gpt-image-2", "requested_provider"),
        ({"provider": "xai"}, "xai.grok-imagine-image-quality", "requested_provider"),
        ({"model": "nano-banana"}, "fal.nano-banana-2", "requested_model"),
        ({"model": "fal.dreamo", "provider": "fal"}, "fal.dreamo", "requested_model"),
    ],
)
def test_a_model_is_chosen(fields: dict[str, str], model_id: str, reason: str) -> None:
    chosen = order(**fields)
    assert (chosen.model.id, chosen.reason) == (model_id, reason)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": ""}, "INVALID_ARGUMENTS"),
        ({"prompt": "   "}, "INVALID_ARGUMENTS"),
        ({"prompt": None}, "INVALID_ARGUMENTS"),
        ({"prompt": 7}, "INVALID_ARGUMENTS"),
        ({"prompt": "x" * (PROMPT_LIMIT + 1)}, "INVALID_ARGUMENTS"),
        ({"model": "fal.unheard-of"}, "MODEL_NOT_FOUND"),
        ({"model": "imagen4"}, "MODEL_NOT_EXECUTABLE"),
        ({"model": "fal.nano-banana-2-edit"}, "MODEL_NOT_EXECUTABLE"),
        ({"model": "fal.trellis-image-to-3d"}, "MODEL_NOT_EXECUTABLE"),
        ({"model": "fal.ltx-video-13b-distilled", "aspect_ratio": "9:16"}, "INVALID_ARGUMENTS"),
        ({"model": "fal.stable-audio-25-text-to-audio", "aspect_ratio": "16:9"}, "INVALID_ARGUMENTS"),
        ({"provider": "acme"}, "INVALID_ARGUMENTS"),
        ({"provider": "xai", "model": "fal.flux-dev"}, "INVALID_ARGUMENTS"),
        ({"aspect_ratio": "7:1"}, "INVALID_ARGUMENTS"),
        ({"aspect_ratio": "16:9", "provider": "openai"}, "INVALID_ARGUMENTS"),
        ({"output_count": 0}, "INVALID_ARGUMENTS"),
        ({"output_count": 5}, "INVALID_ARGUMENTS"),
        ({"output_count": True}, "INVALID_ARGUMENTS"),
        ({"output_count": "2"}, "INVALID_ARGUMENTS"),
        ({"output_count": 2, "model": "fal.flux-dev"}, "INVALID_ARGUMENTS"),
        ({"references": [{"asset_id": "image_1"}]}, "INVALID_ARGUMENTS"),
        ({"idempotency_key": "with space"}, "INVALID_ARGUMENTS"),
        ({"idempotency_key": ""}, "INVALID_ARGUMENTS"),
        ({"idempotency_key": "k" * 201}, "INVALID_ARGUMENTS"),
        ({"dry_run": "yes"}, "INVALID_ARGUMENTS"),
        ({"max_estimated_usd_per_image": "1"}, "INVALID_ARGUMENTS"),
        ({"max_estimated_usd_per_image": -1}, "INVALID_ARGUMENTS"),
        ({"prompt": "draw [sandbox:policy] things"}, "INPUT_POLICY_DENIED"),
    ],
)
def test_a_wrong_body_is_refused(fields: dict[str, Any], code: str) -> None:
    assert refusal(**fields).code == code


def test_null_is_the_same_as_absent() -> None:
    names = ("model", "provider", "intent", "output_count", "idempotency_key", "model_parameters", "references")
    assert order(**dict.fromkeys(names)) == order()


def test_the_guard_looks_at_the_debit_of_one_image_not_at_the_providers_cost() -> None:
    # The default model costs its provider $0.05 and debits 9 credits.
    assert order(max_estimated_usd_per_image=Decimal("0.09"), output_count=4).bill.credits == 36
    assert refusal(max_estimated_usd_per_image=Decimal("0.08")).code == "BUDGET_EXCEEDED"


def test_max_usd_guards_the_whole_job() -> None:
    assert order(max_usd=Decimal("0.18"), output_count=2).outputs == 2
    assert refusal(max_usd=Decimal("0.17"), output_count=2).code == "BUDGET_EXCEEDED"


def test_an_unknown_cost_has_to_be_accepted_unless_nothing_runs() -> None:
    unknown = {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}}
    error = refusal(**unknown)
    assert error.code == "BUDGET_REQUIRES_CONFIRMATION"
    assert error.recovery == {"required_flag": "--accept-unknown-cost"}
    assert not order(**unknown, accept_unknown_cost=True).bill.is_known
    assert order(**unknown, dry_run=True).is_dry_run


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, (1024, 1024, "1k")),
        ({"aspect_ratio": "auto"}, (1024, 1024, "1k")),
        ({"aspect_ratio": "16:9"}, (1360, 768, "1k")),
        ({"aspect_ratio": "9:16"}, (768, 1360, "1k")),
        ({"model_parameters": {"resolution": "2k"}}, (2048, 2048, "2k")),
        ({"model": "fal.flux-dev", "model_parameters": {"image_size": "portrait_4_3"}}, (768, 1024, "1k")),
        ({"model": "fal.z-image-turbo", "model_parameters": {"image_size": "square"}}, (512, 512, "0.5k")),
        ({"model": "fal.dreamo", "model_parameters": {"image_size": {"width": 300, "height": 900}}}, (300, 900, "1k")),
        ({"provider": "openai", "aspect_ratio": "3:2"}, (1536, 1024, "2k")),
        ({"provider": "openai", "model_parameters": {"size": "1024x1536"}}, (1024, 1536, "2k")),
        (
            {"model": "fal.bytedance-seedream-v4-5-text-to-image", "model_parameters": {"image_size": "auto_2K"}},
            (2048, 2048, "2k"),
        ),
    ],
)
def test_sizes_follow_parameters_first_and_the_aspect_ratio_then(
    fields: dict[str, Any], size: tuple[int, int, str]
) -> None:
    chosen = order(**fields).size
    assert (chosen.width, chosen.height, chosen.resolution_class) == size


def test_the_request_names_parameters_but_shows_no_value_and_no_prompt() -> None:
    request = order(prompt="canary", intent="canary words", model_parameters={"seed": 4711}).request()
    assert request["selection"]["model_parameters"]["keys"] == ["seed"]
    assert request["selection"]["intent"] is None
    assert "canary" not in str(request)
    assert "4711" not in str(request)


def test_prompt_and_key_stay_out_of_the_repr() -> None:
    assert "canary" not in repr(order(prompt="canary", idempotency_key="canary-key"))


def test_terms_tell_apart_what_changes_the_picture_and_nothing_else() -> None:
    base = order().terms
    assert order(idempotency_key="k", max_usd=5, accept_unknown_cost=True).terms == base
    for change in (
        {"prompt": "other"},
        {"output_count": 2},
        {"aspect_ratio": "3:2"},
        {"model_parameters": {"seed": 1}},
    ):
        assert order(**change).terms != base
