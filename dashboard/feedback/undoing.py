"""Taking a press back: every cluster that it changed becomes what it was, unless somebody went on from there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.feedback.deciding import UNDO_WITHIN, FeedbackRefused, Pick, clusters_lock, last_press
from dashboard.feedback.history import change_record
from dashboard.feedback.intake import intake_lock
from dashboard.feedback.merging import cluster_settle
from dashboard.feedback.models import Change, Cluster, Report, State

NOT_ANY_MORE = "That cannot be taken back any more: somebody changed it since, or it is too long ago."


def last_press_undo(user: User) -> list[Cluster]:
    """Undo what this person pressed last; raises FeedbackRefused and Stale."""
    press = last_press(user)
    if press is None:
        raise FeedbackRefused("There is nothing of yours to take back from the last ten minutes.")
    return press_undo(press, user=user)


@transaction.atomic
def press_undo(press: UUID, *, user: User) -> list[Cluster]:
    """Undo one press of this person, whole or not at all; raises FeedbackRefused."""
    changes = list(Change.objects.filter(press=press, by=user, undone_by=None).order_by("-pk"))
    since = timezone.now() - UNDO_WITHIN
    if not changes or any(change.at < since or change.kind == Change.Kind.UNDONE for change in changes):
        raise FeedbackRefused(NOT_ANY_MORE)
    latest = {change.cluster_id: change.version for change in reversed(changes)}
    picks = [Pick(cluster, version) for cluster, version in latest.items()]
    intake_lock()
    held = clusters_lock(picks, user)
    for change in changes:
        _take_back(change, held[change.cluster_id])
        held[change.cluster_id].version += 1
        back = {"before": change.after, "after": change.before}
        change_record(held[change.cluster_id], Change.Kind.UNDONE, by=user, undoes=change, **back)
    for cluster in held.values():
        cluster_settle(cluster)
    return list(held.values())


def _take_back(change: Change, cluster: Cluster) -> None:
    before: dict[str, Any] = change.before
    match change.kind:
        case Change.Kind.STATE | Change.Kind.PRIVATE | Change.Kind.MERGED if before:
            cluster.state, cluster.is_private = before["state"], before["is_private"]
            cluster.decided_at = _moment(before["decided_at"])
            cluster.merged_into = None
        case Change.Kind.ASSIGNED:
            cluster.assignee = User.objects.filter(pk=before["id"]).first()
        case Change.Kind.SNOOZED:
            cluster.snoozed_until = _moment(before["until"])
            cluster.snoozed_reports, cluster.snoozed_agents = before["reports"], before["agents"]
    _move_back(change)


def _move_back(change: Change) -> None:
    """Bring the reports home that are still where this change put them."""
    for move in change.moves.select_related("source", "target"):
        Report.objects.filter(pk=move.report_id, cluster=move.target).update(cluster=move.source)
    for target in Cluster.objects.filter(pk__in=change.moves.values("target"), reports=None, merged_into=None):
        # What a split had made is empty again.
        target.merged_into, target.state = change.cluster, State.DUPLICATE
        cluster_settle(target)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
