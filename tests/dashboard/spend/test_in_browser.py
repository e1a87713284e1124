"""Spending and guardrails in a real browser: filters live in the address, and a looser limit asks for a sign-in."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client as Browser
from django.utils import timezone
from playwright.sync_api import expect

from api_client import ActivityEvent
from dashboard.accounts.models import User, Workspace
from dashboard.activity.apply import events_apply
from dashboard.activity.guardrails import limits_of
from dashboard.agents.guardrail_rules import Kind
from dashboard.agents.models import Claim
from tests.e2e.looking import SIZES, fits, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long password of these tests"


@pytest.fixture
def enter(page: Any, live_server: Any, browser_of: Callable[..., Browser]) -> Callable[[User, str], None]:
    """Return a function that opens an address as somebody who signed in long ago."""

    def go(user: User, path: str) -> None:
        session = browser_of(user, is_fresh=False).cookies[django_settings.SESSION_COOKIE_NAME].value
        cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.set_viewport_size(SIZES["desk"])
        page.goto(f"{live_server.url}{path}")

    return go


def spend(claim: Claim, credits_: int, capability: str) -> None:
    at = timezone.now().isoformat()
    line = {"occurred_at": at, "operation": "create", "capability_id": capability}
    kinds = ("usage.credit_consumed", "asset.created")
    told = [{**line, "event_id": f"{kind}_{credits_}", "type": kind} for kind in kinds]
    told[0] |= {"credits_delta": -credits_}  # type: ignore[dict-item]
    records = [ActivityEvent.model_validate(one) for one in told]
    events_apply(claim=claim, records=records, at=timezone.now())


def test_filters_of_the_spending_live_in_the_address(
    page: Any, enter: Callable[..., None], link: Any, workspace: Workspace, owner: User
) -> None:
    quick, calm = link("quick"), link("calm")
    spend(quick, 40, "is.video.generate.fal-veo.v1")
    spend(quick, 7, "is.image.generate.fal-flux-dev.v1")
    spend(calm, 5, "is.image.generate.fal-flux-dev.v1")
    enter(owner, f"/w/{workspace.key}/spend/")
    main = page.get_by_role("main")
    expect(main.get_by_role("row", name=re.compile("^quick 47 90 %"))).to_be_visible()
    drawing, table = (main.get_by_role(role).first.bounding_box() for role in ("figure", "table"))
    assert drawing["width"] >= table["width"]

    page.get_by_label("Split by").select_option("asset")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?by=asset$"))
    expect(main.get_by_role("row", name=re.compile("^Video 40 77 %"))).to_be_visible()

    page.get_by_role("link", name="7 days", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?by=asset&period=7$"))
    main.get_by_role("link", name="Images", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?by=asset&period=7&asset=image$"))
    expect(main.get_by_text("Told for whole agents alone")).to_be_visible()
    main.get_by_text("Each day in figures").click()
    expect(main.get_by_role("columnheader", name="Together")).to_be_visible()
    assert fits(page)
    assert violations(page) == []

    page.go_back()
    page.get_by_title("Remove this filter").wait_for(state="detached")
    expect(page.get_by_label("Split by")).to_have_value("asset")


def test_raising_a_limit_asks_for_a_sign_in_and_setting_one_does_not(
    page: Any, enter: Callable[..., None], link: Any, workspace: Workspace, owner: User
) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    claim = link("quick")
    enter(owner, f"/w/{workspace.key}/agents/{claim.agent.remote_id}/guardrails/")
    day = page.get_by_role("group", name="Credits a day")
    day.get_by_label("Limit").fill("50")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    expect(page.get_by_role("main").get_by_text("0 of 50 used").first).to_be_visible()
    assert fits(page)
    assert violations(page) == []

    day.get_by_label("Limit").fill("80")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Password").fill(PASSWORD)
    assert limits_of(claim) == {(Kind.CREDITS_DAY, True): 50}
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("Saved.").wait_for()
    assert limits_of(claim) == {(Kind.CREDITS_DAY, True): 80}
