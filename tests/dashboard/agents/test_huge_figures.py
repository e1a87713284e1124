"""Figures as large as JSON may carry fit their columns on every database: an unlimited cap is often a huge number."""

import pytest
from django.utils import timezone

from api_client import Quota
from dashboard.agents.apply import quota_apply
from dashboard.agents.models import Agent, QuotaSnapshot

pytestmark = pytest.mark.django_db
HUGE = 2**53


@pytest.mark.parametrize("figure", [HUGE, -HUGE])
def test_huge_quota_is_written_down(figure: int) -> None:
    agent = Agent.objects.create(remote_id="agt_huge", organization_id="org_huge")
    daily = {"limit": figure, "used": figure, "remaining": figure}
    limits = {"remaining_credits": figure, "payment_backed_remaining_credits": figure, "free_credits_per_day": figure}
    assert quota_apply(agent, Quota.model_validate({"limits": limits, "daily_jobs": daily}), at=timezone.now())
    agent.save()
    agent.refresh_from_db()
    assert (agent.daily_jobs_limit, agent.daily_jobs_remaining, agent.credits) == (figure, figure, 2 * figure)
    assert QuotaSnapshot.objects.get().daily_jobs_remaining == figure
