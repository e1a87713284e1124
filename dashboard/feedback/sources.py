"""Muting an agent: its reports are kept and joined as ever, but count in no figure and stand in no list but "Muted"."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.feedback.goodwill import agent_names
from dashboard.feedback.intake import intake_lock
from dashboard.feedback.models import Cluster, MutedSource, Report
from dashboard.feedback.standing import cluster_reckon

SHOWN = 50


@dataclass(frozen=True)
class Source:
    """One agent and how many reports it left; `muted` while it is not heard."""

    agent_remote_id: str
    name: str
    reports: int
    muted: MutedSource | None


@transaction.atomic
def source_mute(*, agent_remote_id: str, user: User, why: str) -> None:
    """Hear an agent no more; the second who says so changes nothing."""
    intake_lock()
    kept = {"muted_by": user, "muted_at": timezone.now(), "why": why}
    _, is_new = MutedSource.objects.get_or_create(agent_remote_id=agent_remote_id, defaults=kept)
    if is_new:
        _apply(agent_remote_id, is_muted=True)
        _audit("feedback.muted", agent_remote_id, user, why)


@transaction.atomic
def source_hear(*, agent_remote_id: str, user: User) -> None:
    """Hear an agent again, and what it said meanwhile."""
    intake_lock()
    if MutedSource.objects.filter(agent_remote_id=agent_remote_id).delete()[0]:
        _apply(agent_remote_id, is_muted=False)
        _audit("feedback.unmuted", agent_remote_id, user, "")


def source_list() -> list[Source]:
    """Return who is muted, and who reports most; constant in number."""
    muted = {one.agent_remote_id: one for one in MutedSource.objects.select_related("muted_by")[:SHOWN]}
    counted = Report.objects.order_by().values_list("agent_remote_id").annotate(reports=Count("pk"))
    loud = dict(counted.order_by("-reports")[:SHOWN])
    quiet = dict(counted.filter(agent_remote_id__in=[one for one in muted if one not in loud]))
    known = {**loud, **quiet}
    names = agent_names({*known, *muted})
    sources = [Source(one, names.get(one, ""), known.get(one, 0), muted.get(one)) for one in {**muted, **known}]
    return sorted(sources, key=lambda one: (one.muted is None, -one.reports))


def _apply(agent_remote_id: str, *, is_muted: bool) -> None:
    own = Report.objects.filter(agent_remote_id=agent_remote_id)
    own.update(is_muted=is_muted)
    touched = Cluster.objects.select_for_update().filter(pk__in=own.values("cluster")).order_by("pk")
    for cluster in touched.iterator(chunk_size=200):
        cluster_reckon(cluster, now=timezone.now())


def _audit(action: str, agent_remote_id: str, user: User, why: str) -> None:
    after = {"why": why} if why else {}
    audit_record(action=action, actor=user, subject=("agent", agent_remote_id, agent_remote_id), after=after)
