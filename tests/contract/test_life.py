"""Whole lives of agents, drawn at random: after every step the client sees what a simple model of the rules expects."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pytest_django import Settings

from api_client import ApiError
from tests.contract.playing import NOON, PROMPT, QUICK, TWO_CREDITS_EACH, Agent, World, lines

FREE, JOBS = 8, 3
# What is ordered, and its price in credits.
ORDERS: dict[str, tuple[dict[str, Any], int]] = {
    "small": (QUICK, 1),
    "seeded": ({**QUICK, "model_parameters": {"image_size": "square", "seed": 7}}, 1),
    "pair": ({**TWO_CREDITS_EACH, "output_count": 2}, 4),
    "failing": ({**QUICK, "prompt": f"{PROMPT} [sandbox:provider_failure]"}, 1),
}

keys = st.sampled_from(["a", "b", "c", "d"])
orders = st.sampled_from(sorted(ORDERS))
steps = st.one_of(
    st.tuples(st.just("create"), keys, orders),
    st.tuples(st.just("create"), keys, orders),
    st.tuples(st.just("plan"), keys, orders),
    st.tuples(st.just("quote"), keys, st.sampled_from([1, 500])),
    st.tuples(st.just("feedback")),
    st.tuples(st.just("sleep")),
)


@dataclass
class Life:
    """An agent, and what should be true of it. `ledger` holds event types, the newest first."""

    agent: Agent
    clock: time_machine.Traveller
    free: int = FREE
    jobs_left: int = JOBS
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    quoted: dict[str, tuple[int, str]] = field(default_factory=dict)
    ledger: list[str] = field(default_factory=list)

    def create(self, key: str, order: str) -> None:
        refusal = self._refusal(key, order)
        if refusal:
            with pytest.raises(ApiError) as caught:
                self.agent.create(key, **ORDERS[order][0])
            assert caught.value.code == refusal
            if refusal == "PROVIDER_FAILURE":
                self.jobs_left -= 1
                self.ledger.insert(0, "job.completed")
            return
        made = self.agent.create(key, **ORDERS[order][0])
        if key in self.made:
            assert made.job_id == self.made[key][1]
            return
        self.made[key] = (order, str(made.job_id))
        self.free -= ORDERS[order][1]
        self.jobs_left -= 1
        self.ledger[:0] = ["job.completed", "usage.credit_consumed", *["asset.created"] * len(made.assets)]

    def _refusal(self, key: str, order: str) -> str:
        if key in self.made:
            return "" if self.made[key][0] == order else "IDEMPOTENCY_CONFLICT"
        if not self.jobs_left:
            return "DAILY_JOB_CAP_REACHED"
        if self.free < ORDERS[order][1]:
            return "QUOTA_EXCEEDED"
        return "PROVIDER_FAILURE" if order == "failing" else ""

    def plan(self, key: str, order: str) -> None:
        planned = self.agent.create(key, **ORDERS[order][0], dry_run=True)
        assert (planned.status, planned.consumed_credits) == ("planned", 0)
        assert planned.credits_required == ORDERS[order][1]
        self.ledger.insert(0, "job.planned")

    def quote(self, key: str, amount: int) -> None:
        terms: dict[str, Any] = {"credits": amount, "payment_method": "stripe_checkout", "idempotency_key": key}
        if key in self.quoted and self.quoted[key][0] != amount:
            with pytest.raises(ApiError) as caught:
                self.agent.client.credits.quote_create(**terms)
            assert caught.value.code == "CREDIT_QUOTE_CONFLICT"
            return
        quote = self.agent.client.credits.quote_create(**terms)
        assert self.quoted.setdefault(key, (amount, quote.quote_id)) == (quote.price_amount_cents, quote.quote_id)

    def feedback(self) -> None:
        self.agent.client.feedback.create(title="Slow")
        self.ledger.insert(0, "feedback.created")

    def sleep(self) -> None:
        """Until noon of the next day."""
        self.clock.shift(timedelta(days=1))
        self.free, self.jobs_left = FREE, JOBS

    def look(self) -> None:
        """The client's view: the quota, the ledger, and that the one explains the other."""
        quota = self.agent.client.quota.get()
        assert (quota.remaining_credits, quota.payment_backed_remaining_credits) == (self.free, 0)
        assert quota.reserved_credits == 0
        assert quota.daily_jobs is not None
        assert (quota.daily_jobs.used, quota.daily_jobs.remaining) == (JOBS - self.jobs_left, self.jobs_left)
        events = self.agent.ledger()
        assert [event.type for event in events] == self.ledger
        today = quota.daily_jobs.resets_at
        assert today is not None
        deltas = [event.credits_delta or 0 for event in events if event.occurred_at >= today - timedelta(days=1)]
        assert FREE + sum(deltas) == self.free

    def remember(self) -> None:
        """In the end each job is what it was, and was charged once."""
        for order, job_id in self.made.values():
            job = self.agent.client.jobs.get(job_id)
            assert job.cost is not None
            assert (job.status, job.cost.credits) == ("completed", ORDERS[order][1])
            told = lines(self.agent.client.activity.get(job_id))
            assert [event.credits_delta for event in told if event.subject_type == "usage"] == [-ORDERS[order][1]]


@effort(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=1, max_size=15))
def test_a_life_is_seen_as_it_was_lived(world: World, life: list[tuple[Any, ...]]) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        # Every life is another agent's in the same sandbox, so what is seen is also nobody else's.
        lived = Life(world.join(), clock)
        for step, *terms in life:
            getattr(lived, step)(*terms)
            lived.look()
        lived.remember()


@pytest.fixture(autouse=True)
def small_allotment(sandbox_data: object, settings: Settings) -> None:
    """So small that the walls are hit."""
    settings.SANDBOX_FREE_CREDITS, settings.SANDBOX_DAILY_JOBS = FREE, JOBS
