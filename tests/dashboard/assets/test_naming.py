"""The same job id in the histories of two workspaces is two rows: neither learns of the other, nor changes it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from api_client import ActivityEvent
from api_client import Job as JobRecord
from dashboard.accounts.models import User
from dashboard.activity.apply import events_apply
from dashboard.agents.models import Claim
from dashboard.assets.apply import job_apply
from dashboard.assets.models import Asset, AssetLink, Job, MonthCount
from dashboard.assets.naming import ledger_name
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.fixture
def moved(claim: Claim, outsider: User) -> Claim:
    """The same agent, claimed by the outsider after its first owner let go of it."""
    theirs = outsider.memberships.get().workspace
    Claim.objects.filter(pk=claim.pk).update(released_at=timezone.now())
    return Claim.objects.create(workspace=theirs, agent=claim.agent, claimed_by=outsider, claimed_at=timezone.now())


def told(claim: Claim, event_id: str, event_type: str, *, credits_delta: int | None = None, assets: str = "") -> None:
    """Let a line about job_1 come while a claim stands, and go through the ledger."""
    line = ActivityEvent(
        event_id=event_id,
        type=event_type,
        occurred_at=NOW,
        subject_type="job",
        subject_id="job_1",
        job_id="job_1",
        credits_delta=credits_delta,
        links={"job_id": "job_1", "asset_ids": assets.split()},
    )
    events_apply(claim=claim, records=[line], at=NOW)
    ledger_name(claim.agent_id)


def test_lines_of_a_new_owner_change_no_row_of_the_old_one(claim: Claim, moved: Claim) -> None:
    told(claim, "evt_1", "job.completed", assets="image_1")
    told(claim, "evt_2", "usage.credit_consumed", credits_delta=-7)
    before = list(Job.objects.values()), list(Asset.objects.values())
    told(moved, "evt_3", "job.completed", assets="image_1 image_2")
    told(moved, "evt_4", "usage.credit_consumed", credits_delta=-5)
    mine, theirs = Job.objects.filter(workspace=claim.workspace), Job.objects.filter(workspace=moved.workspace)
    assert (list(mine.values()), list(Asset.objects.filter(workspace=claim.workspace).values())) == before
    assert theirs.get().credits_charged == 5
    assert set(Asset.objects.values_list("workspace", "job__workspace", "remote_id")) == {
        (claim.workspace_id, claim.workspace_id, "image_1"),
        (moved.workspace_id, moved.workspace_id, "image_1"),
        (moved.workspace_id, moved.workspace_id, "image_2"),
    }
    assert set(MonthCount.objects.values_list("workspace", "assets")) == {
        (claim.workspace_id, 1),
        (moved.workspace_id, 2),
    }


def test_lines_of_both_owners_in_one_step_are_told_apart(claim: Claim, moved: Claim) -> None:
    for at, event_id in ((claim, "evt_1"), (moved, "evt_2")):
        line = ActivityEvent(
            event_id=event_id,
            type="usage.credit_consumed",
            occurred_at=NOW + timedelta(hours=1),
            job_id="job_1",
            credits_delta=-7,
            links={"job_id": "job_1", "asset_ids": ["image_1"]},
        )
        events_apply(claim=at, records=[line], at=NOW)
    assert ledger_name(claim.agent_id) == 2
    assert set(Job.objects.values_list("workspace", "credits_charged")) == {
        (claim.workspace_id, 7),
        (moved.workspace_id, 7),
    }
    assert all(asset.job is not None and asset.job.workspace_id == asset.workspace_id for asset in Asset.objects.all())


def test_job_that_is_read_names_outputs_of_its_own_workspace_alone(claim: Claim, moved: Claim) -> None:
    told(claim, "evt_1", "asset.created", assets="image_1")
    Asset.objects.update(job=None)
    told(moved, "evt_2", "job.completed")
    job = Job.objects.get(workspace=moved.workspace)
    record = JobRecord.model_validate({"job_id": "job_1", "status": "completed", "assets": [{"asset_id": "image_1"}]})
    job_apply(job, record, at=NOW)
    assert Asset.objects.get(workspace=claim.workspace).job is None
    assert Asset.objects.get(workspace=moved.workspace).job == job


def test_outsider_with_the_same_job_id_is_nobody_to_us(claim: Claim, outsider: User) -> None:
    theirs = outsider.memberships.get().workspace
    bot = agent_made(theirs, outsider)
    job = job_made(theirs, bot, remote_id="job_1", credits_charged=9)
    asset_made(theirs, bot, remote_id="image_1", job=job, credits=9)
    link = AssetLink.objects.create(workspace=theirs, job=job, asset_remote_id="image_2", kind="input", position=0)
    told(claim, "evt_1", "job.completed", assets="image_1 image_2")
    told(claim, "evt_2", "usage.credit_consumed", credits_delta=-4)
    job.refresh_from_db()
    link.refresh_from_db()
    assert (job.credits_charged, link.asset) == (9, None)
    assert Job.objects.get(workspace=claim.workspace).credits_charged == 4
    assert list(Asset.objects.filter(workspace=theirs).values_list("remote_id", "credits")) == [("image_1", 9)]
    assert Asset.objects.filter(workspace=claim.workspace).count() == 2
