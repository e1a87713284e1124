"""A sponsor's picture is shown to reviewers only where a report of its agent cites it, and each look is audited."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.activity.models import Event
from dashboard.agents.models import Agent, Claim
from dashboard.assets.models import Asset
from dashboard.assets.storage import preview_store
from dashboard.audit.models import AuditEntry
from dashboard.feedback.models import Cluster
from tests.dashboard.feedback.conftest import Tell
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
KEY, PICTURE = "0" * 32 + "r1", b"RIFF....WEBP"


@pytest.fixture
def asset(linked: Claim, event: Callable[..., Event], settings: Any, tmp_path: Any) -> Asset:
    settings.MEDIA_ROOT = tmp_path
    preview_store(linked.workspace.key, KEY, 640, PICTURE)
    event(linked, "asset.created", links={"asset_ids": ["image_own"]}, subject_id="image_own")
    return Asset.objects.create(
        agent=linked.agent,
        workspace=linked.workspace,
        remote_id="image_own",
        created_at=timezone.now(),
        kind=Asset.Kind.IMAGE,
        preview=Asset.Preview.READY,
        preview_key=KEY,
        preview_largest=1280,
        width=2000,
        height=1000,
    )


def look(browser: Browser, cluster: Cluster, asset: str = "image_own") -> Any:
    said = {"report": cluster.reports.get().remote_id, "asset": asset}
    return browser.post(reverse("feedback:picture", args=[cluster.pk]), said)


def test_each_look_at_a_cited_picture_is_in_the_sponsors_log(
    tell: Tell, asset: Asset, reviewer: User, browser_of: Callable[..., Browser]
) -> None:
    cluster, browser = tell(evidence=["image_own"]), browser_of(reviewer)
    assert "Look at image_own" in words(browser.get(reverse("feedback:item", args=[cluster.pk])))
    assert not AuditEntry.objects.filter(action="feedback.picture_seen").exists()
    for _ in range(2):
        answer = look(browser, cluster)
        assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/webp", PICTURE)
        assert answer["Cache-Control"] == "no-store"
    seen = AuditEntry.objects.filter(action="feedback.picture_seen", workspace_id=asset.workspace_id)
    assert [entry.actor_id for entry in seen] == [reviewer.pk, reviewer.pk]


def test_picture_that_is_not_cited_or_not_the_agents_own_is_not_there(
    tell: Tell, asset: Asset, reviewer: User, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(reviewer)
    assert look(browser, tell()).status_code == 404
    assert look(browser, tell(agent_id="agt_thief", evidence=["image_own"])).status_code == 404
    other = Agent.objects.create(remote_id="agt_other", organization_id="org_other", name="other")
    owner = asset.workspace.claims.get().claimed_by
    Claim.objects.create(workspace=asset.workspace, agent=other, claimed_at=timezone.now(), claimed_by=owner)
    assert look(browser, tell(agent_id="agt_other", evidence=["image_own"])).status_code == 404
    assert not AuditEntry.objects.filter(action="feedback.picture_seen").exists()
