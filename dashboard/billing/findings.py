"""Writing down what a sweep found: a difference is a row once while it is open, and settles when it is gone."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.billing.joined import Difference
from dashboard.billing.models import Finding, FindingStep

State = Finding.State


@dataclass
class Tally:
    """How many findings are new, or back, and how many settled."""

    found: int = 0
    settled: int = 0

    def __iadd__(self, other: "Tally") -> "Tally":
        self.found += other.found
        self.settled += other.settled
        return self


def findings_write(differences: Iterable[Difference], *, looked_at: QuerySet[Finding]) -> Tally:
    """Write what differs now among the findings `looked_at`: new ones appear, those that are gone settle.

    An ignored one stays ignored while its figures are the ones that somebody saw.
    """
    tally, now = Tally(), timezone.now()
    wanted = {(one.kind, one.subject): one for one in differences}
    open_ = {(one.kind, one.subject): one for one in looked_at.exclude(state=State.SETTLED)}
    for place, one in wanted.items():
        known = open_.pop(place, None)
        tally.found += _known_again(known, one) if known else _new(one)
    for gone in open_.values():
        tally.settled += _settle(gone)
    if wanted:
        looked_at.filter(state=State.OPEN).update(seen_at=now)
    return tally


def step_write(finding: Finding, what: str, text: str = "", *, by_id: int | None = None) -> None:
    """Add a line to a finding's history; `by_id` None is the system."""
    FindingStep.objects.create(finding=finding, what=what, text=text[:1000], by_id=by_id)


def _new(one: Difference) -> int:
    now = timezone.now()
    fields = {name: getattr(one, name) for name in ("kind", "subject", "sentence", "figures", "since", "chain_id")}
    names = {"line_id": one.line_id, "agent_remote_id": one.agent_remote_id, "agent_name": one.agent_name[:200]}
    try:
        with transaction.atomic():
            finding = Finding.objects.create(**fields, **names, found_at=now, seen_at=now)
            step_write(finding, "found", one.sentence)
    except IntegrityError:
        # Another sweep wrote it at the same moment.
        return 0
    return 1


def _known_again(known: Finding, one: Difference) -> int:
    if known.figures == one.figures and known.sentence == one.sentence:
        return 0
    with transaction.atomic():
        finding = Finding.objects.select_for_update().get(pk=known.pk)
        is_back = finding.state == State.IGNORED
        finding.sentence, finding.figures, finding.agent_name = one.sentence, one.figures, one.agent_name[:200]
        finding.state = State.OPEN if is_back else finding.state
        finding.save()
        step_write(finding, "back" if is_back else "changed", one.sentence)
    return int(is_back)


def _settle(gone: Finding) -> int:
    with transaction.atomic():
        mine = Finding.objects.filter(pk=gone.pk).exclude(state=State.SETTLED)
        if not mine.update(state=State.SETTLED, closed_at=timezone.now()):
            return 0
        step_write(gone, "settled", "The sides agree now.")
    return 1
