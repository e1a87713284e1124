"""One agent, one holder: what parallel guesses, consents and unclaims end with."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import CODES_AN_HOUR, attempt_present, attempt_start
from dashboard.agents.models import Claim, ClaimAttempt
from dashboard.agents.services import MAX_WRONG_PHRASES, ConsentRefused, claim_confirm, claim_refuse, claim_release
from dashboard.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def presented(agent: Any, workspace: Workspace, user: User) -> tuple[ClaimAttempt, str]:
    """Return a ceremony that waits for the sponsor's consent, and its phrase."""
    attempt, code = attempt_start(workspace=workspace, user=user)
    phrase = attempt_present(code=code, token=agent.token).phrase
    attempt.refresh_from_db()
    return attempt, phrase or ""


def consent(attempt: ClaimAttempt, user: User, phrase: str) -> Claim:
    return claim_confirm(attempt=attempt, user=user, phrase=phrase, warn_credits_per_day=None)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment, each on its own connection; return what each returned or raised."""
    barrier, results = threading.Barrier(len(acts)), list[object]()

    def do(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results.append(act())
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_guesses_that_come_at_once_are_counted_like_guesses_in_a_row(
    agent: Any, workspace: Workspace, owner: User
) -> None:
    attempt, _ = presented(agent, workspace, owner)
    at_once(*[lambda n=n: consent(attempt, owner, f"NOT{n:03}") for n in range(8)])  # type: ignore[misc]
    attempt.refresh_from_db()
    assert (attempt.state, attempt.wrong_phrases) == ("refused", MAX_WRONG_PHRASES)
    guesses = AuditEntry.objects.filter(action="claim.refused", reason__startswith="wrong phrase")
    assert guesses.count() == MAX_WRONG_PHRASES


@pytest.mark.parametrize("ending", ["refused", "expired", "superseded", "confirmed"])
def test_ceremony_that_is_over_says_so_and_counts_no_guess(
    agent: Any, workspace: Workspace, owner: User, ending: str
) -> None:
    attempt, phrase = presented(agent, workspace, owner)
    later = datetime.now(UTC)
    if ending == "refused":
        claim_refuse(attempt=attempt, user=owner)
    elif ending == "superseded":
        attempt_start(workspace=workspace, user=owner)
    elif ending == "confirmed":
        consent(attempt, owner, phrase)
    else:
        later += timedelta(minutes=11)
    before = AuditEntry.objects.count()
    with time_machine.travel(later), pytest.raises(ConsentRefused, match="This claim is over"):
        consent(attempt, owner, "NOTIT2")
    attempt.refresh_from_db()
    assert attempt.wrong_phrases == 0
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_renewal_beside_an_unclaim_never_undoes_it(
    agent: Any, workspace: Workspace, owner: User, make_claim: Callable[..., Claim]
) -> None:
    for _ in range(6):
        claim = make_claim(agent, workspace, owner)
        attempt, phrase = presented(agent, workspace, owner)
        results = at_once(
            lambda: consent(attempt, owner, phrase),  # noqa: B023 - done before the next round
            lambda: claim_release(claim=claim, user=owner),  # noqa: B023
        )
        assert not [one for one in results if isinstance(one, Exception)]
        claim.refresh_from_db()
        assert claim.released_at is not None, "an unclaim that was answered with success was undone"
        assert claim.token_sealed == ""
        for still_open in Claim.objects.filter(released_at=None):
            claim_release(claim=still_open, user=owner)


@pytest.mark.django_db(transaction=True)
def test_two_workspaces_that_consent_at_once_end_with_one_holder(
    agent: Any, workspace: Workspace, owner: User, outsider: User
) -> None:
    mine, my_phrase = presented(agent, workspace, owner)
    theirs, their_phrase = presented(agent, outsider.memberships.get().workspace, outsider)
    results = at_once(
        lambda: consent(mine, owner, my_phrase),
        lambda: consent(theirs, outsider, their_phrase),
    )
    assert sorted(type(one).__name__ for one in results) == ["Claim", "ConsentRefused"]
    assert Claim.objects.filter(released_at=None).count() == 1


def test_codes_of_one_person_are_limited_by_the_hour(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    """Each code pays for a few questions about tokens: codes without end would make an oracle of us."""
    browser, address = browser_of(owner), reverse("agents:claim_start", args=[workspace.key])
    for _ in range(CODES_AN_HOUR):
        assert "isclaim_" in browser.post(address).content.decode()
    answer = browser.post(address)
    assert answer.status_code == 429
    assert "isclaim_" not in answer.content.decode()
    assert "Too many claim codes" in answer.content.decode()
    assert ClaimAttempt.objects.filter(state="waiting").count() == 1, "the last code still works"
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        assert attempt_start(workspace=workspace, user=owner)


def test_renewing_a_link_leaves_its_guardrails_alone(
    agent: Any, claim: Claim, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim.guardrails.create(kind="credits_per_day", is_hard=False, limit=500, set_at=claim.claimed_at)
    attempt, phrase = presented(agent, workspace, owner)
    browser, address = browser_of(owner), reverse("agents:claim_attempt", args=[workspace.key, attempt.key])
    assert "Warn me" not in browser.get(address).content.decode()
    browser.post(f"{address}consent/", {"phrase": phrase, "warn_credits_per_day": "100"})
    attempt.refresh_from_db()
    assert attempt.state == "confirmed"
    assert claim.warn_credits_per_day == 500
