"""The operator extension through its client (ours, INF): every endpoint, against the sandbox itself."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from api_client import AuthRefused, Conflict, Guardrails, NotFound, OperatorClient, QuotaExceeded
from sandbox import access
from tests.contract.playing import NOON, Agent, World
from tests.contract.test_purchases import attempt, press

KEY = "operator-key-of-these-tests"
SPONSOR = "sponsor@example.com"


@pytest.fixture
def operator(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> OperatorClient:
    """Somebody with the operator's key, whose allowance is whole."""
    settings.SANDBOX_OPERATOR_KEY = KEY
    monkeypatch.setattr(access, "_operators", access.Allowance())
    return world.operate(KEY)


def test_the_key_opens_the_extension_and_an_agents_token_does_not(
    world: World, agent: Agent, operator: OperatorClient
) -> None:
    assert operator.agents.get(agent.id).agent_id == agent.id
    for wrong in (world.operate("wrong"), world.operate(agent.token)):
        with pytest.raises(AuthRefused):
            wrong.agents.list()
    with pytest.raises(AuthRefused):
        world.connect(KEY).identity.whoami()


def test_without_a_key_in_its_settings_the_extension_is_not_there(
    world: World, operator: OperatorClient, settings: Settings
) -> None:
    settings.SANDBOX_OPERATOR_KEY = ""
    with pytest.raises(NotFound):
        operator.agents.list()


def test_agents_are_listed_a_page_at_a_time_and_filtered(world: World, operator: OperatorClient) -> None:
    made = [world.join(agent_name=f"agent {number}").id for number in range(3)]
    first = operator.agents.list(limit=2)
    rest = operator.agents.list(limit=2, cursor=first.next_cursor)
    assert [agent.agent_id for agent in first.agents + rest.agents] == made
    assert (first.has_more, rest.has_more) == (True, False)
    assert operator.agents.list(claim_requested=True).agents == ()
    assert operator.agents.list(since=NOON + timedelta(days=1)).agents == ()
    assert (
        len(operator.agents.list(claim_state="unclaimed", organization_id=first.agents[0].organization_id).agents) == 1
    )


def test_a_claim_goes_from_request_to_grants_to_release(agent: Agent, operator: OperatorClient) -> None:
    agent.client.identity.claim_request(contact=SPONSOR)
    (asked,) = operator.agents.claim_requests_search(contact=SPONSOR.upper()).agents
    assert (asked.agent_id, asked.claim_requested_of) == (agent.id, "s***@example.com")
    assert asked.claim_requested_at is not None
    with pytest.raises(Conflict):
        operator.agents.claim(agent.id, contact="thief@example.com")
    for _ in range(2):
        claimed = operator.agents.claim(agent.id, contact=SPONSOR, grants=["feedback.write"])
        assert (claimed.claim_state, claimed.grants) == ("claimed", ("feedback.write",))
    assert agent.client.identity.whoami().claim_state == "claimed"
    assert operator.agents.claim_requests_search(contact=SPONSOR).agents == ()
    for _ in range(2):
        assert operator.agents.release(agent.id).claim_state == "unclaimed"


def test_a_revoked_agent_is_shut_out_until_it_is_restored(agent: Agent, operator: OperatorClient) -> None:
    for _ in range(2):
        revoked = operator.agents.revoke(agent.id)
        assert (revoked.claim_state, revoked.grants) == ("revoked", ())
        assert revoked.revoked_at is not None
    with pytest.raises(AuthRefused):
        agent.client.identity.whoami()
    for _ in range(2):
        assert operator.agents.restore(agent.id).revoked_at is None
    assert agent.client.identity.whoami().actor.actor_id == agent.id


