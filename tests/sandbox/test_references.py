"""References: roles, places, limits and kinds of assets, each refused before anything is taken (contract 2.17)."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import ImageChops, ImageStat

from sandbox.models import Job
from tests.sandbox.fixtures import Answer, Caller
from tests.sandbox.works import edit, image_bytes, opened, uploaded

KLING, DREAMO, XAI = "fal.kling-image-o3-text-to-image", "fal.dreamo", "xai.grok-imagine-image"


def create(agent: Caller, model: str, references: Any, **changes: Any) -> Answer:
    return agent.create(model=model, model_parameters=None, references=references, **changes)


def guide(asset_id: str, index: int, **fields: Any) -> dict[str, Any]:
    return {"asset_id": asset_id, "role": "reference_image", "index": index} | fields


def frontal(asset_id: str, index: int) -> dict[str, Any]:
    return {"asset_id": asset_id, "role": "element_frontal", "index": index}


def view(asset_id: str, index: int, place: int) -> dict[str, Any]:
    return {"asset_id": asset_id, "role": "element_reference", "index": index, "reference_index": place}


def test_a_reference_shows_through_and_is_named_by_the_job(agent: Caller) -> None:
    asset_id = uploaded(agent, image_bytes(color="red"))
    plain = create(agent, DREAMO, None).data
    guided = create(agent, DREAMO, [guide(asset_id, 0, reference_task="style")]).data
    assert guided["inputs"] == [{"asset_id": asset_id, "role": "reference_image"}]
    assert agent.get(f"/v1/jobs/{guided['job_id']}").data["job"]["inputs"] == guided["inputs"]
    before, after = (opened(agent, made["assets"][0]).convert("RGB") for made in (plain, guided))
    assert ImageStat.Stat(ImageChops.subtract(after, before)).mean[0] > 10


def test_ten_elements_of_four_are_the_most_that_fit(agent: Caller) -> None:
    asset_id = uploaded(agent)
    most = [frontal(asset_id, index) for index in range(10)]
    most += [view(asset_id, index, place) for index in range(10) for place in range(3)]
    assert create(agent, KLING, most, dry_run=True).data["status"] == "planned"
    assert create(agent, KLING, [*most, frontal(asset_id, 0)]).refusal == ("INVALID_ARGUMENTS", 400, 2)


WRONG: dict[str, tuple[str, Callable[[str], Any]]] = {
    "not a list": (DREAMO, lambda one: {"asset_id": one}),
    "not an object": (DREAMO, lambda one: [one]),
    "too many": (DREAMO, lambda one: [guide(one, 0), guide(one, 1), guide(one, 1)]),
    "twice in one place": (DREAMO, lambda one: [guide(one, 0), guide(one, 0)]),
    "a gap": (DREAMO, lambda one: [guide(one, 1)]),
    "an unknown task": (DREAMO, lambda one: [guide(one, 0, reference_task="copy")]),
    "an unknown role": (DREAMO, lambda one: [guide(one, 0, role="mask")]),
    "an unknown field": (DREAMO, lambda one: [guide(one, 0, image_url="https://example.com/a.png")]),
    "an address": (DREAMO, lambda _: [guide("https://example.com/a.png", 0)]),
    "no asset": (DREAMO, lambda _: [{"role": "reference_image", "index": 0}]),
    "an index that is no number": (DREAMO, lambda one: [guide(one, 0) | {"index": "0"}]),
    "a view without an element": (DREAMO, lambda one: [guide(one, 0, reference_index=0)]),
    "a role for all": (KLING, lambda one: [{"asset_id": one, "index": 0}]),
    "an element without a number": (KLING, lambda one: [{"asset_id": one, "role": "element_frontal"}]),
    "no frontal": (KLING, lambda one: [view(one, 0, 0)]),
    "two frontals": (KLING, lambda one: [frontal(one, 0), frontal(one, 0)]),
    "a gap between elements": (KLING, lambda one: [frontal(one, 0), frontal(one, 2)]),
    "an eleventh element": (KLING, lambda one: [frontal(one, index) for index in range(11)]),
    "a fourth view": (KLING, lambda one: [frontal(one, 0), *(view(one, 0, place) for place in range(4))]),
    "one view twice": (KLING, lambda one: [frontal(one, 0), view(one, 0, 1), view(one, 0, 1)]),
    "a task for an element": (KLING, lambda one: [frontal(one, 0) | {"reference_task": "ip"}]),
    "a model that takes none": ("fal.flux-dev", lambda one: [guide(one, 0)]),
    "a model that takes them in edits alone": (XAI, lambda one: [guide(one, 0)]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_list_is_refused_before_anything_is_taken(agent: Caller, name: str) -> None:
    model, references = WRONG[name]
    assert create(agent, model, references(uploaded(agent))).refusal == ("INVALID_ARGUMENTS", 400, 2)
    assert Job.objects.exclude(operation="upload").count() == 0


@pytest.mark.parametrize(
    ("size", "is_taken"),
    [
        ((300, 300), True),
        ((300, 750), True),
        ((750, 300), True),
        ((299, 400), False),
        ((300, 751), False),
        ((751, 300), False),
    ],
)
def test_a_reference_is_neither_small_nor_a_strip(agent: Caller, size: tuple[int, int], *, is_taken: bool) -> None:
    answer = create(agent, DREAMO, [guide(uploaded(agent, image_bytes(size)), 0)], dry_run=True)
    assert answer.envelope["ok"] is is_taken


@pytest.mark.parametrize(
    ("codec", "mime_type", "is_taken"),
    [
        ("JPEG", "image/jpeg", True),
        ("WEBP", "image/webp", True),
        ("GIF", "image/gif", False),
        ("AVIF", "image/avif", False),
    ],
)
def test_a_reference_is_png_jpeg_or_webp(agent: Caller, codec: str, mime_type: str, *, is_taken: bool) -> None:
    asset_id = uploaded(agent, image_bytes(file_format=codec), mime_type)
    assert create(agent, DREAMO, [guide(asset_id, 0)], dry_run=True).envelope["ok"] is is_taken


def test_another_s_asset_is_not_there(agent: Caller, sign_up: Callable[..., Caller]) -> None:
    foreign = uploaded(sign_up())
    for asset_id in (foreign, "image_none"):
        assert create(agent, DREAMO, [guide(asset_id, 0)]).refusal == ("ASSET_NOT_FOUND", 404, 1)


def test_xai_takes_two_references_in_an_edit_and_no_task(agent: Caller) -> None:
    source, one, two = (uploaded(agent) for _ in range(3))
    data = edit(agent, source, model=XAI, references=[guide(one, 0), guide(two, 1)]).data
    assert [row["asset_id"] for row in data["inputs"]] == [source, one, two]
    tasked = edit(agent, source, model=XAI, references=[guide(one, 0, reference_task="ip")])
    assert tasked.refusal == ("INVALID_ARGUMENTS", 400, 2)


def test_rows_say_what_references_they_take(stranger: Caller) -> None:
    rows = {row["id"]: row["media"]["input"]["references"] for row in stranger.get("/v1/models").data["models"]}
    assert (rows[KLING]["max"], rows[KLING]["elements"]["max"], rows[DREAMO]["tasks"]) == (
        40,
        10,
        ["ip", "id", "style"],
    )
    assert (rows[XAI]["max"], rows[XAI]["with"]) == (2, ["edit"])
    assert rows["fal.flux-dev"] == {"supported": False, "required": False, "max": 0}


def test_other_references_are_other_terms(agent: Caller) -> None:
    one, two = uploaded(agent), uploaded(agent)
    assert create(agent, DREAMO, [guide(one, 0)], idempotency_key="k1").data["status"] == "completed"
    assert create(agent, DREAMO, [guide(two, 0)], idempotency_key="k1").refusal[0] == "IDEMPOTENCY_CONFLICT"
