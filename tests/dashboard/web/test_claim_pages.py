"""The claim ceremony on screen: the code is shown once, the decision is informed, every end has a way on."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim, ClaimAttempt
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
FACTS = {
    "agent_name": HOSTILE,
    "runtime": HOSTILE,
    "claim_state": "unclaimed",
    "registered_at": "2026-11-01T12:00:00+00:00",
    "free_credits": 31,
    "paid_credits": None,
    "credits_spent": 1234,
    "events_seen": 17,
}


@pytest.fixture
def browser(browser_of: Callable[[User], Browser], owner: User) -> Browser:
    return browser_of(owner)


@pytest.fixture
def code_page(browser: Browser, workspace: Workspace) -> Any:
    """The answer to "Make a claim code"."""
    return browser.post(reverse("agents:claim_start", args=[workspace.key]))


@pytest.fixture
def open_attempt(code_page: Any, browser: Browser, workspace: Workspace) -> Callable[..., Any]:
    """Return a function that opens the ceremony's page, its row changed before."""

    def get(*, is_fragment: bool = False, **changes: Any) -> Any:
        attempts = ClaimAttempt.objects.filter(workspace=workspace)
        if changes:
            attempts.update(**changes)
        headers = {"X-Fragment": "1"} if is_fragment else {}
        return browser.get(reverse("agents:claim_attempt", args=[workspace.key, attempts.get().key]), headers=headers)

    return get


def presented(**changes: Any) -> dict[str, Any]:
    """The columns of an attempt that an agent has answered."""
    return {
        "state": ClaimAttempt.State.PRESENTED,
        "remote_id": "agt_00000001",
        "organization_id": "org_00000001",
        "agent_name": HOSTILE,
        "facts": FACTS,
        **changes,
    }


def code_in(answer: Any) -> list[str]:
    return re.findall(r"isclaim_[\w-]+", answer.content.decode())


def test_start_explains_and_asks_for_one_press(browser: Browser, workspace: Workspace) -> None:
    answer = browser.get(reverse("agents:claim_start", args=[workspace.key]))
    assert "Linking charges nothing." in words(answer)
    assert "<main" in answer.content.decode()
    assert words(answer).count("Make a claim code") == 2  # the first step, and the button
    assert ClaimAttempt.objects.count() == 0


def test_code_is_in_the_post_answer_alone(code_page: Any, open_attempt: Callable[..., Any]) -> None:
    assert len(set(code_in(code_page))) == 1
    for answer in (open_attempt(), open_attempt(is_fragment=True), open_attempt(**presented())):
        assert code_in(answer) == []
    assert code_page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")


@pytest.mark.parametrize(("address", "is_warned"), [("http://localhost:8000", True), ("https://dash.example", False)])
def test_agent_elsewhere_is_warned_of_localhost(
    address: str, is_warned: bool, browser: Browser, workspace: Workspace, settings: Any
) -> None:
    settings.DASHBOARD_URL = address
    said = words(browser.post(reverse("agents:claim_start", args=[workspace.key])))
    assert ("Only an agent on this machine can answer" in said) == is_warned


def test_waiting_part_polls_until_the_agent_has_answered(open_attempt: Callable[..., Any]) -> None:
    waiting = open_attempt(is_fragment=True)
    assert 'data-poll-seconds="2"' in waiting.content.decode()
    assert "Waiting for your agent The code stops working in 9 min" in words(waiting)
    answered = open_attempt(is_fragment=True, **presented())
    assert "data-poll-url" not in answered.content.decode()
    assert "<html" not in answered.content.decode()


def test_consent_is_informed(open_attempt: Callable[..., Any]) -> None:
    answer = open_attempt(**presented())
    said = words(answer)
    assert "Linking charges nothing. You will see what it makes and spends. It may ask you to pay." in said
    assert "1,234 credits in its latest 17 events" in said
    assert "31 credits free, \N{EN DASH} paid" in said
    assert "2026-11-01T12:00:00+00:00" in answer.content.decode()
    assert "which your agent just printed" in said
    assert "<script>alert" not in answer.content.decode()
    assert "&lt;script&gt;alert(1)" in answer.content.decode()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "Spent so far 1,234 credits in its latest 17 events"),
        ({"charges_untold": 2}, "Spent so far at least 1,234 credits and 2 charges not told in its latest 17 events"),
        ({"credits_spent": None, "charges_untold": 1}, "Spent so far 1 charge not told in its latest 17 events"),
    ],
)
def test_consent_says_the_least_that_was_spent_where_charges_are_not_told(
    open_attempt: Callable[..., Any], code_page: Any, told: dict[str, Any], said: str
) -> None:
    assert said in words(open_attempt(**presented(facts=FACTS | told)))


def test_refusing_is_as_easy_as_linking(
    open_attempt: Callable[..., Any], browser: Browser, workspace: Workspace
) -> None:
    text = open_attempt(**presented()).content.decode()
    buttons = re.findall(r"<button[^>]*form=\"(consent-form|decline-form)\"", text)
    assert buttons == ["consent-form", "decline-form"]
    decline = reverse("agents:claim_decline", args=[workspace.key, ClaimAttempt.objects.get().key])
    assert "Refused: nothing was linked" in words(browser.post(decline, follow=True))


def test_wrong_phrase_is_said_at_its_field(
    open_attempt: Callable[..., Any], browser: Browser, workspace: Workspace
) -> None:
    open_attempt(**presented(expires_at=timezone.now() + timedelta(minutes=9)))
    consent = reverse("agents:claim_consent", args=[workspace.key, ClaimAttempt.objects.get().key])
    answer = browser.post(consent, {"phrase": "WRONG1"})
    assert answer.status_code == 422
    assert "That is not the phrase your agent printed. You have 2 more tries." in words(answer)
    assert 'aria-invalid="true"' in answer.content.decode()


def test_agent_that_is_linked_already_is_offered_a_renewal(
    open_attempt: Callable[..., Any], link: Callable[..., Claim]
) -> None:
    held = link("poster-press").agent
    said = words(open_attempt(**presented(remote_id=held.remote_id)))
    assert "poster-press wants to renew its link" in said


@pytest.mark.parametrize(
    ("state", "sentence", "way_on"),
    [
        ("confirmed", "Linked The agent is in your workspace now.", "See the agent"),
        ("refused", "Refused: nothing was linked", "Make a new code"),
        ("superseded", "A newer code has replaced this one", "Make a new code"),
        ("expired", "The time for this claim is over", "Make a new code"),
    ],
)
def test_every_end_has_its_sentence_and_a_way_on(
    state: str, sentence: str, way_on: str, open_attempt: Callable[..., Any]
) -> None:
    said = words(open_attempt(**presented(state=state)))
    assert sentence in said
    assert way_on in said


def test_decision_that_took_too_long_is_over_before_the_sweep_says_so(open_attempt: Callable[..., Any]) -> None:
    late = open_attempt(**presented(expires_at=timezone.now() - timedelta(seconds=1)))
    assert "The time for this claim is over" in words(late)
