"""Pages of the platform's people, and the demo's way in: each says what it cannot show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.freshness.models import Heartbeat, SyncCursor, SyncRun
from dashboard.local.people import link_make
from dashboard.notify.models import OutboxMail
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
Browsers = Callable[[User | None], Browser]


@pytest.mark.parametrize(
    ("role", "name", "notice", "empty", "event_type", "said"),
    [
        (
            "billing_admin",
            "billing:ledger",
            "What Stripe took is not visible here",
            "Money of linked agents will appear here",
            "credits.payment_backed_refunded",
            "Credits refunded",
        ),
    ],
)
def test_desk_shows_its_rows_and_says_what_is_missing(
    role: str,
    name: str,
    notice: str,
    empty: str,
    event_type: str,
    said: str,
    request: Any,
    browser_of: Browsers,
    link: Callable[..., Claim],
    tell: Callable[..., Any],
) -> None:
    browser = browser_of(request.getfixturevalue(role))
    before = words(browser.get(reverse(name)))
    assert notice in before
    assert empty in before
    tell(link("poster-press"), event_type)
    tell(link("other"), "asset.created")
    after = words(browser.get(reverse(name)))
    assert notice in after
    assert f"{said} poster-press" in after
    assert "other" not in after


def test_health_tells_a_dead_worker_and_a_failing_stream(
    operator: User, browser_of: Browsers, link: Callable[..., Claim]
) -> None:
    now = timezone.now()
    problem = {"error_code": "NETWORK", "error_text": "Image Skill does not answer.", "failed_at": now}
    claim = link(cursor={**problem, "due_at": now + timedelta(seconds=200)})
    cursor = SyncCursor.objects.get(subject_id=claim.agent_id)
    SyncRun.objects.create(cursor=cursor, started_at=now, outcome=SyncRun.Outcome.RETRY, calls=3)
    OutboxMail.objects.create(to=operator.email, subject="s", text="t", dedupe_key="k", not_before=now)
    said = words(browser_of(operator).get(reverse("web:health")))
    assert "No worker was seen within the last two minutes" in said
    assert "Streams 1 Running now 0 Overdue 0 Failing 1 Stopped 0 Mail waiting 1 Mail given up 0" in said
    assert "NETWORK Image Skill does not answer. just now 1 min ago in 3 min" in said
    assert "Failed, tried again later just now 3 0" in said


def test_health_is_calm_when_all_is_well(operator: User, browser_of: Browsers) -> None:
    Heartbeat.objects.create(name="worker", seen_at=timezone.now())
    said = words(browser_of(operator).get(reverse("web:health")))
    assert "The background worker is alive." in said
    assert "Nothing fails" in said


def test_demo_link_asks_before_it_signs_in_and_works_once(owner: User, browser_of: Browsers) -> None:
    browser, path = browser_of(None), "/" + link_make(owner).split("/", 3)[3]
    assert "Sign in as Olga" in words(browser.get(path))
    assert browser.post(path).status_code == 302
    assert "This link does not sign anybody in" in words(browser_of(None).get(path))
