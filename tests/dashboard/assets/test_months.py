"""Counts by month: exact in every time zone, although they are kept by months of UTC."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.accounts.models import Workspace
from dashboard.agents.models import Agent
from dashboard.assets.models import Asset, MonthCount
from dashboard.assets.selectors import month_counts, month_number
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
ZONES = ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Marquesas")
NEAR_A_BORDER = st.integers(-3 * 24 * 60, 33 * 24 * 60).map(
    lambda minutes: datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
EXTREMES = st.sampled_from([datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, 23, tzinfo=UTC)])


def fill(workspace: Workspace, agent: Agent, moments: list[datetime]) -> None:
    Asset.objects.filter(workspace=workspace).delete()
    MonthCount.objects.filter(workspace=workspace).delete()
    Asset.objects.bulk_create(
        Asset(workspace=workspace, agent=agent, remote_id=f"image_{place}", created_at=at)
        for place, at in enumerate(moments)
    )
    MonthCount.objects.bulk_create(
        MonthCount(workspace=workspace, month=month, assets=assets)
        for month, assets in Counter(map(month_number, moments)).items()
    )


@settings(WITH_FIXTURES, max_examples=30)
@given(moments=st.lists(st.one_of(NEAR_A_BORDER, EXTREMES), max_size=12), zone=st.sampled_from(ZONES))
def test_months_hold_what_a_calendar_on_the_wall_would_say(
    moments: list[datetime], zone: str, workspace: Workspace
) -> None:
    agent, _ = Agent.objects.get_or_create(remote_id="agt_1", organization_id="org_1")
    fill(workspace, agent, moments)
    there = [at.astimezone(ZoneInfo(zone)) for at in moments]
    told = {
        (month.starts_at.year, month.starts_at.month): month.assets for month in month_counts(workspace, ZoneInfo(zone))
    }
    said = Counter((at.year, at.month) for at in there)
    assert Counter(told.values()) == Counter(said.values())
    assert {key: told.get(key) for key in said if 2000 < key[0] < 9999} == {
        key: count for key, count in said.items() if 2000 < key[0] < 9999
    }


def test_months_cost_two_queries(workspace: Workspace, django_assert_num_queries: object) -> None:
    agent = Agent.objects.create(remote_id="agt_1", organization_id="org_1")
    fill(workspace, agent, [datetime(2026, month, 1, 3, tzinfo=UTC) for month in range(1, 13)])
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert [month.assets for month in month_counts(workspace, ZoneInfo("America/New_York"))] == [1] * 12


def test_another_workspace_counts_for_itself(workspace: Workspace, outsider: object) -> None:
    agent = Agent.objects.create(remote_id="agt_1", organization_id="org_1")
    fill(workspace, agent, [datetime(2026, 5, 5, tzinfo=UTC)])
    other = Workspace.objects.exclude(pk=workspace.pk).get()
    assert month_counts(other, ZoneInfo("UTC")) == []
