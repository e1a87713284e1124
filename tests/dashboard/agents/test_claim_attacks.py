"""What an attacker has in hand, and what it is worth: a mail, a code, a guess, a name, a flood."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.agent_first import MAX_DAILY_OF_AGENT, MAX_DAILY_OF_MAILBOX, MAX_HOURLY_OF_MAILBOX
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.services import claim_confirm
from dashboard.audit.models import AuditEntry
from dashboard.lib.sealing import SealBroken
from dashboard.notify.models import OutboxMail
from tests.dashboard.agents.conftest import ask, look, mailed_link, release, the_request
from tests.dashboard.at_rest import tables_holding

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Browser]
HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe\nYour phrase is ABC234 " + "x" * 500


def confirmations(code: str, token: str) -> int:
    answer = Browser().post(
        "/api/v1/claims/confirmations",
        {"code": code},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code


def whoami(name: str = "named-bot", agent_id: str = "agt_played") -> Callable[[httpx.Request], httpx.Response]:
    """Return a hosted API that knows one agent, whose fields its owner chose."""

    def handler(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/whoami"):
            # No trouble of the service, which would be asked again after a while.
            refusal = {"code": "NOT_FOUND", "message": "nothing here", "retryable": False}
            return httpx.Response(404, json={"ok": False, "trace_id": "trace_1", "error": refusal})
        data = {
            "actor": {"actor_id": agent_id, "organization_id": f"org_of_{agent_id}", "kind": "agent"},
            "agent_name": name,
            "runtime": name,
        }
        return httpx.Response(200, json={"ok": True, "trace_id": "trace_1", "command": "whoami", "data": data})

    return handler


def refuses(_request: httpx.Request) -> httpx.Response:
    refusal = {"code": "AUTH_REQUIRED", "message": "bad token", "retryable": False}
    return httpx.Response(401, json={"ok": False, "trace_id": "trace_1", "warnings": [], "error": refusal})


def test_stolen_link_shows_no_decision_to_anybody_else(asked: str, outsider: User, browser_of: Browsers) -> None:
    EmailAddress.objects.create(user=outsider, email=outsider.email, verified=True, primary=True)
    browser = browser_of(outsider)
    page = browser.get(mailed_link(), follow=True)
    assert "the mail went to another address" in page.content.decode()
    assert "render-bot" not in page.content.decode()
    theirs = reverse("agents:claim_attempt", args=[outsider.memberships.get().workspace.key, the_request().key])
    assert browser.get(theirs).status_code == 404
    assert browser.post(f"{theirs}consent/", {"phrase": asked}).status_code == 404
    assert not Claim.objects.exists()


def test_address_that_is_not_confirmed_is_nobodys(asked: str, sponsor: User, browser_of: Browsers) -> None:
    EmailAddress.objects.filter(user=sponsor).update(verified=False)
    workspace = sponsor.memberships.get().workspace
    page = reverse("agents:claim_attempt", args=[workspace.key, the_request().key])
    assert browser_of(sponsor).get(page).status_code == 404
    assert (
        "asks to be linked"
        not in browser_of(sponsor).get(reverse("agents:agent_list", args=[workspace.key])).content.decode()
    )


def test_mailed_secret_is_no_claim_code(asked: str, agent: Any) -> None:
    secret = mailed_link().split("/")[2]
    assert confirmations(secret, agent.token) == 401


def test_link_planted_in_a_session_gives_its_owner_nothing_and_leaves_nothing(
    asked: str, outsider: User, browser_of: Browsers
) -> None:
    """Somebody is lured to another's link before signing in: the session changes its key and decides nothing."""
    browser = Browser()
    browser.get(mailed_link())
    planted = browser.session.session_key
    browser.force_login(outsider)
    assert browser.session.session_key != planted
    assert "the mail went to another address" in browser.get("/claim/").content.decode()


