"""What the credits paid for is shown in a dispute's paper: our own small pictures, bounded, and nobody else's."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pypdf import PdfReader

from dashboard.accounts.models import User, Workspace
from dashboard.accounts.services import workspace_create
from dashboard.agents.models import Agent
from dashboard.assets.models import Asset
from dashboard.assets.storage import preview_path, preview_store
from dashboard.audit.models import AuditEntry
from dashboard.billing.disputes import answer_get
from dashboard.billing.evidence import evidence_paper
from dashboard.billing.evidence_pictures import MOST_PICTURES, jpeg_of
from dashboard.billing.hosted import CHARGED
from dashboard.billing.models import Chain, LedgerLine, StripeDispute
from dashboard.credits.paper import Picture
from dashboard.credits.pdf import paper_pdf
from tests.dashboard.assets.files import encoded, picture
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made
from tests.dashboard.billing.rows import disputed, paid_chain

pytestmark = pytest.mark.django_db
SMALL = encoded("webp", picture(320, 200))


@pytest.fixture
def agent(workspace: Workspace, owner: User, settings: Any, tmp_path: Path) -> Agent:
    settings.MEDIA_ROOT = tmp_path
    return agent_made(workspace, owner)


@pytest.fixture
def dispute(workspace: Workspace, agent: Agent) -> StripeDispute:
    chain = paid_chain()
    Chain.objects.filter(pk=chain.pk).update(
        workspace=workspace, agent_remote_id=agent.remote_id, granted_at="2026-01-01T00:00:00Z"
    )
    return disputed(chain)


def made(workspace: Workspace, agent: Agent, *, stored: bytes = SMALL, **more: Any) -> Asset:
    """A job that the ledger charged 7 credits for, and what it made."""
    job = job_made(workspace, agent)
    LedgerLine.objects.create(
        event_id=f"evt_{job.remote_id}",
        agent_remote_id=agent.remote_id,
        type=CHARGED,
        job_id=job.remote_id,
        credits_delta=-7,
        occurred_at=timezone.now(),
    )
    asset = asset_made(workspace, agent, job=job, **{"preview_key": f"{job.pk:032}r1", **more})
    if stored and asset.preview_key:
        preview_store(workspace.key, asset.preview_key, 320, stored)
    return asset


def shown(dispute: StripeDispute) -> tuple[Picture, ...]:
    pictures = evidence_paper(dispute, answer_get(dispute).texts).pictures
    return pictures.shown if pictures else ()


def test_paper_shows_what_was_made_with_its_job_and_credits(
    dispute: StripeDispute, workspace: Workspace, agent: Agent
) -> None:
    asset = made(workspace, agent)
    (one,) = shown(dispute)
    assert asset.job is not None
    assert one.caption == (asset.remote_id, asset.job.remote_id, "7 credits")
    with Image.open(BytesIO(one.jpeg), formats=["JPEG"]) as drawn:
        assert (drawn.size, drawn.mode) == ((320, 200), "RGB")
    paper = evidence_paper(dispute, answer_get(dispute).texts)
    assert paper_pdf(paper) == paper_pdf(paper)
    pages = PdfReader(BytesIO(paper_pdf(paper))).pages
    assert sum(len(page.images) for page in pages) == 1
    assert asset.remote_id in "".join(page.extract_text() for page in pages)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"hidden_at": "2026-01-01T00:00:00Z"}, "Hidden by its owner"),
        ({"purged_at": "2026-01-01T00:00:00Z"}, "Deleted by its owner"),
        ({"preview": "cannot_preview"}, "No picture kept"),
        ({"stored": b""}, "No picture kept"),
        ({"stored": encoded("png")}, "No picture kept"),
        ({"stored": SMALL[:200]}, "No picture kept"),
    ],
    ids=["hidden", "purged", "no preview", "lost", "another format", "cut off"],
)
def test_picture_that_may_not_or_cannot_be_shown_leaves_its_caption(
    state: dict[str, Any], said: str, dispute: StripeDispute, workspace: Workspace, agent: Agent
) -> None:
    asset = made(workspace, agent, **state)
    (one,) = shown(dispute)
    assert (one.jpeg, one.absent, one.caption[0]) == (b"", said, asset.remote_id)
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(_pdf(dispute))).pages)
    assert said in text


def test_only_a_small_picture_of_ours_is_drawn() -> None:
    assert jpeg_of(SMALL)
    assert jpeg_of(encoded("webp", picture(321, 10))) == b""
    assert jpeg_of(encoded("webp", picture(10, 801))) == b""
    assert jpeg_of(encoded("jpeg")) == b""
    assert jpeg_of(SMALL + b"\0" * 1024 * 1024) == b""


def test_number_is_bounded_and_said(dispute: StripeDispute, workspace: Workspace, agent: Agent) -> None:
    for _ in range(MOST_PICTURES + 3):
        made(workspace, agent)
    pictures = evidence_paper(dispute, answer_get(dispute).texts).pictures
    assert pictures is not None
    assert pictures.title.endswith("the first 12 of 15")
    assert len(pictures.shown) == MOST_PICTURES
    assert len(_pdf(dispute)) < 1_000_000


def test_other_workspaces_and_other_agents_pictures_stay_theirs(
    dispute: StripeDispute, workspace: Workspace, agent: Agent, owner: User
) -> None:
    asset = made(workspace, agent)
    assert asset.job is not None
    Asset.objects.filter(pk=asset.pk).update(workspace=workspace_create(owner=owner, name="Second studio"))
    assert shown(dispute) == ()
    neighbour = agent_made(workspace, owner)
    asset_made(workspace, neighbour, job=job_made(workspace, neighbour, remote_id=asset.job.remote_id))
    assert shown(dispute) == ()


def test_each_look_at_the_paper_is_a_press_that_stands_in_the_sponsors_log(
    dispute: StripeDispute,
    workspace: Workspace,
    agent: Agent,
    billing_admin: User,
    browser_of: Callable[..., Browser],
) -> None:
    made(workspace, agent)
    browser, url = browser_of(billing_admin), reverse("billing:dispute_pdf", args=[dispute.dispute_id])
    assert browser.get(url).status_code == 405
    answer = browser.post(url)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
    entry = AuditEntry.objects.get(action="dispute.evidence_read")
    assert (entry.workspace_id, entry.actor_id) == (workspace.pk, billing_admin.pk)


def test_storage_without_the_file_is_no_fault(dispute: StripeDispute, workspace: Workspace, agent: Agent) -> None:
    asset = made(workspace, agent)
    default_storage.delete(preview_path(workspace.key, asset.preview_key, 320))
    assert [one.jpeg for one in shown(dispute)] == [b""]


def test_texts_of_stripes_whole_length_fit_on_paper_line_by_line(dispute: StripeDispute) -> None:
    long = {"product_description": "word " * 4_000, "uncategorized_text": "\n".join(["a line of its own"] * 1_000)}
    pages = PdfReader(BytesIO(paper_pdf(evidence_paper(dispute, long)))).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert text.count("word") == 4_000
    assert text.splitlines().count("a line of its own") > 990


def _pdf(dispute: StripeDispute) -> bytes:
    return paper_pdf(evidence_paper(dispute, answer_get(dispute).texts))
