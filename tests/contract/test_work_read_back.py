"""Jobs, assets and the files themselves, as the one who made them and as others see them."""

import hashlib
from datetime import UTC, timedelta
from io import BytesIO

import pytest
import time_machine
from PIL import Image

from api_client import ContractError, Download, InvalidRequest, NotFound
from api_client.media import MEDIA_REFUSED
from tests.contract.playing import BASE_URL, NOON, TWO_CREDITS_EACH, Agent, World


def download(agent: Agent, url: str, *, max_bytes: int = 10_000_000) -> tuple[Download, bytes]:
    file = BytesIO()
    done = agent.client.assets.download(url=url, to=file, allowed_origins=[BASE_URL], max_bytes=max_bytes)
    return done, file.getvalue()


@time_machine.travel(NOON, tick=False)
def test_a_job_says_what_the_create_said(world: World) -> None:
    agent = world.join()
    made = agent.create("k1")
    job = agent.job_of(made)
    assert (job.job_id, job.status, job.operation, job.safety_status) == (made.job_id, "completed", "create", "allowed")
    assert (job.trace_id, job.capability_id, job.request) == (made.trace_id, made.capability_id, made.request)
    assert (job.assets, job.cost) == (made.assets, made.cost)
    assert job.created_at == job.updated_at == job.completed_at == NOON
    assert job.created_at is not None
    assert job.created_at.tzinfo is UTC
    assert (job.plan_receipt, job.failure, job.inputs) == (None, None, ())


@time_machine.travel(NOON, tick=False)
def test_an_asset_by_itself_is_the_one_in_its_job(world: World) -> None:
    agent = world.join()
    (asset,) = agent.create("k1").assets
    assert agent.client.assets.get(asset.asset_id) == asset
    assert (asset.source, asset.capability_id) == ("hosted_metadata", "is.image.generate.fal-z-image-turbo.v1")
    assert asset.created_at == NOON


@pytest.mark.parametrize("reference", ["job_none", "image_none", "a/b", "%2e%2e", "ä", "x" * 200])
def test_an_unknown_id_is_not_found(agent: Agent, reference: str) -> None:
    with pytest.raises(NotFound) as no_job:
        agent.client.jobs.get(reference)
    with pytest.raises(NotFound) as no_asset:
        agent.client.assets.get(reference)
    assert (no_job.value.code, no_asset.value.code) == ("JOB_NOT_FOUND", "ASSET_NOT_FOUND")
    assert reference not in no_job.value.message


def test_another_organization_s_things_look_like_none_at_all(world: World, agent: Agent) -> None:
    made, other = agent.create("k1"), world.join()
    errors = []
    for job_id in (str(made.job_id), "job_none"):
        with pytest.raises(NotFound) as caught:
            other.client.jobs.get(job_id)
        errors.append(caught.value)
    for asset_id in (made.asset_ids[0], "image_none"):
        with pytest.raises(NotFound) as caught:
            other.client.assets.get(asset_id)
        errors.append(caught.value)
    foreign_job, no_job, foreign_asset, no_asset = ((error.code, error.message) for error in errors)
    assert foreign_job == no_job
    assert foreign_asset == no_asset


def test_the_file_is_the_picture_that_the_asset_describes(agent: Agent) -> None:
    (asset,) = agent.create("k1").assets
    done, content = download(agent, str(asset.url))
    assert done.size_bytes == len(content) == asset.content_length
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.content_type == asset.mime_type == "image/png"
    with Image.open(BytesIO(content)) as picture:
        assert picture.size == (asset.width, asset.height)
        assert picture.format == "PNG"


def test_outputs_differ_and_the_same_seed_draws_the_same(world: World, agent: Agent) -> None:
    pair = agent.create("k1", **TWO_CREDITS_EACH, output_count=2).assets
    repeated = world.join().create("k1", **TWO_CREDITS_EACH, output_count=2).assets
    hashes = [download(agent, str(asset.url))[0].sha256 for asset in (*pair, *repeated)]
    assert hashes[:2] == hashes[2:]
    assert hashes[0] != hashes[1]


def test_the_file_needs_no_token_and_never_gets_one(world: World, agent: Agent) -> None:
    (asset,) = agent.create("k1").assets
    download(agent, str(asset.url))
    assert "authorization" not in world.wire.requests[-1].headers
    download(world.join(), str(asset.url))


def test_a_file_over_the_limit_is_not_taken(agent: Agent) -> None:
    (asset,) = agent.create("k1").assets
    assert asset.content_length is not None
    assert download(agent, str(asset.url), max_bytes=asset.content_length)[0].size_bytes == asset.content_length
    with pytest.raises(ContractError) as caught:
        download(agent, str(asset.url), max_bytes=asset.content_length - 1)
    assert caught.value.code == MEDIA_REFUSED


@pytest.mark.parametrize("change", [(".png", ".webp"), ("/a/image_", "/a/image_0"), (".png", ""), ("/a/", "/a/..%2f")])
def test_a_file_that_is_not_there_is_not_found(agent: Agent, change: tuple[str, str]) -> None:
    (asset,) = agent.create("k1").assets
    with pytest.raises(NotFound):
        download(agent, str(asset.url).replace(*change))


def test_a_file_elsewhere_is_never_asked_for(world: World, agent: Agent) -> None:
    (asset,) = agent.create("k1").assets
    asked = len(world.wire.requests)
    with pytest.raises(ContractError):
        download(agent, str(asset.url).replace("127.0.0.1", "127.0.0.2"))
    assert len(world.wire.requests) == asked


def test_a_format_of_one_s_own_choice_arrives(agent: Agent) -> None:
    parameters = {"quality": "low", "output_format": "webp", "background": "transparent"}
    (asset,) = agent.create("k1", model="openai.gpt-image-2", model_parameters=parameters).assets
    done, content = download(agent, str(asset.url))
    assert (asset.mime_type, done.content_type, str(asset.url)[-5:]) == ("image/webp", "image/webp", ".webp")
    with Image.open(BytesIO(content)) as picture:
        assert (picture.format, picture.mode) == ("WEBP", "RGBA")


def test_a_job_is_read_long_after_it_was_made(world: World) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        agent = world.join()
        made = agent.create("k1")
        clock.shift(timedelta(days=400))
        assert agent.job_of(made).created_at == NOON
        assert download(agent, str(made.assets[0].url))[0].size_bytes == made.assets[0].content_length


def test_a_media_path_answers_reads_alone(world: World, agent: Agent) -> None:
    (asset,) = agent.create("k1").assets
    error = world.refusal("POST", str(asset.url).removeprefix(BASE_URL), {})
    assert (type(error), error.code) == (InvalidRequest, "METHOD_NOT_ALLOWED")
