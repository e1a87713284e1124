"""Decisions about one agent that cross: Stop and a renewal, a start and a reading, two tokens, two sponsors."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import attempt_present, attempt_start
from dashboard.agents.custody import agent_start, agent_stop
from dashboard.agents.instructions import instructions_carry_out
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.replacement import token_replace
from dashboard.agents.selectors import attempt_get
from dashboard.agents.services import ConsentRefused, claim_confirm, claim_release
from dashboard.alerts.models import Delivery
from dashboard.alerts.tasks import alerts_sweep
from dashboard.freshness.models import SyncCursor
from dashboard.remote import client_for, operator_client
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.agents.conftest import ask, the_request
from tests.dashboard.agents.playing import Wire, away, heard_but_lost
from tests.dashboard.agents.test_stop import carried_out, later, works

pytestmark = pytest.mark.django_db
WITH_EXTENSION = pytest.mark.usefixtures("operator_extension")


@pytest.fixture
def own_agent(new_agent: Callable[..., Any], owner: User) -> Any:
    """Return an agent whose contact is its sponsor's own confirmed address, so that its token can be replaced."""
    contact = f"olga+{uuid4()}@studio.example"
    EmailAddress.objects.create(user=owner, email=contact, verified=True)
    agent = new_agent("render-bot", contact)
    agent.contact = contact
    return agent


def presented(agent: Any, workspace: Workspace, owner: User) -> tuple[ClaimAttempt, str]:
    """Let an agent answer a code; return the attempt and the phrase."""
    attempt, code = attempt_start(workspace=workspace, user=owner)
    phrase = attempt_present(code=code, token=agent.token).phrase or ""
    attempt.refresh_from_db()
    return attempt, phrase


def is_read(claim: Claim) -> bool:
    claim.refresh_from_db()
    with client_for(claim, deadline_seconds=5) as client:
        return client.identity.whoami().actor.actor_id == claim.agent.remote_id


def test_a_ceremony_that_began_with_the_old_token_does_not_bring_it_back(
    own_agent: Any, workspace: Workspace, owner: User, make_claim: Callable[..., Claim]
) -> None:
    claim = make_claim(own_agent, workspace, owner)
    attempt, phrase = presented(own_agent, workspace, owner)
    token_replace(claim=claim, user=owner, address=own_agent.contact)
    with pytest.raises(ConsentRefused, match="newer token"):
        claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=None)
    assert is_read(claim)


def test_of_two_ceremonies_the_earlier_token_does_not_follow_the_later(
    own_agent: Any, sponsor: User, workspace: Workspace, make_claim: Callable[..., Claim]
) -> None:
    """The agent asked by mail, signed up anew, and was claimed by a code before its mail was read."""
    status, told = ask(own_agent.token, sponsor.email)
    assert status == 200
    own_agent.sign_up()
    claim = make_claim(own_agent, workspace, sponsor)
    request = attempt_get(workspace, sponsor, the_request().key)
    with pytest.raises(ConsentRefused, match="newer token"):
        claim_confirm(attempt=request, user=sponsor, phrase=told["phrase"], warn_credits_per_day=None)
    assert is_read(claim)


@WITH_EXTENSION
def test_a_token_that_is_refused_after_a_start_is_no_takeover_while_the_service_has_not_heard_of_it(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(Wire(rules={"/revoke": heard_but_lost, "/restore": away}))
    agent_stop(claim=claim, user=owner)
    agent_start(claim=claim, user=owner)
    agent_sync(claim.agent_id, is_forced=True)
    claim.refresh_from_db()
    assert (works(agent), claim.needs_relink) == (False, False)
    assert SyncCursor.objects.get().stopped == "shut_out"
    hosted_answers(Wire())
    with later(minutes=1):
        assert carried_out()
    assert (works(agent), SyncCursor.objects.get().stopped) == (True, "")


@WITH_EXTENSION
def test_the_stop_of_an_earlier_sponsor_hides_no_takeover_from_the_next(
    new_agent: Callable[..., Any],
    workspace: Workspace,
    owner: User,
    outsider: User,
    make_claim: Callable[..., Claim],
) -> None:
    agent = new_agent("passed-on-bot", f"{uuid4()}@example.net")
    earlier = make_claim(agent, workspace, owner)
    agent_stop(claim=earlier, user=owner)
    claim_release(claim=earlier, user=owner)
    service = operator_client(deadline_seconds=5)
    assert service is not None
    with service:
        service.agents.restore(agent.remote_id)
    held = make_claim(agent, outsider.memberships.get().workspace, outsider)
    agent.sign_up()
    agent_sync(held.agent_id, is_forced=True)
    held.refresh_from_db()
    assert held.needs_relink
    alerts_sweep()
    assert Delivery.objects.filter(crossing__alert__kind="token_stopped", user=outsider).exists()


@WITH_EXTENSION
@pytest.mark.parametrize("answering", [Wire(), Wire(rules={"/revoke": away})], ids=["told", "still being told"])
def test_a_stopped_agent_that_is_unclaimed_stays_shut_out_and_the_page_says_so(
    answering: Wire,
    agent: Any,
    claim: Claim,
    owner: User,
    hosted_answers: Callable[..., None],
    browser_of: Callable[..., Browser],
) -> None:
    hosted_answers(answering)
    agent_stop(claim=claim, user=owner)
    page = reverse("agents:agent_release", args=[claim.workspace.key, agent.remote_id])
    browser = browser_of(owner)
    said = browser.get(page).content.decode()
    assert "nobody here can let it in again" in said
    assert "It keeps working" not in said
    assert "It stays shut out." in browser.post(page, follow=True).content.decode()
    hosted_answers(Wire())
    with later(minutes=1):
        instructions_carry_out()
    assert not works(agent)


@WITH_EXTENSION
@pytest.mark.django_db(transaction=True)
def test_a_stop_beside_a_renewal_waits_and_neither_fails(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time: there is nothing to wait for crosswise")
    attempt, phrase = presented(agent, claim.workspace, owner)
    hosted_answers(Wire(rules={"/revoke": away}))

    def renew() -> None:
        claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=None)
        connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Claim.objects.select_for_update().get(pk=claim.pk)
            renewal = other.submit(renew)
            wait_for_a_waiter()
            assert agent_stop(claim=claim, user=owner)
        renewal.result(timeout=20)
    claim.refresh_from_db()
    assert claim.is_stopped


def wait_for_a_waiter() -> None:
    """Wait until another connection waits for a lock that this one holds."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
