"""How a database finds a page of the gallery: each filter is read off an index of its own, in order, on either one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent
from dashboard.assets.gallery import PAGE_SIZE, AssetFilter, gallery_list
from dashboard.assets.jobs import STATES
from dashboard.assets.models import Asset, AssetTag, Job
from dashboard.assets.purging import purges_finish
from dashboard.assets.selectors import job_list, tag_names
from tests.dashboard.assets.gallery_rows import agent_made

pytestmark = pytest.mark.django_db
ROWS, RARE = 4_000, 100


@pytest.fixture
def gallery(workspace: Workspace, owner: User) -> Workspace:
    """A workspace of many assets, of which few are dear and large, and the newest are not."""
    bot, now = agent_made(workspace, owner), timezone.now()
    Asset.objects.bulk_create(
        Asset(
            workspace=workspace,
            agent=bot,
            remote_id=f"asset_{number}",
            created_at=now - timedelta(minutes=number),
            credits=99 if number % RARE == RARE - 1 else 3,
            width=4_000 if number % RARE == RARE - 1 else 800,
            content_hash=f"{number:064}",
            height=2_000 if number % RARE == RARE - 1 else 600,
        )
        for number in range(ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return workspace


def test_tags_are_found_each_by_a_step_in_their_index(gallery: Workspace) -> None:
    numbers = Asset.objects.values_list("pk", flat=True)
    tags = [AssetTag(workspace=gallery, asset_id=pk, name=name) for pk in numbers for name in ("hero", "pick")]
    AssetTag.objects.bulk_create(tags)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as asked:
        assert tag_names(gallery) == ("hero", "pick")
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {asked[0]['sql']}")
        plan = str(cursor.fetchall())
    assert "assets_by_tag" in plan
    # No step reads all the tags.
    assert "Seq Scan" not in plan
    assert "SCAN assets_assettag" not in plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (AssetFilter(cost="high"), "assets_by_cost"),
        (AssetFilter(size="large"), "assets_by_size"),
        (AssetFilter(), "assets_of_workspace"),
    ],
)
def test_page_is_read_off_an_index_in_its_order(wanted: AssetFilter, index: str, gallery: Workspace) -> None:
    plan = gallery_list(gallery, wanted).order_by("-created_at", "-pk")[: PAGE_SIZE + 1].explain()
    assert index in plan
    # Neither database sorts.
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("state", "index"),
    [
        ("running", "assets_jobs_asked"),
        ("failed", "assets_jobs_by_status"),
        ("missing", "assets_jobs_by_reading"),
        ("unreadable", "assets_jobs_by_reading"),
    ],
)
def test_jobs_of_a_rare_state_are_read_off_an_index_in_its_order(state: str, index: str, gallery: Workspace) -> None:
    bot, now = Agent.objects.get(), timezone.now()
    Job.objects.bulk_create(
        Job(
            workspace=gallery,
            agent=bot,
            remote_id=f"job_{number}",
            named_at=now - timedelta(minutes=number),
            status="completed",
            reading="read",
        )
        for number in range(ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = job_list(gallery).filter(STATES[state][1]).order_by("-named_at", "-pk")[:51].explain()
    assert index in plan
    assert "Sort" not in plan


def test_purges_are_finished_without_reading_every_asset(gallery: Workspace) -> None:
    with CaptureQueriesContext(connection) as asked:
        purges_finish()
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    plans = []
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(f"{explain} {query['sql']}")
            plans.append(str(cursor.fetchall()))
    assert ["assets_purged" in plan for plan in plans] == [True, True]


def test_size_is_told_of_a_picture_larger_than_any(workspace: Workspace, owner: User) -> None:
    told = {"width": 2_000_000_000, "height": 2_000_000_000}
    asset = Asset.objects.create(
        workspace=workspace, agent=agent_made(workspace, owner), remote_id="a", created_at=timezone.now(), **told
    )
    asset.refresh_from_db()
    assert (asset.size, asset.cost) == ("large", "untold")
