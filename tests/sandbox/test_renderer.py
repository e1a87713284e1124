"""Pictures: the right size and format, the same for the same spec, another for any other, and never a grey box."""

import io

import pytest
from PIL import Image, ImageStat

from sandbox.renderer import Spec, render
from sandbox.renderer.darkroom import BENCHES, develop
from sandbox.renderer.studio import STUDIOS

MODELS = sorted(STUDIOS)


def opened(spec: Spec) -> Image.Image:
    return Image.open(io.BytesIO(render(spec).content))


def small(model_id: str, **changes: int) -> Spec:
    return Spec(model_id, "ab" * 32, **{"width": 256, "height": 256} | changes)


@pytest.mark.parametrize("model_id", MODELS)
def test_the_same_spec_gives_the_same_bytes(model_id: str) -> None:
    assert render(small(model_id)) == render(small(model_id))


@pytest.mark.parametrize("model_id", MODELS)
def test_seed_index_and_prompt_each_give_another_picture(model_id: str) -> None:
    specs = [
        small(model_id),
        small(model_id, seed=1),
        small(model_id, index=1),
        Spec(model_id, "cd" * 32, width=256, height=256),
    ]
    assert len({render(spec).content for spec in specs}) == len(specs)


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("seed", range(4))
def test_a_picture_is_worth_looking_at(model_id: str, seed: int) -> None:
    image = opened(small(model_id, seed=seed)).convert("RGB")
    assert max(ImageStat.Stat(image).stddev) > 15
    colors = image.quantize(64).convert("RGB").getcolors()
    assert colors is not None
    assert len(colors) > 8


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("size", [(64, 64), (512, 64), (64, 512), (683, 384), (1600, 1600)])
def test_any_size_is_honoured(model_id: str, size: tuple[int, int]) -> None:
    picture = render(small(model_id, width=size[0], height=size[1]))
    assert Image.open(io.BytesIO(picture.content)).size == (picture.width, picture.height) == size


@pytest.mark.parametrize(
    ("file_format", "mime_type", "extension"),
    [("png", "image/png", "png"), ("jpeg", "image/jpeg", "jpg"), ("webp", "image/webp", "webp")],
)
@pytest.mark.parametrize("is_transparent", [True, False])
def test_formats_are_honoured(file_format: str, mime_type: str, extension: str, *, is_transparent: bool) -> None:
    spec = Spec(
        "openai.gpt-image-2", "ab", width=200, height=100, file_format=file_format, is_transparent=is_transparent
    )
    picture = render(spec)
    assert (picture.mime_type, picture.extension) == (mime_type, extension)
    assert Image.open(io.BytesIO(picture.content)).get_format_mimetype() == mime_type


@pytest.mark.parametrize("model_id", ["openai.gpt-image-2", "openai.gpt-image-1.5"])
def test_a_transparent_background_is_transparent(model_id: str) -> None:
    spec = Spec(model_id, "ab", width=256, height=256, is_transparent=True)
    assert opened(spec).getchannel("A").getextrema() == (0, 255)
    assert opened(small(model_id)).mode == "RGB"


def test_quality_is_honoured_and_zero_is_no_error() -> None:
    sizes = [
        len(render(Spec("fal.flux-dev", "ab", file_format="jpeg", quality=quality)).content) for quality in (0, 50, 95)
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("model_id", BENCHES)
def test_an_edit_is_the_same_for_the_same_spec_and_another_for_another_input(model_id: str) -> None:
    one, other = (render(small("fal.flux-dev", seed=seed)).content for seed in (1, 2))
    edited = develop(small(model_id), one)
    assert edited == develop(small(model_id), one)
    assert edited.content != develop(small(model_id), other).content


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_any_kind_of_picture_can_be_edited(mode: str) -> None:
    target = io.BytesIO()
    Image.new(mode, (40, 30)).save(target, "TIFF" if mode == "CMYK" else "PNG")
    assert develop(small("fal.flux-pro-kontext"), target.getvalue(), target.getvalue()).width == 256


def test_an_edit_as_large_as_it_gets_keeps_its_size() -> None:
    source = render(small("fal.flux-dev")).content
    image = Image.open(io.BytesIO(develop(small("fal.nano-banana-pro-edit", width=4096, height=4096), source).content))
    assert image.size == (4096, 4096)
