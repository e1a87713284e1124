"""Who is refused a page stands in the audit log, once an hour; who is let in costs no query more."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.accounts.refusals import NOTED_AT_MOST, NOTED_ONCE
from dashboard.accounts.services import workspace_create
from dashboard.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _within_an_hour() -> Iterator[None]:
    """No test runs over the turn of an hour, when everything is noted anew."""
    with time_machine.travel(timezone.now().replace(minute=5)):
        yield


def noted() -> list[tuple[str, int | None, str, str]]:
    entries = AuditEntry.objects.filter(action="access.refused", outcome="refused").order_by("pk")
    return [(one.actor_label, one.workspace_id, one.subject_id, one.reason) for one in entries]


def test_each_kind_of_refusal_says_who_where_and_why(
    viewer: User, outsider: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    assert browser_of(viewer).get(reverse("web:audit_log", args=[workspace.key])).status_code == 403
    assert browser_of(outsider).post(reverse("agents:claim_start", args=[workspace.key])).status_code == 404
    assert browser_of(outsider).get("/health/").status_code == 403
    assert noted() == [
        (viewer.email, workspace.pk, "web:audit_log", "Not for a viewer"),
        (outsider.email, workspace.pk, "agents:claim_start", "No member of this workspace"),
        (outsider.email, None, "web:health", "Not operator"),
    ]


def test_workspace_that_is_not_there_leaves_no_entry(outsider: User, browser_of: Callable[..., Browser]) -> None:
    assert browser_of(outsider).get(reverse("web:overview", args=["nosuchplace"])).status_code == 404
    assert noted() == []


def test_knocking_again_is_noted_once_an_hour(
    outsider: User, viewer: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    door = reverse("web:overview", args=[workspace.key])
    for _ in range(30):
        browser_of(outsider).get(door)
    assert len(noted()) == 1
    browser_of(viewer).get(reverse("web:audit_log", args=[workspace.key]))
    assert len(noted()) == 2, "another person and door are another entry"
    with time_machine.travel(timezone.now() + NOTED_ONCE):
        browser_of(outsider).get(door)
    assert len(noted()) == 3


def test_robot_at_every_door_cannot_flood_the_log(
    outsider: User, owner: User, browser_of: Callable[..., Browser]
) -> None:
    robot = browser_of(outsider)
    for number in range(NOTED_AT_MOST + 15):
        door = workspace_create(owner=owner, name=f"Studio {number}")
        assert robot.get(reverse("web:overview", args=[door.key])).status_code == 404
    assert len(noted()) == NOTED_AT_MOST


def test_owner_reads_refusals_and_filters_for_them(
    owner: User, outsider: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    browser_of(outsider).get(reverse("web:overview", args=[workspace.key]))
    log = reverse("web:audit_log", args=[workspace.key])
    page = browser_of(owner).get(f"{log}?action=access.refused&person={outsider.email}").content.decode()
    assert "1 entry" in page
    assert "Was refused a page" in page
    assert "No member of this workspace" in page


def test_who_is_let_in_costs_no_query_more(
    owner: User, workspace: Workspace, browser_of: Callable[..., Browser], settings: Any
) -> None:
    browser, page = browser_of(owner), reverse("accounts:member_leave", args=[workspace.key])
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(page).status_code == 200
    asked = [query["sql"] for query in captured if "accounts_membership" in query["sql"] or "audit" in query["sql"]]
    assert len(asked) == 1, "the memberships with their workspaces, and nothing else"
