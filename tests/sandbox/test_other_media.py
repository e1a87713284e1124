"""Video, sound and 3D: real files of their kind, the same for the same order (contract 3.10, 3.12)."""

import io
import json
import struct
import wave
from typing import Any

import av
import pytest
from pytest_django import Settings

from sandbox.renderer import sound
from tests.sandbox.fixtures import Caller
from tests.sandbox.works import image_bytes, uploaded

VIDEO, AUDIO, SOLID = "fal.ltx-video-13b-distilled", "fal.stable-audio-25-text-to-audio", "fal.trellis-image-to-3d"


@pytest.fixture(autouse=True)
def rich(settings: Settings, agent: Caller) -> None:
    settings.SANDBOX_DAILY_JOBS = 10


def made(agent: Caller, model: str, **changes: Any) -> tuple[dict[str, Any], bytes]:
    if model == SOLID:
        body = {"input_asset_id": uploaded(agent, image_bytes(color="orange")), "aspect_ratio": "auto"}
        data = agent.post("/v1/edit", body | {"model": model} | changes).data
    else:
        body = {"prompt": "rain on a roof", "aspect_ratio": "1:1"}
        data = agent.post("/v1/create", body | {"model": model} | changes).data
    (asset,) = data["assets"]
    response = agent.http.get(asset["url"])
    assert response.headers["content-type"] == asset["mime_type"]
    assert int(response.headers["content-length"]) == len(response.content) == asset["content_length"]
    return asset | {"data": data}, response.content


def test_a_video_is_a_short_film(agent: Caller) -> None:
    asset, content = made(agent, VIDEO, aspect_ratio="16:9")
    assert asset["asset_id"].startswith("video_")
    assert (asset["mime_type"], asset["url"][-4:]) == ("video/mp4", ".mp4")
    with av.open(io.BytesIO(content)) as film:
        frames = list(film.decode(video=0))
        assert film.streams.video[0].codec_context.name == "h264"
        assert (frames[0].width, frames[0].height) == (asset["width"], asset["height"]) == (768, 432)
        assert frames[0].to_image().tobytes() != frames[-1].to_image().tobytes()
    assert len(frames) == 72
    assert asset["data"]["request"]["selection"]["output"]["expected_width"] == 768


def test_sound_is_a_wave_that_is_not_silent(agent: Caller) -> None:
    asset, content = made(agent, AUDIO)
    assert asset["asset_id"].startswith("audio_")
    assert (asset["mime_type"], asset["width"], asset["height"]) == ("audio/wav", None, None)
    with wave.open(io.BytesIO(content)) as track:
        assert (track.getnchannels(), track.getsampwidth(), track.getframerate()) == (1, 2, sound.RATE)
        assert track.getnframes() == sound.RATE * sound.SECONDS
        samples = struct.unpack(f"<{track.getnframes()}h", track.readframes(track.getnframes()))
    assert max(samples) > 20_000
    assert asset["data"]["quota"]["consumed_credits"] == 34


def test_a_solid_is_a_textured_mesh(agent: Caller) -> None:
    asset, content = made(agent, SOLID)
    assert asset["asset_id"].startswith("asset_")
    assert (asset["mime_type"], asset["url"][-4:], asset["width"]) == ("model/gltf-binary", ".glb", None)
    magic, version, total = struct.unpack_from("<4sII", content)
    assert (magic, version, total) == (b"glTF", 2, len(content))
    length, kind = struct.unpack_from("<I4s", content, 12)
    assert (kind, length % 4) == (b"JSON", 0)
    scene = json.loads(content[20 : 20 + length])
    binary, kind = struct.unpack_from("<I4s", content, 20 + length)
    assert (kind, binary) == (b"BIN\0", scene["buffers"][0]["byteLength"])
    assert 28 + length + binary == total
    for view in scene["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= binary
    places, _, corners = scene["accessors"]
    start = 28 + length + scene["bufferViews"][2]["byteOffset"]
    assert max(struct.unpack_from(f"<{corners['count']}H", content, start)) == places["count"] - 1


@pytest.mark.parametrize("model", [VIDEO, AUDIO])
def test_the_same_order_gives_the_same_bytes_and_another_prompt_does_not(
    agent: Caller, settings: Settings, model: str
) -> None:
    settings.SANDBOX_FREE_CREDITS = 40
    (_, first) = made(agent, model)
    other = Caller(agent.http, agent.post("/v1/agent-signups", SIGN_UP).data["token"])
    (_, again) = made(other, model)
    third = Caller(agent.http, agent.post("/v1/agent-signups", SIGN_UP).data["token"])
    (_, different) = made(third, model, prompt="wind in a wood")
    assert first == again != different


SIGN_UP = {"agent_name": "a", "runtime": "r", "return_token": True}


@pytest.mark.parametrize("model", [VIDEO, AUDIO])
def test_other_media_take_no_parameters(agent: Caller, model: str) -> None:
    body = {"prompt": "p", "model": model, "model_parameters": {"seed": 1}}
    assert agent.post("/v1/create", body).refusal == ("MODEL_PARAMETERS_INVALID", 400, 2)