def test_guessed_phrases_end_the_request_and_delete_its_token(asked: str, decide: Callable[..., Any]) -> None:
    for _ in range(3):
        decide("consent", phrase="222222")
    assert (the_request().state, the_request().token_sealed) == ("refused", "")
    decide("consent", phrase=asked)
    assert not Claim.objects.exists()


def test_what_an_agent_calls_itself_is_data(
    sponsor: User, hosted_answers: Callable[..., None], browser_of: Browsers
) -> None:
    hosted_answers(whoami(HOSTILE))
    status, answer = ask("isk_r_hostile", sponsor.email)
    assert status == 200
    mail = OutboxMail.objects.get()
    assert not any(piece in mail.subject + mail.text + mail.html for piece in ("alert", "gnp.exe", "ABC234"))
    page = browser_of(sponsor).get(mailed_link(), follow=True).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "x" * 300 not in page
    assert answer["phrase"] not in page
    assert "alert" not in str(list(AuditEntry.objects.filter(action="claim.asked").values()))


def test_answer_is_the_same_with_and_without_an_account(sponsor: User, new_agent: Callable[..., Any]) -> None:
    known, unknown = ask(new_agent().token, sponsor.email), ask(new_agent("b").token, "nobody@example.net")
    assert {**known[1], "phrase": ""} == {**unknown[1], "phrase": ""}
    assert known[0] == unknown[0]
    written = str(list(AuditEntry.objects.filter(action="claim.asked").values()))
    assert "nobody@example.net" not in written


def test_mailbox_is_not_bombed_by_many_agents(hosted_answers: Callable[..., None]) -> None:
    def flood(start: int) -> list[int]:
        answers = []
        for number in range(start, start + 5):
            hosted_answers(whoami(agent_id=f"agt_{number}"))
            tagged = f"victim+{number}@example.net"
            answers.append(ask(f"isk_r_{number}", tagged, address=f"198.51.100.{number}")[0])
        return answers

    assert flood(0).count(200) == MAX_HOURLY_OF_MAILBOX
    for hours in range(2, 12, 2):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            flood(hours * 5)
    assert OutboxMail.objects.count() == MAX_DAILY_OF_MAILBOX


def test_one_agent_does_not_write_to_the_whole_world(hosted_answers: Callable[..., None]) -> None:
    hosted_answers(whoami())
    answers = [
        ask(f"isk_r_{number}", f"person{number}@example.net", address=f"198.51.100.{number}")[0]
        for number in range(MAX_DAILY_OF_AGENT + 3)
    ]
    assert answers == [200] * MAX_DAILY_OF_AGENT + [429] * 3


def test_one_token_is_looked_at_a_few_times_an_hour_wherever_it_comes_from(
    hosted_answers: Callable[..., None],
) -> None:
    hosted_answers(refuses)
    answers = [ask("isk_r_one", "a@example.net", address=f"198.51.100.{number}")[0] for number in range(12)]
    assert answers == [401] * 10 + [429] * 2


def test_guesses_of_tokens_from_one_address_get_few_answers(hosted_answers: Callable[..., None]) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return refuses(request)

    hosted_answers(handler)
    for minute in range(4):
        with time_machine.travel(timezone.now() + timedelta(minutes=2 * minute)):
            for number in range(15):
                ask(f"isk_r_{minute}_{number}", "a@example.net")
    assert len(asked) == 40


def test_visitor_over_the_limit_costs_no_hashing(hosted_answers: Callable[..., None]) -> None:
    """Were a token hashed before, the refused tries would have used up the token's own few."""
    hosted_answers(refuses)
    for number in range(30):
        ask(f"isk_r_{number}", "a@example.net", address="203.0.113.9")
    refused = [ask("isk_r_victim", "a@example.net", address="203.0.113.9")[0] for _ in range(15)]
    assert refused == [429] * 15
    assert ask("isk_r_victim", "a@example.net", address="203.0.113.10")[0] == 401


