"""The sweep: all payments of a period in batches, each with its sides, each rule on each; then what is no payment.

Everything by a timer and on demand, by one worker at a time; a second sweep of the same finds nothing new.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.agents.models import Claim
from dashboard.audit.services import audit_record
from dashboard.billing.findings import Tally, findings_write
from dashboard.billing.joined import Circumstances
from dashboard.billing.joining import Ledgers, joined_list, linked_ledgers
from dashboard.billing.models import Chain, Feed, Finding, LedgerLine, Sweep
from dashboard.billing.others import KINDS, other_differences
from dashboard.billing.rules import differences
from dashboard.billing.stripe_feeds import EVENTS, WALKS

log = structlog.get_logger(__name__)

BATCH = 500
LOST_AFTER = timedelta(minutes=15)
# The young are looked at often, everything now and then.
YOUNG, YOUNG_EVERY, ALL_EVERY = timedelta(days=3), timedelta(minutes=2), timedelta(hours=1)


def sweep_ask(*, user: User, since: datetime | None, until: datetime | None) -> Sweep:
    """Ask for a sweep of the payments opened from `since` on and before `until` (UTC; None: no bound)."""
    with transaction.atomic():
        sweep = Sweep.objects.create(since=since, until=until, asked_by=user, asked_at=timezone.now())
        period = {"since": since.isoformat() if since else None, "until": until.isoformat() if until else None}
        audit_record(action="sweep.asked", actor=user, subject=("sweep", str(sweep.key), str(sweep)), after=period)
    return sweep


def sweeps_run_due() -> int:
    """Run what was asked for and what its time has come for; returns how many sweeps were run."""
    now = timezone.now()
    Sweep.objects.filter(finished_at=None, started_at__lte=now - LOST_AFTER).update(started_at=None)
    if Sweep.objects.filter(finished_at=None, started_at__isnull=False).exists():
        return 0
    waiting = list(Sweep.objects.filter(started_at=None, finished_at=None).order_by("pk"))
    return sum(sweep_run(sweep) for sweep in waiting or _scheduled(now))


def sweep_run(sweep: Sweep) -> bool:
    """Run a sweep that nobody else has taken; True when this did."""
    mine = Sweep.objects.filter(pk=sweep.pk, started_at=None)
    if not mine.update(started_at=timezone.now()):
        return False
    around, ledgers = circumstances(), ledgers_get()
    chains = Chain.objects.filter(_opened(sweep, "opened_at"))
    tally, counted = Tally(), 0
    for keys in _batches(chains):
        tally += _judge(keys, around, ledgers)
        counted += len(keys)
    tally += _others(sweep, around)
    visible, total = _coverage(ledgers)
    told = {"payments": counted, "found": tally.found, "settled": tally.settled, "visible": visible, "total": total}
    Sweep.objects.filter(pk=sweep.pk).update(finished_at=timezone.now(), **told)
    log.info("billing_sweep_done", sweep=str(sweep.key), **told)
    return True


def chains_judge(keys: list[int]) -> Tally:
    """Judge a few payments now, after somebody acted on one."""
    return _judge(keys, circumstances(), ledgers_get())


def circumstances() -> Circumstances:
    """Return what holds for a sweep that begins now."""
    grace, stuck = timedelta(minutes=settings.BILLING_GRACE_MINUTES), timedelta(minutes=settings.BILLING_STUCK_MINUTES)
    return Circumstances(timezone.now(), _stripe_as_of(), grace, stuck)


def ledgers_get() -> Ledgers:
    """Return up to when ledgers were read: of everybody through the operator extension, else of each linked agent."""
    changes = Feed.objects.filter(name="hosted_changes", complete_since__isnull=False).first()
    of_all = changes.synced_at if changes and settings.IMAGE_SKILL_OPERATOR_KEY else None
    return Ledgers(of_all, {} if of_all else linked_ledgers())


def _stripe_as_of() -> datetime | None:
    """Return up to when Stripe was read; None while its past is not known to the end: absence proves nothing then."""
    wanted = [EVENTS.name, *(line.name for line in WALKS)]
    feeds = Feed.objects.filter(name__in=wanted, complete_since__isnull=False, synced_at__isnull=False)
    read = {feed.name: feed.synced_at for feed in feeds}
    return read[EVENTS.name] if settings.STRIPE_API_KEY and len(read) == len(wanted) else None


def _scheduled(now: datetime) -> list[Sweep]:
    done = Sweep.objects.filter(finished_at__isnull=False)
    everything = done.filter(since=None, until=None).order_by("-pk").first()
    latest = done.order_by("-pk").first()
    if everything is None or everything.asked_at <= now - ALL_EVERY:
        return [Sweep.objects.create(asked_at=now)]
    if latest is None or latest.asked_at <= now - YOUNG_EVERY:
        return [Sweep.objects.create(asked_at=now, since=now - YOUNG)]
    return []


def _batches(chains: QuerySet[Chain]) -> Iterator[list[int]]:
    last = 0
    while keys := list(chains.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield keys
        last = keys[-1]


def _judge(keys: list[int], around: Circumstances, ledgers: Ledgers) -> Tally:
    found = [one for payment in joined_list(keys, ledgers=ledgers) for one in differences(payment, around)]
    return findings_write(found, looked_at=Finding.objects.filter(chain__in=keys))


def _others(sweep: Sweep, around: Circumstances) -> Tally:
    lines = LedgerLine.objects.filter(_opened(sweep, "occurred_at"))
    seen = Finding.objects.filter(Q(kind__in=KINDS) | Q(line__isnull=False)).filter(
        _opened(sweep, "since") | Q(kind=Finding.Kind.NEGATIVE_BALANCE)
    )
    return findings_write(other_differences(lines, around), looked_at=seen)


def _opened(sweep: Sweep, name: str) -> Q:
    wanted = Q(**{f"{name}__gte": sweep.since}) if sweep.since else Q()
    return wanted & Q(**{f"{name}__lt": sweep.until}) if sweep.until else wanted


def _coverage(ledgers: Ledgers) -> tuple[int, int]:
    """Count the payments that took money or gave credits: those whose ledger is visible, and all."""
    money = Chain.objects.filter(is_money=True, stage__in=(Chain.Stage.PAID, Chain.Stage.DONE, Chain.Stage.REVERSED))
    total = money.count()
    if ledgers.of_all:
        return total, total
    held = Claim.objects.filter(released_at=None).values("agent")
    return money.filter(purchase__agent__in=held).count(), total
