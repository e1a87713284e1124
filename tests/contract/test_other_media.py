"""Video, sound and 3D arrive as files of their kind."""

from io import BytesIO

import pytest

from tests.contract.playing import BASE_URL, PROMPT, Agent
from tests.contract.test_edit import uploaded

KINDS = [
    ("video", "video/mp4", "video_", ".mp4", 7),
    ("audio", "audio/wav", "audio_", ".wav", 34),
    ("3d", "model/gltf-binary", "asset_", ".glb", 4),
]


@pytest.mark.parametrize(("modality", "mime_type", "prefix", "extension", "debit"), KINDS)
def test_each_medium_is_made_told_and_downloaded(
    agent: Agent, modality: str, mime_type: str, prefix: str, extension: str, debit: int
) -> None:
    (model,) = agent.client.catalog.models(modality=modality).models
    assert model.is_runnable
    if "edit" in model.supports:
        made = agent.client.work.edit(input_asset_id=uploaded(agent), idempotency_key="k1", model=model.id)
    else:
        made = agent.client.work.create(prompt=PROMPT, idempotency_key="k1", model=model.id)
    assert (made.status, made.consumed_credits) == ("completed", debit)
    (asset,) = made.assets
    assert asset.asset_id.startswith(prefix)
    assert (asset.mime_type, str(asset.url)[-4:], asset.width is None) == (mime_type, extension, modality != "video")
    file = BytesIO()
    done = agent.client.assets.download(url=str(asset.url), to=file, allowed_origins=[BASE_URL], max_bytes=10_000_000)
    assert (done.content_type, done.size_bytes) == (mime_type, asset.content_length)
