"""The sponsor-first claim: two secrets, a phrase, and what goes wrong with each."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import MAX_TOKEN_CHECKS, attempt_start, attempts_expire
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.services import ConsentRefused, claim_confirm, claim_refuse, claim_release
from dashboard.audit.models import AuditEntry
from dashboard.remote import client_for
from tests.dashboard.agents.playing import Wire
from tests.dashboard.agents.playing import answer as hosted
from tests.dashboard.at_rest import tables_holding

ENDPOINT = "/api/v1/claims/confirmations"
pytestmark = pytest.mark.django_db


def present(code: str, token: str) -> tuple[int, dict[str, Any]]:
    """Answer a code as an agent does, over HTTP."""
    answer = Browser().post(
        ENDPOINT, {"code": code}, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    return answer.status_code, answer.json()


@pytest.fixture
def code(workspace: Workspace, owner: User) -> str:
    return attempt_start(workspace=workspace, user=owner)[1]


def the_attempt(user: User) -> ClaimAttempt:
    return ClaimAttempt.objects.filter(started_by=user).latest("pk")


def test_agent_is_linked_when_the_sponsor_types_its_phrase(code: str, agent: Any, owner: User) -> None:
    status, answer = present(code, agent.token)
    assert (status, answer["state"]) == (200, "pending")

    claim = claim_confirm(
        attempt=the_attempt(owner), user=owner, phrase=answer["phrase"].lower(), warn_credits_per_day=100
    )

    assert claim.agent.remote_id == agent.remote_id
    assert claim.agent.display_name == "render-bot"
    assert claim.warn_credits_per_day == 100
    with client_for(claim, deadline_seconds=5) as client:
        assert client.identity.whoami().actor.actor_id == agent.remote_id
    assert present(code, agent.token)[1]["state"] == "confirmed"


def test_consent_page_facts_come_from_the_agent_itself(code: str, agent: Any, owner: User) -> None:
    agent.create("a lighthouse")
    present(code, agent.token)
    facts = the_attempt(owner).facts
    assert facts["agent_name"] == "render-bot"
    assert facts["credits_spent"] == 9
    assert facts["free_credits"] == 31
    assert facts["registered_at"]


@pytest.mark.parametrize(
    ("details", "spent", "untold"), [([-4, None], 4, 1), ([None, None], None, 2), ([-4, -5], 9, 0), ([], 0, 0)]
)
def test_charges_that_tell_no_credits_are_counted_and_not_taken_for_nothing(
    code: str, agent: Any, owner: User, hosted_answers: Any, details: list[int | None], spent: int | None, untold: int
) -> None:
    told = [("usage.credit_consumed", delta) for delta in details]
    told += [("job.completed", None), ("credits.payment_backed_refunded", -200)]
    events: list[dict[str, Any]] = [
        {"event_id": f"evt_{number}", "type": kind, "details": {"credits_delta": delta}}
        | {"occurred_at": "2026-11-01T12:00:00Z"}
        for number, (kind, delta) in enumerate(told)
    ]
    events.append({"type": "usage.credit_consumed", "details": "cannot be read"})
    hosted_answers(Wire(rules={"/v1/activity": lambda _: hosted({"events": events})}))
    present(code, agent.token)
    facts = the_attempt(owner).facts
    assert (facts["credits_spent"], facts["charges_untold"]) == (spent, untold)


def test_same_agent_asking_again_gets_the_same_phrase(code: str, agent: Any) -> None:
    first, again = present(code, agent.token), present(code, agent.token)
    assert first == again
    assert len(first[1]["phrase"]) == 6


def test_held_token_is_deleted_when_the_ceremony_ends(code: str, agent: Any, owner: User) -> None:
    present(code, agent.token)
    assert the_attempt(owner).token_sealed
    claim_refuse(attempt=the_attempt(owner), user=owner)
    attempt = the_attempt(owner)
    assert (attempt.state, attempt.token_sealed) == ("refused", "")
    assert present(code, agent.token)[1]["state"] == "refused"


def test_unknown_code_is_refused_before_the_token_is_looked_at(hosted_answers: Callable[..., None]) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("the hosted API was asked about a token without a valid code")

    hosted_answers(handler)
    assert present("isclaim_wrong", "isk_r_guess")[0] == 401


def test_expired_code_is_gone(workspace: Workspace, owner: User, agent: Any) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=11)):
        _, code = attempt_start(workspace=workspace, user=owner)
    assert present(code, agent.token) == (
        410,
        {"state": "expired", "message": "This claim code is expired; ask your sponsor for a new one."},
    )


def test_newer_code_supersedes_the_older_one(code: str, workspace: Workspace, owner: User, agent: Any) -> None:
    attempt_start(workspace=workspace, user=owner)
    status, answer = present(code, agent.token)
    assert (status, answer["state"]) == (410, "superseded")


def test_code_is_used_up_by_the_first_agent(code: str, agent: Any, new_agent: Callable[..., Any]) -> None:
    present(code, agent.token)
    status, answer = present(code, new_agent().token)
    assert (status, answer["state"]) == (401, "wrong_code")
    assert "phrase" not in answer


def test_wrong_token_leaves_the_code_usable(code: str, agent: Any) -> None:
    assert present(code, "isk_r_nobody")[1]["state"] == "wrong_token"
    assert present(code, agent.token)[1]["state"] == "pending"


def test_a_code_is_no_oracle_for_tokens(code: str, agent: Any) -> None:
    for _ in range(MAX_TOKEN_CHECKS):
        assert present(code, "isk_r_guess")[0] == 401
    status, answer = present(code, agent.token)
    assert (status, answer["state"]) == (429, "too_many")


@pytest.mark.parametrize("token", ["", "x" * 513, "isk_r_ü"])
def test_header_without_a_token_never_reaches_the_hosted_api(
    code: str, token: str, hosted_answers: Callable[..., None]
) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent on")

    hosted_answers(handler)
    answer = Browser().post(
        ENDPOINT,
        {"code": code},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(500, text="<html>oops</html>"), id="html"),
        pytest.param(httpx.Response(200, json={"data": 1}), id="broken envelope"),
        pytest.param(httpx.Response(301, headers={"location": "https://elsewhere.test/"}), id="redirect"),
    ],
)
def test_hosted_api_that_answers_nonsense_keeps_the_claim_pending(
    code: str, answer: httpx.Response, owner: User, hosted_answers: Callable[..., None]
) -> None:
    hosted_answers(lambda _request: answer)
    status, said = present(code, "isk_r_real")
    assert (status, said["state"]) == (503, "pending")
    assert the_attempt(owner).state == "waiting"


def test_hosted_api_that_is_down_keeps_the_claim_pending(code: str, hosted_answers: Callable[..., None]) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    hosted_answers(handler)
    assert present(code, "isk_r_real")[0] == 503


def test_three_wrong_phrases_kill_the_attempt(code: str, agent: Any, owner: User) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    for left in ("2 more tries", "one more try", "Three wrong phrases"):
        with pytest.raises(ConsentRefused, match=left):
            claim_confirm(attempt=the_attempt(owner), user=owner, phrase="NOTIT2", warn_credits_per_day=None)
    assert the_attempt(owner).token_sealed == ""
    with pytest.raises(ConsentRefused):
        claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    assert not Claim.objects.exists()


def test_consent_after_the_time_is_over_links_nothing(code: str, agent: Any, owner: User) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)),
        pytest.raises(ConsentRefused, match="This claim is over"),
    ):
        claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    assert not Claim.objects.exists()


def test_agent_of_another_workspace_cannot_be_claimed_and_nothing_tells_by_whom(
    code: str, agent: Any, owner: User, outsider: User
) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    theirs = outsider.memberships.get().workspace
    _, other_code = attempt_start(workspace=theirs, user=outsider)
    status, answer = present(other_code, agent.token)
    assert (status, answer["state"]) == (409, "already_claimed")
    assert "Olga" not in str(answer)


def test_claiming_an_agent_again_renews_its_token(
    code: str, new_agent: Callable[..., Any], owner: User, workspace: Workspace
) -> None:
    rotating = new_agent("rotating-bot", contact="ops@example.invalid")
    phrase = present(code, rotating.token)[1]["phrase"]
    first = claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    rotating.sign_up()
    _, code = attempt_start(workspace=workspace, user=owner)
    phrase = present(code, rotating.token)[1]["phrase"]
    again = claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    assert again.pk == first.pk
    with client_for(again, deadline_seconds=5) as client:
        client.identity.whoami()


def test_unclaimed_agent_can_be_claimed_by_somebody_else(code: str, agent: Any, owner: User, outsider: User) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    claim = claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    claim_release(claim=claim, user=owner)
    claim.refresh_from_db()
    assert claim.token_sealed == ""
    _, other_code = attempt_start(workspace=outsider.memberships.get().workspace, user=outsider)
    assert present(other_code, agent.token)[1]["state"] == "pending"


def test_overdue_attempts_lose_their_tokens(code: str, agent: Any, owner: User) -> None:
    present(code, agent.token)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert attempts_expire() == 1
        assert attempts_expire() == 0
    assert (the_attempt(owner).state, the_attempt(owner).token_sealed) == ("expired", "")
    assert AuditEntry.objects.filter(action="claim.expired").count() == 1


def test_every_step_is_in_the_audit_log_and_no_secret_is(code: str, agent: Any, owner: User) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    with pytest.raises(ConsentRefused):
        claim_confirm(attempt=the_attempt(owner), user=owner, phrase="NOTIT2", warn_credits_per_day=None)
    claim = claim_confirm(attempt=the_attempt(owner), user=owner, phrase=phrase, warn_credits_per_day=None)
    claim_release(claim=claim, user=owner)
    entries = AuditEntry.objects.filter(action__regex="^(claim|agent)").order_by("pk")
    assert [(entry.action, entry.outcome) for entry in entries] == [
        ("claim.code_made", "done"),
        ("claim.presented", "done"),
        ("claim.refused", "refused"),
        ("agent.claimed", "done"),
        ("agent.released", "done"),
    ]
    written = str(list(entries.values()))
    assert not any(secret in written for secret in (code, agent.token, phrase))


def test_code_token_and_phrase_are_nowhere_in_the_database(code: str, agent: Any) -> None:
    phrase = present(code, agent.token)[1]["phrase"]
    assert tables_holding(code, agent.token, phrase) == []


@pytest.mark.django_db(transaction=True)
def test_two_agents_presenting_one_code_at_once_end_with_one(
    code: str, agent: Any, new_agent: Callable[..., Any], owner: User
) -> None:
    answers: list[dict[str, Any]] = []
    barrier = threading.Barrier(2)

    def answer(token: str) -> None:
        barrier.wait()
        answers.append(present(code, token)[1])
        connection.close()

    threads = [threading.Thread(target=answer, args=(one.token,)) for one in (agent, new_agent())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one["state"] for one in answers) == ["pending", "wrong_code"]
    assert the_attempt(owner).state == "presented"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{not json", "invalid"),
        ("[]", "invalid"),
        ("{}", "invalid"),
        ('{"code": ""}', "invalid"),
        ('{"code": {"a": 1}}', "invalid"),
        ('{"code": "' + "x" * 101 + '"}', "invalid"),
        ('{"code": "\\u0000"}', "invalid"),
    ],
)
def test_malformed_answers_get_one_clear_shape(body: str, said: str) -> None:
    answer = Browser().post(ENDPOINT, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["state"] == said
    assert answer.json()["message"]


def test_endpoint_never_redirects_a_post() -> None:
    assert reverse("api:claim_confirmation") == ENDPOINT
    assert Browser().post(f"{ENDPOINT}/", {}, content_type="application/json").status_code == 404


def test_flood_from_one_address_is_slowed_down() -> None:
    statuses = {Browser().post(ENDPOINT, {"code": "x"}, content_type="application/json").status_code for _ in range(31)}
    assert statuses == {401, 429}
