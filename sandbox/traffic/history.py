"""A believable past: agents that sign up, draw, plan, fail, pay and report over some weeks, written in time's order.

Everything has the shapes that the running sandbox gives it, since its own functions word the ledger's lines, and the
book adds up. Only the bytes of pictures and the objects of the payment provider are not made up.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from sandbox import job_events
from sandbox.ids import new_id, new_token, token_digest
from sandbox.models import Agent, Asset, Change, Event, Feedback, Job
from sandbox.models.activity import EventType
from sandbox.models.money import EntryKind, Purse
from sandbox.models.operator import ChangeKind
from sandbox.models.work import JobStatus
from sandbox.rules import catalog, guidance, quotas
from sandbox.rules.order import Order, read_order
from sandbox.rules.quotas import Split
from sandbox.traffic import purchases
from sandbox.traffic.script import BACKENDS, NAMES, REPORTS, SUBJECTS
from sandbox.traffic.sink import Sink

DAYS = 90
EVENTS_PER_AGENT = 700

_LONGEST_ACT = 9
_FAILURE = {"code": "PROVIDER_FAILURE", "message": "The provider failed.", "retryable": True}
_TABLES: tuple[type[Model], ...] = (Agent, Job, Asset, *purchases.TABLES, Feedback, Change)


@dataclass
class Life:
    """One agent's running numbers; credits are whole, the day is UTC."""

    agent: Agent
    token: str = field(repr=False)
    free: int = 0
    paid: int = 0
    day: date | None = None
    jobs_today: int = 0


def write(count: int, *, agents: int, days: int, seed: int) -> list[Life]:
    """Writes exactly `count` lines of the ledger, ending now, and everything behind them; returns who lived."""
    with Sink(_TABLES) as sink:
        history = History(sink, agents=agents, days=days, count=count, seed=seed)
        while sink.events < count:
            history.next_act()
        sink.flush()
    return history.lives


class History:
    """Acts one after the other; the clock moves on by an even share of the whole time with each."""

    def __init__(self, sink: Sink, *, agents: int, days: int, count: int, seed: int) -> None:
        self.sink = sink
        self.rng = random.Random(seed)  # noqa: S311 - a play, not a secret
        self.count = count
        self.ends_at = timezone.now()
        self.starts_at = self.ends_at - timedelta(days=days)
        self.lives = [self._born(number) for number in range(agents)]

    @property
    def now(self) -> datetime:
        """As far into the time as the ledger is full."""
        return self.starts_at + (self.ends_at - self.starts_at) * (self.sink.events / self.count)

    def next_act(self) -> None:
        """One thing that somebody does. Near the end only acts of one line fit."""
        life, now = self._somebody(), self.now
        chance = self.rng.random()
        if self.count - self.sink.events < _LONGEST_ACT or chance < 0.07:
            self._plan(life, now)
        elif chance < 0.10:
            self._fail(life, now)
        elif chance < 0.115:
            self._report(life, now)
        else:
            self._draw(life, now)

    def _born(self, number: int) -> Life:
        token, moment = new_token(), self.starts_at
        name = f"{NAMES[number % len(NAMES)]}-{number // len(NAMES) + 1}"
        agent = Agent(
            id=new_id("agt"),
            organization_id=new_id("org"),
            name=name,
            runtime=self.rng.choice(BACKENDS),
            token_hash=token_digest(token),
            token_created_at=moment,
            free_day=self.ends_at.date(),
            created_at=moment,
        )
        self.sink.add(agent, _changed(agent.id, ChangeKind.AGENT, agent.id, moment))
        return Life(agent, token)

    def _somebody(self) -> Life:
        """Few agents work much and many a little; whoever has used up the day is left alone, if others are there."""
        for _ in range(8):
            life = self.lives[int(len(self.lives) * self.rng.random() ** 1.5)]
            if life.day != self.now.date() or life.jobs_today < settings.SANDBOX_DAILY_JOBS:
                break
        self._open_day(life, self.now)
        return life

    def _open_day(self, life: Life, now: datetime) -> None:
        if life.day == now.date():
            return
        kind = EntryKind.RESET if life.day else EntryKind.FREE_GRANT
        self._book(life, kind, Split(quotas.reset_delta(settings.SANDBOX_FREE_CREDITS, life.free, 0), 0), now)
        life.day, life.jobs_today = now.date(), 0

    def _plan(self, life: Life, now: datetime) -> None:
        job = self._job(life, JobStatus.PLANNED, now)
        self.sink.add(job)
        self.sink.tell(life.agent.id, job_events.planned(job, now))

    def _fail(self, life: Life, now: datetime) -> None:
        job = self._job(life, JobStatus.FAILED, now)
        self._pay(life, job, now, EntryKind.RELEASE)
        job.failure = _FAILURE
        self.sink.tell(life.agent.id, job_events.ended(job, now))

    def _draw(self, life: Life, now: datetime) -> None:
        job = self._job(life, JobStatus.COMPLETED, now)
        self._pay(life, job, now, EntryKind.CHARGE)
        assets = [_asset(job, position, now) for position in range(job.request["output_count"])]
        self.sink.add(*assets)
        self.sink.tell(life.agent.id, job_events.completed(job, assets, now))

    def _pay(self, life: Life, job: Job, now: datetime, outcome: EntryKind) -> None:
        """Reserves and settles; whoever cannot afford the job buys a pack first."""
        amounts = quotas.split(job.credits, free=life.free, paid=life.paid)
        while amounts is None:
            purchase = purchases.bought(life.agent, now)
            self.sink.add(*purchase.rows, _changed(life.agent.id, ChangeKind.PAYMENT, purchase.attempt.id, now))
            self._book(life, EntryKind.GRANT, Split(0, purchase.credits), now, reference=purchase.receipt.id)
            self.sink.tell(life.agent.id, purchase.events)
            amounts = quotas.split(job.credits, free=life.free, paid=life.paid)
        self.sink.add(job)
        life.jobs_today += 1
        debit = Split(-amounts.free, -amounts.paid)
        self._book(life, EntryKind.RESERVATION, debit, now, job=job)
        self._book(life, EntryKind.RELEASE, amounts, now, job=job)
        if outcome is EntryKind.CHARGE:
            self._book(life, EntryKind.CHARGE, debit, now, job=job)

    def _book(
        self,
        life: Life,
        kind: EntryKind,
        amounts: Split,
        now: datetime,
        *,
        job: Job | None = None,
        reference: str | None = None,
    ) -> None:
        life.free += amounts.free
        life.paid += amounts.paid
        for purse, amount in ((Purse.FREE, amounts.free), (Purse.PAID, amounts.paid)):
            if amount:
                job_id = job.id if job else None
                self.sink.enter(life.agent.id, purse.value, kind.value, amount, job_id, reference, now)

    def _job(self, life: Life, status: JobStatus, now: datetime) -> Job:
        order, template = self.rng.choice(_orders())
        return Job(
            id=new_id("job"),
            agent_id=life.agent.id,
            status=status.value,
            trace_id=new_id("trace"),
            usage_event_id=new_id("usage"),
            request=order.request(),
            created_at=now,
            updated_at=now,
            completed_at=None if status is JobStatus.PLANNED else now,
            **template,
        )

    def _report(self, life: Life, now: datetime) -> None:
        title, body = self.rng.choice(REPORTS)
        words = {"type": "user_feedback", "severity": "medium", "confidence": "medium", "next_state": "watch"}
        report = words | {"surface": ["cli"], "evidence": [], "dedupe_key": ""}
        quality = guidance.judge({"title": title, "body": body} | report)
        feedback = Feedback(
            id=new_id("sig"),
            agent_id=life.agent.id,
            trace_id=new_id("trace"),
            title=title,
            body=body.format(subject=self.rng.choice(SUBJECTS)),
            fields=report,
            quality=quality.row(),
            created_at=now,
        )
        self.sink.add(feedback, _changed(life.agent.id, ChangeKind.FEEDBACK, feedback.id, now))
        details: dict[str, Any] = words | {"quality_score": quality.score}
        lines = [(EventType.FEEDBACK_CREATED, "Feedback recorded", details)]
        if self.rng.random() < 0.6:
            queue: dict[str, Any] = {"state": "processed", "reason": "deduped", "issue_urls": [], "issue_numbers": []}
            queue |= {"mode": "scheduled", "github_mutation": False}
            lines.append((EventType.FEEDBACK_QUEUE_PROCESSED, "Feedback queue processed", {"github_queue": queue}))
        self.sink.tell(life.agent.id, [_told(feedback, kind, summary, shown) for kind, summary, shown in lines])


