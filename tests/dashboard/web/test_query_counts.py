"""A page asks the database as often for 60 rows as for 2, and no page often."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.assets.models import Asset
from dashboard.audit.services import audit_record
from dashboard.credits.models import Purchase
from dashboard.feedback.counts import COUNTED
from dashboard.feedback.models import Cluster, Report, Suggestion
from dashboard.freshness.models import KnownGap, Stream, SyncCursor, SyncRun
from dashboard.support.models import Thread
from tests.dashboard.asking import statements_of
from tests.dashboard.assets.gallery_rows import asset_made, job_made, link_made
from tests.dashboard.billing.desk_rows import event_made, finding_made, payment_made

pytestmark = pytest.mark.django_db
MOST = 8
MOST_OF = {"web:inbox": 11, "activity:event_list": 9, "gallery:asset_detail": 12}
WORKSPACE_PAGES = (
    "accounts:settings",
    "web:overview",
    "agents:agent_list",
    "activity:event_list",
    "web:search",
    "web:agent_detail",
    "web:audit_log",
    "web:thread_list",
    "credits:purchase_list",
    "credits:purchase_new",
    "web:inbox",
    "balance:balance_overview",
    "spend:spend",
    "feedback:own_list",
    "assets:job_list",
    "gallery:gallery",
    "gallery:asset_detail",
)
PLATFORM_PAGES = {
    "product_reviewer": ("feedback:queue", "feedback:suggestions", "feedback:sources"),
    "billing_admin": (
        "feedback:goodwill_list",
        "billing:desk",
        "billing:ledger",
        "billing:finding_list",
        "billing:event_list",
        "web:thread_queue",
    ),
    "operator": ("web:health", "web:audit_log_all", "accounts:people"),
}


def feedback_of(claim: Claim) -> None:
    now = timezone.now()
    cluster = Cluster.objects.create(title="Slow", first_at=now, last_at=now, ranks_at=now)
    whose = {"agent_remote_id": claim.agent.remote_id, "workspace": claim.workspace}
    remote_id = f"sig_{claim.agent.remote_id}"
    Report.objects.create(remote_id=remote_id, cluster=cluster, created_at=now, received_at=now, **whose)
    Suggestion.objects.create(cluster=cluster, like=Cluster.objects.earliest("pk"), score=90, made_at=now)


@pytest.fixture
def fill(link: Callable[..., Claim], tell: Callable[..., Any]) -> Callable[[int], Agent]:
    """Return a function that adds so many agents, each failing and with events of every page; the first is returned."""

    def add(rows: int) -> Agent:
        now = timezone.now()
        problem = {"error_code": "NETWORK", "failed_at": now}
        claims = [link(f"agent-{row}", free_credits=0, paid_credits=0, cursor=problem) for row in range(rows)]
        for row, claim in enumerate(claims):
            subject = ("agent", claim.agent.remote_id, claim.agent.name)
            audit_record(action="agent.claimed", actor=None, workspace_id=claim.workspace_id, subject=subject)
            thread_about(claim)
            feedback_of(claim)
            for event_type in ("job.completed", "feedback.created", "credits.payment_backed_granted"):
                tell(claim, event_type, job_id="job_shared")
                tell(claims[0], event_type)
            for origin in Purchase.Origin:
                Purchase.objects.create(
                    workspace=claim.workspace,
                    agent=claim.agent,
                    origin=origin,
                    opened_at=now,
                    status_at=now,
                    state="open",
                )
            cursor = SyncCursor.objects.get(subject_id=claim.agent_id)
            SyncRun.objects.create(cursor=cursor, started_at=now, outcome=SyncRun.Outcome.RETRY)
            KnownGap.objects.create(
                stream=Stream.AGENT, subject_id=claims[0].agent_id, before_at=now - timedelta(days=row), reason="?"
            )
            work_of(claim)
            finding_made(payment_made())
            event_made()
        # What is remembered for a while is asked for anew.
        COUNTED.clear()
        return claims[0].agent

    return add


def thread_about(claim: Claim) -> None:
    agent, now = claim.agent, timezone.now()
    moments = {"opened_at": now, "turned_at": now, "last_at": now}
    subject = {"subject_kind": "agent", "subject_id": agent.remote_id, "subject_label": agent.name}
    Thread.objects.create(workspace=claim.workspace, opened_by=claim.claimed_by, problem="other", **subject, **moments)


def work_of(claim: Claim) -> None:
    """Three pictures of one job, in the hours that belong to another month in another zone."""
    job, at = job_made(claim.workspace, claim.agent), datetime(2026, 3, 1, 2, tzinfo=UTC)
    for _ in range(3):
        link_made(job_made(claim.workspace, claim.agent), asset_made(claim.workspace, claim.agent, at, job=job))


def address(name: str, agent: Agent, workspace: Workspace) -> str:
    of_page = {"web:agent_detail": [agent.remote_id], "gallery:asset_detail": [Asset.objects.earliest("pk").pk]}
    url = reverse(name, args=[workspace.key, *of_page.get(name, [])])
    return f"{url}?q=job_shared" if name == "web:search" else url


def statements(browser: Browser, urls: dict[str, str]) -> dict[str, int]:
    """Say how often each page asks the database, by its name."""
    return {name: statements_of(partial(browser.get, url)) for name, url in urls.items()}


def test_workspace_pages_ask_as_often_for_many_rows(
    fill: Callable[[int], Agent], workspace: Workspace, owner: User, browser_of: Callable[[User], Browser]
) -> None:
    browser, agent = browser_of(owner), fill(2)
    # Its months are counted anew at their borders, which no reader at Greenwich would see.
    User.objects.filter(pk=owner.pk).update(time_zone="America/New_York")
    urls = {name: address(name, agent, workspace) for name in WORKSPACE_PAGES}
    # The names of capabilities are kept for a minute: not every page asks for them.
    statements(browser, urls)
    few = statements(browser, urls)
    fill(58)
    assert statements(browser, urls) == few
    assert {name: number for name, number in few.items() if number > MOST_OF.get(name, MOST)} == {}


@pytest.mark.parametrize("role", PLATFORM_PAGES)
def test_platform_pages_ask_as_often_for_many_rows(
    role: str, fill: Callable[[int], Agent], browser_of: Callable[[User], Browser], request: Any
) -> None:
    browser = browser_of(request.getfixturevalue(role))
    urls = {name: reverse(name) for name in PLATFORM_PAGES[role]}
    fill(2)
    few = statements(browser, urls)
    fill(58)
    assert statements(browser, urls) == few
    assert {name: number for name, number in few.items() if number > MOST} == {}
