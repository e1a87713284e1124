"""The money rules as a state machine: whatever happens, a balance is the sum of the book (contract 4.5, 4.8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pytest_django import Settings

from sandbox import book, identity
from sandbox.errors import ApiError
from sandbox.models import Agent, BookEntry, Job
from sandbox.models.money import EntryKind, Purse
from sandbox.rules import quotas

ALLOTMENT = 40


class Money(RuleBasedStateMachine):
    """Opens days, grants, reserves, charges and releases in any order, next to a plain account of what must be."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2030, 1, 1, 12, tzinfo=UTC)
        self.agent = identity.agent_sign_up(identity.Applicant("a", "r")).agent
        self.agent.free_day = None
        BookEntry.objects.filter(agent=self.agent).delete()
        book.open_day(self.agent, self.now)
        self.free, self.paid, self.number = ALLOTMENT, 0, 0
        self.held: dict[str, quotas.Split] = {}

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        before = self.now.date()
        self.now += timedelta(hours=hours)
        if self.now.date() > before:
            self.free = ALLOTMENT - sum(split.free for split in self.held.values())
        book.open_day(self.agent, self.now)

    @rule(amount=st.integers(-60, 100))
    def credits_are_granted_or_reversed(self, amount: int) -> None:
        kind = EntryKind.GRANT if amount >= 0 else EntryKind.REVERSAL
        BookEntry.objects.create(agent=self.agent, purse=Purse.PAID, kind=kind, credits=amount, created_at=self.now)
        self.paid += amount

    @rule(target=running, needed=st.integers(1, 60))
    def a_job_is_reserved(self, needed: int) -> str:
        held = book.balance(self.agent)
        amounts = quotas.split(needed, free=held.free, paid=held.paid)
        if amounts is None:
            assert max(self.free, 0) + max(self.paid, 0) < needed
            return ""
        self.number += 1
        job = self._job(needed)
        book.reserve(job, amounts, self.now)
        self.held[job.id] = amounts
        self.free -= amounts.free
        self.paid -= amounts.paid
        return job.id

    @rule(job_id=running)
    def a_job_is_charged(self, job_id: str) -> None:
        if job_id in self.held:
            book.charge(Job.objects.get(pk=job_id), self.now)
            del self.held[job_id]

    @rule(job_id=running)
    def a_job_is_released(self, job_id: str) -> None:
        if job_id in self.held:
            book.release(Job.objects.get(pk=job_id), self.now)
            amounts = self.held.pop(job_id)
            self.free += amounts.free
            self.paid += amounts.paid

    @invariant()
    def balances_are_the_sum_of_the_book(self) -> None:
        held = book.balance(self.agent)
        assert (held.free, held.paid) == (self.free, self.paid)
        assert held.reserved == sum(split.free + split.paid for split in self.held.values())
        entries = BookEntry.objects.filter(agent=self.agent).values_list("credits", flat=True)
        assert sum(entries) == held.free + held.paid
        assert held.free + held.free_reserved <= ALLOTMENT

    def _job(self, needed: int) -> Job:
        return Job.objects.create(
            id=f"job_{self.agent.id}_{self.number}"[:40],
            agent=self.agent,
            status="running",
            credits=needed,
            provider_cost_micros=0,
            is_cost_known=True,
            request={},
            created_at=self.now,
            updated_at=self.now,
        )


def test_money_adds_up_in_any_order(db: None, sandbox_data: Any) -> None:
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )


def test_the_database_itself_refuses_a_second_charge(db: None, sandbox_data: Any) -> None:
    money = Money()
    job_id = money.a_job_is_reserved(5)
    job = Job.objects.get(pk=job_id)
    book.charge(job, money.now)
    with pytest.raises(Exception, match=r"(?i)unique"):
        book.charge(job, money.now)


def test_a_day_is_opened_once(db: None, sandbox_data: Any, settings: Settings) -> None:
    agent = identity.agent_sign_up(identity.Applicant("a", "r")).agent
    book.open_day(agent, datetime(2030, 1, 2, tzinfo=UTC))
    settings.SANDBOX_FREE_CREDITS = 99
    book.open_day(agent, datetime(2030, 1, 2, 23, tzinfo=UTC))
    assert book.balance(agent).free == ALLOTMENT
    assert book.balance(Agent.objects.get()).limits()["free_credits_per_day"] == 99


def test_an_unknown_contact_is_refused(db: None) -> None:
    with pytest.raises(ApiError):
        identity.contact_or_refuse("nobody", "agent_contact")