@cache
def _orders() -> list[tuple[Order, dict[str, Any]]]:
    """What agents ask for: each runnable picture model with a known price, and the fields of a job that it decides."""
    bodies: list[dict[str, Any]] = [
        {"prompt": "history", "model": model.id}
        for model in catalog.MODELS.values()
        if model.is_runnable and model.operation == "image.generate" and model.is_cost_known
    ]
    bodies += [body | {"output_count": 2} for body in bodies if catalog.MODELS[body["model"]].max_outputs > 1]
    orders = [read_order(body) for body in bodies]
    return [(order, _template(order)) for order in orders]


def _template(order: Order) -> dict[str, Any]:
    bill = order.bill
    return {
        "operation": "create",
        "model_id": order.model.id,
        "capability_id": order.model.capability_id,
        "terms": "",
        "credits": bill.credits,
        "provider_cost_micros": bill.cost_micros,
        "is_cost_known": bill.is_known,
        "pricing_source": bill.source,
    }


def _asset(job: Job, position: int, now: datetime) -> Asset:
    size = job.request["selection"]["output"]
    return Asset(
        id=new_id("image"),
        agent_id=job.agent_id,
        job_id=job.id,
        position=position,
        kind="generated",
        extension="png",
        mime_type="image/png",
        content_length=400_000 + position,
        width=size["expected_width"],
        height=size["expected_height"],
        created_at=now,
    )


def _told(feedback: Feedback, kind: EventType, summary: str, details: dict[str, Any]) -> Event:
    return Event(
        type=kind,
        occurred_at=feedback.created_at,
        summary=summary,
        operation="feedback",
        subject_type="feedback",
        subject_id=feedback.id,
        status="completed",
        trace_id=feedback.trace_id,
        links={"feedback_id": feedback.id},
        details=details,
    )


def _changed(agent_id: str, kind: ChangeKind, reference: str, now: datetime) -> Change:
    return Change(agent_id=agent_id, kind=kind.value, reference=reference, changed_at=now)
