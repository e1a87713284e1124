"""Stop and Start again: what holds at once, what Image Skill is told, and what happens when it cannot be told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from api_client import AuthRefused
from dashboard.accounts.models import User, Workspace
from dashboard.agents.custody import agent_start, agent_stop
from dashboard.agents.instructions import instruction_carry_out, instructions_carry_out
from dashboard.agents.levers import most_it_can_spend, stop_levers
from dashboard.agents.models import Claim, Instruction
from dashboard.agents.services import claim_release
from dashboard.agents.standing import buying_block, standing_of
from dashboard.alerts.models import Alert
from dashboard.alerts.tasks import alerts_sweep
from dashboard.audit.models import AuditEntry
from dashboard.freshness.models import SyncCursor
from dashboard.notify.models import OutboxMail
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.agents.playing import Wire, answer, away, heard_but_lost
from tests.dashboard.agents.test_custody import at_once

pytestmark = pytest.mark.django_db
WITH_EXTENSION = pytest.mark.usefixtures("operator_extension")


def works(agent: Any) -> bool:
    """Tell whether Image Skill lets the agent in."""
    with agent.client() as client:
        try:
            client.identity.whoami()
        except AuthRefused:
            return False
    return True


def told() -> Instruction:
    return Instruction.objects.get(matter="access")


def carried_out() -> bool:
    return instruction_carry_out(told().pk)


def later(**span: int) -> Any:
    return time_machine.travel(datetime.now(UTC) + timedelta(**span))


@WITH_EXTENSION
def test_a_stop_freezes_buying_and_shuts_the_agent_out(agent: Any, claim: Claim, buyer: User) -> None:
    assert buying_block(claim) is None
    assert agent_stop(claim=claim, user=buyer)
    claim.refresh_from_db()
    assert (claim.is_stopped, claim.stopped_by) == (True, buyer)
    assert not works(agent)
    assert (told().wish, told().state, told().tries) == ("revoke", "done", 1)
    assert (claim.agent.claim_state, claim.agent.token_status) == ("revoked", "revoked")
    assert "stopped" in (buying_block(claim) or "")
    assert standing_of(claim).sentence == "Stopped: Image Skill refuses its token."
    assert "Nothing more" in most_it_can_spend(claim, has_operator=True)


def test_without_the_extension_a_stop_freezes_buying_and_says_what_it_does_not_reach(
    agent: Any, claim: Claim, owner: User
) -> None:
    assert agent_sync(claim.agent_id, is_forced=True)
    agent_stop(claim=claim, user=owner)
    claim.refresh_from_db()
    assert works(agent)
    assert not Instruction.objects.exists()
    assert buying_block(claim)
    revoke, freeze = stop_levers(claim, None, has_operator=False)
    assert (revoke.state, freeze.state) == ("absent", "done")
    assert "goes on working" in revoke.reaches
    assert "may still spend" in standing_of(claim).sentence
    most, refill = most_it_can_spend(claim, has_operator=False).split(". ")
    assert most == "At most 40 credits ($0.40) can still be spent unless someone buys more"
    assert refill == "Each day brings it 40 free credits more."


def test_a_balance_that_is_not_told_is_said_not_to_be_known(claim: Claim) -> None:
    assert "nobody here can say" in most_it_can_spend(claim, has_operator=False)


@WITH_EXTENSION
def test_a_second_press_changes_nothing(claim: Claim, owner: User, buyer: User) -> None:
    assert agent_stop(claim=claim, user=buyer)
    at = Claim.objects.get().stopped_at
    assert not agent_stop(claim=claim, user=owner)
    assert (Claim.objects.get().stopped_at, Claim.objects.get().stopped_by) == (at, buyer)
    assert AuditEntry.objects.filter(action="agent.stopped").count() == 1
    assert OutboxMail.objects.filter(dedupe_key__startswith="agent_stopped").count() == 1


@WITH_EXTENSION
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_stop(
    agent: Any, claim: Claim, owner: User, buyer: User, hosted_answers: Callable[..., None]
) -> None:
    wire = Wire()
    hosted_answers(wire)
    results = at_once(lambda: agent_stop(claim=claim, user=owner), lambda: agent_stop(claim=claim, user=buyer))
    assert sorted(map(str, results)) == ["False", "True"]
    assert wire.count("/revoke") == 1
    assert AuditEntry.objects.filter(action="agent.stopped").count() == 1
    assert not works(agent)


@WITH_EXTENSION
@pytest.mark.django_db(transaction=True)
def test_stop_and_start_at_once_end_where_the_rows_say(agent: Any, claim: Claim, owner: User) -> None:
    for _ in range(4):
        at_once(lambda: agent_stop(claim=claim, user=owner), lambda: agent_start(claim=claim, user=owner))
        with later(minutes=1):
            instructions_carry_out()
        assert works(agent) == (not Claim.objects.get().is_stopped)
        agent_start(claim=claim, user=owner)


@WITH_EXTENSION
def test_a_stop_while_the_service_is_away_holds_here_at_once_and_reaches_it_later(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None], settings: Any
) -> None:
    hosted_answers(Wire(rules={"/revoke": away}))
    assert agent_stop(claim=claim, user=owner)
    claim.refresh_from_db()
    assert buying_block(claim)
    assert (told().state, works(agent)) == ("pending", True)
    (lever, _) = stop_levers(claim, told(), has_operator=True)
    assert lever.state == "retried"
    settings.API_TRANSPORT = None
    assert not carried_out(), "it is told again after a pause, not at once"
    with later(seconds=30):
        assert carried_out()
    assert (told().state, works(agent)) == ("done", False)


@WITH_EXTENSION
def test_an_answer_that_was_lost_is_settled_by_asking_again(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None], settings: Any
) -> None:
    hosted_answers(Wire(rules={"/revoke": heard_but_lost}))
    agent_stop(claim=claim, user=owner)
    assert (told().state, works(agent)) == ("pending", False)
    settings.API_TRANSPORT = None
    agent_sync(claim.agent_id, is_forced=True)
    claim.refresh_from_db()
    assert not claim.needs_relink, "that the token is refused is our own doing"
    alerts_sweep()
    assert not Alert.objects.filter(kind="token_stopped").exists()
    assert SyncCursor.objects.get().stopped == "shut_out"
    with later(seconds=30):
        assert carried_out()
    assert told().state == "done"


@WITH_EXTENSION
def test_a_crash_between_saving_and_calling_loses_no_stop(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None], settings: Any
) -> None:
    def crash(_request: object) -> Any:
        raise SystemExit

    hosted_answers(Wire(rules={"/revoke": crash}))
    with pytest.raises(SystemExit):
        agent_stop(claim=claim, user=owner)
    claim.refresh_from_db()
    assert claim.is_stopped
    settings.API_TRANSPORT = None
    assert not carried_out(), "whoever is in the call may still be there"
    with later(seconds=31):
        assert carried_out()
    assert not works(agent)


@WITH_EXTENSION
def test_a_call_under_way_is_not_made_twice(claim: Claim, owner: User, hosted_answers: Callable[..., None]) -> None:
    def while_it_is_asked(request: Any) -> Any:
        assert not instruction_carry_out(told().pk)
        return Wire.passed_on(request)

    wire = Wire(rules={"/revoke": while_it_is_asked})
    hosted_answers(wire)
    agent_stop(claim=claim, user=owner)
    assert (wire.count("/revoke"), told().state) == (1, "done")


@WITH_EXTENSION
def test_a_wish_that_came_during_the_call_is_the_one_that_holds(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    def changed_meanwhile(request: Any) -> Any:
        agent_start(claim=claim, user=owner)
        return Wire.passed_on(request)

    hosted_answers(Wire(rules={"/revoke": changed_meanwhile}))
    agent_stop(claim=claim, user=owner)
    assert (told().wish, told().state) == ("restore", "pending")
    assert carried_out()
    assert (told().state, works(agent)) == ("done", True)


@WITH_EXTENSION
@pytest.mark.parametrize(("code", "status"), [("AGENT_NOT_FOUND", 404), ("INVALID_ARGUMENTS", 400)])
def test_a_refusal_for_good_is_said_and_not_repeated(
    claim: Claim, owner: User, hosted_answers: Callable[..., None], code: str, status: int
) -> None:
    wire = Wire(rules={"/revoke": lambda _: answer({}, status=status, code=code)})
    hosted_answers(wire)
    agent_stop(claim=claim, user=owner)
    with later(hours=1):
        assert not carried_out()
    assert (wire.count("/revoke"), told().state) == (1, "refused")
    entry = AuditEntry.objects.get(action="agent.instructed")
    assert (entry.outcome, entry.actor_label, entry.after) == ("refused", owner.email, {"wish": "Shut it out"})
    claim.refresh_from_db()
    (lever, _) = stop_levers(claim, told(), has_operator=True)
    assert (lever.state, "did not do it" in lever.reaches) == ("refused", True)


@WITH_EXTENSION
def test_a_key_that_is_refused_is_tried_again_ever_more_slowly(
    claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(Wire(rules={"/revoke": lambda _: answer({}, status=401, code="AUTH_REQUIRED")}))
    agent_stop(claim=claim, user=owner)
    waits = []
    for _ in range(12):
        waits.append((told().not_before - timezone.now()).total_seconds())
        Instruction.objects.update(not_before=timezone.now())
        instructions_carry_out()
    assert [round(wait) for wait in waits[:4]] == [5, 10, 20, 40]
    assert round(waits[-1]) == 900
    claim.refresh_from_db()
    assert not claim.needs_relink


@WITH_EXTENSION
def test_started_again_the_agent_works_with_the_same_token_and_is_read_again(
    agent: Any, claim: Claim, owner: User
) -> None:
    agent_stop(claim=claim, user=owner)
    assert agent_start(claim=claim, user=owner)
    claim.refresh_from_db()
    assert (claim.is_stopped, buying_block(claim), works(agent)) == (False, None, True)
    assert SyncCursor.objects.get().stopped == ""
    assert agent_sync(claim.agent_id)
    claim.agent.refresh_from_db()
    assert claim.agent.token_status == "active"
    assert not agent_start(claim=claim, user=owner)
    assert AuditEntry.objects.filter(action="agent.started").count() == 1


@WITH_EXTENSION
def test_starting_again_does_not_undo_what_somebody_else_did(
    agent: Any, claim: Claim, owner: User, hosted_answers: Callable[..., None]
) -> None:
    wire = Wire(rules={"/revoke": lambda _: answer({}, status=404, code="AGENT_NOT_FOUND")})
    hosted_answers(wire)
    agent_stop(claim=claim, user=owner)
    agent_start(claim=claim, user=owner)
    assert wire.count("/restore") == 0


def test_a_stopped_agent_is_watched_closely(claim: Claim, owner: User) -> None:
    agent_sync(claim.agent_id, is_forced=True)
    assert SyncCursor.objects.get().due_at - timezone.now() > timedelta(minutes=10)
    agent_stop(claim=claim, user=owner)
    assert SyncCursor.objects.get().due_at <= timezone.now()
    agent_sync(claim.agent_id)
    assert SyncCursor.objects.get().due_at - timezone.now() <= timedelta(seconds=15)


@WITH_EXTENSION
def test_stopping_is_audited_with_before_and_after_and_every_owner_is_told(claim: Claim, buyer: User) -> None:
    agent_stop(claim=claim, user=buyer)
    entry = AuditEntry.objects.get(action="agent.stopped")
    assert (entry.actor_label, entry.before["stopped"], entry.after["stopped"]) == (buyer.email, False, True)
    mail = OutboxMail.objects.get(dedupe_key__startswith="agent_stopped")
    assert mail.to == "olga@example.com"
    assert "Boris" in mail.text
    assert reverse("agents:stop", args=[claim.workspace.key, claim.agent.remote_id]) in mail.text


def test_what_was_unclaimed_meanwhile_cannot_be_stopped(claim: Claim, owner: User) -> None:
    claim_release(claim=claim, user=owner)
    assert not agent_stop(claim=claim, user=owner)
    assert not AuditEntry.objects.filter(action="agent.stopped").exists()


@WITH_EXTENSION
def test_pages_say_it_before_and_after(
    claim: Claim, workspace: Workspace, buyer: User, owner: User, browser_of: Callable[..., Browser]
) -> None:
    agent_sync(claim.agent_id, is_forced=True)
    browser = browser_of(buyer, is_fresh=False)
    agent_page = reverse("web:agent_detail", args=[workspace.key, claim.agent.remote_id])
    stop_page = reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])
    assert stop_page in browser.get(agent_page).content.decode()
    before = browser.get(stop_page).content.decode()
    assert "At most 40 credits ($0.40) can still be spent unless someone buys more." in before
    assert "refuses its token at once" in before
    after = browser.post(stop_page, follow=True).content.decode()
    assert "Nothing more can be spent with its token" in after
    assert "An owner of this workspace can start it again." in after
    assert "Stopped" in browser.get(agent_page).content.decode()
    assert (
        reverse("agents:start", args=[workspace.key, claim.agent.remote_id])
        in browser_of(owner).get(stop_page).content.decode()
    )


def test_without_the_extension_the_pages_say_what_cannot_be_done(
    claim: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    browser = browser_of(owner)
    stop_page = reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])
    for page in (browser.get(stop_page), browser.post(stop_page, follow=True)):
        assert "Not available" in page.content.decode()
        assert "The token goes on working." in page.content.decode()
    start_page = reverse("agents:start", args=[workspace.key, claim.agent.remote_id])
    assert "never shut its token out" in browser.get(start_page).content.decode()
    assert "is started again" in browser.post(start_page, follow=True).content.decode()


@WITH_EXTENSION
def test_a_page_that_waits_for_the_service_asks_for_itself_again(
    claim: Claim,
    workspace: Workspace,
    owner: User,
    browser_of: Callable[..., Browser],
    hosted_answers: Callable[..., None],
) -> None:
    hosted_answers(Wire(rules={"/revoke": away}))
    browser, address = browser_of(owner), reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])
    waiting = browser.post(address, follow=True).content.decode()
    assert "told again by itself until it answers" in waiting
    assert f'data-poll-url="{address}"' in waiting
    fragment = browser.get(address, headers={"X-Fragment": "1"}).content.decode()
    assert "<html" not in fragment
    assert 'id="stop"' in fragment


@WITH_EXTENSION
def test_starting_again_asks_for_a_fresh_sign_in_and_stopping_does_not(
    claim: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    stale = browser_of(owner, is_fresh=False)
    assert stale.post(reverse("agents:stop", args=[workspace.key, claim.agent.remote_id])).status_code == 302
    assert Claim.objects.get().is_stopped
    address = reverse("agents:start", args=[workspace.key, claim.agent.remote_id])
    assert stale.get(address).status_code == 200
    assert stale.post(address)["Location"].startswith("/account/login/")
    assert Claim.objects.get().is_stopped
    browser_of(owner).post(address)
    assert not Claim.objects.get().is_stopped