def test_guardrails_are_set_as_a_whole_and_hold(agent: Agent, operator: OperatorClient) -> None:
    limits = Guardrails(daily_jobs=3, credits_per_day=1)
    assert operator.agents.guardrails_set(agent.id, limits).guardrails == limits
    shown = operator.agents.get(agent.id)
    assert (shown.guardrails, shown.remaining_credits) == (limits, agent.client.quota.get().remaining_credits)
    assert shown.daily_jobs is not None
    assert shown.daily_jobs.limit == 3
    agent.create("k1")
    with pytest.raises(QuotaExceeded) as caught:
        agent.create("k2")
    assert caught.value.code == "GUARDRAIL_EXCEEDED"
    assert operator.agents.guardrails_set(agent.id, Guardrails()).guardrails == Guardrails()


def test_feedback_is_read_with_its_text_and_answered(agent: Agent, operator: OperatorClient) -> None:
    kept = agent.client.feedback.create(title="Seed is ignored", body="Two pictures.", dedupe_key="seed")
    (item,) = operator.feedback.list(
        agent_id=agent.id, answered=False, dedupe_key="seed", type="user_feedback"
    ).feedback
    assert (item.feedback_id, item.title, item.body) == (kept.feedback_id, "Seed is ignored", "Two pictures.")
    assert item.surface == ("cli",)
    operator.feedback.answer(kept.feedback_id, text="Looking.")
    operator.feedback.answer(kept.feedback_id, text="Fixed.", decision="fixed", url="https://example.com/7")
    answer = operator.feedback.get(kept.feedback_id).answer
    assert answer is not None
    assert (answer.text, answer.decision, answer.url) == ("Fixed.", "fixed", "https://example.com/7")


def test_a_payment_is_fulfilled_and_refunded_once_a_key(world: World, agent: Agent, operator: OperatorClient) -> None:
    opened = attempt(agent)
    press(world, opened.checkout_handoff_url or "", "succeed")
    (listed,) = operator.payments.list(agent_id=agent.id, payment_method="stripe_checkout").payments
    done = operator.payments.fulfil(listed.payment_attempt_id)
    assert done.receipt is not None
    assert (done.status, done.receipt.credits, done.receipt.live_money) == ("succeeded", 500, True)
    for _ in range(2):
        paid = operator.payments.refund(listed.payment_attempt_id, idempotency_key="r1", amount_cents=200)
        assert [(each.kind, each.credits, each.state) for each in paid.reversals] == [("refund", 200, "applied")]
    assert operator.payments.get(listed.payment_attempt_id) == paid
    assert operator.reversals.list(agent_id=agent.id, kind="refund", state="applied").reversals == paid.reversals
    operator.payments.refund(listed.payment_attempt_id, idempotency_key="r2")
    with pytest.raises(Conflict):
        operator.payments.refund(listed.payment_attempt_id, idempotency_key="r3")


def test_the_ledger_of_all_says_whose_each_line_is(world: World, operator: OperatorClient) -> None:
    first, second = world.join(), world.join()
    first.create("k1")
    second.client.feedback.create(title="Slow")
    events = operator.ledger.list(limit=500).events
    assert {event.agent_id for event in events if not hasattr(event, "problem")} == {first.id, second.id}
    mine = operator.ledger.list(agent_id=first.id, type="job.completed").events
    assert [event.event_id for event in mine] == [
        event.event_id for event in first.ledger() if event.type == "job.completed"
    ]


def test_one_cursor_tells_everything_that_changes(world: World, operator: OperatorClient) -> None:
    agent = world.join()
    agent.client.feedback.create(title="Slow")
    attempt(agent)
    page = operator.changes.list(limit=500)
    found = {change.kind: change for change in page.changes}
    assert set(found) == {"agent", "feedback", "payment", "event"}
    assert found["agent"].agent is not None
    assert found["feedback"].feedback is not None
    assert found["payment"].payment is not None
    assert found["event"].event is not None
    operator.agents.revoke(agent.id)
    (behind,) = operator.changes.list(cursor=page.next_cursor).changes
    assert behind.agent is not None
    assert behind.agent.claim_state == "revoked"
