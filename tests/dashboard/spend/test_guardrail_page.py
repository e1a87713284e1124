"""One agent's guardrails: who may set what, what a looser one asks for, and what Image Skill is told."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.crossings import guardrails_watch
from dashboard.activity.guardrails import limits_of
from dashboard.agents.guardrail_rules import Kind
from dashboard.agents.instructions import instruction_carry_out
from dashboard.agents.models import Claim, GuardrailCrossing, Instruction
from dashboard.agents.services import claim_release
from dashboard.freshness.models import Outage, Stream, SyncCursor
from dashboard.sync.pipeline import agent_sync

pytestmark = pytest.mark.django_db
DAY = {(Kind.CREDITS_DAY, True): 50}


@pytest.fixture
def send(workspace: Workspace, browser_of: Callable[..., Browser]) -> Callable[..., Any]:
    """Return a function that sends the form as somebody; names are `warn_...` and `limit_...`."""

    def press(claim: Claim, user: User, *, is_fresh: bool = True, **fields: int | str) -> Any:
        address = f"/w/{workspace.key}/agents/{claim.agent.remote_id}/guardrails/change/"
        return browser_of(user, is_fresh=is_fresh).post(address, {name: str(one) for name, one in fields.items()})

    return press


def words(browser: Browser, claim: Claim) -> str:
    answer = browser.get(f"/w/{claim.workspace.key}/agents/{claim.agent.remote_id}/guardrails/")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode().split("<main", 1)[1])).split())


def test_setting_and_lowering_asks_for_nothing_more(link: Any, send: Any, buyer: User) -> None:
    claim = link()
    assert send(claim, buyer, is_fresh=False, limit_credits_per_day=60).status_code == 302
    assert send(claim, buyer, is_fresh=False, limit_credits_per_day=50).status_code == 302
    assert limits_of(claim) == DAY


@pytest.mark.parametrize("fields", [{"limit_credits_per_day": 51}, {}, {"warn_credits_per_day": 50}])
def test_raising_or_removing_asks_an_owner_for_a_fresh_sign_in(
    link: Any, send: Any, owner: User, fields: dict[str, int]
) -> None:
    claim = link()
    send(claim, owner, limit_credits_per_day=50)
    answer = send(claim, owner, is_fresh=False, **fields)
    assert answer.status_code == 302
    assert "reauthenticate" in answer.url or "login" in answer.url
    assert limits_of(claim) == DAY
    assert send(claim, owner, **fields).status_code == 302
    assert limits_of(claim) != DAY


def test_buyer_may_not_raise_a_limit_and_keeps_what_they_typed(link: Any, send: Any, buyer: User) -> None:
    claim = link()
    send(claim, buyer, limit_credits_per_day=50)
    answer = send(claim, buyer, limit_credits_per_day=70)
    assert answer.status_code == 422
    assert "is for an owner. Nothing was changed." in answer.content.decode()
    assert 'value="70"' in answer.content.decode()
    assert limits_of(claim) == DAY


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"warn_credits_per_day": 50, "limit_credits_per_day": 50}, "It would come no sooner than the limit."),
        ({"limit_daily_jobs": 0}, "greater than or equal to 1"),
        ({"limit_daily_jobs": "many"}, "Enter a whole number."),
        ({"warn_credits_per_job": 1_000_001}, "less than or equal to 1000000"),
    ],
)
def test_senseless_limits_are_refused(link: Any, send: Any, owner: User, fields: dict[str, Any], problem: str) -> None:
    claim = link()
    answer = send(claim, owner, **fields)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert limits_of(claim) == {}


def test_without_the_extension_a_limit_is_advisory_and_says_so(
    link: Any, send: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim = link()
    send(claim, owner, limit_credits_per_day=50)
    said = words(browser_of(owner), claim)
    assert "Limits Advisory" in said
    assert "this Image Skill cannot be told from here. We say when it is reached; you stop the agent." in said
    assert not Instruction.objects.exists()


def test_page_says_how_long_spending_may_be_unseen(
    link: Any, owner: User, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    claim, now = link(), timezone.now()
    assert "is not read for this agent now" in words(browser_of(owner), claim)
    cursor = SyncCursor.objects.create(
        stream=Stream.AGENT, subject_id=claim.agent_id, synced_at=now, due_at=now + timedelta(minutes=15)
    )
    slow = words(browser_of(owner), claim)
    assert "within about 15 min; once it works, or comes near a limit, within seconds." in slow
    SyncCursor.objects.filter(pk=cursor.pk).update(due_at=now + timedelta(seconds=15))
    assert "within about 15 seconds." in words(browser_of(viewer), claim)
    assert "Save" not in words(browser_of(viewer), claim)


@pytest.mark.parametrize(
    ("due_in", "said"),
    [
        (timedelta(seconds=-50), "We see what it spends within about 1 min"),
        (timedelta(minutes=-3), "so nothing that it spends is seen."),
    ],
)
def test_agent_whose_turn_nobody_takes_is_seen_later_and_then_not_at_all(
    due_in: timedelta, said: str, link: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim, due = link(), timezone.now() + due_in
    read = {"synced_at": due - timedelta(seconds=15), "due_at": due}
    SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, **read)
    assert said in words(browser_of(owner), claim)


def test_in_an_outage_nothing_is_seen_and_the_page_says_since_when(
    link: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim, now = link(), timezone.now()
    read = {"synced_at": now - timedelta(seconds=5), "due_at": now + timedelta(seconds=10)}
    SyncCursor.objects.create(stream=Stream.AGENT, subject_id=claim.agent_id, **read)
    assert "stopped answering" not in words(browser_of(owner), claim)
    since = now - timedelta(minutes=4)
    Outage.objects.create(service="hosted API", failures=9, failing_since=since, opened_at=now, probe_at=now)
    said = words(browser_of(owner), claim)
    assert "Image Skill stopped answering 4 min ago" in said
    assert "Image Skill is not read for this agent now, so nothing that it spends is seen." in said


def test_what_is_used_and_was_reached_stands_there(
    link: Any, tell: Any, send: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim, now = link(), timezone.now()
    tell(claim, "usage.credit_consumed", credits_delta=-40, occurred_at=now.isoformat())
    send(claim, owner, warn_credits_per_day=40, limit_credits_per_day=100, warn_credits_per_month=1_000)
    said = words(browser_of(owner), claim)
    assert "Credits a day 40 of 100 used 40 of 100" in said
    assert "Credits a month 40 of 1,000 used" in said
    assert "Warning: 40 credits a day just now 40 when we saw it. Holds until" in said
    send(claim, owner)
    assert "The limit was raised or taken away just now ." in words(browser_of(owner), claim)
    assert GuardrailCrossing.objects.count() == 1


def test_job_that_was_too_dear_holds_until_no_moment(
    link: Any, tell: Any, send: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim, now = link(), timezone.now()
    send(claim, owner, limit_credits_per_job=9)
    event = tell(claim, "usage.credit_consumed", job_id="job_1", credits_delta=-12, occurred_at=now.isoformat())
    guardrails_watch(claim=claim, events=[event], at=now)
    said = words(browser_of(owner), claim)
    assert "Limit: 9 credits a job just now 12 when we saw it, job job_1" in said
    assert "Holds until" not in said


def test_charges_that_are_not_told_are_said_beside_the_least_that_is_used(
    link: Any, tell: Any, send: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    claim, now = link(), timezone.now()
    tell(claim, "usage.credit_consumed", credits_delta=-40, occurred_at=now.isoformat())
    for _ in range(2):
        tell(claim, "usage.credit_consumed", occurred_at=now.isoformat())
    send(
        claim, owner, limit_credits_per_day=40, limit_credits_per_month=100, limit_daily_jobs=5, limit_credits_per_job=9
    )
    said = words(browser_of(owner), claim)
    assert "Credits a day At least 40 of 40 used, 2 charges not told: reached" in said
    assert "Credits a month At least 40 of 100 used, 2 charges not told" in said
    assert "Jobs a day 0 of 5 used" in said
    assert (
        "Each job for itself; of a day's that cost more the first is noted, and the next that is twice as dear; "
        "2 charges of today not told" in said
    )


def told(claim: Claim) -> Instruction:
    return Instruction.objects.get(agent=claim.agent, matter=Instruction.Matter.LIMITS)


@pytest.mark.usefixtures("operator_extension")
def test_image_skill_is_told_hard_limits_and_holds_the_agent_to_them(
    agent: Any, claim: Claim, send: Any, owner: User, browser_of: Callable[..., Browser]
) -> None:
    send(claim, owner, warn_credits_per_day=3, limit_credits_per_job=1)
    assert (told(claim).state, told(claim).limits) == ("done", {"credits_per_job": 1})
    assert "Limits Enforced" in words(browser_of(owner), claim)
    with pytest.raises(Exception, match=r"(?i)guardrail|limit"):
        agent.create("a lighthouse")
    send(claim, owner, warn_credits_per_day=3)
    assert told(claim).limits == {}
    agent.create("a lighthouse")
    assert agent_sync(claim.agent_id, is_forced=True)


@pytest.mark.usefixtures("operator_extension")
def test_limits_that_were_not_heard_are_told_again_and_go_with_the_claim(
    claim: Claim, send: Any, owner: User, settings: Any, browser_of: Callable[..., Browser]
) -> None:
    base = settings.IMAGE_SKILL_OPERATOR_BASE_URL
    settings.IMAGE_SKILL_OPERATOR_BASE_URL = "http://127.0.0.1:9"
    send(claim, owner, limit_credits_per_day=50)
    assert told(claim).state == "pending"
    assert "Limits Being told" in words(browser_of(owner), claim)
    settings.IMAGE_SKILL_OPERATOR_BASE_URL = base
    Instruction.objects.update(not_before=timezone.now())
    assert instruction_carry_out(told(claim).pk)
    claim_release(claim=claim, user=owner)
    assert (told(claim).state, told(claim).limits) == ("pending", {})
