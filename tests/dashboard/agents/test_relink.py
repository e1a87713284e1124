"""Renewing a broken link: the same agent, the phrase as always, and a yes of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import attempt_present, attempt_start
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.services import ConsentRefused, claim_confirm
from dashboard.audit.models import AuditEntry
from dashboard.remote import client_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def rotated(new_agent: Callable[..., Any]) -> Any:
    return new_agent("rotating-bot", contact="ops@example.invalid")


@pytest.fixture
def broken(rotated: Any, workspace: Workspace, owner: User, make_claim: Callable[..., Claim]) -> Claim:
    """Return a claim whose token the agent's owner has replaced."""
    claim = make_claim(rotated, workspace, owner)
    rotated.sign_up()
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=timezone.now())
    claim.refresh_from_db()
    return claim


def answered(broken: Claim, owner: User, agent: Any) -> tuple[ClaimAttempt, str]:
    """Begin a renewal, let an agent answer it, and return the attempt and the phrase."""
    attempt, code = attempt_start(workspace=broken.workspace, user=owner, renews=broken)
    phrase = attempt_present(code=code, token=agent.token).phrase
    attempt.refresh_from_db()
    return attempt, phrase or ""


def test_renewal_needs_the_phrase_and_an_explicit_yes(
    broken: Claim, rotated: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    attempt, phrase = answered(broken, owner, rotated)
    browser, page = browser_of(owner), reverse("agents:claim_attempt", args=[broken.workspace.key, attempt.key])
    said = browser.get(page).content.decode()
    assert "This renews a broken link" in said
    assert "somebody took it over" in said
    assert browser.post(f"{page}consent/", {"phrase": phrase}).status_code == 422
    assert browser.post(f"{page}consent/", {"is_renewal_expected": "on"}).status_code == 422
    browser.post(f"{page}consent/", {"phrase": phrase, "is_renewal_expected": "on"})
    broken.refresh_from_db()
    assert not broken.needs_relink
    with client_for(broken, deadline_seconds=5) as client:
        assert client.identity.whoami().actor.actor_id == rotated.remote_id


def test_link_that_breaks_while_its_sponsor_consents_still_needs_the_yes(
    broken: Claim, rotated: Any, owner: User
) -> None:
    attempt, phrase = answered(broken, owner, rotated)
    with pytest.raises(ConsentRefused, match="needs your explicit yes"):
        claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=None)
    broken.refresh_from_db()
    assert broken.needs_relink


def test_another_agent_cannot_take_the_place(
    broken: Claim, agent: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    attempt, phrase = answered(broken, owner, agent)
    page = reverse("agents:claim_attempt", args=[broken.workspace.key, attempt.key])
    said = browser_of(owner).get(page).content.decode()
    assert "This agent is another than the one whose link you renew." in said
    assert 'id="consent-form"' not in said
    with pytest.raises(ConsentRefused, match="is another than the one"):
        claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=None, is_renewal_expected=True)
    assert AuditEntry.objects.filter(action="claim.refused", subject_id=agent.remote_id).exists()
    assert Claim.objects.get(released_at=None).agent.remote_id != agent.remote_id


def test_same_name_of_another_organization_cannot_either(broken: Claim, rotated: Any, owner: User) -> None:
    attempt, phrase = answered(broken, owner, rotated)
    ClaimAttempt.objects.filter(pk=attempt.pk).update(organization_id="org_somebody_else")
    attempt.refresh_from_db()
    with pytest.raises(ConsentRefused, match="Nothing was linked"):
        claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=None, is_renewal_expected=True)


def test_page_of_the_broken_link_begins_its_renewal(
    broken: Claim, owner: User, outsider: User, browser_of: Callable[..., Browser]
) -> None:
    start = reverse("agents:claim_start", args=[broken.workspace.key])
    address = f"{start}?agent={broken.agent.remote_id}"
    browser = browser_of(owner)
    agent_page = browser.get(reverse("web:agent_detail", args=[broken.workspace.key, broken.agent.remote_id]))
    assert address in agent_page.content.decode()
    browser.post(address)
    assert ClaimAttempt.objects.latest("pk").renews == broken
    theirs = reverse("agents:claim_start", args=[outsider.memberships.get().workspace.key])
    for wrong in (broken.agent.remote_id, "agt_nobody", "%01"):
        assert browser_of(outsider).get(f"{theirs}?agent={wrong}").status_code == 404
