"""What differs outside of payments: ledger lines without one, jobs charged wrongly, balances below zero."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from dashboard.agents.models import Agent, Claim
from dashboard.billing.hosted import CHARGED, JOB_ENDED
from dashboard.billing.joined import Circumstances, Difference
from dashboard.billing.models import Finding, LedgerLine
from dashboard.credits.apply import GRANTED
from dashboard.lib.presentation import credits_text, credits_unit

Kind = Finding.Kind
KINDS = (Kind.FAILED_JOB_CHARGED, Kind.JOB_CHARGED_TWICE, Kind.NEGATIVE_BALANCE)
BATCH = 500
_FAILED = Q(type=JOB_ENDED, status="failed")


def other_differences(lines: QuerySet[LedgerLine], around: Circumstances) -> Iterator[Difference]:
    """Yield what differs among these ledger lines, and in the balances of all linked agents."""
    yield from _lines_alone(lines, around)
    yield from _jobs_failed(lines)
    yield from _jobs_twice(lines)
    yield from _balances(around.now)


def _lines_alone(lines: QuerySet[LedgerLine], around: Circumstances) -> Iterator[Difference]:
    alone = lines.filter(type=GRANTED, chain=None, occurred_at__lte=around.now - around.grace)
    for line in alone.exclude(live_money=False).order_by("pk").iterator(chunk_size=BATCH):
        told = _credits(line.credits_delta or 0)
        figures: dict[str, int | str | None] = {
            "ledger_granted_credits": line.credits_delta,
            "ledger_amount_cents": line.amount_cents,
        }
        yield Difference(
            Kind.LINE_WITHOUT_PURCHASE,
            f"line:{line.pk}",
            f"The ledger granted {told}, no purchase is known for it.",
            figures,
            line.occurred_at,
            line_id=line.pk,
            agent_remote_id=line.agent_remote_id,
        )


def _jobs_failed(lines: QuerySet[LedgerLine]) -> Iterator[Difference]:
    """Jobs that the ledger says failed, and that it charged all the same."""
    failed = LedgerLine.objects.filter(_FAILED, job_id__in=_jobs(lines)).exclude(job_id="")
    batch: list[str] = []
    for job_id in failed.order_by("pk").values_list("job_id", flat=True).iterator(chunk_size=BATCH):
        batch.append(job_id)
        if len(batch) == BATCH:
            yield from _charged(batch)
            batch = []
    yield from _charged(batch)


def _charged(jobs: list[str]) -> Iterator[Difference]:
    charges = LedgerLine.objects.filter(type=CHARGED, job_id__in=jobs).values("agent_remote_id", "job_id")
    for row in charges.annotate(spent=Sum("credits_delta"), at=Max("occurred_at")).filter(spent__lt=0):
        sentence = f"A failed job was charged {_credits(-row['spent'])}."
        yield _job(Kind.FAILED_JOB_CHARGED, dict(row), sentence, -row["spent"])


def _jobs_twice(lines: QuerySet[LedgerLine]) -> Iterator[Difference]:
    charges = LedgerLine.objects.filter(type=CHARGED, job_id__in=_jobs(lines)).exclude(job_id="")
    counted = charges.order_by().values("agent_remote_id", "job_id")
    counted = counted.annotate(times=Count("pk"), spent=Sum("credits_delta"), at=Max("occurred_at"))
    for row in counted.filter(times__gt=1).iterator(chunk_size=BATCH):
        spent = -(row["spent"] or 0)
        times = "twice" if row["times"] == 2 else f"{row['times']} times"
        yield _job(Kind.JOB_CHARGED_TWICE, dict(row), f"A job was charged {times}, {_credits(spent)} in all.", spent)


def _jobs(lines: QuerySet[LedgerLine]) -> QuerySet[LedgerLine, str]:
    """Return the jobs that these lines touch: all that is told of them counts, also what lies outside of a period."""
    return lines.filter(Q(type=CHARGED) | _FAILED).values("job_id")  # type: ignore[return-value]


def _job(kind: Finding.Kind, row: dict[str, Any], sentence: str, spent: int) -> Difference:
    agent, job = row["agent_remote_id"], row["job_id"]
    figures: dict[str, int | str | None] = {"job_id": job, "ledger_charged_credits": spent}
    return Difference(kind, f"job:{agent}:{job}"[:254], sentence, figures, row["at"], agent_remote_id=agent)


def _balances(now: datetime) -> Iterator[Difference]:
    held = Claim.objects.filter(released_at=None).values("agent")
    for agent in Agent.objects.filter(pk__in=held, paid_credits__lt=0).order_by("pk"):
        owed = agent.paid_credits or 0
        yield Difference(
            Kind.NEGATIVE_BALANCE,
            f"agent:{agent.remote_id}",
            f"Paid credits are at {credits_text(owed)}: more was taken back than was left.",
            {"paid_credits": owed, "free_credits": agent.free_credits},
            agent.quota_at or now,
            agent_remote_id=agent.remote_id,
            agent_name=agent.name,
        )


def _credits(number: int) -> str:
    return f"{credits_text(number)} {credits_unit(number)}"
