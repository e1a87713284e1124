"""Moments at the calendar's ends and in the future, as a broken service may send them: every page still opens."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from api_client import ActivityEvent, Quota, Whoami
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.agents.apply import identity_apply, quota_apply
from dashboard.agents.models import Agent, Claim

pytestmark = pytest.mark.django_db
ENDS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


@pytest.fixture
def held(workspace: Workspace, owner: User) -> Claim:
    agent = Agent.objects.create(remote_id="agt_odd", organization_id="org_odd", name="odd-bot")
    return Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("moment", ENDS)
def test_moment_at_the_end_of_the_calendar_breaks_no_page(
    held: Claim, owner: User, browser_of: Callable[..., Browser], moment: str, zone: str
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone=zone)
    record = ActivityEvent.model_validate({"event_id": "evt_1", "type": "job.planned", "occurred_at": moment})
    events_apply(claim=held, records=[record], at=timezone.now())
    actor = {"actor_id": "agt_odd", "organization_id": "org_odd"}
    identity_apply(
        held.agent,
        Whoami.model_validate({"actor": actor, "agent_created_at": moment}),
        at=timezone.now(),
    )
    limits = {"remaining_credits": 0}
    quota_apply(
        held.agent,
        Quota.model_validate({"limits": limits, "resets_at": moment, "daily_jobs": {"remaining": 0}}),
        at=timezone.now(),
    )
    held.agent.save()
    browser = browser_of(owner)
    for name, more in (("activity:event_list", []), ("web:overview", []), ("web:agent_detail", ["agt_odd"])):
        answer = browser.get(reverse(name, args=[held.workspace.key, *more]))
        assert answer.status_code == 200, name
