"""The agent-first claim: an agent asks an address, its reader decides, and the agent can look how it stands."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.accounts.services import workspace_create
from dashboard.agents.agent_first import REQUEST_HOURS
from dashboard.agents.ceremony import attempts_expire, attempts_prune
from dashboard.agents.models import Claim, ClaimAttempt, ClaimMailbox
from dashboard.agents.selectors import claim_requests_for
from dashboard.agents.services import claim_release
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from dashboard.remote import client_for
from tests.dashboard.agents.conftest import ask, look, mailed_link, release, the_request

pytestmark = pytest.mark.django_db
Decide = Callable[..., Any]


def test_sponsor_links_the_agent_that_asked(agent: Any, asked: str, decide: Decide, workspace: Workspace) -> None:
    decide("consent", phrase=asked.lower(), warn_credits_per_day="100")
    claim = Claim.objects.get()
    assert (claim.workspace, claim.agent.remote_id, claim.warn_credits_per_day) == (workspace, agent.remote_id, 100)
    with client_for(claim, deadline_seconds=5) as client:
        assert client.identity.whoami().actor.actor_id == agent.remote_id
    assert look(agent.token) == (200, {"state": "confirmed", "message": "Your sponsor has confirmed the claim."})
    assert the_request().token_sealed == ""
    assert ask(agent.token, "somebody@example.net")[0] == 409


def test_asking_again_tells_the_same_phrase_and_sends_no_further_mail(agent: Any, asked: str, sponsor: User) -> None:
    again = ask(agent.token, sponsor.email.upper())
    assert (
        again[1]
        == look(agent.token)[1]
        == {
            "state": "pending",
            "message": "Print this phrase for your sponsor.",
            "phrase": asked,
        }
    )
    assert OutboxMail.objects.count() == 1


def test_mail_carries_no_word_of_the_agents(asked: str, agent: Any, sponsor: User) -> None:
    mail = OutboxMail.objects.get()
    written = mail.subject + mail.text + mail.html
    assert (mail.to, mail.is_secret) == (sponsor.email, True)
    assert agent.remote_id in written
    assert not any(word in written for word in (asked, agent.token, "render-bot", "pytest"))


def test_link_leads_through_sign_in_to_the_decision(asked: str, sponsor: User, workspace: Workspace) -> None:
    browser = Browser()
    page = browser.get(mailed_link(), follow=True)
    assert page.redirect_chain == [("/claim/", 302)]
    assert "/account/login/?next=/claim/" in page.content.decode()
    assert "render-bot" not in page.content.decode(), "who has only the mail learns no more than it says"
    browser.force_login(sponsor)
    page = browser.get("/claim/", follow=True)
    decision = reverse("agents:claim_attempt", args=[workspace.key, the_request().key])
    assert page.redirect_chain == [(decision, 302)]
    assert "<bdi>render-bot</bdi> asks to be linked" in page.content.decode()


def test_sponsor_chooses_among_the_workspaces_they_own(
    asked: str, sponsor: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    other = workspace_create(owner=sponsor, name="Second studio")
    here, there = (reverse("agents:claim_attempt", args=[one.key, the_request().key]) for one in (workspace, other))
    browser = browser_of(sponsor)
    assert f'href="{there}"' in browser.get(here).content.decode()
    browser.post(f"{there}consent/", {"phrase": asked})
    assert Claim.objects.get().workspace == other
    assert browser.get(here).status_code == 404, "what was linked elsewhere is not here"
    assert browser.get(there).status_code == 200


def test_refusal_deletes_the_token_and_is_final_for_this_address(
    agent: Any, asked: str, decide: Decide, sponsor: User
) -> None:
    decide("decline")
    assert (the_request().state, the_request().token_sealed) == ("refused", "")
    refused = (200, {"state": "refused", "message": "Your sponsor has refused the claim."})
    assert ask(agent.token, sponsor.email) == look(agent.token) == refused
    assert OutboxMail.objects.count() == 1
    assert AuditEntry.objects.get(action="claim.asked", outcome="refused").actor_label == "the agent"
    assert ask(agent.token, "second@example.net")[1]["state"] == "pending"


def test_report_reaches_the_operators_and_blocks_the_agent(
    agent: Any, asked: str, decide: Decide, sponsor: User, operator: User, browser_of: Callable[..., Browser]
) -> None:
    decide("decline", answer="report")
    assert ClaimMailbox.objects.get().blocked == [agent.remote_id]
    entry = AuditEntry.objects.get(action="claim.reported")
    assert (entry.actor_label, entry.subject_id, entry.outcome) == (sponsor.email, agent.remote_id, "refused")
    log = browser_of(operator).get(reverse("web:audit_log_all")).content.decode()
    assert "Reported an agent" in log


def test_blocked_agent_hears_what_a_refused_one_hears(
    new_agent: Callable[..., Any], sponsor: User, decide: Decide
) -> None:
    blocked, refused = new_agent("one", contact="one@example.net"), new_agent("two", contact="two@example.net")
    for agent, answer in ((blocked, "report"), (refused, "")):
        ask(agent.token, sponsor.email)
        decide("decline", answer=answer)
        agent.sign_up()
    assert ask(blocked.token, sponsor.email) == ask(refused.token, sponsor.email)
    assert look(blocked.token)[1] == look(refused.token)[1]


def test_one_press_blocks_without_signing_in(agent: Any, asked: str, sponsor: User) -> None:
    browser = Browser()
    page = browser.get(mailed_link(), follow=True)
    assert "Block this agent" in page.content.decode()
    assert the_request().state == "presented", "reading the page changes nothing"
    assert "cannot ask this address again" in browser.post("/claim/").content.decode()
    assert (the_request().state, the_request().token_sealed) == ("refused", "")
    assert AuditEntry.objects.get(action="claim.blocked").actor_label == "whoever has the mail"
    tagged = sponsor.email.replace("@", "+tag@")
    assert ask(agent.token, tagged)[1]["state"] == "refused", "a tag reaches the same mailbox"


def test_request_ends_after_three_days_with_its_token_and_can_be_made_again(
    agent: Any, asked: str, sponsor: User
) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=REQUEST_HOURS, minutes=1)):
        assert look(agent.token)[0] == 410
        assert claim_requests_for(sponsor) == []
        assert attempts_expire() == 1
        assert (the_request().state, the_request().token_sealed) == ("expired", "")
        assert look(agent.token)[1]["state"] == "expired"
        assert "The time for this request is over" in Browser().get(mailed_link(), follow=True).content.decode()
        assert ask(agent.token, sponsor.email)[1]["state"] == "pending"


def test_another_contact_supersedes_the_first(agent: Any, asked: str, sponsor: User) -> None:
    first = the_request()
    assert ask(agent.token, "second@example.net")[1]["state"] == "pending"
    first.refresh_from_db()
    assert (first.state, first.token_sealed) == ("superseded", "")
    assert claim_requests_for(sponsor) == []


def test_agent_released_by_its_sponsor_may_ask_again(agent: Any, asked: str, decide: Decide, sponsor: User) -> None:
    decide("consent", phrase=asked)
    claim_release(claim=Claim.objects.get(), user=sponsor)
    assert look(agent.token)[1]["state"] == "not_asked"
    assert ask(agent.token, sponsor.email)[1]["state"] == "pending"


def test_agent_releases_its_link_and_the_owners_are_told(agent: Any, asked: str, decide: Decide, sponsor: User) -> None:
    assert release(agent.token)[0] == 404
    decide("consent", phrase=asked)
    assert release(agent.token)[1]["state"] == "released"
    claim = Claim.objects.get()
    assert (claim.released_at is not None, claim.token_sealed) == (True, "")
    assert AuditEntry.objects.get(action="agent.released").actor_label == "the agent"
    assert "released its link" in OutboxMail.objects.get(to=sponsor.email, subject__contains="render-bot").text
    assert release(agent.token) == (404, {"state": "not_linked", "message": "This agent is not linked here."})


def test_wrong_token_releases_nothing(asked: str, decide: Decide) -> None:
    decide("consent", phrase=asked)
    assert release("isk_r_guess")[0] == 401
    assert release("")[0] == 401
    assert Claim.objects.get().released_at is None


@pytest.mark.parametrize("url_name", ["agents:agent_list", "web:overview"])
def test_waiting_request_is_seen_by_the_one_who_was_asked(
    url_name: str, asked: str, sponsor: User, buyer: User, workspace: Workspace, browser_of: Callable[..., Browser]
) -> None:
    page = reverse(url_name, args=[workspace.key])
    assert "1 agent asks to be linked" in browser_of(sponsor).get(page).content.decode()
    assert "asks to be linked" not in browser_of(buyer).get(page).content.decode()


def test_mailbox_is_forgotten_with_its_last_request_unless_it_blocks(
    new_agent: Callable[..., Any], sponsor: User, decide: Decide
) -> None:
    ask(new_agent().token, "nobody@example.net")
    ask(new_agent("blocked-bot").token, sponsor.email)
    decide("decline", answer="report")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=4)):
        attempts_expire()
    with time_machine.travel(datetime.now(UTC) + timedelta(days=40)):
        attempts_prune()
    assert not ClaimAttempt.objects.exists()
    assert ClaimMailbox.objects.get().address == sponsor.email
