"""What was made last, on the overview and on an agent's page; and the ways from the ledger to jobs and assets."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.assets.latest import LATEST
from dashboard.assets.models import Asset
from tests.dashboard.assets.gallery_rows import agent_made, asset_made, job_made

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_page(owner: User, workspace: Workspace, browser_of: Callable[[User], Browser]) -> Callable[..., str]:
    browser = browser_of(owner)
    return lambda name, *args: browser.get(reverse(name, args=[workspace.key, *args])).content.decode()


@pytest.fixture
def bot(workspace: Workspace, owner: User) -> Agent:
    return agent_made(workspace, owner)


def page_of(asset: Asset) -> str:
    return reverse("gallery:asset_detail", args=[asset.workspace.key, asset.pk])


def places(page: str, assets: list[Asset]) -> list[int]:
    return [page.find(f'href="{page_of(asset)}"') for asset in assets]


def test_overview_ends_with_what_was_made_last(open_page: Any, workspace: Workspace, bot: Agent) -> None:
    oldest, *shown = [asset_made(workspace, bot) for _ in range(LATEST + 1)]
    page = open_page("web:overview")
    found = places(page, shown[::-1])
    assert -1 not in found
    assert found == sorted(found)
    assert page.index("Latest work") > page.index("nearest empty first")
    assert places(page, [oldest]) == [-1]


def test_overview_of_agents_that_made_nothing_has_no_empty_strip(open_page: Any, bot: Agent) -> None:
    assert "Latest work" not in open_page("web:overview")


def test_hidden_and_others_pictures_are_not_on_the_overview(
    open_page: Any, workspace: Workspace, owner: User, outsider: User, bot: Agent
) -> None:
    theirs = Workspace.objects.create(key="theirs0001", name="Theirs")
    hidden = asset_made(workspace, bot, hidden_at=timezone.now())
    foreign = asset_made(theirs, agent_made(theirs, outsider))
    assert places(open_page("web:overview"), [hidden, foreign]) == [-1, -1]


def test_agents_page_shows_its_own_work_alone(open_page: Any, workspace: Workspace, owner: User, bot: Agent) -> None:
    other = asset_made(workspace, agent_made(workspace, owner, "another"))
    mine = asset_made(workspace, bot)
    page = open_page("web:agent_detail", bot.remote_id)
    gallery = reverse("gallery:gallery", args=[workspace.key])
    assert f'href="{gallery}?agent={bot.remote_id}"' in page
    found, missing = places(page, [mine, other])
    assert found > 0 > missing


def test_event_leads_to_the_job_and_the_asset_that_it_names(
    open_page: Any, workspace: Workspace, owner: User, bot: Agent
) -> None:
    job, asset = job_made(workspace, bot), asset_made(workspace, bot)
    event = named(workspace, bot, job.remote_id, asset.remote_id)
    page = open_page("web:event_detail", event.pk)
    assert f'href="{reverse("assets:job_detail", args=[workspace.key, job.pk])}"' in page
    assert f'href="{page_of(asset)}"' in page


def test_event_leads_nowhere_for_ids_that_are_not_mirrored_here(
    open_page: Any, workspace: Workspace, outsider: User, bot: Agent
) -> None:
    theirs = Workspace.objects.create(key="theirs0001", name="Theirs")
    foreign = asset_made(theirs, agent_made(theirs, outsider))
    event = named(workspace, bot, "job_unknown", foreign.remote_id)
    assert "Its page" not in open_page("web:event_detail", event.pk)


def named(workspace: Workspace, agent: Agent, job: str, asset: str) -> Event:
    """Write an event of a job that names an asset."""
    return Event.objects.create(
        workspace=workspace,
        agent=agent,
        remote_id="evt_1",
        type="asset.created",
        occurred_at=timezone.now(),
        synced_at=timezone.now(),
        job_id=job,
        subject_type="asset",
        subject_id=asset,
    )
