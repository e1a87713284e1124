"""What was shown to one person is kept by no cache and no Back button of the next."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["web:overview", "agents:agent_list", "activity:event_list", "web:search"])
@pytest.mark.parametrize("fragment", [{}, {"X-Fragment": "1"}])
def test_page_of_a_person_is_stored_nowhere(
    name: str, fragment: dict[str, str], owner: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    answer = browser_of(owner).get(reverse(name, args=[workspace.key]), headers=fragment)
    assert answer.status_code == 200
    assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))


@pytest.mark.parametrize("path", ["/", "/profile/", "/w/nosuchplace/", "/account/email/"])
def test_answer_to_a_person_is_stored_nowhere_whatever_it_says(
    path: str, owner: User, browser_of: Callable[..., Browser]
) -> None:
    assert "no-store" in browser_of(owner).get(path)["Cache-Control"]


def test_answer_to_an_agent_is_stored_nowhere() -> None:
    answer = Browser().post("/api/v1/claims/confirmations", {"code": "x"}, content_type="application/json")
    assert "no-store" in answer["Cache-Control"]
