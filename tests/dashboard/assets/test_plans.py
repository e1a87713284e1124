"""How a database finds a page of the gallery: each filter is read off an index of its own, in order, on either one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.assets.gallery import PAGE_SIZE, AssetFilter, gallery_list
from dashboard.assets.models import Asset
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
            height=2_000 if number % RARE == RARE - 1 else 600,
        )
        for number in range(ROWS)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return workspace


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


def test_size_is_told_of_a_picture_larger_than_any(workspace: Workspace, owner: User) -> None:
    told = {"width": 2_000_000_000, "height": 2_000_000_000}
    asset = Asset.objects.create(
        workspace=workspace, agent=agent_made(workspace, owner), remote_id="a", created_at=timezone.now(), **told
    )
    asset.refresh_from_db()
    assert (asset.size, asset.cost) == ("large", "untold")
