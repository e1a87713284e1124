"""What a reviewer decides: the state, who looks after it, when it comes back, who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.deciding import UNDO_WITHIN, Outcome, Pick, clusters_each, touch
from dashboard.feedback.history import change_record
from dashboard.feedback.models import OPEN_STATES, Change, Cluster, State
from dashboard.feedback.standing import cluster_reckon

# What a press may choose: duplicate comes by merging, regressed by itself.
CHOOSABLE = tuple(state for state in State if state not in (State.DUPLICATE, State.REGRESSED))


@dataclass(frozen=True)
class Snooze:
    """Until the first of these; all empty wakes it."""

    until: datetime | None = None
    reports: int | None = None
    agents: int | None = None


def clusters_state_set(picks: Sequence[Pick], *, state: State, user: User, why: str = "") -> Outcome:
    """Decide on clusters. Private ones are seen by security reviewers alone from then on, whatever comes later."""
    press = uuid4()

    def act(cluster: Cluster) -> None:
        before = state_kept(cluster)
        touch(cluster)
        cluster.state = state
        cluster.is_private = cluster.is_private or state == State.PRIVATE
        cluster.decided_at = None if state in OPEN_STATES else timezone.now()
        cluster.tells_at = timezone.now() + UNDO_WITHIN
        cluster_reckon(cluster, now=timezone.now())
        kind = Change.Kind.PRIVATE if state == State.PRIVATE else Change.Kind.STATE
        change_record(cluster, kind, by=user, why=why, before=before, after=state_kept(cluster), press=press)

    return clusters_each(picks, user, act)


def clusters_assign(picks: Sequence[Pick], *, assignee: User | None, user: User) -> Outcome:
    """Let somebody look after clusters; None: nobody any more."""
    press = uuid4()

    def act(cluster: Cluster) -> None:
        before = {"assignee": cluster.assignee.display_name if cluster.assignee else "", "id": cluster.assignee_id}
        touch(cluster)
        cluster.assignee = assignee
        cluster.save()
        after = {"assignee": assignee.display_name if assignee else "", "id": assignee.pk if assignee else None}
        change_record(cluster, Change.Kind.ASSIGNED, by=user, before=before, after=after, press=press)

    return clusters_each(picks, user, act)


def clusters_snooze(picks: Sequence[Pick], *, snooze: Snooze, user: User, why: str = "") -> Outcome:
    """Take clusters out of the queue until a moment, so many more reports, or so many more agents."""
    press = uuid4()

    def act(cluster: Cluster) -> None:
        before = snooze_kept(cluster)
        touch(cluster)
        cluster.snoozed_until = snooze.until
        cluster.snoozed_reports = snooze.reports and cluster.report_count + snooze.reports
        cluster.snoozed_agents = snooze.agents and cluster.agent_count + snooze.agents
        cluster_reckon(cluster, now=timezone.now())
        after = snooze_kept(cluster)
        change_record(cluster, Change.Kind.SNOOZED, by=user, why=why, before=before, after=after, press=press)

    return clusters_each(picks, user, act)


def clusters_show(picks: Sequence[Pick], *, user: User, why: str = "") -> Outcome:
    """Let every reviewer see private clusters again; only who sees them gets here."""
    press = uuid4()

    def act(cluster: Cluster) -> None:
        before = state_kept(cluster)
        touch(cluster)
        cluster.is_private = False
        cluster.state = State.TRIAGED if cluster.state == State.PRIVATE else cluster.state
        cluster_reckon(cluster, now=timezone.now())
        after = state_kept(cluster)
        change_record(cluster, Change.Kind.PRIVATE, by=user, why=why, before=before, after=after, press=press)

    return clusters_each(picks, user, act)


def state_kept(cluster: Cluster) -> dict[str, object]:
    """Return a cluster's decision as history keeps it, and as undoing brings it back."""
    decided = cluster.decided_at.isoformat() if cluster.decided_at else None
    return {"state": str(cluster.state), "is_private": cluster.is_private, "decided_at": decided}


def snooze_kept(cluster: Cluster) -> dict[str, object]:
    until = cluster.snoozed_until.isoformat() if cluster.snoozed_until else None
    return {"until": until, "reports": cluster.snoozed_reports, "agents": cluster.snoozed_agents}
