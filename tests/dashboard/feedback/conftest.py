"""What agents report, as the operator extension tells it, and reviewers who decide on it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from api_client import OperatorFeedback
from dashboard.accounts.models import PlatformRole, User, Workspace
from dashboard.activity.models import Event
from dashboard.activity.references import references_apply
from dashboard.agents.models import Agent, Claim
from dashboard.feedback.counts import COUNTED
from dashboard.feedback.deciding import Pick
from dashboard.feedback.intake import intake_lock, reports_apply
from dashboard.feedback.models import Cluster, Report
from tests.dashboard.conftest import platform_person

Tell = Callable[..., Cluster]


def told(number: int, **said: Any) -> OperatorFeedback:
    """Return one report as the extension tells it."""
    at: datetime = said.pop("at", timezone.now() - timedelta(hours=1))
    usual: dict[str, Any] = {
        "feedback_id": f"sig_{number:024x}",
        "agent_id": "agt_render",
        "organization_id": "org_render",
        "created_at": at.isoformat(),
        "title": f"Seed {number} is ignored",
        "body": "Two creates with one seed gave two pictures.",
        "severity": "medium",
        "confidence": "medium",
        "surface": ["cli"],
    }
    return OperatorFeedback.model_validate(usual | said)


def take_in(*records: OperatorFeedback) -> int:
    with transaction.atomic():
        intake_lock()
        return reports_apply(records, at=timezone.now())


def pick(cluster: Cluster) -> Pick:
    """Return a cluster as a page would show it now."""
    cluster.refresh_from_db()
    return Pick(cluster.pk, cluster.version)


@pytest.fixture
def tell(db: None) -> Tell:
    """Return a function that lets an agent report something, and returns the cluster in which it lies."""
    numbers = iter(range(1, 10_000))

    def report(**said: Any) -> Cluster:
        record = told(next(numbers), **said)
        take_in(record)
        return Report.objects.get(remote_id=record.feedback_id).cluster

    return report


@pytest.fixture
def reviewer(product_reviewer: User) -> User:
    return product_reviewer


@pytest.fixture
def colleague(db: None) -> User:
    return platform_person("rolf@imageskill.test", PlatformRole.PRODUCT_REVIEWER)


@pytest.fixture
def security(db: None) -> User:
    """A reviewer who may see what is private."""
    user = platform_person("sara@imageskill.test", PlatformRole.PRODUCT_REVIEWER)
    user.platform_roles = [*user.platform_roles, PlatformRole.SECURITY_REVIEWER.value]
    user.save()
    return user


@pytest.fixture
def linked(workspace: Workspace, owner: User) -> Claim:
    """The workspace holds the agent that reports."""
    agent = Agent.objects.create(remote_id="agt_render", organization_id="org_render", name="render-bot")
    return Claim.objects.create(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=timezone.now())


@pytest.fixture
def event(db: None) -> Callable[..., Event]:
    """Return a function that writes a line of a claimed agent's ledger, with all that it names."""
    numbers = iter(range(1, 10_000))

    def write(claim: Claim, kind: str, **said: Any) -> Event:
        usual: dict[str, Any] = {"occurred_at": timezone.now(), "synced_at": timezone.now(), "status": "completed"}
        remote_id = f"evt_{next(numbers):08}"
        line = {"agent": claim.agent, "workspace": claim.workspace, "type": kind, "remote_id": remote_id}
        made = Event.objects.create(**{**line, **usual, **said})
        references_apply([made])
        return made

    return write


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Counts are remembered in this process; another test's database is not theirs."""
    COUNTED.clear()
