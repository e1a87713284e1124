"""The book: every credit that ever moved. A balance is the sum of an agent's entries and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Sum

from sandbox.models import Agent, BookEntry, Job
from sandbox.models.money import EntryKind, Purse
from sandbox.rules import quotas
from sandbox.rules.quotas import Split


@dataclass(frozen=True)
class Balance:
    """Whole credits that can be spent now, and those on hold for running jobs (already taken off the purses)."""

    free: int
    paid: int
    free_reserved: int
    reserved: int

    @property
    def spendable(self) -> int:
        """Both purses; a negative paid purse lowers nothing but itself."""
        return max(self.free, 0) + max(self.paid, 0)

    def limits(self) -> dict[str, int]:
        """`limits` of quota and payment answers (contract 2.5); the last two are ours (INF)."""
        return {
            "remaining_credits": self.free,
            "payment_backed_remaining_credits": self.paid,
            "free_credits_per_day": settings.SANDBOX_FREE_CREDITS,
            "reserved_credits": self.reserved,
        }


def lock(agent: Agent) -> Agent:
    """Serializes everything that moves this agent's money; call it first in a transaction.

    On SQLite the transaction itself already holds the one write lock.
    """
    return Agent.objects.select_for_update().get(pk=agent.pk)


def balance(agent: Agent) -> Balance:
    """Sums the book in one query."""
    # Summed anew each time: a stored balance could drift from the book, and the index alone answers this.
    rows = BookEntry.objects.filter(agent=agent).values_list("purse", "kind").annotate(total=Sum("credits"))
    sums: dict[tuple[str, str], int] = {(purse, kind): total for purse, kind, total in rows}

    def held(purse: str) -> int:
        return -sums.get((purse, EntryKind.RESERVATION), 0) - sums.get((purse, EntryKind.RELEASE), 0)

    return Balance(
        free=sum(total for (purse, _), total in sums.items() if purse == Purse.FREE),
        paid=sum(total for (purse, _), total in sums.items() if purse == Purse.PAID),
        free_reserved=held(Purse.FREE),
        reserved=held(Purse.FREE) + held(Purse.PAID),
    )


def is_day_open(agent: Agent, now: datetime) -> bool:
    """Whether the credits of this UTC day were given already; a clock that went back changes nothing."""
    return agent.free_day is not None and agent.free_day >= quotas.day_start(now).date()


def open_day(agent: Agent, now: datetime) -> None:
    """Gives the day's free credits at the first touch of a UTC day. The agent must be locked."""
    if is_day_open(agent, now):
        return
    # A delta, so that the sum stays right without ever changing an entry.
    kind = EntryKind.RESET if agent.free_day else EntryKind.FREE_GRANT
    held = balance(agent)
    delta = quotas.reset_delta(settings.SANDBOX_FREE_CREDITS, held.free, held.free_reserved)
    _write(agent, kind, Split(delta, 0), now)
    agent.free_day = quotas.day_start(now).date()
    agent.save(update_fields=["free_day"])


def reserve(job: Job, amounts: Split, now: datetime) -> None:
    """Takes the job's credits off the purses until it is settled."""
    _write(job.agent, EntryKind.RESERVATION, Split(-amounts.free, -amounts.paid), now, job)


def release(job: Job, now: datetime) -> Split:
    """Gives back what was reserved, purse by purse, and says how much that was."""
    held = {entry.purse: -entry.credits for entry in job.book.filter(kind=EntryKind.RESERVATION)}
    amounts = Split(held.get(Purse.FREE, 0), held.get(Purse.PAID, 0))
    _write(job.agent, EntryKind.RELEASE, amounts, now, job)
    return amounts


def charge(job: Job, now: datetime) -> None:
    """Turns the reservation into a debit, after the provider succeeded."""
    amounts = release(job, now)
    _write(job.agent, EntryKind.CHARGE, Split(-amounts.free, -amounts.paid), now, job)


def _write(agent: Agent, kind: EntryKind, amounts: Split, now: datetime, job: Job | None = None) -> None:
    BookEntry.objects.bulk_create(
        BookEntry(agent=agent, purse=purse, kind=kind, credits=amount, job=job, created_at=now)
        for purse, amount in ((Purse.FREE, amounts.free), (Purse.PAID, amounts.paid))
        if amount
    )