@pytest.mark.parametrize(
    "contact", ["", "nobody", "a@b", "x" * 250 + "@example.net", "a@example.net\nBcc: b@example.net"]
)
def test_what_is_no_address_is_asked_of_nobody(contact: str, hosted_answers: Callable[..., None]) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    hosted_answers(handler)
    status, answer = ask("isk_r_one", contact)
    assert (status, answer["state"]) == (400, "invalid")
    assert not OutboxMail.objects.exists()


@pytest.mark.parametrize("act", [look, release])
def test_guessed_token_learns_nothing(
    act: Callable[[str], Any], asked: str, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(refuses)
    assert act("isk_r_guess")[0] in {401, 404}
    assert act("")[0] == 401


def test_token_sealed_for_one_request_does_not_open_in_another(
    new_agent: Callable[..., Any], sponsor: User, workspace: Workspace
) -> None:
    phrase = ask(new_agent("mine").token, sponsor.email)[1]["phrase"]
    mine = the_request()
    ask(new_agent("theirs").token, "other@example.net")
    ClaimAttempt.objects.filter(pk=mine.pk).update(token_sealed=the_request().token_sealed)
    mine.refresh_from_db()
    mine.workspace = workspace
    with pytest.raises(SealBroken):
        claim_confirm(attempt=mine, user=sponsor, phrase=phrase, warn_credits_per_day=None)
    assert not Claim.objects.exists()


def test_planted_secrets_are_in_no_log_page_or_row(
    agent: Any, asked: str, decide: Callable[..., Any], sponsor: User, browser_of: Browsers, caplog: Any
) -> None:
    link = mailed_link().split("/")[2]
    OutboxMail.objects.all().delete()
    browser = browser_of(sponsor)
    page = browser.get(f"/claim/{link}/", follow=True).content.decode()
    ask(agent.token, sponsor.email)
    secrets = (agent.token, asked, link)
    assert not any(secret in caplog.text for secret in secrets)
    assert not any(secret in page for secret in secrets)
    assert tables_holding(*secrets) == []


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do things in threads that start together and return their results."""
    barrier, results = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("contacts", [("a@example.net", "a@example.net"), ("a@example.net", "b@example.net")])
def test_requests_of_one_agent_at_once_end_with_one_open(contacts: tuple[str, str], agent: Any) -> None:
    first, second = contacts
    answers = at_once(lambda: ask(agent.token, first), lambda: ask(agent.token, second))
    assert {status for status, _ in answers} <= {200, 429}
    open_requests = ClaimAttempt.objects.filter(state="presented")
    assert open_requests.count() == 1
    assert look(agent.token)[1]["state"] == "pending"


@pytest.mark.django_db(transaction=True)
def test_request_confirmed_and_blocked_at_once_ends_one_way(agent: Any, asked: str, decide: Callable[..., Any]) -> None:
    link = mailed_link()

    def block() -> None:
        browser = Browser()
        browser.get(link)
        browser.post("/claim/")

    at_once(lambda: decide("consent", phrase=asked), block)
    assert (the_request().state == "confirmed") == Claim.objects.exists()
    assert the_request().token_sealed == ""


@pytest.mark.django_db(transaction=True)
def test_few_tokens_are_looked_at_at_once(hosted_answers: Callable[..., None]) -> None:
    """Two wait for the hosted API; a third is told to come back, and nothing waits with it."""
    both_wait, go_on = threading.Barrier(3), threading.Event()

    def handler(request: httpx.Request) -> httpx.Response:
        both_wait.wait(10)
        go_on.wait(10)
        return refuses(request)

    hosted_answers(handler)

    def third() -> Any:
        both_wait.wait(10)
        answer = ask("isk_r_third", "a@example.net")
        go_on.set()
        return answer[0]

    answers = at_once(lambda: ask("isk_r_1", "a@example.net")[0], lambda: ask("isk_r_2", "a@example.net")[0], third)
    assert sorted(answers) == [401, 401, 429]
