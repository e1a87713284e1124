"""Replacing an exposed token: whose contact, whose token comes back, and what is said when nobody knows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from api_client import AuthRefused
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim, Replacement
from dashboard.agents.replacement import ReplacementRefused, replacements_expire, token_replace
from dashboard.agents.services import claim_release
from dashboard.audit.models import AuditEntry
from dashboard.freshness.models import SyncCursor
from dashboard.lib.sealing import unseal
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.agents.playing import Wire, answer, away, heard_but_lost, late
from tests.dashboard.agents.test_custody import at_once

pytestmark = pytest.mark.django_db
SIGNUPS = "/v1/agent-signups"


@pytest.fixture
def address(owner: User) -> str:
    """One contact a test: the sandbox lives as long as the session."""
    email = f"olga+{datetime.now(UTC).timestamp()}@studio.example"
    EmailAddress.objects.create(user=owner, email=email, verified=True)
    return email


@pytest.fixture
def agent(new_agent: Callable[..., Any], address: str) -> Any:
    return new_agent("render-bot", address)


def works(token: str, agent: Any) -> bool:
    agent.token = token
    with agent.client() as client:
        try:
            client.identity.whoami()
        except AuthRefused:
            return False
    return True


def held(claim: Claim) -> str:
    claim.refresh_from_db()
    return unseal(claim.token_sealed, identity=claim.seal_identity)


def test_the_same_agents_token_is_replaced_and_the_old_one_is_dead(
    agent: Any, claim: Claim, owner: User, address: str
) -> None:
    old, organization = agent.token, claim.agent.organization_id
    assert token_replace(claim=claim, user=owner, address=address.upper()).state == "done"
    assert not works(old, agent)
    assert works(held(claim), agent)
    assert (claim.agent.organization_id, claim.needs_relink) == (organization, False)
    assert agent_sync(claim.agent_id, is_forced=True)
    entry = AuditEntry.objects.get(action="agent.token_replaced")
    assert (entry.outcome, entry.actor_label) == ("done", owner.email)


def test_no_token_and_no_contact_is_written_anywhere(
    agent: Any, claim: Claim, owner: User, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    old = agent.token
    token_replace(claim=claim, user=owner, address=address)
    kept = [str(entry.__dict__) for entry in AuditEntry.objects.all()]
    written = caplog.text + "".join(kept) + str(Replacement.objects.values())
    for secret in (old, held(claim), address):
        assert secret not in written


def test_a_token_that_is_dead_already_is_replaced_too(agent: Any, claim: Claim, owner: User, address: str) -> None:
    agent.sign_up()
    agent_sync(claim.agent_id, is_forced=True)
    claim.refresh_from_db()
    assert claim.needs_relink
    assert token_replace(claim=claim, user=owner, address=address).state == "done"
    assert not Claim.objects.get().needs_relink
    assert SyncCursor.objects.get().stopped == ""


@pytest.mark.parametrize("whose", ["boris@example.com", "unconfirmed@example.com", "nobody@example.com"])
def test_an_address_that_is_not_the_sponsors_own_and_confirmed_is_never_sent(
    claim: Claim, owner: User, buyer: User, hosted_answers: Callable[..., None], whose: str
) -> None:
    EmailAddress.objects.create(user=buyer, email="boris@example.com", verified=True)
    EmailAddress.objects.create(user=owner, email="unconfirmed@example.com", verified=False)
    wire = Wire()
    hosted_answers(wire)
    with pytest.raises(ReplacementRefused, match="your own confirmed"):
        token_replace(claim=claim, user=owner, address=whose)
    assert not wire.asked


def test_a_contact_that_is_visibly_another_is_refused_before_anything_is_rotated(
    claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    EmailAddress.objects.create(user=owner, email="other@elsewhere.example", verified=True)
    wire = Wire()
    hosted_answers(wire)
    with pytest.raises(ReplacementRefused, match="another contact"):
        token_replace(claim=claim, user=owner, address="other@elsewhere.example")
    assert wire.count(SIGNUPS) == 0
    assert not Replacement.objects.exists()


def test_an_agent_without_a_contact_cannot_be_replaced_from_here(
    new_agent: Callable[..., Any],
    workspace: Workspace,
    owner: User,
    address: str,
    make_claim: Callable[..., Claim],
    hosted_answers: Callable[..., None],
) -> None:
    claim = make_claim(new_agent("nameless"), workspace, owner)
    wire = Wire()
    hosted_answers(wire)
    with pytest.raises(ReplacementRefused, match="no contact"):
        token_replace(claim=claim, user=owner, address=address)
    assert wire.count(SIGNUPS) == 0


def test_another_agents_answer_is_neither_linked_nor_kept(
    agent: Any, claim: Claim, owner: User, new_agent: Callable[..., Any]
) -> None:
    """Of two addresses that look alike once redacted, the wrong one names another agent."""
    twin = f"o{claim.agent.remote_id}@studio.example"
    EmailAddress.objects.create(user=owner, email=twin, verified=True)
    other, before = new_agent("other-bot", twin), claim.token_sealed
    assert token_replace(claim=claim, user=owner, address=twin).state == "other"
    claim.refresh_from_db()
    assert (claim.token_sealed, claim.needs_relink) == (before, False)
    assert works(agent.token, agent), "the exposed token still works, and the page says so"
    assert not works(other.token, other)
    assert Claim.objects.count() == 1
    assert "another agent answered" in AuditEntry.objects.get(action="agent.token_replaced").reason


@pytest.mark.parametrize("fate", [late, heard_but_lost])
def test_an_answer_that_was_lost_marks_the_claim_and_is_never_asked_for_again(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None], fate: Callable[..., Any]
) -> None:
    wire = Wire(rules={SIGNUPS: fate})
    hosted_answers(wire)
    assert token_replace(claim=claim, user=owner, address=address).state == "unclear"
    claim.refresh_from_db()
    assert (wire.count(SIGNUPS), claim.needs_relink) == (1, True)
    assert SyncCursor.objects.get().stopped == "token_refused"
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert replacements_expire() == 0
    assert wire.count(SIGNUPS) == 1


@pytest.mark.parametrize("data", [{}, {"token": "", "actor": {"actor_id": "a", "organization_id": "o"}}])
def test_an_answer_without_a_token_is_unclear_too(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None], data: dict[str, Any]
) -> None:
    hosted_answers(Wire(rules={SIGNUPS: lambda _: answer(data)}))
    assert token_replace(claim=claim, user=owner, address=address).state == "unclear"


def test_a_sign_up_that_says_no_actor_is_asked_whose_token_it_is(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    def nameless(request: Any) -> Any:
        told = Wire.passed_on(request).json()
        return answer({"token": told["data"]["token"]})

    hosted_answers(Wire(rules={SIGNUPS: nameless}))
    assert token_replace(claim=claim, user=owner, address=address).state == "done"


@pytest.mark.parametrize(
    ("fate", "sentence"),
    [(away, "refused"), (lambda _: answer({}, status=403, code="CAPABILITY_DENIED"), "refused")],
)
def test_what_cannot_have_happened_changes_nothing(
    agent: Any,
    claim: Claim,
    owner: User,
    address: str,
    hosted_answers: Callable[..., None],
    fate: Callable[..., Any],
    sentence: str,
) -> None:
    hosted_answers(Wire(rules={SIGNUPS: fate}))
    assert token_replace(claim=claim, user=owner, address=address).state == sentence
    assert not Claim.objects.get().needs_relink
    assert works(agent.token, agent)


def test_a_service_that_is_away_is_not_asked_to_replace_anything(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(away)
    with pytest.raises(ReplacementRefused, match="does not answer"):
        token_replace(claim=claim, user=owner, address=address)
    assert not Replacement.objects.exists()


def test_a_crash_in_the_call_leaves_a_row_that_becomes_unclear(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None], settings: Any
) -> None:
    def crash(_request: object) -> Any:
        raise SystemExit

    hosted_answers(Wire(rules={SIGNUPS: crash}))
    with pytest.raises(SystemExit):
        token_replace(claim=claim, user=owner, address=address)
    settings.API_TRANSPORT = None
    with pytest.raises(ReplacementRefused, match="already"):
        token_replace(claim=claim, user=owner, address=address)
    assert replacements_expire() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=3)):
        assert replacements_expire() == 1
    assert (Replacement.objects.get().state, Claim.objects.get().needs_relink) == ("unclear", True)


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_sign_up_once(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    if connection.vendor == "sqlite":
        connection.close()
    wire = Wire()
    hosted_answers(wire)
    results = at_once(*[lambda: token_replace(claim=claim, user=owner, address=address) for _ in range(2)])
    replaced = [one for one in results if isinstance(one, Replacement)]
    assert {one.state for one in replaced} == {"done"}
    assert len(replaced) == wire.count(SIGNUPS) == Replacement.objects.count()
    assert all(isinstance(one, Replacement | ReplacementRefused) for one in results)


def test_a_claim_that_was_released_meanwhile_keeps_no_token(
    claim: Claim, owner: User, address: str, hosted_answers: Callable[..., None]
) -> None:
    def released_meanwhile(request: Any) -> Any:
        claim_release(claim=Claim.objects.get(), user=owner)
        return Wire.passed_on(request)

    hosted_answers(Wire(rules={SIGNUPS: released_meanwhile}))
    token_replace(claim=claim, user=owner, address=address)
    assert Claim.objects.get().token_sealed == ""


def test_the_page_says_what_each_lever_reaches_and_what_came_of_it(
    agent: Any, claim: Claim, workspace: Workspace, owner: User, address: str, browser_of: Callable[..., Browser]
) -> None:
    agent.create("a lighthouse")
    agent_sync(claim.agent_id, is_forced=True)
    browser = browser_of(owner)
    page = reverse("web:token_exposed", args=[workspace.key, claim.agent.remote_id])
    shown = browser.get(page).content.decode()
    assert "What none of these reaches" in shown
    assert "Not possible from here" in shown
    assert "1 job," in shown
    assert "1 job," not in browser.get(page, {"since": "2030-01-01T00:00"}).content.decode()
    assert "Enter a valid date/time" in browser.get(page, {"since": "soon"}).content.decode()
    replace = reverse("agents:replace", args=[workspace.key, claim.agent.remote_id])
    answered = browser.post(replace, {"address": address}, follow=True).content.decode()
    assert "The old token is dead" in answered
    assert held(claim) not in answered
    assert "Choose one of your own" in browser.post(replace, {"address": "x@y.example"}, follow=True).content.decode()


def test_replacing_asks_for_a_fresh_sign_in(
    claim: Claim, workspace: Workspace, owner: User, address: str, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(owner, is_fresh=False)
    replace = reverse("agents:replace", args=[workspace.key, claim.agent.remote_id])
    assert browser.post(replace, {"address": address})["Location"].startswith("/account/login/")
    assert not Replacement.objects.exists()


@pytest.mark.parametrize("state", Replacement.State.values)
def test_every_outcome_has_its_own_sentence(
    claim: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser], state: str
) -> None:
    Replacement.objects.create(claim=claim, started_by=owner, started_at=datetime.now(UTC), state=state)
    page = reverse("web:token_exposed", args=[workspace.key, claim.agent.remote_id])
    expected = {
        "calling": "Image Skill is being asked",
        "done": "The old token is dead",
        "other": "It was not linked, and we did not keep its token",
        "refused": "The old token still works",
        "unclear": "The answer was lost",
    }
    assert expected[state] in browser_of(owner).get(page).content.decode()
