"""Bringing bytes in: what the client sends is what the sandbox checks, and what it answers is wholly understood."""

import hashlib
from io import BytesIO

import pytest
from PIL import Image

from api_client import AuthRefused, Client, InvalidRequest, NotFound
from tests.contract.playing import BASE_URL, Agent, World


def picture(size: tuple[int, int] = (400, 300), codec: str = "PNG", color: str = "teal") -> bytes:
    target = BytesIO()
    Image.new("RGB", size, color).save(target, codec)
    return target.getvalue()


def test_what_was_uploaded_is_told_and_given_back(agent: Agent) -> None:
    content = picture()
    made = agent.client.work.upload(filename="/home/canarycontact/sea.png", mime_type="image/png", content=content)
    assert (made.size_bytes, made.mime_type) == (len(content), "image/png")
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    asset = agent.client.assets.get(made.asset.asset_id)
    assert asset == made.asset
    assert (asset.kind, asset.width, asset.height) == ("uploaded", 400, 300)
    file = BytesIO()
    agent.client.assets.download(url=str(asset.url), to=file, allowed_origins=[BASE_URL], max_bytes=10_000_000)
    assert file.getvalue() == content


def test_an_upload_is_a_job_and_a_line_and_costs_nothing(agent: Agent) -> None:
    made = agent.client.work.upload(filename="a.png", mime_type="image/png", content=picture())
    (line,) = agent.ledger()
    assert (line.type, line.operation, line.subject_id) == ("asset.uploaded", "upload", made.asset.asset_id)
    job = agent.client.jobs.get(str(line.job_id))
    assert (job.job_id, job.operation, job.status) == (made.asset.job_id, "upload", "completed")
    assert job.cost is not None
    assert (job.cost.credits, job.cost.estimated_usd_micros, job.cost.credit_pricing) == (0, 0, None)
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.daily_jobs.used) == (40, 0)


@pytest.mark.parametrize(
    ("mime_type", "content", "code", "status"),
    [
        ("image/svg+xml", b"<svg/>", "INPUT_POLICY_DENIED", 400),
        ("image/jpeg", picture(), "INPUT_POLICY_DENIED", 400),
        ("image/png", b"no picture", "INPUT_POLICY_DENIED", 400),
        ("image/png", picture() + bytes(10 * 1024 * 1024), "PAYLOAD_TOO_LARGE", 413),
    ],
)
def test_what_cannot_be_taken_is_a_wrong_request(
    agent: Agent, mime_type: str, content: bytes, code: str, status: int
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        agent.client.work.upload(filename="a.png", mime_type=mime_type, content=content)
    assert (caught.value.code, caught.value.http_status) == (code, status)
    assert agent.ledger() == []


def test_a_visitor_cannot_upload(visitor: Client) -> None:
    with pytest.raises(AuthRefused):
        visitor.work.upload(filename="a.png", mime_type="image/png", content=picture())


def test_an_upload_belongs_to_its_agent(world: World, agent: Agent) -> None:
    made = agent.client.work.upload(filename="a.png", mime_type="image/png", content=picture())
    with pytest.raises(NotFound):
        world.join().client.assets.get(made.asset.asset_id)
